//! Any bytes as an nginx.conf.

#![no_main]

mod read;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| read::read(hopscope::gateway::Proxy::Nginx, "nginx.conf", bytes));
