//! The `log_format` that shows what the app got.
//!
//! What each piece is for: where a prefix is lost shows `uri` beside the request line, which host and scheme the app was
//! told shows `host` and `scheme` beside the forwarded headers, who answered shows the upstream's lists, and a redirect's
//! fault shows `location`. Every variable is one of nginx's core and proxy modules, 1.22.

use std::io::{self, ErrorKind, Write};

use super::super::{Exit, Failure};

/// The format's name.
const NAME: &str = "hopscope";

/// Its pieces, which nginx joins. The first are those of `combined`, so that whoever reads that reads this.
const PIECES: [&str; 7] = [
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\"",
    " host=\"$http_host\" scheme=\"$scheme\" uri=\"$uri\" proxy=\"$proxy_host\" rt=$request_time",
    " ua=\"$upstream_addr\" us=\"$upstream_status\" uct=\"$upstream_connect_time\"",
    " uht=\"$upstream_header_time\" urt=\"$upstream_response_time\"",
    " xff=\"$http_x_forwarded_for\" xfp=\"$http_x_forwarded_proto\" xfh=\"$http_x_forwarded_host\"",
    " xfpre=\"$http_x_forwarded_prefix\" upgrade=\"$http_upgrade\"",
    " location=\"$sent_http_location\"",
];

/// What goes into nginx's configuration.
pub(super) fn text() -> String {
    let pieces: Vec<String> = PIECES.iter().map(|piece| format!("    '{piece}'")).collect();
    format!(
        "# Inside http {{ }}: what the app got, for hopscope logs\n\
         log_format {NAME}\n{};\n\n\
         # In http, server or location: one line more, or in place of the one there\n\
         access_log /var/log/nginx/access.log {NAME};\n",
        pieces.join("\n")
    )
}

/// Prints it.
pub(super) fn print() -> Result<Exit, Failure> {
    match io::stdout().lock().write_all(text().as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::unreadable(error)),
        Ok(()) | Err(_) => Ok(Exit::Fine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_log::format::Clock;
    use crate::access_log::{Escape, Format};

    #[test]
    fn what_is_printed_can_be_read_back() {
        let format = Format::compile(PIECES.concat().as_bytes(), Escape::Default).unwrap();
        let line = b"192.0.2.7 - - [20/Nov/2026:09:14:51 +0000] \"GET /api/v1/items HTTP/1.1\" 307 0 \"-\" \"curl/8\" \
            host=\"shop.test\" scheme=\"https\" uri=\"/items\" proxy=\"app\" rt=0.005 ua=\"10.0.0.2:8000\" us=\"307\" \
            uct=\"0.001\" uht=\"0.004\" urt=\"0.004\" xff=\"-\" xfp=\"-\" xfh=\"-\" xfpre=\"-\" upgrade=\"-\" \
            location=\"http://shop.test/items/\"";
        let mut clock = Clock::default();
        let record = format.read(line, &mut clock).unwrap();
        assert_eq!((record.client, record.status, record.duration), (&b"192.0.2.7"[..], 307, Some(5000)));
        assert_eq!((record.host, record.scheme), (Some(&b"shop.test"[..]), Some(&b"https"[..])));
        assert_eq!((record.uri, record.location), (Some(&b"/items"[..]), Some(&b"http://shop.test/items/"[..])));
        assert_eq!((record.upstream.addr, record.upstream.status), (Some(&b"10.0.0.2:8000"[..]), Some(&b"307"[..])));
    }
}
