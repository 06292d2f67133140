//! What proxies and balancers write by themselves.
//!
//! Recorded from nginx 1.22.1, `HAProxy` 2.6.12, Apache httpd 2.4.71, Caddy 2.8.4 to 2.11.7 and Traefik 3.0.4 to 3.7.15;
//! of the others by their source or documentation, named at their rows. A field that a proxy also puts on what it passes
//! on (nginx its Server, Cloudflare its `CF-Ray`) tells nothing by itself: it only goes with a page.

use super::mark::Holds::{Anywhere, AtEdge, Unreached};
use super::mark::Sign::{Absent, Only, Present, Starts};
use super::mark::Text::{Any, Empty, Has, Page, Reason, Starts as Begins, Whole};
use super::mark::{ALL, ERRORS, Mark, PAGES, Sign, Who, mark, only};

const NGINX: Who = Who::Proxy("nginx");
const TRAEFIK: Who = Who::Proxy("traefik");
const CADDY: Who = Who::Proxy("caddy");
const HAPROXY: Who = Who::Proxy("haproxy");
const APACHE: Who = Who::Proxy("apache");
const ENVOY: Who = Who::Proxy("envoy");
const KONG: Who = Who::Proxy("kong");
const ALB: Who = Who::Proxy("aws-alb");
const API_GATEWAY: Who = Who::Proxy("aws-apigw");
const CLOUDFRONT: Who = Who::Proxy("cloudfront");
const CLOUDFLARE: Who = Who::Proxy("cloudflare");
const GCP: Who = Who::Proxy("gcp");
const AZURE: Who = Who::Proxy("azure");
const HEROKU: Who = Who::Proxy("heroku");
const VERCEL: Who = Who::Proxy("vercel");
const RAILWAY: Who = Who::Proxy("railway");
const RENDER: Who = Who::Proxy("render");
const INGRESS: Who = Who::Proxy("ingress");

/// Go's servers send no Server field; where one is, the answer came from elsewhere or through a proxy that puts its own.
const BY_GO: &[Sign] = &[Absent("server"), Absent("via")];

/// Traefik sends the words of the status without saying what they are, which neither Go's own nor other servers do.
const BARE: &[Sign] = &[Absent("server"), Absent("via"), Absent("content-type")];

/// A Caddy that passes an answer on signs `Via` since 2.10; before, it put its Server beside the upstream's.
const OWN_CADDY: &[Sign] = &[Only("server", b"Caddy"), Absent("via")];

