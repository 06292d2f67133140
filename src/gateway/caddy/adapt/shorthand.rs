//! Short placeholders of a Caddyfile written out: Caddy 2.11, `caddyconfig/httpcaddyfile/shorthands.go`.

use crate::gateway::caddy::caddyfile::Token;

/// Whole placeholders.
const WHOLE: [(&str, &str); 35] = [
    ("host", "http.request.host"),
    ("hostport", "http.request.hostport"),
    ("port", "http.request.port"),
    ("orig_method", "http.request.orig_method"),
    ("orig_uri", "http.request.orig_uri"),
    ("orig_path", "http.request.orig_uri.path"),
    ("orig_dir", "http.request.orig_uri.path.dir"),
    ("orig_file", "http.request.orig_uri.path.file"),
    ("orig_query", "http.request.orig_uri.query"),
    ("orig_?query", "http.request.orig_uri.prefixed_query"),
    ("method", "http.request.method"),
    ("uri", "http.request.uri"),
    ("%uri", "http.request.uri_escaped"),
    ("path", "http.request.uri.path"),
    ("%path", "http.request.uri.path_escaped"),
    ("dir", "http.request.uri.path.dir"),
    ("file", "http.request.uri.path.file"),
    ("query", "http.request.uri.query"),
    ("%query", "http.request.uri.query_escaped"),
    ("?query", "http.request.uri.prefixed_query"),
    ("remote", "http.request.remote"),
    ("remote_host", "http.request.remote.host"),
    ("remote_port", "http.request.remote.port"),
    ("scheme", "http.request.scheme"),
    ("uuid", "http.request.uuid"),
    ("tls_cipher", "http.request.tls.cipher_suite"),
    ("tls_version", "http.request.tls.version"),
    ("tls_client_fingerprint", "http.request.tls.client.fingerprint"),
    ("tls_client_issuer", "http.request.tls.client.issuer"),
    ("tls_client_serial", "http.request.tls.client.serial"),
    ("tls_client_subject", "http.request.tls.client.subject"),
    ("tls_client_certificate_pem", "http.request.tls.client.certificate_pem"),
    ("tls_client_certificate_der_base64", "http.request.tls.client.certificate_der_base64"),
    ("upstream_hostport", "http.reverse_proxy.upstream.hostport"),
    ("client_ip", "http.vars.client_ip"),
];

/// Beginnings of placeholders, and whether what follows may hold dots.
const BEGINNINGS: [(&str, &str, bool); 12] = [
    ("header.", "http.request.header.", false),
    ("cookie.", "http.request.cookie.", false),
    ("labels.", "http.request.host.labels.", false),
    ("path.", "http.request.uri.path.", false),
    ("file.", "http.request.uri.path.file.", false),
    ("query.", "http.request.uri.query.", false),
    ("re.", "http.regexp.", true),
    ("vars.", "http.vars.", false),
    ("rp.", "http.reverse_proxy.", true),
    ("resp.", "http.intercept.", true),
    ("err.", "http.error.", true),
    ("file_match.", "http.matchers.file.", false),
];

/// The words with their placeholders written out.
pub(super) fn expand(tokens: Vec<Token>) -> Vec<Token> {
    let word = |token: Token| match expanded(&token.text) {
        Some(text) => token.expanded(text),
        None => token,
    };
    tokens.into_iter().map(word).collect()
}

/// The placeholder as it is written in a Caddyfile, for one that is written out.
pub(super) fn is_short_for(written_out: &str) -> Option<&'static str> {
    let key = written_out.trim_matches(['{', '}']);
    WHOLE.iter().find(|(_, long)| *long == key).map(|(short, _)| *short)
}

/// The text written out; `None` if there is nothing to do.
fn expanded(text: &str) -> Option<String> {
    if !(text.contains('{') && text.contains('}')) {
        return None;
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        let inside = from.get(1..).unwrap_or_default();
        if let Some((long, tail)) = placeholder(inside) {
            out.push('{');
            out.push_str(&long);
            out.push('}');
            rest = tail;
        } else {
            out.push('{');
            rest = inside;
        }
    }
    out.push_str(rest);
    (out != text).then_some(out)
}

/// What a placeholder stands for, and what follows it.
fn placeholder(inside: &str) -> Option<(String, &str)> {
    let (key, tail) = inside.split_once('}')?;
    if let Some((_, long)) = WHOLE.iter().find(|(short, _)| *short == key) {
        return Some(((*long).to_owned(), tail));
    }
    BEGINNINGS.iter().find_map(|(short, long, dots)| {
        let name = key.strip_prefix(short)?;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || (*dots && c == '.');
        name.chars().all(fits).then(|| (format!("{long}{name}"), tail))
    })
}

#[cfg(test)]
mod tests {
    use super::expanded;

    #[test]
    fn written_out() {
        for (text, expected) in [
            ("/x{uri}?{query}", Some("/x{http.request.uri}?{http.request.uri.query}")),
            ("{header.X-A}{path.0}", Some("{http.request.header.X-A}{http.request.uri.path.0}")),
            ("{re.v.1}", Some("{http.regexp.v.1}")),
            ("{path.a.b}", None),
            ("{unknown}", None),
            ("a{b", None),
            ("{a{host}", Some("{a{http.request.host}")),
            ("{file}", Some("{http.request.uri.path.file}")),
            ("{file.base}", Some("{http.request.uri.path.file.base}")),
        ] {
            assert_eq!(expanded(text).as_deref(), expected, "{text}");
        }
    }
}
