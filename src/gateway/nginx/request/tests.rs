use super::*;

const RELEASE: Release = Release::new(1, 22, 1);

/// Two servers: `b` takes fields with `_`, the other one does not.
#[derive(Default)]
struct Two {
    chosen: Vec<u8>,
}

impl Servers for Two {
    fn rules(&self) -> HeadRules {
        HeadRules { underscores_in_headers: self.chosen == b"b", ..HeadRules::default() }
    }

    fn choose(&mut self, host: &[u8]) -> Result<(), u16> {
        self.chosen = host.to_vec();
        Ok(())
    }
}

fn reading(wire: &[u8], release: Release) -> Reading {
    read(wire, release, &mut Two::default())
}

/// `method uri args host`, or the status of the refusal.
fn told(wire: &str) -> String {
    let Reading { head, stop, .. } = reading(wire.as_bytes(), RELEASE);
    match stop {
        Some(Stop::Refused(status)) => status.to_string(),
        Some(Stop::Unfinished) => "unfinished".to_owned(),
        Some(Stop::NotModelled(why)) => why.to_owned(),
        None => {
            let parts = [&head.method, &head.uri, &head.args, &head.server, &head.unparsed_uri];
            parts.map(|part| String::from_utf8_lossy(part)).join(" ")
        }
    }
}

#[test]
fn request_lines() {
    for (line, what) in [
        ("GET /a?b HTTP/1.1", "GET /a b h /a?b"),
        ("GET  /a   HTTP/1.1  ", "GET /a  h /a"),
        ("G-E_T /a HTTP/1.1", "G-E_T /a  h /a"),
        ("get / HTTP/1.1", "400"),
        (" GET / HTTP/1.1", "400"),
        ("GET * HTTP/1.1", "400"),
        ("OPTIONS * HTTP/1.1", "400"),
        ("GET a HTTP/1.1", "400"),
        ("GET /a b HTTP/1.1", "400"),
        ("GET /a\tb HTTP/1.1", "400"),
        ("GET /a\u{7f}b HTTP/1.1", "400"),
        ("GET /\u{e9} HTTP/1.1", "GET /\u{e9}  h /\u{e9}"),
        ("GET /a#b HTTP/1.1", "GET /a  h /a#b"),
        ("GET http://X.org:81/p?q HTTP/1.1", "GET /p q x.org /p?q"),
        ("GET http://x.org HTTP/1.1", "GET /  x.org /"),
        ("GET http://x.org?q HTTP/1.1", "GET / q x.org ?q"),
        ("GET any+1://x.org/ HTTP/1.1", "GET /  x.org /"),
        ("GET http://[::1]:80/ HTTP/1.1", "GET /  [::1] /"),
        ("GET http://a_b/ HTTP/1.1", "400"),
        ("GET http:///p HTTP/1.1", "400"),
        ("GET http:/p HTTP/1.1", "400"),
        ("GET http://x.org:a/ HTTP/1.1", "400"),
        ("GET http://x.org#f HTTP/1.1", "400"),
        ("CONNECT x.org:443 HTTP/1.1", "400"),
        ("CONNECT / HTTP/1.1", "405"),
        ("TRACE / HTTP/1.1", "405"),
        ("GET / HTTP/2.0", "505"),
        ("GET / HTTP/10.0", "505"),
        ("GET / HTTP/0.9", "400"),
        ("GET / HTTP/1.", "400"),
        ("GET / HTTP/1.1000", "400"),
        ("GET / HTTP/1.7", "GET /  h /"),
        ("GET / http/1.1", "400"),
        ("GET / HTTP/1.1x", "400"),
        ("POST /", "400"),
    ] {
        assert_eq!(told(&format!("{line}\r\nHost: h\r\n\r\n")), what, "{line}");
        assert_eq!(told(&format!("\r\n\n{line}\nHost: h\n\n")), what, "{line}");
    }
    assert_eq!(told("GET /a?b\r\n"), "GET /a b  /a?b");
    assert_eq!(told("GET / HTTP/1.0\r\n\r\n"), "GET /   /");
    assert_eq!(told("GET / HTTP/1.1\r\n\r\n"), "400");
    assert_eq!(told("GET / HTTP/1.1\r\nHost: h\r\n"), "unfinished");
}

