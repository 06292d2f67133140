//! Trees of yaml and toml that keep their lines.