/// In the order in which they are tried.
pub(super) const MARKS: &[Mark] = &[
    // nginx, `ngx_http_special_response.c`; its kin put their own name there. With `server_tokens off` the number is gone.
    mark(NGINX, Anywhere, PAGES, Has(b"<hr><center>nginx"), &[]),
    mark(NGINX, Anywhere, PAGES, Has(b"<hr><center>openresty"), &[]),
    mark(NGINX, Anywhere, PAGES, Has(b"<hr><center>freenginx"), &[]),
    mark(NGINX, Anywhere, PAGES, Has(b"<hr><center>Angie"), &[]),
    mark(NGINX, Anywhere, PAGES, Has(b"<hr><center>tengine"), &[]),
    mark(CLOUDFLARE, Anywhere, PAGES, Has(b"<hr><center>cloudflare"), &[]),
    mark(AZURE, Anywhere, PAGES, Has(b"<center>Microsoft-Azure-Application-Gateway"), &[]),
    // The default backend that ingress controllers of Kubernetes are given.
    mark(INGRESS, Anywhere, only(404), Whole(b"default backend - 404"), &[]),
    // HAProxy, `src/http.c`; an `errorfile` has its own. Its redirects have neither body nor date (`http_ana.c`).
    mark(HAPROXY, Anywhere, ERRORS, Page(b"<html><body><h1>", b"\n</body></html>\n"), &[]),
    mark(HAPROXY, Anywhere, only(503), Has(b"No server is available to handle this request."), &[]),
    mark(HAPROXY, Unreached, (300, 399), Empty, &[Absent("date"), Absent("server"), Present("location")]),
    // Apache httpd, `http_protocol.c`, with `ServerSignature On` and off; the doctype is another since 2.4.5x.
    mark(APACHE, Anywhere, PAGES, Has(b"<address>Apache"), &[]),
    mark(APACHE, Anywhere, PAGES, Page(APACHE_STRICT, b"</body></html>\n"), &[]),
    mark(APACHE, Anywhere, PAGES, Page(APACHE_IETF, b"</body></html>\n"), &[]),
    // Traefik: no router (Go's `http.NotFound`), no server, its middlewares, and everything else.
    mark(TRAEFIK, AtEdge, only(404), Whole(b"404 page not found\n"), BY_GO),
    // The same where another proxy stands before it and put its own Server on the answer.
    mark(TRAEFIK, Unreached, only(404), Whole(b"404 page not found\n"), &[]),
    mark(TRAEFIK, AtEdge, only(503), Whole(b"no available server\n"), BY_GO),
    mark(TRAEFIK, Anywhere, only(401), Any, &[Starts("www-authenticate", b"Basic realm=\"traefik\"")]),
    mark(TRAEFIK, Anywhere, only(401), Any, &[Starts("www-authenticate", b"Digest realm=\"traefik\"")]),
    mark(TRAEFIK, AtEdge, PAGES, Reason, BARE),
    // Caddy: errors, redirects, and the empty 200 where no route matches; `respond` and files where the app was not asked.
    mark(CADDY, Anywhere, ALL, Empty, OWN_CADDY),
    mark(CADDY, Unreached, ALL, Any, OWN_CADDY),
    // Envoy, `source/common/router/router.cc` and the filters' local replies. It puts its Server on what it passes on.
    mark(ENVOY, Anywhere, only(503), Whole(b"no healthy upstream"), &[]),
    mark(ENVOY, Anywhere, ERRORS, Begins(b"upstream connect error or disconnect/reset before headers"), &[]),
    mark(ENVOY, Anywhere, only(504), Whole(b"upstream request timeout"), &[]),
    mark(ENVOY, Anywhere, only(403), Whole(b"RBAC: access denied"), &[]),
    mark(ENVOY, Anywhere, only(429), Whole(b"local_rate_limited"), &[]),
    // Kong, `kong/error_handlers.lua` and `kong/runloop/handler.lua`; X-Kong-Response-Latency is on its own answers only.
    mark(KONG, Anywhere, only(404), Has(b"no Route matched with those values"), &[]),
    mark(KONG, AtEdge, only(502), Has(b"An invalid response was received from the upstream server"), &[]),
    mark(KONG, AtEdge, only(503), Has(b"The upstream server is currently unavailable"), &[]),
    mark(KONG, AtEdge, only(504), Has(b"The upstream server is timing out"), &[]),
    mark(KONG, Anywhere, ALL, Any, &[Present("x-kong-response-latency"), Absent("x-kong-upstream-latency")]),
    // AWS: the application balancer keeps the Server of what it passes on; API Gateway's field stands on its own errors.
    mark(ALB, Anywhere, ALL, Any, &[Starts("server", b"awselb/")]),
    mark(API_GATEWAY, Anywhere, ERRORS, Any, &[Present("x-amzn-errortype"), Present("x-amz-apigw-id")]),
    mark(API_GATEWAY, Anywhere, only(404), Whole(b"{\"message\":\"Not Found\"}"), &[Present("apigw-requestid")]),
    mark(CLOUDFRONT, Anywhere, ERRORS, Has(b"Generated by cloudfront (CloudFront)"), &[]),
    mark(CLOUDFRONT, Anywhere, PAGES, Any, &[Starts("x-cache", b"Redirect from cloudfront")]),
    // Cloudflare: what it cannot get from the origin (520 to 527), its refusals (1xxx), its challenges.
    mark(CLOUDFLARE, Anywhere, (520, 527), Any, &[Present("cf-ray")]),
    mark(CLOUDFLARE, Anywhere, ERRORS, Begins(b"error code: "), &[Present("cf-ray")]),
    mark(CLOUDFLARE, Anywhere, ERRORS, Has(b"cf-error-details"), &[Present("cf-ray")]),
    mark(CLOUDFLARE, Anywhere, ERRORS, Any, &[Present("cf-mitigated")]),
    // Google's balancers, and the default backend of its Kubernetes.
    mark(GCP, Anywhere, ERRORS, Has(b"<h1>Error: Server Error</h1>"), &[]),
    mark(GCP, Anywhere, only(404), Begins(b"response 404 (backend NotFound), service rules for"), &[]),
    // Hosts of apps, which answer while the app is down or unknown.
    mark(HEROKU, Anywhere, ERRORS, Has(b"herokucdn.com/error-pages/"), &[]),
    mark(VERCEL, Anywhere, ERRORS, Any, &[Present("x-vercel-error")]),
    mark(RAILWAY, Anywhere, ERRORS, Any, &[Only("x-railway-fallback", b"true")]),
    mark(RENDER, Anywhere, ERRORS, Any, &[Only("x-render-routing", b"no-server")]),
];

const APACHE_STRICT: &[u8] = b"<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \
    \"http://www.w3.org/TR/html4/strict.dtd\">\n<html><head>\n<title>";

const APACHE_IETF: &[u8] = b"<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>";

/// How the Server fields of proxies start, case ignored: who stands there, not who wrote the answer.
pub(super) const SERVERS: &[(&[u8], &str)] = &[
    (b"nginx", "nginx"),
    (b"openresty", "nginx"),
    (b"freenginx", "nginx"),
    (b"angie", "nginx"),
    (b"tengine", "nginx"),
    (b"caddy", "caddy"),
    (b"apache", "apache"),
    (b"envoy", "envoy"),
    (b"istio-envoy", "envoy"),
    (b"kong", "kong"),
    (b"awselb/", "aws-alb"),
    (b"cloudfront", "cloudfront"),
    (b"cloudflare", "cloudflare"),
    (b"microsoft-azure-application-gateway", "azure"),
    (b"vercel", "vercel"),
    (b"railway", "railway"),
];
