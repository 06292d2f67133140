//! MODEL: the request as the app's server got it → the ASGI scope the app sees, and what the framework then does.
//!
//! This room exists because the scope is where prefix faults are decided and nothing on the wire shows it. `server/`
//! has a folder per server with its releases inside; `framework/` has what Starlette and FastAPI make of the scope, by
//! release; `probed` reads what the probe in the app says of both.
//! Pure: bytes in, values out; no clock, no socket.

pub mod framework;
mod percent;
pub mod probed;
mod python_url;
pub mod release;
pub mod scope;
pub mod server;

pub use release::Release;
pub use scope::{Address, AsgiVersions, Outcome, Port, Scope, ScopeType};
