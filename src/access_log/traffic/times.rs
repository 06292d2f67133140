//! How long things took: a histogram whose cells grow with what they hold.
//!
//! Each octave has 64 cells, so a percentile is off by less than one in a hundred, whatever the times are. Only the range that
//! occurs has cells.

use super::Times;

/// Cells of an octave: two to this.
const BITS: u32 = 6;

/// Counts by time, in microseconds.
#[derive(Clone, Debug, Default)]
pub(in crate::access_log) struct Histogram {
    /// The number of the first cell that is kept.
    low: usize,
    cells: Vec<u32>,
    max: u32,
}

impl Histogram {
    /// Counts one time.
    pub(super) fn add(&mut self, micros: u32) {
        self.max = self.max.max(micros);
        let cell = cell(micros);
        if cell.wrapping_sub(self.low) >= self.cells.len() {
            self.widen(cell);
        }
        let Some(count) = self.cells.get_mut(cell - self.low) else { return };
        *count += 1;
        // The shape is what counts: halved, it stays.
        if *count == u32::MAX {
            self.cells.iter_mut().for_each(|count| *count /= 2);
        }
    }

    /// The percentiles; `None` if nothing was counted.
    pub(super) fn times(&self) -> Option<Times> {
        let all: u64 = self.cells.iter().map(|&count| u64::from(count)).sum();
        (all > 0).then(|| {
            let at = |percent: u64| self.at_rank((all * percent).div_ceil(100).max(1));
            Times { p50: at(50), p90: at(90), p95: at(95), p99: at(99), max: self.max }
        })
    }

    fn at_rank(&self, rank: u64) -> u32 {
        let mut below = 0;
        let reached = self.cells.iter().position(|&count| {
            below += u64::from(count);
            below >= rank
        });
        reached.map_or(self.max, |at| middle(self.low + at).min(self.max))
    }

    #[cold]
    fn widen(&mut self, cell: usize) {
        if self.cells.is_empty() {
            self.low = cell;
        } else if cell < self.low {
            self.cells.splice(0..0, std::iter::repeat_n(0, self.low - cell));
            self.low = cell;
        }
        self.cells.resize(self.cells.len().max(cell - self.low + 1), 0);
    }
}

/// Up to 127 every value has a cell of its own; from there on an octave has 64.
const fn cell(micros: u32) -> usize {
    let shift = (31 - BITS).saturating_sub(micros.leading_zeros());
    ((shift << BITS) + (micros >> shift)) as usize
}

/// The middle of a cell's values.
fn middle(cell: usize) -> u32 {
    let cell = u32::try_from(cell).unwrap_or(u32::MAX);
    let shift = (cell >> BITS).saturating_sub(1);
    let least = (cell - (shift << BITS)) << shift;
    least + ((1 << shift) >> 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cell_is_within_one_percent(micros in any::<u32>()) {
            let off = middle(cell(micros)).abs_diff(micros);
            prop_assert!(u64::from(off) * 100 <= u64::from(micros), "{} {}", micros, middle(cell(micros)));
        }

        #[test]
        fn percentiles_are_those_of_the_sorted_times(mut times in prop::collection::vec(0_u32..90_000_000, 1..300)) {
            let mut histogram = Histogram::default();
            for &time in &times {
                histogram.add(time);
            }
            times.sort_unstable();
            let found = histogram.times().unwrap();
            for (percent, found) in [(50, found.p50), (95, found.p95), (99, found.p99)] {
                let exact = times[(times.len() * percent).div_ceil(100) - 1];
                prop_assert!(u64::from(found.abs_diff(exact)) * 100 <= u64::from(exact), "{percent}: {found} {exact}");
            }
            prop_assert_eq!(Some(&found.max), times.last());
        }
    }
}
