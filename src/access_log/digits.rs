//! Numbers as texts.
//!
//! This file exists because each line has several of them, and a loop over their digits would cost more than finding them:
//! up to seven digits are read as one word.

/// The number that a text begins with, and how many digits it has. What is too large for the type is its greatest.
#[inline]
pub(super) fn leading(text: &[u8]) -> (u64, usize) {
    if let Some(head) = text.first_chunk::<8>() {
        let word = u64::from_le_bytes(*head) ^ 0x3030_3030_3030_3030;
        // A byte that is no digit is 10 or more now, which 0x76 lifts over 0x7f.
        let others = (((word & 0x7f7f_7f7f_7f7f_7f7f) + 0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
        let bits = others.trailing_zeros() & !7;
        return match bits {
            0 => (0, 0),
            64 => one_by_one(text),
            // The digits at the end of the word, zeros before them.
            _ => (eight(word << (64 - bits)), (bits / 8) as usize),
        };
    }
    one_by_one(text)
}

/// Eight digits, each a byte of its own, the first the lowest.
#[inline]
const fn eight(digits: u64) -> u64 {
    let pairs = (digits.wrapping_mul(10).wrapping_add(digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) & 0xffff_ffff
}

fn one_by_one(text: &[u8]) -> (u64, usize) {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold((0_u64, 0), |(value, length), &digit| {
        (value.saturating_mul(10).saturating_add(u64::from(digit - b'0')), length + 1)
    })
}

/// The microseconds that a text of seconds begins with (`0.036`, `12`), and how long it is. What is too large for the type is
/// its greatest; what is finer than a microsecond is left out.
#[inline]
pub(super) fn micros(text: &[u8]) -> (u32, usize) {
    let (whole, length) = leading(text);
    if length == 0 || text.get(length) != Some(&b'.') {
        return (saturated(whole.saturating_mul(1_000_000)), length);
    }
    let behind = text.get(length + 1..).unwrap_or_default();
    let (part, digits) = leading(behind);
    let fraction = match digits {
        3 => part * 1000,
        0..=6 => (digits..6).fold(part, |part, _| part * 10),
        _ => leading(behind.get(..6).unwrap_or_default()).0,
    };
    (saturated(whole.saturating_mul(1_000_000).saturating_add(fraction)), length + 1 + digits)
}

/// As much of it as the type holds.
pub(super) fn saturated(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_the_standard_library_reads_it(number in any::<u64>(), zeros in 0_usize..4, behind in "[ /:a\\x80é]?[^0-9]{0,9}") {
            let digits = format!("{}{}", "0".repeat(zeros), number >> (number % 64));
            let text = format!("{digits}{behind}");
            prop_assert_eq!(leading(text.as_bytes()), (number >> (number % 64), digits.len()));
        }
    }

    #[test]
    fn seconds_have_a_fraction_or_none() {
        for (text, wanted) in [
            ("0.036", (36_000, 5)),
            ("60.008 x", (60_008_000, 6)),
            ("12", (12_000_000, 2)),
            ("0.000929675,", (929, 11)),
            ("1.5", (1_500_000, 3)),
            ("7.", (7_000_000, 2)),
            ("-", (0, 0)),
            ("99999999.5", (u32::MAX, 10)),
            ("0.12345678901234567890123", (123_456, 25)),
        ] {
            assert_eq!(micros(text.as_bytes()), wanted, "{text}");
        }
    }
}
