//! hopscope: see what every hop did to a request, what the app made of it, why it went wrong, and what to change.

pub mod asgi;
pub mod capture;
pub mod demo;
pub mod diagnosis;
pub mod exchange;
pub mod forwarded;
pub mod gateway;
pub mod lanes;
pub mod probe;
pub mod proxy;
pub mod redirect;
pub mod report;
pub mod settings;
pub mod store;
pub mod tui;
