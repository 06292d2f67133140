//! hopscope: see what every hop did to a request, what the app made of it, why it went wrong, and what to change.
//!
//! A live proxy for the terminal. It shows four lanes side by side for every exchange: the original URL, the forwarded
//! headers, the rewritten path and the resulting ASGI scope, and under them a verdict.
//!
//! The scope comes from models of the ASGI servers (uvicorn, hypercorn, daphne, granian, gunicorn) and of Starlette and
//! FastAPI, release by release, told how the server was started by flags or by its process; where the probe stands in the
//! app, the app's own word goes before the models'. Without any traffic the same models answer `explain`, `predict` and
//! `servers`.
//!
//! # The data's way
//!
//! ```text
//! client bytes → accept → HTTP/1 connection; the head's own bytes kept          proxy, exchange
//!   ├─ capture: reserve a place, then build the event; full = counted, never waited for
//!   → gateway steps (stand-in) or nothing (tap) → upstream request → response head
//!   → every piece goes on at once; the first bytes are kept; every ending is recorded
//! bounded channel → recorder: batch → pair the halves → lanes → findings → store → revision += 1
//! face: wakes on a key or a new revision, copies one screenful, draws
//! ```
//!
//! # The rooms, and who may know whom
//!
//! | room | kind | knows |
//! | --- | --- | --- |
//! | [`exchange`] | facts | nothing of ours |
//! | [`gateway`], [`forwarded`], [`asgi`], [`redirect`] | models, pure | `exchange`, and each other where one builds on another |
//! | [`access_log`], [`filter`] | models, pure | nothing of ours |
//! | [`lanes`] | the side by side | `exchange`, models |
//! | [`diagnosis`] | conclusions | `exchange`, `lanes`, `access_log`, models |
//! | [`dry_run`] | conclusions without traffic | `exchange`, `lanes`, `diagnosis`, models |
//! | [`remedy`] | conclusions: fixes, tried | `exchange`, `lanes`, `diagnosis`, `dry_run`, models |
//! | [`settings`] | what was meant | `exchange`, models, `lanes` (the set-up) |
//! | [`capture`] | live | `exchange` |
//! | [`store`] | what is kept | `exchange`, `capture` (its events), models, `lanes`, `diagnosis`, `dry_run`, `remedy` |
//! | [`proxy`] | live | `exchange`, `gateway`, `forwarded`, `capture` |
//! | [`tail`] | live | nothing of ours |
//! | [`probe`] | live | `exchange`, `lanes`, models |
//! | [`tui`], [`report`] | faces | `store`, `lanes`, `diagnosis`, `dry_run`, `remedy`, models, `settings`, `exchange` |
//! | [`demo`] | live | `exchange`, models |
//! | [`cli`] | plugs them together | everything |
//!
//! `tests/rooms.rs` reads the `use` lines and fails on any other arrow.

pub mod access_log;
pub mod asgi;
pub mod capture;
pub mod cli;
pub mod demo;
pub mod diagnosis;
pub mod dry_run;
pub mod exchange;
pub mod filter;
pub mod forwarded;
pub mod gateway;
pub mod lanes;
pub mod probe;
pub mod proxy;
pub mod redirect;
pub mod remedy;
pub mod report;
pub mod settings;
pub mod store;
pub mod tail;
pub mod tui;
