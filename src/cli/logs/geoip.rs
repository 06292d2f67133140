//! The countries of clients, by a database that the user brings.
//!
//! Behind the feature `geoip`: few want it, and whoever does has to have a database.

use std::path::Path;

use super::super::Failure;

/// A database of countries.
#[derive(Debug)]
#[cfg(feature = "geoip")]
pub(super) struct Countries(maxminddb::Reader<Vec<u8>>);

#[cfg(feature = "geoip")]
impl Countries {
    /// Opens it.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let reader = maxminddb::Reader::open_readfile(path);
        reader.map(Self).map_err(|error| Failure::unreadable(anyhow::anyhow!("--geoip {}: {error}", path.display())))
    }

    /// The country of a client as a row names it: an address, or the /64 of one.
    pub(super) fn of(&self, client: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(client).ok()?;
        let address = text.strip_suffix("/64").unwrap_or(text).parse().ok()?;
        self.0.lookup(address).ok()?.decode_path(&maxminddb::path!["country", "iso_code"]).ok()?
    }
}

/// There is none without the feature.
#[derive(Debug)]
#[cfg(not(feature = "geoip"))]
pub(super) enum Countries {}

#[cfg(not(feature = "geoip"))]
impl Countries {
    /// Says how to get it.
    ///
    /// # Errors
    /// Always.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        Err(Failure::usage(format!(
            "--geoip {}: this hopscope was built without it; cargo install hopscope --features geoip has it",
            path.display()
        )))
    }

    /// Nothing has one.
    pub(super) fn of(&self, _client: &[u8]) -> Option<String> {
        match *self {}
    }
}
