//! Header fields as Go holds them: a map from canonical names to values, written in the order of the names.
//!
//! Go 1.26, `net/textproto/reader.go`, `net/http/header.go`, `golang.org/x/net/http/httpguts`.

use std::collections::BTreeMap;

/// `http.Header`. The methods without `raw` in their name make the name canonical first, as Go's do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::gateway) struct Header(BTreeMap<String, Vec<Vec<u8>>>);

impl Header {
    /// The first value, empty if there is none.
    pub(in crate::gateway) fn get(&self, name: &str) -> &[u8] {
        self.values(name).first().map_or(&[], Vec::as_slice)
    }

    /// All values, in their order.
    pub(in crate::gateway) fn values(&self, name: &str) -> &[Vec<u8>] {
        self.0.get(&canonical(name)).map_or(&[], Vec::as_slice)
    }

    /// True if the field is there, even without a value.
    pub(in crate::gateway) fn has(&self, name: &str) -> bool {
        self.0.contains_key(&canonical(name))
    }

    /// Replaces all values by one.
    pub(in crate::gateway) fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.0.insert(canonical(name), vec![value.into()]);
    }

    /// Adds a value after the others.
    pub(in crate::gateway) fn add(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.0.entry(canonical(name)).or_default().push(value.into());
    }

    /// Takes all values away and gives them.
    pub(in crate::gateway) fn remove(&mut self, name: &str) -> Option<Vec<Vec<u8>>> {
        self.0.remove(&canonical(name))
    }

    /// Replaces all values, under exactly this name.
    pub(in crate::gateway) fn put_raw(&mut self, name: impl Into<String>, values: Vec<Vec<u8>>) {
        self.0.insert(name.into(), values);
    }

    /// Takes all values away that stand under exactly this name.
    pub(in crate::gateway) fn remove_raw(&mut self, name: &str) -> Option<Vec<Vec<u8>>> {
        self.0.remove(name)
    }

    /// Keeps the fields that `keep` wants.
    pub(in crate::gateway) fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|name, _| keep(name));
    }

    /// Names and values, in the order in which Go writes them.
    pub(in crate::gateway) fn iter(&self) -> impl Iterator<Item = (&str, &[Vec<u8>])> {
        self.0.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// True if a list under `name` holds `token` (`httpguts.HeaderValuesContainsToken`).
    pub(in crate::gateway) fn has_token(&self, name: &str, token: &str) -> bool {
        self.values(name).iter().any(|value| contains_token(value, token))
    }
}

/// `CanonicalMIMEHeaderKey`: the first letter and those after a hyphen in upper case, the others in lower case; a name that
/// is no token stays as it is.
pub(in crate::gateway) fn canonical(name: &str) -> String {
    if !is_token(name.as_bytes()) {
        return name.to_owned();
    }
    let mut begins = true;
    let letter = |c: char| {
        let written = if begins { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        begins = c == '-';
        written
    };
    name.chars().map(letter).collect()
}

/// True for what may be the name of a field (`httpguts.ValidHeaderFieldName`).
pub(in crate::gateway) fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().copied().all(is_token_byte)
}

/// True for a byte of a token (RFC 9110 section 5.6.2).
pub(super) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}

/// True for what may be the value of a field (`httpguts.ValidHeaderFieldValue`).
pub(in crate::gateway) fn is_value(value: &[u8]) -> bool {
    !value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t')
}

/// True if a comma-separated list holds `token`, ASCII case ignored (`headerValueContainsToken`).
pub(in crate::gateway) fn contains_token(list: &[u8], token: &str) -> bool {
    list.split(|&byte| byte == b',').any(|item| trim(item).eq_ignore_ascii_case(token.as_bytes()))
}

/// Without spaces and tabs at both ends.
pub(in crate::gateway) fn trim(text: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let Some(start) = text.iter().position(|byte| !is_blank(byte)) else { return &[] };
    let end = text.iter().rposition(|byte| !is_blank(byte)).map_or(0, |last| last + 1);
    text.get(start..end).unwrap_or_default()
}

/// `textproto.TrimString`: without spaces, tabs and line ends at both ends.
pub(super) fn trim_string(text: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let Some(start) = text.iter().position(|byte| !is_blank(byte)) else { return &[] };
    let end = text.iter().rposition(|byte| !is_blank(byte)).map_or(0, |last| last + 1);
    text.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, expected) in [
            ("host", "Host"),
            ("X-FORWARDED-for", "X-Forwarded-For"),
            ("x_real_ip", "X_real_ip"),
            ("sec-websocket-key", "Sec-Websocket-Key"),
            ("a b", "a b"),
            ("", ""),
            ("x-é", "x-é"),
        ] {
            assert_eq!(canonical(name), expected);
        }
    }

    #[test]
    fn lists() {
        let mut header = Header::default();
        header.add("connection", "keep-alive");
        header.add("Connection", " x , Upgrade\t");
        assert!(header.has_token("CONNECTION", "upgrade"));
        assert!(!header.has_token("connection", "x , upgrade"));
        assert_eq!(header.get("connection"), b"keep-alive");
        assert_eq!(header.get("none"), b"");
    }
}
