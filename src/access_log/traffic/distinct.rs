//! How many different ones there were, about (`HyperLogLog`).
//!
//! This file exists because clients are counted by the million, and nobody wants to keep a million addresses. The estimate is
//! Ertl's ("New cardinality estimation algorithms for `HyperLogLog` sketches", 2017), which needs no tables of corrections.

/// Registers: two to this. The standard error is 0.8 %.
const BITS: u32 = 14;
const REGISTERS: usize = 1 << BITS;
/// The highest rank.
const RANKS: usize = 64 - BITS as usize + 1;

/// The sketch: 16 KiB once something is in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Distinct {
    registers: Vec<u8>,
}

impl Distinct {
    /// Takes in a hash whose bits are all as good as random.
    #[expect(clippy::cast_possible_truncation, reason = "a rank is below 64, an index has 14 bits")]
    pub(super) fn add(&mut self, hash: u64) {
        if self.registers.is_empty() {
            self.registers = vec![0; REGISTERS];
        }
        let rank = ((hash << BITS) | (1 << (BITS - 1))).leading_zeros() as u8 + 1;
        if let Some(register) = self.registers.get_mut((hash >> (64 - BITS)) as usize) {
            *register = (*register).max(rank);
        }
    }

    /// How many different hashes, about.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate"
    )]
    pub(super) fn estimate(&self) -> u64 {
        if self.registers.is_empty() {
            return 0;
        }
        let mut counts = [0_u32; RANKS + 1];
        for &register in &self.registers {
            if let Some(count) = counts.get_mut(usize::from(register)) {
                *count += 1;
            }
        }
        let m = REGISTERS as f64;
        let [none, ranks @ .., full] = counts;
        let sum =
            ranks.iter().rev().fold(m * tau(1.0 - f64::from(full) / m), |sum, &count| 0.5 * (sum + f64::from(count)));
        let sum = sum + m * sigma(f64::from(none) / m);
        (m * m / (2.0 * std::f64::consts::LN_2 * sum)).round() as u64
    }
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z <= before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z >= before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, Hasher};

    use super::*;

    #[test]
    fn the_estimate_is_within_two_percent_from_one_to_a_million() {
        let mut distinct = Distinct::default();
        assert_eq!(distinct.estimate(), 0);
        let mut added = 0_u64;
        for upto in [1_u64, 10, 1000, 20_000, 60_000, 200_000, 1_000_000] {
            for number in added..upto {
                let mut hasher = foldhash::quality::FixedState::with_seed(0).build_hasher();
                hasher.write(&number.to_le_bytes());
                let hash = hasher.finish();
                distinct.add(hash);
                distinct.add(hash);
            }
            added = upto;
            let estimate = distinct.estimate();
            assert!(estimate.abs_diff(upto) * 100 <= upto * 2, "{estimate} of {upto}");
        }
    }
}
