//! The probe itself: the Python files that stand around the app.

/// The probe, one file without dependencies; `hopscope probe --print` gives it.
pub const PROBE: &str = include_str!("../../assets/hopscope_probe.py");

/// What puts it around an app that does not know of it; `hopscope run` lays it in `PYTHONPATH`.
pub const SITECUSTOMIZE: &str = include_str!("../../assets/sitecustomize.py");
