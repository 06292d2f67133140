//! Times as texts.
//!
//! This file exists because every line has one and most have that of the line before: a text that comes again is compared,
//! not read.
//!
//! Source: `ngx_time_update` (`ngx_times.c`), 1.22.1: `$time_local` has 26 bytes and English months, `$time_iso8601` 25.

use crate::access_log::digits::leading;

/// What reading remembers from line to line: the last time texts and what they meant, and room for a line that has to be
/// unwrapped before it can be read.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    local: ([u8; 26], Option<i64>),
    iso: ([u8; 25], Option<i64>),
    /// A line out of what it was wrapped in.
    pub(super) line: Vec<u8>,
}

/// The times of a [`Clock`], without the rest of it.
pub(super) struct Times<'a> {
    local: &'a mut ([u8; 26], Option<i64>),
    iso: &'a mut ([u8; 25], Option<i64>),
}

impl Clock {
    /// The times, and room for a line.
    pub(super) fn split(&mut self) -> (Times<'_>, &mut Vec<u8>) {
        (Times { local: &mut self.local, iso: &mut self.iso }, &mut self.line)
    }
}

impl Times<'_> {
    /// `20/Nov/2026:09:26:05 +0000`
    #[inline]
    pub(super) fn local(&mut self, text: &[u8; 26]) -> Option<i64> {
        if self.local.0 != *text {
            *self.local = (*text, local(text));
        }
        self.local.1
    }

    /// `2026-11-20T09:26:05+00:00`
    #[inline]
    pub(super) fn iso(&mut self, text: &[u8; 25]) -> Option<i64> {
        if self.iso.0 != *text {
            *self.iso = (*text, iso(text));
        }
        self.iso.1
    }

    /// A time in any form: of nginx, of RFC 3339 with or without a fraction, or a number since 1970.
    pub(super) fn any(&mut self, text: &[u8]) -> Option<i64> {
        if let Some(time) = text.try_into().ok().and_then(|text| self.local(text)) {
            return Some(time);
        }
        match text.try_into() {
            Ok(text) => self.iso(text),
            Err(_) => {
                iso(text).or_else(|| epoch(text).filter(|(_, length)| *length == text.len()).map(|(time, _)| time))
            }
        }
    }
}

/// The time that a number since 1970 says, in milliseconds, and how long the number is. Seconds, milli-, micro- and
/// nanoseconds are told apart by their size.
pub(super) fn epoch(text: &[u8]) -> Option<(i64, usize)> {
    let (whole, length) = leading(text);
    if length == 0 {
        return None;
    }
    let millis = match whole {
        0..100_000_000_000 => whole * 1000,
        100_000_000_000..100_000_000_000_000 => whole,
        100_000_000_000_000..100_000_000_000_000_000 => whole / 1000,
        _ => whole / 1_000_000,
    };
    let millis = i64::try_from(millis).ok()?;
    if text.get(length) != Some(&b'.') {
        return Some((millis, length));
    }
    let behind = text.get(length + 1..).unwrap_or_default();
    let digits = leading(behind).1;
    // Of a number that is finer than seconds the fraction is nothing.
    let fraction = if whole < 100_000_000_000 { thousandths(behind.get(..digits).unwrap_or_default()) } else { 0 };
    Some((millis + fraction, length + 1 + digits))
}

/// The first three digits behind a point, as thousandths.
fn thousandths(digits: &[u8]) -> i64 {
    let three = digits.iter().copied().chain(std::iter::repeat(b'0')).take(3);
    three.fold(0, |value, digit| value * 10 + i64::from(digit.wrapping_sub(b'0') % 10))
}

