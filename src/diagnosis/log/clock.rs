//! Times of a log, for sentences: UTC, to the minute or the second.

/// `2026-05-25 14:24`, in UTC, of milliseconds since 1970.
pub(super) fn minute(time: i64) -> String {
    let minutes = time.div_euclid(60_000);
    let (days, minute) = (minutes.div_euclid(1440), minutes.rem_euclid(1440));
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minute / 60, minute % 60)
}

/// Two minutes as a span; the day is said once where both have the same.
pub(super) fn span(from: i64, until: i64) -> String {
    let (from, until) = (minute(from), minute(until));
    match (from.split_once(' '), until.split_once(' ')) {
        (Some((day, _)), Some((same, hour))) if day == same => format!("{from} to {hour} UTC"),
        _ => format!("{from} to {until} UTC"),
    }
}

/// The date of a day since 1970-01-01, by the Gregorian calendar. The year is counted from March, so that the day that comes
/// every four years is its last.
const fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + (month <= 2) as i64, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_utc() {
        assert_eq!(minute(0), "1970-01-01 00:00");
        assert_eq!(minute(1_779_719_040_000), "2026-05-25 14:24");
        assert_eq!(minute(951_782_399_000), "2000-02-28 23:59");
        assert_eq!(minute(951_782_400_000), "2000-02-29 00:00");
        assert_eq!(span(1_779_719_040_000, 1_779_721_632_000), "2026-05-25 14:24 to 15:07 UTC");
        assert_eq!(span(-1, 0), "1969-12-31 23:59 to 1970-01-01 00:00 UTC");
    }
}
