//! Which forwarding headers a server reads, and why one of them is not used.

use super::Server;

/// What a server does with one forwarding header of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderUse {
    /// It reads the header and its value takes effect.
    Used,
    /// It reads headers of this name, but these lines take no effect; the text says why, as one clause.
    Unused(String),
    /// It never reads a header of this name.
    NotRead,
    /// The header says nothing about the hop before the proxy (`Host`, `Via`): it goes to the app as it came.
    Plain,
    /// The model does not know; the text says why.
    Unknown(String),
}

impl Server {
    /// True if the model knows whom this release, started like this, believes.
    pub fn trust_is_known(&self) -> bool {
        !matches!(self.reading("x-forwarded-proto", &[], false), HeaderUse::Unknown(_))
    }

    /// Whether this server uses the header `name` with the values `lines` (all its lines, in order) of a peer that is
    /// `trusted` or not ([`crate::forwarded::TrustList::verdict`]).
    ///
    /// With no line at all a header that would be read is [`HeaderUse::Unused`]. What the app itself reads (its
    /// `X-Forwarded-Prefix` middleware, say) is not the server's doing and not answered here.
    pub fn reading(&self, name: &str, lines: &[&[u8]], trusted: bool) -> HeaderUse {
        match &self.not_modelled {
            Some(not_modelled) => HeaderUse::Unknown(not_modelled.why.clone()),
            None => self.options.model().reading(self, &name.to_ascii_lowercase(), lines, trusted),
        }
    }

    /// The same for a header among others: `lines_of` gives the lines of any name. daphne and granian read some headers
    /// only together with the one that names the client.
    pub fn reading_among<'a>(&self, name: &str, lines_of: impl Fn(&str) -> Vec<&'a [u8]>, trusted: bool) -> HeaderUse {
        let reading = self.reading(name, &lines_of(name), trusted);
        let with = self.options.model().read_with(self, &name.to_ascii_lowercase());
        let with = with.filter(|_| reading == HeaderUse::Used);
        match with {
            Some(with) if self.reading(&with, &lines_of(&with), trusted) != HeaderUse::Used => {
                HeaderUse::Unused(format!("{} reads it only together with {with}", self.program()))
            }
            _ => reading,
        }
    }
}