fn local(text: &[u8; 26]) -> Option<i64> {
    let [d1, d2, b'/', m1, m2, m3, b'/', y1, y2, y3, y4, b':', clock @ .., b' ', sign, z1, z2, z3, z4] = text else {
        return None;
    };
    let month = match [m1, m2, m3].map(|&byte| byte) {
        [b'J', b'a', b'n'] => 1,
        [b'F', b'e', b'b'] => 2,
        [b'M', b'a', b'r'] => 3,
        [b'A', b'p', b'r'] => 4,
        [b'M', b'a', b'y'] => 5,
        [b'J', b'u', b'n'] => 6,
        [b'J', b'u', b'l'] => 7,
        [b'A', b'u', b'g'] => 8,
        [b'S', b'e', b'p'] => 9,
        [b'O', b'c', b't'] => 10,
        [b'N', b'o', b'v'] => 11,
        [b'D', b'e', b'c'] => 12,
        _ => return None,
    };
    let days = days(number(&[*y1, *y2, *y3, *y4])?, month, number(&[*d1, *d2])?)?;
    let zone = offset(*sign, number(&[*z1, *z2])?, number(&[*z3, *z4])?)?;
    Some((days * 86_400 + of_day(clock)? - zone) * 1000)
}

/// RFC 3339: `2026-11-20T09:26:05+00:00`, with a fraction or not, `Z` or an offset with or without its colon.
fn iso(text: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T' | b't' | b' ', rest @ ..] = text else { return None };
    let days = days(number(&[*y1, *y2, *y3, *y4])?, number(&[*m1, *m2])?, number(&[*d1, *d2])?)?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let (millis, zone) = match rest {
        [b'.' | b',', behind @ ..] => {
            let (fraction, zone) = behind.split_at_checked(leading(behind).1)?;
            (thousandths(fraction), zone)
        }
        _ => (0, rest),
    };
    let zone = match zone {
        b"Z" | b"z" => 0,
        [sign, h1, h2, b':', m1, m2] | [sign, h1, h2, m1, m2] => {
            offset(*sign, number(&[*h1, *h2])?, number(&[*m1, *m2])?)?
        }
        _ => return None,
    };
    Some((days * 86_400 + of_day(clock)? - zone) * 1000 + millis)
}

/// Seconds of `09:26:05`. A leap second is the first of the next minute.
fn of_day(text: &[u8]) -> Option<i64> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = text else { return None };
    let (hour, minute, second) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?, number(&[*s1, *s2])?);
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

fn offset(sign: u8, hours: i64, minutes: i64) -> Option<i64> {
    let seconds = (hours < 24 && minutes < 60).then_some(hours * 3600 + minutes * 60)?;
    match sign {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

/// Days since 1970 of a day of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years that begin in March, so that the leap day is their last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any(text: &str) -> Option<i64> {
        Clock::default().split().0.any(text.as_bytes())
    }

    #[test]
    fn one_moment_in_many_forms() {
        for text in [
            "20/Nov/2026:09:26:05 +0000",
            "20/Nov/2026:12:56:05 +0330",
            "19/Nov/2026:23:26:05 -1000",
            "2026-11-20T09:26:05+00:00",
            "2026-11-20T10:26:05+01:00",
            "2026-11-20T09:26:05Z",
            "2026-11-20 10:26:05.0001+0100",
            "1795166765",
            "1795166765.000",
            "1795166765000",
            "1795166765000000",
            "1795166765000000000",
        ] {
            assert_eq!(any(text), Some(1_795_166_765_000), "{text}");
        }
        assert_eq!(any("1795166765.1234567"), Some(1_795_166_765_123));
        assert_eq!(any("2026-11-20T09:26:05.5Z"), Some(1_795_166_765_500));
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "-",
            "20/Nov/2026:24:26:05 +0000",
            "31/Feb/2026:09:26:05 +0000",
            "20/nov/2026:09:26:05 +0000",
            "20/Nov/2026:09:26:05  0000",
            "2026-11-20T09:26:05",
            "2026-13-20T09:26:05Z",
            "2026-11-20T09:26:05+aa:00",
            "1795166765 x",
        ] {
            assert_eq!(any(text), None, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_time_is_not_remembered_as_one() {
        let mut clock = Clock::default();
        let (mut times, _) = clock.split();
        for _ in 0..2 {
            assert_eq!(times.local(&[0; 26]).or_else(|| times.local(b"xx/Nov/2026:09:26:05 +0000")), None);
        }
    }

    proptest! {
        #[test]
        fn days_are_those_of_the_calendar(second in -60_000_000_000_i64..250_000_000_000) {
            let at = jiff::Timestamp::from_second(second).unwrap();
            prop_assert_eq!(any(&at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()), Some(second * 1000));
            prop_assert_eq!(any(&at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()), Some(second * 1000));
        }
    }
}