#[test]
fn fields() {
    for (fields, what) in [
        ("Host: A.b:80", "GET /  a.b /"),
        ("Host:", "400"),
        ("Host: a\r\nhost: a", "400"),
        ("Host: a/b", "400"),
        ("Host : a", "400"),
        ("Host: a\r\n x: y", "400"),
        ("Host: a\r\n: y", "400"),
        ("Host: a\r\nx\0: y", "400"),
        ("Host: a\r\nx: \0", "400"),
        ("Host: a\r\nx: a\rb", "400"),
        ("Host: a\r\nno colon", "400"),
        ("Host: a\r\nnocolon", "GET /  a /"),
        ("Host: a\r\nContent-Length: 1, 1", "400"),
        ("Host: a\r\nContent-Length: ", "400"),
        ("Host: a\r\nContent-Length: 1\r\nContent-Length: 1", "400"),
        ("Host: a\r\nContent-Length: 99999999999999999999", "400"),
        ("Host: a\r\nTransfer-Encoding: Chunked", "GET /  a /"),
        ("Host: a\r\nTransfer-Encoding: gzip, chunked", "501"),
        ("Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1", "400"),
        ("Host: a\r\nAuthorization: x\r\nAuthorization: y", "400"),
        ("Host: a\r\nCookie: x\r\nCookie: y", "GET /  a /"),
    ] {
        assert_eq!(told(&format!("GET / HTTP/1.1\r\n{fields}\r\n\r\n")), what, "{fields:?}");
    }
    assert_eq!(told("GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), "400");
}

/// The server that the host names says from then on whether `_` is taken.
#[test]
fn dropped_fields() {
    for (fields, kept) in [
        ("a_b: 1\r\nHost: a\r\nc_d: 2\r\nx.y: 3", &["Host: a"][..]),
        ("a_b: 1\r\nHost: b\r\nc_d: 2\r\nx.y: 3", &["Host: b", "c_d: 2"]),
        ("Host:  a  \r\nX-A: \t b\t c  \r\nEmpty:\r\nNone", &["Host: a", "X-A: \t b\t c", "Empty: ", "None: "]),
    ] {
        let head = reading(format!("GET / HTTP/1.1\r\n{fields}\r\n\r\n").as_bytes(), RELEASE).head;
        let lines: Vec<String> = head
            .fields
            .iter()
            .map(|field| format!("{}: {}", field.name.escape_ascii(), String::from_utf8_lossy(&field.value)))
            .collect();
        assert_eq!(lines, kept, "{fields}");
    }
}

#[test]
fn lines_that_do_not_fit() {
    let stop = |wire: String| reading(wire.as_bytes(), RELEASE).stop;
    let line = |length: usize| format!("GET /{} HTTP/1.1\r\n", "a".repeat(length - 16));
    assert_eq!(stop(line(8192) + "Host: a\r\n\r\n"), None);
    assert_eq!(stop(line(8193) + "Host: a\r\n\r\n"), Some(Stop::Refused(414)));
    let field = |length: usize| format!("X: {}\r\n", "a".repeat(length - 5));
    assert_eq!(stop(format!("{}Host: a\r\n{}\r\n", line(20), field(8192))), None);
    assert_eq!(stop(format!("{}Host: a\r\n{}\r\n", line(20), field(8193))), Some(Stop::Refused(494)));
    // The small buffer and four large ones.
    assert_eq!(stop(format!("{}Host: a\r\n{}\r\n", line(20), field(5000).repeat(4))), None);
    assert_eq!(stop(format!("{}Host: a\r\n{}\r\n", line(20), field(5000).repeat(5))), Some(Stop::Refused(494)));
    assert_eq!(stop("\r\n".repeat(50_000) + &line(20) + "Host: a\r\n\r\n"), None);
}

#[test]
fn newer_releases() {
    let stop = |wire: &str, release| reading(wire.as_bytes(), release).stop;
    let new = Release::new(1, 31, 0);
    assert_eq!(stop("GET http://a:70000/ HTTP/1.1\r\nHost: a\r\n\r\n", RELEASE), None);
    assert_eq!(stop("GET http://a:70000/ HTTP/1.1\r\nHost: a\r\n\r\n", new), Some(Stop::Refused(400)));
    assert_eq!(stop("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", new), Some(Stop::Refused(405)));
    assert_eq!(stop("CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", new), Some(Stop::Refused(400)));
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "a: b\r\n".repeat(1000));
    assert_eq!(stop(&many, RELEASE), None);
    assert_eq!(stop(&many, new), Some(Stop::Refused(494)));
    let old = Release::new(1, 18, 0);
    assert!(matches!(stop("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", old), Some(Stop::NotModelled(_))));
}

proptest::proptest! {
    /// Any bytes are read to an end, and what is not refused has a path that begins with a slash.
    #[test]
    fn any_bytes(wire in proptest::collection::vec(proptest::num::u8::ANY, 0..200), line in "(GET|POST) /?[a/.%?#]{0,8} HTTP/1.[01]\r\n") {
        for wire in [wire.clone(), [line.into_bytes(), b"Host: a\r\n".to_vec(), wire, b"\r\n\r\n".to_vec()].concat()] {
            let Reading { head, stop, end } = reading(&wire, RELEASE);
            proptest::prop_assert!(end <= wire.len());
            if stop.is_none() {
                proptest::prop_assert_eq!(head.uri.first(), Some(&b'/'));
            }
        }
    }
}
