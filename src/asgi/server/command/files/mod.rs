//! The files that a server's command line names: a file of variables, a configuration written in Python or TOML.

mod dotenv;
mod python;
mod settings;

pub(super) use dotenv::variable as dotenv;
pub(super) use python::settings as python_settings;
pub(super) use settings::{Setting, Settings, toml_settings};
