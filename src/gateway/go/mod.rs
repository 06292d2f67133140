//! The HTTP of Go's standard library, which Traefik and Caddy are built on: how `net/http` reads a request, what `net/url`
//! makes of its target, and how `httputil.ReverseProxy` writes it again.
//!
//! ```text
//! head ─ read ─▶ Request { method, Url, Header, host, length } ─ the program's own rules ─▶ … ─ write ─▶ head sent on
//! response ─ Answer::from_upstream ─▶ … the program's own rules … ─▶ Answer::head
//! ```
//!
//! This room exists so that what the two programs share is said once. Every behaviour is that of Go 1.26, but for what is
//! told otherwise ([`Colons`]). Go strings are bytes, so are they here.

mod escape;
mod header;
mod path;
mod proxy;
mod query;
mod read;
mod regexp;
mod response;
mod url;
mod write;

pub(in crate::gateway) use escape::{Mode, escape, unescape};
pub(in crate::gateway) use header::{Header, canonical, is_token, trim};
pub(in crate::gateway) use path::{clean, path_matches};
pub(in crate::gateway) use proxy::{
    HOP_FIELDS, append_forwarded_for, is_print, remove_connection_fields, remove_hop_by_hop, strip_forwarding,
    suppress_user_agent, upgrade_type,
};
pub(in crate::gateway) use query::{clean_query, encode_query, parse_query};
pub(in crate::gateway) use read::{Request, Server, Stop, read_request};
pub(in crate::gateway) use regexp::{Regexp, RegexpError};
pub(in crate::gateway) use response::{Answer, status_text};
pub(in crate::gateway) use url::{Colons, Url, join_url_path, split_host_port, url_host_port};
pub(in crate::gateway) use write::{Unsendable, write_request};
