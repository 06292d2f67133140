//! Any bytes as a Caddyfile.

#![no_main]

mod read;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| read::read(hopscope::gateway::Proxy::Caddy, "Caddyfile", bytes));
