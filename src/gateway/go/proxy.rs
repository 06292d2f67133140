//! What `httputil.ReverseProxy` does to the fields of a request and of a response.
//!
//! Go 1.26, `net/http/httputil/reverseproxy.go`.

use super::header::{Header, trim_string};

/// The fields that end at each hop, whatever `Connection` says.
pub(in crate::gateway) const HOP_FIELDS: [&str; 9] = [
    "Connection",
    "Proxy-Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Te",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
];

/// `removeHopByHopHeaders`: takes away what `Connection` names and what always ends at a hop.
pub(in crate::gateway) fn remove_hop_by_hop(header: &mut Header) {
    remove_connection_fields(header);
    for name in HOP_FIELDS {
        header.remove(name);
    }
}

/// Takes away what `Connection` names.
pub(in crate::gateway) fn remove_connection_fields(header: &mut Header) {
    let lists = header.values("Connection").to_vec();
    for name in lists.iter().flat_map(|list| list.split(|&byte| byte == b',')).map(trim_string) {
        header.remove(&String::from_utf8_lossy(name));
    }
}

/// `upgradeType`: the protocol that is asked for, empty if none is.
pub(in crate::gateway) fn upgrade_type(header: &Header) -> &[u8] {
    if header.has_token("Connection", "Upgrade") { header.get("Upgrade") } else { b"" }
}

/// True for printable ASCII alone (`ascii.IsPrint`).
pub(in crate::gateway) fn is_print(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Takes away the fields that a `Rewrite` function has to write anew.
pub(in crate::gateway) fn strip_forwarding(header: &mut Header) {
    for name in ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"] {
        header.remove(name);
    }
}

/// Adds the client's address to the list in `X-Forwarded-For`, of which one line is made.
pub(in crate::gateway) fn append_forwarded_for(header: &mut Header, client: &str) {
    let mut list = header.values("X-Forwarded-For").to_vec();
    list.push(client.as_bytes().to_vec());
    header.set("X-Forwarded-For", list.join(&b", "[..]));
}

/// A request without `User-Agent` stays without one, instead of naming Go's client.
pub(in crate::gateway) fn suppress_user_agent(header: &mut Header) {
    if !header.has("User-Agent") {
        header.set("User-Agent", "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_at_a_hop() {
        let mut header = Header::default();
        for (name, value) in [
            ("Connection", "keep-alive, x-a"),
            ("Connection", "X-B,,"),
            ("X-A", "1"),
            ("X-B", "2"),
            ("X-C", "3"),
            ("TE", "trailers"),
            ("Proxy-Authorization", "x"),
            ("Upgrade", "h2c"),
        ] {
            header.add(name, value);
        }
        assert_eq!(upgrade_type(&header), b"");
        remove_hop_by_hop(&mut header);
        assert_eq!(header.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["X-C"]);
    }

    #[test]
    fn lists_become_one_line() {
        let mut header = Header::default();
        append_forwarded_for(&mut header, "1.1.1.1");
        header.add("x-forwarded-for", "2.2.2.2");
        append_forwarded_for(&mut header, "::1");
        assert_eq!(header.values("X-Forwarded-For"), [b"1.1.1.1, 2.2.2.2, ::1".to_vec()]);
    }
}
