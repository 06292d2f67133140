//! MODEL: a `Location` against the URL the client asked for and the public URL: scheme, host, port, prefix, each judged.
//!
//! This room exists because a redirect is wrong only in relation to where the client is; rules, lanes and the screen must
//! judge it alike.
//!
//! ```text
//! Asked { url, prefix, internal } + Location ── Url::resolve ──▶ target ── judge ──▶ Judged { scheme, host, port, … }
//! ```
//!
//! What becomes of the request that follows the redirect stands beside it: `consequence` for method, body and
//! `Authorization`, `cookie` for what a `Set-Cookie` covers, `cors` for what a browser's script may follow, `callback` for
//! the URLs that a redirect to a login page carries; `fault` and `remark` say it in sentences, and `chain` strings the
//! redirects of one client together, each of them a `hop`.

mod authority;
mod callback;
mod chain;
mod consequence;
mod cookie;
mod cors;
mod fault;
mod hop;
mod host;
mod judge;
mod public;
mod remark;
mod url;

pub use authority::split_port;
pub use callback::{Callback, Grown, callbacks, grown, nesting};
pub use chain::{Chain, End};
pub use consequence::{Authorization, MethodAfter, authorization_after, is_followed, method_after};
pub use cookie::{NotSent, SameSite, SetCookie, carries};
pub use cors::{Cors, cors};
pub use fault::Fault;
pub use hop::{Client, Hop, Step};
pub use host::{Internal, internal};
pub use judge::{Asked, HostVerdict, Judged, PortVerdict, PrefixVerdict, SchemeVerdict, Slash, judge};
pub use public::PublicUrl;
pub use remark::{Remark, remarks};
pub use url::{Url, default_port};
