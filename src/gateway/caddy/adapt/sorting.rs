//! Sorting as Go's `sort.SliceStable` does it, swap by swap.
//!
//! Caddy's orders of directives and of sites are no orders in the strict sense: a route with a named matcher is equal to
//! every route with a path, which are not equal to one another. What comes out then rests on the algorithm: insertion within
//! blocks of twenty, and blocks joined by `SymMerge` (Kim and Kutzner, 2004). Go 1.26, `sort/zsortfunc.go`.

/// Items sorted before they are joined.
const BLOCK: usize = 20;

/// The items sorted by their keys, those with equal ones in their order; `less` need not be an order.
///
/// Many swaps are made, of what is small: numbers stand for the items meanwhile.
pub(super) fn by_key<T, K>(items: Vec<T>, key: impl Fn(&T) -> K, less: impl Fn(&K, &K) -> bool + Copy) -> Vec<T> {
    if items.len() < 2 {
        return items;
    }
    let keys: Vec<K> = items.iter().map(key).collect();
    let mut order: Vec<usize> = (0..items.len()).collect();
    stable(&mut order, |&a, &b| keys.get(a).zip(keys.get(b)).is_some_and(|(a, b)| less(a, b)));
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at| items.get_mut(at)?.take()).collect()
}

/// Sorts, equal items in their order.
fn stable<T>(items: &mut [T], less: impl Fn(&T, &T) -> bool + Copy) {
    for block in items.chunks_mut(BLOCK) {
        insert(block, less);
    }
    let mut size = BLOCK;
    while size < items.len() {
        for pair in items.chunks_mut(2 * size) {
            if pair.len() > size {
                let end = pair.len();
                merge(pair, Span { from: 0, middle: size, end }, less);
            }
        }
        size *= 2;
    }
}

fn insert<T>(items: &mut [T], less: impl Fn(&T, &T) -> bool) {
    for from in 1..items.len() {
        let mut at = from;
        while at > 0 && is_less(items, at, at - 1, &less) {
            items.swap(at, at - 1);
            at -= 1;
        }
    }
}

/// Two runs, one after the other.
#[derive(Clone, Copy)]
struct Span {
    from: usize,
    middle: usize,
    end: usize,
}

fn merge<T>(items: &mut [T], span: Span, less: impl Fn(&T, &T) -> bool + Copy) {
    let Span { from, middle, end } = span;
    if middle - from == 1 {
        let to = partition(middle, end, |at| is_less(items, at, from, &less));
        rotate(items, from, middle, to);
        return;
    }
    if end - middle == 1 {
        let to = partition(from, middle, |at| !is_less(items, middle, at, &less));
        rotate(items, to, middle, end);
        return;
    }
    let half = usize::midpoint(from, end);
    let sum = half + middle;
    let (low, high) = if middle > half { (sum - end, half) } else { (from, middle) };
    let start = partition(low, high, |at| !is_less(items, sum - 1 - at, at, &less));
    let stop = sum - start;
    if start < middle && middle < stop {
        rotate(items, start, middle, stop);
    }
    if from < start && start < half {
        merge(items, Span { from, middle: start, end: half }, less);
    }
    if half < stop && stop < end {
        merge(items, Span { from: half, middle: stop, end }, less);
    }
}

/// The first index from `low` on that `goes_on` is false for, by halves.
fn partition(mut low: usize, mut high: usize, goes_on: impl Fn(usize) -> bool) -> usize {
    while low < high {
        let at = usize::midpoint(low, high);
        if goes_on(at) {
            low = at + 1;
        } else {
            high = at;
        }
    }
    low
}

/// Puts what stands from `middle` on before what stands from `from` on.
fn rotate<T>(items: &mut [T], from: usize, middle: usize, end: usize) {
    if let Some(part) = items.get_mut(from..end) {
        part.rotate_left(middle - from);
    }
}

fn is_less<T>(items: &[T], a: usize, b: usize, less: &impl Fn(&T, &T) -> bool) -> bool {
    items.get(a).zip(items.get(b)).is_some_and(|(a, b)| less(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_stable_sort_where_there_is_an_order() {
        let mut items: Vec<(u32, u32)> = (0..1000).map(|n| (n * 7919 % 37, n)).collect();
        let mut expected = items.clone();
        expected.sort_by_key(|item| item.0);
        stable(&mut items, |a, b| a.0 < b.0);
        assert_eq!(items, expected);
    }

    #[test]
    fn what_is_equal_to_all_parts_the_others() {
        let less = |a: &&str, b: &&str| *a != "*" && *b != "*" && a > b;
        assert_eq!(by_key(vec!["a", "*", "b", "c"], |item| *item, less), ["a", "*", "c", "b"]);
    }
}
