//! Times as people say them: how long ago, a time of today, or a whole one.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};

/// A time that was asked for. What is said by the clock on the wall is by that of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// So many seconds ago.
    Ago(i64),
    /// That time of the day, the last one that there was.
    Today(Time),
    /// On this machine's clock.
    Local(DateTime),
    /// Everywhere.
    At(Timestamp),
}

/// Units of time, in seconds.
const UNITS: [(char, i64); 5] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86400), ('w', 604_800)];

fn ago(text: &str) -> Option<i64> {
    let (_, seconds) = UNITS.iter().find(|(unit, _)| text.ends_with(*unit))?;
    let digits = text.get(..text.len() - 1)?;
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i64>().ok())??;
    number.checked_mul(*seconds)
}

impl When {
    /// Reads `15m`, `14:00`, `2026-11-20 14:00`, or RFC 3339.
    ///
    /// # Errors
    /// A sentence that says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let date = |text: &str| text.parse::<Date>().ok().map(|date| date.at(0, 0, 0, 0));
        ago(text)
            .map(Self::Ago)
            .or_else(|| text.parse().ok().map(Self::At))
            .or_else(|| (!text.contains('-')).then(|| text.parse().ok()).flatten().map(Self::Today))
            .or_else(|| text.parse().ok().or_else(|| date(text)).map(Self::Local))
            .ok_or_else(|| {
                format!(
                    "{text:?} is no time: write e.g. 15m or 1h (ago), 14:00, '2026-11-20 14:00', 2026-11-20T14:00:00Z"
                )
            })
    }

    /// In milliseconds since 1970 UTC, as of now.
    pub fn millis(self, now: &Zoned) -> i64 {
        let local = |at: DateTime, zone: TimeZone| at.to_zoned(zone).map(|zoned| zoned.timestamp()).ok();
        let zone = now.time_zone().clone();
        let at = match self {
            Self::Ago(seconds) => return now.timestamp().as_millisecond().saturating_sub(seconds.saturating_mul(1000)),
            Self::At(at) => Some(at),
            Self::Local(at) => local(at, zone),
            Self::Today(time) => {
                let today = DateTime::from_parts(now.date(), time);
                let day = if today > now.datetime() { today.checked_sub(1.day()).unwrap_or(today) } else { today };
                local(day, zone)
            }
        };
        at.unwrap_or_else(|| now.timestamp()).as_millisecond()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_people_say_them() {
        let now: Zoned = "2026-11-20T15:30:00+01:00[Europe/Berlin]".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        for (text, expected) in [
            ("1h", "2026-11-20T13:30:00Z"),
            ("15m", "2026-11-20T14:15:00Z"),
            ("2d", "2026-11-18T14:30:00Z"),
            ("0s", "2026-11-20T14:30:00Z"),
            ("14:00", "2026-11-20T13:00:00Z"),
            ("16:00", "2026-11-19T15:00:00Z"),
            ("09:15:02", "2026-11-20T08:15:02Z"),
            ("2026-11-20 14:00", "2026-11-20T13:00:00Z"),
            ("2026-11-20T14:00:01", "2026-11-20T13:00:01Z"),
            ("2026-11-20", "2026-11-19T23:00:00Z"),
            ("2026-11-20T14:00:00Z", "2026-11-20T14:00:00Z"),
            ("2026-11-20T14:00:00+05:00", "2026-11-20T09:00:00Z"),
        ] {
            assert_eq!(When::parse(text).map(|when| when.millis(&now)), Ok(at(expected)), "{text}");
        }
        for text in ["", "h", "-1h", "1.5h", "yesterday", "25:00", "2026-13-01"] {
            assert!(When::parse(text).unwrap_err().contains("15m"), "{text}");
        }
        assert!(When::parse("9223372036854775807w").is_err());
    }
}
