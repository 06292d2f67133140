//! The HTTP of Go's standard library, which Traefik and Caddy are built on: how `net/http` reads a request, what `net/url`
//! makes of its target, and how `httputil.ReverseProxy` writes it again.
