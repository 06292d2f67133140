//! A table of counts with a bound (space-saving).
//!
//! This file exists because a log has more keys than memory: a scanner asks for a million paths. While there is room every
//! count is exact. Then a new key takes the place of one that has the fewest, and takes over its count as the error it may
//! have: whatever is asked for often is in the table, and what is said of it is at most too high, by a known amount.
//!
//! Keys are told apart by 64 bits of a hash whose seed is another one in each process: two of a million keys agree once in
//! thirty million logs, and nobody can make them agree on purpose. The bytes are kept only to be shown.
//!
//! A line finds its keys where the processor has to wait for memory, and that is most of what it costs. So what every line
//! touches is four bytes of an index and one cache line of counts; the rest lies apart.

use super::Classes;
use super::tally::{Hit, LeanTally};

/// No slot. It bounds the bound.
const EMPTY: u16 = u16::MAX;

/// Keys are kept to be shown; of a longer one this much.
pub(super) const KEY: usize = 256;

/// A place of the index: where a key is found.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The upper bits of the hash.
    tag: u16,
    slot: u16,
}

/// What every line of a key touches: one cache line, if `H` has no more than 16 bytes.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Slot<H> {
    hash: u64,
    tally: LeanTally,
    hot: H,
}

/// The rest of what is kept of a key.
#[derive(Clone, Debug)]
struct Rest<T> {
    key: Box<[u8]>,
    error: u64,
    /// What the lean tally counted before it began again, for it holds no more than 32 bits.
    before: Option<Box<Classes>>,
    facts: T,
}

/// The table: an index by hash with linear probing, at most half full, and slots in order of arrival.
#[derive(Clone, Debug)]
pub(super) struct Table<T, H = ()> {
    places: Vec<Place>,
    slots: Vec<Slot<H>>,
    rests: Vec<Rest<T>>,
    bound: usize,
    /// No slot counts less.
    floor: u64,
    /// Where the search for a slot to take goes on.
    hand: usize,
}

/// A key and what is kept of it.
#[derive(Debug)]
pub(super) struct Entry<'a, T, H = ()> {
    slot: &'a Slot<H>,
    rest: &'a Rest<T>,
}

impl<T, H> Clone for Entry<'_, T, H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, H> Copy for Entry<'_, T, H> {}

impl<'a, T, H> Entry<'a, T, H> {
    pub(super) const fn hash(self) -> u64 {
        self.slot.hash
    }

    pub(super) fn key(self) -> &'a [u8] {
        &self.rest.key
    }

    pub(super) const fn facts(self) -> &'a T {
        &self.rest.facts
    }

    pub(super) const fn hot(self) -> &'a H {
        &self.slot.hot
    }

    /// Its lines, at most `error` too high.
    pub(super) fn count(self) -> u64 {
        self.classes().iter().sum::<u64>() + self.rest.error
    }

    pub(super) const fn error(self) -> u64 {
        self.rest.error
    }

    /// Its lines by class, since it is in the table.
    pub(super) fn classes(self) -> Classes {
        let mut classes = self.slot.tally.classes();
        if let Some(before) = &self.rest.before {
            classes.iter_mut().zip(before.iter()).for_each(|(count, before)| *count += before);
        }
        classes
    }

    pub(super) const fn bytes(self) -> u64 {
        self.slot.tally.bytes
    }

    pub(super) fn seen(self) -> Option<(i64, i64)> {
        self.slot.tally.seen()
    }
}

impl<T, H> Table<T, H> {
    /// An empty table of at most `bound` keys, 65535 of them at most. It takes memory as it fills.
    pub(super) const fn bounded(bound: u16) -> Self {
        Self { places: Vec::new(), slots: Vec::new(), rests: Vec::new(), bound: bound as usize, floor: 0, hand: 0 }
    }

    /// The slot of this key, and true if it is new here: then `make` gives its key and what is kept with it.
    #[inline]
    pub(super) fn enter(&mut self, hash: u64, make: impl FnOnce() -> (Box<[u8]>, T, H)) -> (usize, bool) {
        match self.find(hash) {
            Some(slot) => (slot, false),
            None => (self.admit(hash, make()), true),
        }
    }

