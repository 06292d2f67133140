//! The HTTP of Go's standard library, which Traefik and Caddy are built on.
