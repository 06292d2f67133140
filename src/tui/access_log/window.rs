//! The span of time that is looked at.
//!
//! It counts from the newest line, not from now: a log of last week has a last hour too.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::settings::When;

/// What may be typed, in the order of the arrows.
pub(super) const PRESETS: [&str; 5] = ["15m", "1h", "6h", "24h", "all"];

/// A span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::tui) struct Window {
    /// As it was typed; empty for all.
    pub(in crate::tui) text: String,
    /// From then on, milliseconds since 1970.
    pub(in crate::tui) since: Option<i64>,
    /// Until before then.
    pub(in crate::tui) until: Option<i64>,
}

impl Window {
    /// Reads `15m`, `all`, `14:00..14:30`, `2026-11-20..`; `newest` is the time of the newest line.
    ///
    /// # Errors
    /// A sentence that says what would be right.
    pub(super) fn parse(text: &str, newest: i64, zone: &TimeZone) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() || text == "all" {
            return Ok(Self::default());
        }
        let (from, until) = text.split_once("..").unwrap_or((text, ""));
        let now = Timestamp::from_millisecond(newest).unwrap_or_default().to_zoned(zone.clone());
        let millis = |text: &str| match text.trim() {
            "" => Ok(None),
            text => When::parse(text).map(|when| Some(when.millis(&now))),
        };
        let (since, until) = (millis(from)?, millis(until)?);
        match (since, until) {
            (Some(since), Some(until)) if since >= until => Err(format!("{text} ends before it begins")),
            _ => Ok(Self { text: text.to_owned(), since, until }),
        }
    }

    /// One that was given on the command line: with its date, because it need not be near the newest line.
    pub(super) fn given((since, until): (Option<i64>, Option<i64>), zone: &TimeZone) -> Self {
        let day = |millis: i64| {
            let time = Timestamp::from_millisecond(millis).unwrap_or_default().to_zoned(zone.clone());
            time.strftime("%Y-%m-%d %H:%M:%S").to_string()
        };
        let text = match (since, until) {
            (None, None) => String::new(),
            (Some(since), None) => format!("{}..", day(since)),
            (since, until) => {
                format!("{}..{}", since.map(day).unwrap_or_default(), until.map(day).unwrap_or_default())
            }
        };
        Self { text, since, until }
    }

    /// One that was drawn with the mouse.
    pub(super) fn between(since: i64, until: i64, zone: &TimeZone) -> Self {
        let clock = |millis: i64| {
            let time = Timestamp::from_millisecond(millis).unwrap_or_default().to_zoned(zone.clone());
            time.strftime("%H:%M:%S").to_string()
        };
        Self { text: format!("{}..{}", clock(since), clock(until)), since: Some(since), until: Some(until) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_counts_from_the_newest_line() {
        let newest = "2026-11-20T09:15:30Z".parse::<Timestamp>().unwrap().as_millisecond();
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap().as_millisecond());
        let span = |text: &str| Window::parse(text, newest, &TimeZone::UTC).map(|window| (window.since, window.until));
        assert_eq!(span("15m"), Ok((at("2026-11-20T09:00:30Z"), None)));
        assert_eq!(span(" all "), Ok((None, None)));
        assert_eq!(span("09:00..09:05"), Ok((at("2026-11-20T09:00:00Z"), at("2026-11-20T09:05:00Z"))));
        assert_eq!(span("..09:05"), Ok((None, at("2026-11-20T09:05:00Z"))));
        assert!(span("09:05..09:00").unwrap_err().contains("before"));
        assert!(span("soon").is_err());
    }

    #[test]
    fn what_was_given_can_be_changed() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap().as_millisecond());
        let (since, until) = (at("2026-11-18T09:00:30Z"), at("2026-11-18T23:00:00Z"));
        for span in [(since, until), (since, None), (None, until), (None, None)] {
            let given = Window::given(span, &TimeZone::UTC);
            assert_eq!((given.since, given.until), span);
            assert_eq!(Window::parse(&given.text, 0, &TimeZone::UTC), Ok(given));
        }
    }
}
