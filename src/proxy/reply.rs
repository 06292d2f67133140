//! Answers that the proxy gives by itself, written out: its model says status, fields and body, the rest is added here.
//!
//! A file that it serves is read here too: which one, the model says.

use std::fs;
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;

use super::failure::reason;
use crate::gateway::{Proxy, Reply, Served};

/// A larger file is not served: it would be held in memory.
const LARGEST_FILE: u64 = 64 << 20;

/// What files are, by the ends of their names.
const TYPES: [(&str, &str); 24] = [
    ("html", "text/html"),
    ("htm", "text/html"),
    ("css", "text/css"),
    ("js", "text/javascript"),
    ("mjs", "text/javascript"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("xml", "text/xml"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("ico", "image/x-icon"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("wasm", "application/wasm"),
    ("pdf", "application/pdf"),
    ("webmanifest", "application/manifest+json"),
    ("mp4", "video/mp4"),
];

/// An answer as it goes out.
#[derive(Debug)]
pub(super) struct Written {
    /// From the status line to the empty line.
    pub head: Vec<u8>,
    /// What follows, even where the request was a `HEAD`.
    pub body: Vec<u8>,
}

/// Writes an answer of the proxy's own. `keep` says whether the client's connection is kept.
pub(super) fn write(reply: &Reply, proxy: Proxy, keep: bool) -> Written {
    let is_own = reply.body.is_empty() && reply.file.is_none();
    let body = if is_own { page(reply.status, proxy) } else { reply.body.clone() };
    let mut head = format!("HTTP/1.1 {} {}\r\n", reply.status, reason(reply.status)).into_bytes();
    if reply.get("server").is_none() {
        field(&mut head, "Server", format!("hopscope (as {proxy})").as_bytes());
    }
    if reply.get("date").is_none() {
        let now = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        field(&mut head, "Date", now.as_bytes());
    }
    if is_own && !body.is_empty() && reply.get("content-type").is_none() {
        field(&mut head, "Content-Type", b"text/plain; charset=utf-8");
    }
    for (name, value) in reply.fields.iter().filter(|(name, _)| !is_framing(name)) {
        field(&mut head, name, value);
    }
    if has_length(reply.status) {
        field(&mut head, "Content-Length", body.len().to_string().as_bytes());
    }
    if !keep {
        field(&mut head, "Connection", b"close");
    }
    head.extend_from_slice(b"\r\n");
    Written { head, body: if has_length(reply.status) { body } else { Vec::new() } }
}

/// The answer with its file as its body, if it has one.
///
/// # Errors
/// A sentence that says why the file does not come.
pub(super) fn filled(reply: Reply) -> Result<Reply, String> {
    let Some(file) = &reply.file else { return Ok(reply) };
    let path = path(file).ok_or_else(|| format!("{:?} leads out of {}", file.below.escape_ascii(), file.folder))?;
    let fault = |what: String| format!("{}: {what}", path.display());
    let length = fs::metadata(&path).map_err(|error| fault(error.to_string()))?.len();
    if length > LARGEST_FILE {
        return Err(fault(format!("{length} bytes are more than hopscope serves of a file")));
    }
    let body = fs::read(&path).map_err(|error| fault(error.to_string()))?;
    let reply =
        if reply.get("content-type").is_none() { reply.field("Content-Type", content_type(&path)) } else { reply };
    Ok(Reply { body, ..reply })
}

/// Where a file is; `None` for what would lead out of its folder.
fn path(file: &Served) -> Option<PathBuf> {
    let below = Path::new(std::str::from_utf8(&file.below).ok()?);
    let stays = below.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let folder = PathBuf::from(&file.folder);
    stays.then(|| if below.as_os_str().is_empty() { folder } else { folder.join(below) })
}

/// The page of an error where the proxy sends one of its own that is not modelled. Traefik's and Caddy's are: what they
/// send is in the reply.
fn page(status: u16, proxy: Proxy) -> Vec<u8> {
    match proxy {
        Proxy::Nginx | Proxy::Apache | Proxy::Haproxy if status >= 400 => {
            format!("{status} {}\nhopscope, as {proxy} answers\n", reason(status)).into_bytes()
        }
        _ => Vec::new(),
    }
}

fn content_type(path: &Path) -> &'static str {
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
    TYPES.iter().find(|(known, _)| *known == end).map_or("application/octet-stream", |(_, kind)| kind)
}

/// RFC 9110 section 8.6: no length where there never is a body.
fn has_length(status: u16) -> bool {
    !matches!(status, 100..=199 | 204 | 304)
}

/// True for what is written here and nowhere else.
fn is_framing(name: &str) -> bool {
    ["content-length", "transfer-encoding", "connection"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

fn field(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        head.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of an answer, less those that depend on the day.
    fn lines(reply: &Reply, proxy: Proxy, keep: bool) -> (Vec<String>, String) {
        let written = write(reply, proxy, keep);
        let head = String::from_utf8(written.head).unwrap();
        let lines = head.trim_end().split("\r\n").filter(|line| !line.starts_with("Date: "));
        (lines.map(str::to_owned).collect(), String::from_utf8(written.body).unwrap())
    }

    #[test]
    fn an_answer_of_the_proxys_own() {
        let moved = Reply::status(301).field("Location", "http://h/api/").field("Content-Length", "9");
        let (head, body) = lines(&moved, Proxy::Nginx, true);
        assert_eq!(
            head,
            [
                "HTTP/1.1 301 Moved Permanently",
                "Server: hopscope (as nginx)",
                "Location: http://h/api/",
                "Content-Length: 0"
            ]
        );
        assert_eq!(body, "");
        let (head, body) = lines(&Reply::status(404), Proxy::Nginx, false);
        assert_eq!(head[2..], ["Content-Type: text/plain; charset=utf-8", "Content-Length: 41", "Connection: close"]);
        assert!(body.starts_with("404 Not Found"), "{body}");
        let (head, body) = lines(&Reply::status(404), Proxy::Caddy, true);
        assert_eq!(
            (&head[2..], body.as_str()),
            (&["Content-Length: 0".to_owned()][..], ""),
            "as Caddy, without a page"
        );
        let (head, _) = lines(&Reply { body: b"x".to_vec(), ..Reply::status(204) }, Proxy::Nginx, true);
        assert_eq!(head, ["HTTP/1.1 204 No Content", "Server: hopscope (as nginx)"]);
    }

    #[test]
    fn a_file_is_read_with_its_type() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("app.CSS"), "a {}").unwrap();
        fs::write(folder.path().join("404.html"), "").unwrap();
        let file = |status, below: &str| Reply::file(status, folder.path().display().to_string(), below.into());
        let reply = filled(file(200, "app.CSS")).unwrap();
        assert_eq!((reply.get("content-type"), &reply.body[..]), (Some(&b"text/css"[..]), &b"a {}"[..]));
        let told = filled(file(200, "app.CSS").field("content-type", "x/y")).unwrap();
        assert_eq!(told.get("content-type"), Some(&b"x/y"[..]));
        let (_, body) = lines(&filled(file(404, "404.html")).unwrap(), Proxy::Nginx, true);
        assert_eq!(body, "", "an empty file is no page that is not modelled");
        assert!(filled(file(200, "none")).unwrap_err().contains("none"));
        assert!(filled(file(200, "../x")).unwrap_err().contains("leads out"));
    }

    #[test]
    fn no_path_leads_out_of_its_folder() {
        for (below, want) in [
            (&b"a/b.css"[..], Some("/srv/a/b.css")),
            (b"", Some("/srv")),
            (b"./a", Some("/srv/./a")),
            (b"../etc/passwd", None),
            (b"a/../../b", None),
            (b"/etc/passwd", None),
            (b"\xff", None),
        ] {
            let file = Served { folder: "/srv".to_owned(), below: below.to_vec() };
            assert_eq!(path(&file).as_deref(), want.map(Path::new), "{}", below.escape_ascii());
        }
    }
}
