//! The text of lines that findings name. Each file is read once, however many findings it has.

use std::collections::{BTreeMap, BTreeSet};

use crate::gateway::{Files, Place};

/// The text of each place that can be read, without the blanks around it.
pub(super) fn of<'a>(places: impl Iterator<Item = &'a Place>, files: &dyn Files) -> BTreeMap<&'a Place, String> {
    let mut texts = BTreeMap::new();
    let places: BTreeSet<&Place> = places.collect();
    let mut places = places.into_iter().peekable();
    while let Some(first) = places.peek().copied() {
        let bytes = files.read(&first.file).unwrap_or_default();
        let mut lines = (1..).zip(bytes.split(|&b| b == b'\n'));
        // The places of a file stand together, in the order of their lines.
        while let Some(place) = places.next_if(|place| place.file == first.file) {
            if let Some((_, line)) = lines.by_ref().find(|(number, _)| *number == place.line) {
                texts.insert(place, String::from_utf8_lossy(line.trim_ascii()).into_owned());
            }
        }
    }
    texts
}
