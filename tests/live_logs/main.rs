//! Access logs of real programs, read while they are written and afterwards.
//!
//! ```text
//! client ─▶ nginx, Traefik or Caddy ─▶ an app that answers what it is asked for
//!                   └▶ access.log ─▶ hopscope logs
//! ```
//!
//! What the client did is known, so that every line can be missed, and no line can be there twice. `HOPSCOPE_PEERS` names the
//! virtual environment that `tests/run` makes; without it the tests that need a proxy say so and pass.

#![cfg(test)]

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "the stage of the stories, of which a part is used here")]
mod support;

mod causes;
mod clean;
mod formats;
mod hostile;
mod logs;
mod printed;
mod rotation;
mod site;
