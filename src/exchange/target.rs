//! The request target: the raw bytes between method and version, and the forms they may have.

/// Which of the forms of RFC 9112 section 3.2 a target has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetForm {
    /// `/path?query`
    Origin,
    /// `http://host/path?query`
    Absolute,
    /// `host:port`, as CONNECT has it; also anything else that fits no other form
    Other,
    /// `*`
    Asterisk,
}

/// A request target, nothing decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target<'a> {
    raw: &'a [u8],
}

impl<'a> Target<'a> {
    /// Wraps the raw bytes.
    pub const fn new(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// The raw bytes.
    pub const fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// The form it has.
    pub fn form(self) -> TargetForm {
        match self.raw {
            b"*" => TargetForm::Asterisk,
            [b'/', ..] => TargetForm::Origin,
            raw if split_scheme(raw).is_some() => TargetForm::Absolute,
            _ => TargetForm::Other,
        }
    }

    /// The authority (`host:port`) of an absolute target.
    pub fn authority(self) -> Option<&'a [u8]> {
        let (_, rest) = split_scheme(self.raw)?;
        let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        rest.get(..end)
    }

    /// The scheme of an absolute target.
    pub fn scheme(self) -> Option<&'a [u8]> {
        split_scheme(self.raw).map(|(scheme, _)| scheme)
    }

    /// The path as written: what stands before the first `?`, without scheme and authority.
    pub fn path(self) -> &'a [u8] {
        let whole = match self.authority() {
            Some(authority) => {
                split_scheme(self.raw).and_then(|(_, rest)| rest.get(authority.len()..)).unwrap_or_default()
            }
            None => self.raw,
        };
        let end = memchr::memchr(b'?', whole).unwrap_or(whole.len());
        whole.get(..end).unwrap_or_default()
    }

    /// The query as written, without its `?`; `None` if there is no `?`.
    pub fn query(self) -> Option<&'a [u8]> {
        let start = memchr::memchr(b'?', self.raw)?;
        self.raw.get(start + 1..)
    }
}

/// Splits `scheme://rest`; the scheme must be one by RFC 3986 section 3.1.
fn split_scheme(raw: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', raw)?;
    let (scheme, rest) = raw.split_at(colon);
    let rest = rest.strip_prefix(b"://")?;
    let starts_well = scheme.first().is_some_and(u8::is_ascii_alphabetic);
    let all_well = scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    (starts_well && all_well).then_some((scheme, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_forms() {
        for (raw, form, path, query) in [
            (&b"/a%2Fb?x=1?y"[..], TargetForm::Origin, &b"/a%2Fb"[..], Some(&b"x=1?y"[..])),
            (b"http://h:1/a?b", TargetForm::Absolute, b"/a", Some(b"b")),
            (b"http://h", TargetForm::Absolute, b"", None),
            (b"*", TargetForm::Asterisk, b"*", None),
            (b"h:443", TargetForm::Other, b"h:443", None),
            (b"//docs", TargetForm::Origin, b"//docs", None),
            (b"/redirect?to=http://x/", TargetForm::Origin, b"/redirect", Some(b"to=http://x/")),
        ] {
            let target = Target::new(raw);
            assert_eq!((target.form(), target.path(), target.query()), (form, path, query), "{}", raw.escape_ascii());
        }
    }

    #[test]
    fn the_authority_of_an_absolute_target() {
        assert_eq!(Target::new(b"http://h:1/a").authority(), Some(&b"h:1"[..]));
        assert_eq!(Target::new(b"https://h?x").authority(), Some(&b"h"[..]));
        assert_eq!(Target::new(b"/a").authority(), None);
    }
}
