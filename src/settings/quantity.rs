//! Sizes and durations as people write them.

use std::time::Duration;

/// Units of bytes; the longer names first.
const SIZES: [(&str, u64); 10] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("K", 1 << 10),
    ("M", 1 << 20),
    ("G", 1 << 30),
    ("B", 1),
];

/// Units of time in milliseconds; the longer names first.
const TIMES: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

/// Reads a size in bytes: `64KiB`, `1MiB`, `500kB`, `4096`.
///
/// # Errors
/// A sentence that says what would be right.
pub fn parse_size(text: &str) -> Result<usize, String> {
    scaled(text, &SIZES, 1)
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| format!("{text:?} is no size: write a number of bytes, or e.g. 64KiB, 1MiB"))
}

/// Reads a duration: `30s`, `500ms`, `2m`, `1h`, or seconds without a unit.
///
/// # Errors
/// A sentence that says what would be right.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    scaled(text, &TIMES, 1000)
        .filter(|millis| *millis > 0)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("{text:?} is no duration: write e.g. 30s, 500ms, 2m"))
}

/// A whole number times its unit; `plain` is the unit of a number that has none.
fn scaled(text: &str, units: &[(&str, u64)], plain: u64) -> Option<u64> {
    let unit = units.iter().find_map(|(name, factor)| Some((text.strip_suffix(name)?, *factor)));
    let (digits, factor) = unit.unwrap_or((text, plain));
    let digits = digits.trim_end();
    let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<u64>().ok())??;
    number.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [("4096", 4096), ("64KiB", 65536), ("1 MiB", 1 << 20), ("500kB", 500_000), ("2M", 2 << 20)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "KiB", "-1", "1.5MiB", "64kib", "99999999999GiB", "+1"] {
            assert!(parse_size(text).unwrap_err().contains("64KiB"), "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, millis) in [("30s", 30_000), ("500ms", 500), ("2m", 120_000), ("1h", 3_600_000), ("5", 5000)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "0", "0s", "1d", "-1s", "1.5s"] {
            assert!(parse_duration(text).unwrap_err().contains("30s"), "{text}");
        }
    }
}
