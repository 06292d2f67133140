//! LIVE: a small world to look at: an app that answers as FastAPI under uvicorn does, and a client that uses it.
//!
//! This room exists so that the first thing a user types needs nothing but the binary. The app holds no canned answers: it
//! asks the same models that the lanes ask, so the demo is right exactly where the models are.

mod app;
mod scenes;
mod traffic;

pub use app::serve;
pub use scenes::{SCENES, Scene};
pub use traffic::visit;
