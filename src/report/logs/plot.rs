//! Numbers over time as pictures: a row of blocks for text, SVG for the page.

use std::fmt::Write as _;

use super::digest::{clock, grouped};
use crate::access_log::traffic::Bucket;
use crate::report::{Style, words};

/// A row of blocks, each as high as its number is against `most`. What is not nothing is never shown as nothing.
pub(super) fn spark(numbers: &[u64], most: u64, ascii: bool) -> String {
    let levels: [char; 9] = if ascii {
        [' ', '.', ':', '-', '=', '+', '*', '#', '@']
    } else {
        [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
    };
    let level = |number: u64| match (number, most) {
        (0, _) | (_, 0) => 0,
        _ => usize::try_from((u128::from(number) * 8).div_ceil(u128::from(most))).unwrap_or(8).min(8),
    };
    numbers.iter().map(|number| levels.get(level(*number)).copied().unwrap_or(' ')).collect()
}

/// Width and height of a plot, in the units of its picture.
const WIDTH: u64 = 1200;
const HEIGHT: u64 = 160;

/// The classes as they are stacked, from the bottom: index, name.
const STACK: [(usize, &str); 6] = [(5, "5xx"), (4, "4xx"), (3, "3xx"), (2, "2xx"), (1, "1xx"), (0, "none")];

/// A picture, and what its highest bar stands for.
pub(super) struct Plot {
    pub(super) svg: String,
    pub(super) most: u64,
}

/// A bar for each bucket, stacked by class of status. Each has a title, which a browser shows under the pointer. Nothing
/// in it comes from a log but numbers.
pub(super) fn stacked(buckets: &[Bucket], errors_only: bool, style: &Style) -> Plot {
    let stack = if errors_only { STACK.get(..2).unwrap_or_default() } else { &STACK[..] };
    let count = |bucket: &Bucket, class: usize| bucket.classes.get(class).copied().unwrap_or_default();
    let total = |bucket: &Bucket| stack.iter().map(|(class, _)| count(bucket, *class)).sum::<u64>();
    let most = buckets.iter().map(total).max().unwrap_or_default().max(1);
    let step = hundredths(WIDTH, 1, buckets.len().max(1) as u64);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" preserveAspectRatio=\"none\"><title>{}</title>\n",
        HEIGHT + 2,
        if errors_only { "4xx and 5xx over time" } else { "lines over time, by class of status" }
    );
    for (index, bucket) in buckets.iter().enumerate().filter(|(_, bucket)| total(bucket) > 0) {
        let parts: Vec<String> = stack
            .iter()
            .filter(|(class, _)| count(bucket, *class) > 0)
            .map(|(class, name)| format!("{name} {}", grouped(count(bucket, *class))))
            .collect();
        // Writing into a String cannot fail.
        let _ = write!(svg, "<g><title>{}: {}</title>", clock(bucket.start, style), parts.join(", "));
        let mut below = 0;
        for (class, name) in stack {
            let lines = count(bucket, *class);
            if lines == 0 {
                continue;
            }
            below += lines;
            let _ = write!(
                svg,
                "<rect class=\"c{name}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                units(step * index as u64),
                units((HEIGHT * 100).saturating_sub(hundredths(HEIGHT, below, most))),
                units(step.saturating_sub(step / 8).max(1)),
                units(hundredths(HEIGHT, lines, most).max(50)),
            );
        }
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    Plot { svg, most }
}

/// A bar for each bucket, as high as its requests took on average.
pub(super) fn mean_times(buckets: &[Bucket], style: &Style) -> Plot {
    let mean = |bucket: &Bucket| bucket.took.checked_div(bucket.timed).unwrap_or_default();
    let most = buckets.iter().map(mean).max().unwrap_or_default().max(1);
    let step = hundredths(WIDTH, 1, buckets.len().max(1) as u64);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" preserveAspectRatio=\"none\"><title>mean time over time</title>\n",
        HEIGHT + 2
    );
    for (index, bucket) in buckets.iter().enumerate().filter(|(_, bucket)| bucket.timed > 0) {
        let height = hundredths(HEIGHT, mean(bucket), most).max(50);
        let title = format!(
            "{}: {} on average, the slowest {}",
            clock(bucket.start, style),
            words::millis(mean(bucket)),
            words::millis(u64::from(bucket.slowest))
        );
        // Writing into a String cannot fail.
        let _ = writeln!(
            svg,
            "<rect class=\"ctime\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{title}</title></rect>",
            units(step * index as u64),
            units((HEIGHT * 100).saturating_sub(height)),
            units(step.saturating_sub(step / 8).max(1)),
            units(height),
        );
    }
    svg.push_str("</svg>\n");
    Plot { svg, most }
}

/// A part of a length, in hundredths of its unit.
fn hundredths(length: u64, part: u64, whole: u64) -> u64 {
    u64::try_from(u128::from(length) * 100 * u128::from(part) / u128::from(whole.max(1))).unwrap_or(u64::MAX)
}

/// Hundredths as a decimal number.
fn units(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_nothing_is_seen() {
        assert_eq!(spark(&[0, 1, 500, 1000], 1000, false), " ▁▄█");
        assert_eq!(spark(&[0, 1, 500, 1000], 1000, true), " .=@");
        assert_eq!(spark(&[0, 0], 0, false), "  ");
    }
}
