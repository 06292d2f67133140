//! Reads bytes as a configuration and, where they are one, asks it about a request: neither may panic or hang.

use std::net::SocketAddr;
use std::path::PathBuf;

use hopscope::gateway::{self, InMemory, Options, Proxy, Received, Unseen};

/// A configuration of one file.
pub fn read(proxy: Proxy, name: &str, bytes: &[u8]) {
    let files = InMemory::default().file(name, bytes);
    let options = Options { proxy: Some(proxy), ..Options::default() };
    let Ok(gateway) = gateway::read(&[PathBuf::from(name)], &files, options) else { return };
    let ports: Vec<u16> = gateway.listeners.iter().map(|listen| listen.port).chain([80]).take(4).collect();
    for port in ports {
        for target in ["/", "/api/v1/items?x=1", "/a%2Fb//../c"] {
            let head = format!("GET {target} HTTP/1.1\r\nHost: example.com\r\n\r\n");
            let received = Received {
                head: head.as_bytes(),
                body: Some(b""),
                peer: SocketAddr::from(([203, 0, 113, 7], 50_000)),
                local: SocketAddr::from(([127, 0, 0, 1], port)),
                tls: None,
            };
            let _ = gateway.plan(&received, &Unseen);
        }
    }
}