    /// Counts a line for the key in this slot, and gives what is at hand.
    #[inline]
    pub(super) fn count(&mut self, at: usize, hit: &Hit) -> Option<&mut H> {
        let slot = self.slots.get_mut(at)?;
        if slot.tally.add(hit) {
            let counted = slot.tally.take_classes();
            if let Some(rest) = self.rests.get_mut(at) {
                let before = rest.before.get_or_insert_default();
                before.iter_mut().zip(counted).for_each(|(count, more)| *count += more);
            }
        }
        Some(&mut slot.hot)
    }

    /// Where this key is.
    #[inline]
    pub(super) fn find(&self, hash: u64) -> Option<usize> {
        let mask = self.places.len().checked_sub(1)?;
        let mut at = home(hash, mask);
        loop {
            let place = self.places.get(at)?;
            if place.slot == EMPTY {
                return None;
            }
            let slot = usize::from(place.slot);
            if place.tag == tag(hash) && self.is(slot, hash) {
                return Some(slot);
            }
            at = (at + 1) & mask;
        }
    }

    /// True if this key is in this slot.
    #[inline]
    pub(super) fn is(&self, slot: usize, hash: u64) -> bool {
        self.slots.get(slot).is_some_and(|slot| slot.hash == hash)
    }

    /// What is in this slot.
    pub(super) fn get(&self, slot: usize) -> Option<Entry<'_, T, H>> {
        Some(Entry { slot: self.slots.get(slot)?, rest: self.rests.get(slot)? })
    }

    /// What is at hand of the key in this slot.
    #[inline]
    pub(super) fn hot_mut(&mut self, slot: usize) -> Option<&mut H> {
        self.slots.get_mut(slot).map(|slot| &mut slot.hot)
    }

    /// What is known of the key in this slot.
    pub(super) fn facts_mut(&mut self, slot: usize) -> Option<&mut T> {
        self.rests.get_mut(slot).map(|rest| &mut rest.facts)
    }

    /// Both.
    pub(super) fn both_mut(&mut self, slot: usize) -> Option<(&mut T, &mut H)> {
        Some((&mut self.rests.get_mut(slot)?.facts, &mut self.slots.get_mut(slot)?.hot))
    }

    /// All entries, in order of arrival.
    pub(super) fn iter(&self) -> impl Iterator<Item = Entry<'_, T, H>> {
        self.slots.iter().zip(&self.rests).map(|(slot, rest)| Entry { slot, rest })
    }

    /// How many keys there are.
    pub(super) const fn len(&self) -> usize {
        self.slots.len()
    }

    /// True once a key had to go: counts may have errors.
    pub(super) const fn is_approximate(&self) -> bool {
        self.floor > 0
    }

    #[inline(never)]
    fn admit(&mut self, hash: u64, (key, facts, hot): (Box<[u8]>, T, H)) -> usize {
        let slot = Slot { hash, tally: LeanTally::default(), hot };
        let mut rest = Rest { key, error: 0, before: None, facts };
        if self.slots.len() < self.bound {
            self.slots.push(slot);
            self.rests.push(rest);
            if self.slots.len() * 2 > self.places.len() {
                self.grow();
            } else {
                self.place(hash, self.slots.len() - 1);
            }
            return self.slots.len() - 1;
        }
        let at = self.fewest();
        if let Some(gone) = self.get(at) {
            rest.error = gone.count();
            self.displace(gone.hash(), at);
        }
        if let Some((old_slot, old_rest)) = self.slots.get_mut(at).zip(self.rests.get_mut(at)) {
            (*old_slot, *old_rest) = (slot, rest);
            self.place(hash, at);
        }
        at
    }

    /// A slot that counts no more than any other. The hand goes on where it stopped, and the floor rises only after a whole
    /// round without a find, so a line costs two looks at most, on average.
    fn fewest(&mut self) -> usize {
        loop {
            let mut lowest = u64::MAX;
            for _ in 0..self.slots.len() {
                let at = self.hand;
                self.hand = if at + 1 < self.slots.len() { at + 1 } else { 0 };
                // The rest of an entry is far away, and mostly not needed to say that it counts more.
                if self.slots.get(at).is_some_and(|slot| slot.tally.lines() >= lowest) {
                    continue;
                }
                let count = self.get(at).map_or(u64::MAX, Entry::count);
                if count <= self.floor {
                    return at;
                }
                lowest = lowest.min(count);
            }
            self.floor = lowest;
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).next_power_of_two().max(16);
        self.places = vec![Place { tag: 0, slot: EMPTY }; size];
        for at in 0..self.slots.len() {
            if let Some(hash) = self.slots.get(at).map(|slot| slot.hash) {
                self.place(hash, at);
            }
        }
    }

    fn place(&mut self, hash: u64, slot: usize) {
        let mask = self.places.len() - 1;
        let mut at = home(hash, mask);
        while let Some(place) = self.places.get_mut(at) {
            if place.slot == EMPTY {
                *place = Place { tag: tag(hash), slot: u16::try_from(slot).unwrap_or(EMPTY) };
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// Takes the key in this slot out of the index, and moves up those behind it that it kept from their home.
    fn displace(&mut self, hash: u64, slot: usize) {
        let mask = self.places.len() - 1;
        let mut gap = home(hash, mask);
        while self.places.get(gap).is_some_and(|place| usize::from(place.slot) != slot) {
            gap = (gap + 1) & mask;
        }
        let mut at = (gap + 1) & mask;
        while let Some(held) = self.places.get(at).and_then(|place| self.slots.get(usize::from(place.slot))) {
            let from_home = at.wrapping_sub(home(held.hash, mask)) & mask;
            if from_home >= at.wrapping_sub(gap) & mask {
                self.places.swap(gap, at);
                gap = at;
            }
            at = (at + 1) & mask;
        }
        if let Some(place) = self.places.get_mut(gap) {
            place.slot = EMPTY;
        }
    }
}

/// The lower bits say where, the upper ones who.
#[expect(clippy::cast_possible_truncation, reason = "only so many bits are wanted")]
const fn home(hash: u64, mask: usize) -> usize {
    hash as usize & mask
}

const fn tag(hash: u64) -> u16 {
    (hash >> 48) as u16
}

/// What is kept of a key to be shown.
pub(super) fn kept(key: &[u8]) -> Box<[u8]> {
    key.get(..KEY).unwrap_or(key).into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// Few homes and tags, so that keys stand in each other's way.
    fn hash(key: u64) -> u64 {
        ((key % 3) << 48) | (key << 32) | (key % 5)
    }

    fn add(table: &mut Table<()>, key: u64) {
        let hash = hash(key);
        let (slot, _) = table.enter(hash, || (kept(&key.to_le_bytes()), (), ()));
        table.count(slot, &Hit::default());
    }

    proptest! {
        #[test]
        fn counts_are_never_too_low_and_too_high_by_the_error_at_most(keys in prop::collection::vec(0_u64..60, 0..900)) {
            let mut table = Table::bounded(24);
            let mut truth = HashMap::new();
            for &key in &keys {
                *truth.entry(key).or_insert(0) += 1;
                add(&mut table, key);
            }
            prop_assert_eq!(table.iter().map(Entry::count).sum::<u64>(), keys.len() as u64);
            for slot in table.iter() {
                let own = truth[&u64::from_le_bytes(slot.key().try_into().unwrap())];
                prop_assert!(slot.count() >= own && slot.count() - slot.error() <= own);
                prop_assert!(table.find(slot.hash()).is_some_and(|at| table.is(at, slot.hash())));
            }
            // Who has more than a fair share cannot be missing.
            for (key, count) in truth {
                let found = table.find(hash(key)).is_some();
                prop_assert!(found || count <= keys.len() as u64 / 24);
            }
        }
    }

    #[test]
    fn what_every_line_touches_is_one_cache_line() {
        assert_eq!(size_of::<Slot<[u8; 16]>>(), 64);
    }

    #[test]
    fn counts_go_on_where_a_lean_tally_is_full() {
        let mut table = Table::<()>::bounded(4);
        add(&mut table, 1);
        let slot = table.slots.get_mut(0).unwrap();
        slot.tally.fill(2);
        let hit = Hit { class: 2, ..Hit::default() };
        for _ in 0..3 {
            table.count(0, &hit);
        }
        let entry = table.get(0).unwrap();
        assert_eq!(entry.classes(), [1, 0, u64::from(u32::MAX) + 2, 0, 0, 0]);
        assert_eq!(entry.count(), u64::from(u32::MAX) + 3);
    }
}
