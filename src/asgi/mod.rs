//! MODEL: the request as the app's server got it → the ASGI scope the app sees, and what the framework then does.
//!
//! This room exists because the scope is where prefix faults are decided and nothing on the wire shows it. `server/`
//! has one file per server with its versions inside; `framework/` has what Starlette and FastAPI make of the scope.
//! Pure: bytes in, values out; no clock, no socket.

pub mod framework;
mod percent;
pub mod probed;
pub mod release;
pub mod scope;
pub mod server;

pub use release::Release;
pub use scope::{Address, AsgiVersions, Outcome, Port, Scope, ScopeType};
