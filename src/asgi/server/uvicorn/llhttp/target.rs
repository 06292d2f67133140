//! The target: llhttp's `url.ts`.

use super::{Era, Parser, Step, Stop};

/// Where in a target a byte stands.
#[derive(Clone, Copy)]
enum Place {
    Start,
    Scheme,
    Authority,
    /// Behind an `@`.
    AuthorityWithAt,
    Path,
    Query,
    Fragment,
}

impl Parser<'_> {
    /// The target, and whether the line ends behind it, which is HTTP/0.9. CONNECT takes an authority first.
    pub(super) fn target(&mut self, connect: bool) -> Step<(Vec<u8>, bool)> {
        let start = self.rest;
        let mut place = if connect { Place::Authority } else { Place::Start };
        loop {
            let at = start.len() - self.rest.len();
            let byte = self.next()?;
            let may_end = !matches!(place, Place::Start | Place::Scheme);
            let old = match byte {
                b' ' if may_end => false,
                b'\n' if may_end => true,
                b'\r' if may_end => self.literal(b"\n").map(|()| true)?,
                _ => {
                    place = self.place(place, byte)?;
                    continue;
                }
            };
            return Ok((start.get(..at).unwrap_or_default().to_vec(), old));
        }
    }

    /// Where the byte behind `byte` stands.
    fn place(&mut self, place: Place, byte: u8) -> Step<Place> {
        let loose = self.era <= Era::Eight;
        match (place, byte) {
            (Place::Start, b'/' | b'*') | (Place::Authority | Place::AuthorityWithAt, b'/') => Ok(Place::Path),
            (Place::Scheme, b':') => self.literal(b"//").map(|()| Place::Authority),
            (Place::Start | Place::Scheme, _) if byte.is_ascii_alphabetic() => Ok(Place::Scheme),
            (Place::Authority | Place::AuthorityWithAt | Place::Path, b'?') => Ok(Place::Query),
            (Place::Authority, b'@') => Ok(Place::AuthorityWithAt),
            (Place::Authority | Place::AuthorityWithAt, _) if is_authority(byte) => Ok(Place::Authority),
            (Place::Path | Place::Query, b'#') => Ok(Place::Fragment),
            (Place::Query, b'?') | (Place::Fragment, b'?' | b'#') => Ok(place),
            (Place::Path | Place::Query | Place::Fragment, _) if is_url(byte, loose) => Ok(place),
            _ => Err(Stop::Bad("a target it does not take")),
        }
    }
}

/// `USERINFO_CHARS` and brackets.
fn is_authority(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-_.!~*'()%;:&=+$,[]".contains(&b)
}

/// `URL_CHAR`: printable ASCII without `#` and `?`; before llhttp 9 also tab, form feed and bytes beyond ASCII.
fn is_url(b: u8, loose: bool) -> bool {
    b.is_ascii_graphic() && !matches!(b, b'#' | b'?') || loose && matches!(b, b'\t' | 0x0c | 0x80..)
}
