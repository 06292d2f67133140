//! What the stories stand on: real programs and raw sockets, so that a story knows the bytes on every stretch of the wire
//! without asking the program under test.
//!
//! ```text
//! http      a client that sends exactly the bytes it is given, and a reader of messages that keeps them as they came
//! upstream  a server that answers by script and keeps what it received
//! wire      a relay that can stand between any two programs and keeps what passed
//! hopscope  the program under test, and its JSON lines
//! peers     Traefik, nginx and uvicorn, where they are installed
//! screen    the program in a terminal of its own
//! ```

pub(crate) mod hopscope;
pub(crate) mod http;
pub(crate) mod peers;
pub(crate) mod place;
pub(crate) mod program;
pub(crate) mod screen;
pub(crate) mod upstream;
pub(crate) mod websocket;
pub(crate) mod wire;
