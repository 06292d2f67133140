//! What the app's side writes: the pages of the servers, and those of the frameworks.
//!
//! Recorded from uvicorn 0.54.0, hypercorn 0.18.0, daphne 4.2.3, granian 2.8.7, gunicorn 27.0.1, and, on uvicorn, from
//! FastAPI 0.163.2, Starlette 1.10.0, Django 5.2.19 with and without the REST framework, Quart 0.22.0, and the releases of
//! Litestar, `BlackSheep`, Sanic, Falcon, Connexion, aiohttp and Tornado that were the newest in 2026.

use super::mark::Holds::{Anywhere, AtApp};
use super::mark::Sign::{Absent, Before, Only, Present, Starts};
use super::mark::Text::{Any, Empty, Has, Page, Reason, Starts as Begins, Whole};
use super::mark::{ALL, ERRORS, Mark, PAGES, Sign, Who, mark, only};

const UVICORN: Who = Who::Server("uvicorn");
const HYPERCORN: Who = Who::Server("hypercorn");
const DAPHNE: Who = Who::Server("daphne");
const GRANIAN: Who = Who::Server("granian");
const GUNICORN: Who = Who::Server("gunicorn");

const FASTAPI: Who = Who::App("fastapi");
const STARLETTE: Who = Who::App("starlette");
const DJANGO: Who = Who::App("django");
const WERKZEUG: Who = Who::App("werkzeug");
const LITESTAR: Who = Who::App("litestar");

const JSON: Sign = Starts("content-type", b"application/json");
const PLAIN: Sign = Starts("content-type", b"text/plain; charset=utf-8");

/// uvicorn's own answers in plain text; an app's of the same words have their length first (Starlette).
const UVICORN_PLAIN: &[Sign] = &[PLAIN, Present("connection"), Before("content-type", "content-length")];

/// In the order in which they are tried: servers before frameworks.
pub(super) const MARKS: &[Mark] = &[
    // uvicorn: what is no HTTP; an app that failed; `--limit-concurrency`; a handshake that its websocket library refused.
    mark(UVICORN, Anywhere, only(400), Whole(b"Invalid HTTP request received."), &[]),
    mark(UVICORN, AtApp, only(500), Whole(b"Internal Server Error"), UVICORN_PLAIN),
    mark(UVICORN, AtApp, only(503), Whole(b"Service Unavailable"), UVICORN_PLAIN),
    mark(UVICORN, Anywhere, ERRORS, Begins(b"Failed to open a WebSocket connection: "), &[]),
    // hypercorn's refusals and failures have no body and their fields in this order (`protocol/h11.py`).
    mark(HYPERCORN, AtApp, ERRORS, Empty, &[Starts("server", b"hypercorn-"), Before("connection", "server")]),
    mark(DAPHNE, Anywhere, ERRORS, Has(b"<footer>Daphne</footer>"), &[]),
    mark(GRANIAN, AtApp, only(500), Whole(b"Internal server error"), &[Only("server", b"granian")]),
    mark(GRANIAN, AtApp, only(400), Begins(b"No \"Sec-WebSocket-"), &[Only("server", b"granian")]),
    // gunicorn: the pages of its WSGI workers (`util.py`), and the bare words of its own ASGI worker.
    mark(GUNICORN, Anywhere, ERRORS, Has(b"</title>\n  </head>\n  <body>\n    <h1><p>"), &[]),
    mark(GUNICORN, AtApp, ERRORS, Reason, &[Only("content-type", b"text/plain"), Absent("server"), Absent("date")]),
    // Other frameworks' JSON before FastAPI's, which starts alike.
    mark(LITESTAR, Anywhere, ERRORS, Begins(b"{\"status_code\":"), &[]),
    // The REST framework says on every answer what is allowed; FastAPI only with a 405, and in other words.
    mark(DJANGO, Anywhere, (400, 404), Begins(b"{\"detail\":"), &[JSON, Present("allow")]),
    mark(DJANGO, Anywhere, (406, 599), Begins(b"{\"detail\":"), &[JSON, Present("allow")]),
    mark(DJANGO, Anywhere, only(405), Begins(b"{\"detail\":\"Method \\\""), &[JSON]),
    mark(FASTAPI, Anywhere, ERRORS, Begins(b"{\"detail\":\""), &[JSON]),
    mark(FASTAPI, Anywhere, ERRORS, Begins(b"{\"detail\":["), &[JSON]),
    mark(FASTAPI, Anywhere, ERRORS, Begins(b"{\"detail\":{"), &[JSON]),
    mark(DJANGO, Anywhere, ERRORS, Begins(b"\n<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>"), &[]),
    mark(DJANGO, Anywhere, only(404), Has(b"<p>The requested resource was not found on this server.</p>"), &[]),
    mark(DJANGO, Anywhere, only(404), Has(b"<title>Page not found at /"), &[]),
    mark(DJANGO, Anywhere, only(403), Has(b"CSRF verification failed. Request aborted."), &[]),
    // Flask and Quart.
    mark(WERKZEUG, Anywhere, PAGES, Begins(b"<!doctype html>\n<html lang=en>\n<title>"), &[]),
    mark(WERKZEUG, Anywhere, ALL, Any, &[Starts("server", b"Werkzeug/")]),
    mark(Who::App("tornado"), Anywhere, ALL, Any, &[Starts("server", b"TornadoServer/")]),
    mark(Who::App("tornado"), Anywhere, ERRORS, Page(b"<html><title>", b"</body></html>"), &[]),
    mark(Who::App("falcon"), Anywhere, ERRORS, Page(b"{\"title\": \"", b"\"}"), &[]),
    mark(Who::App("sanic"), Anywhere, ERRORS, Page(b"\xe2\x9a\xa0\xef\xb8\x8f ", b"\n\n"), &[]),
    mark(Who::App("connexion"), AtApp, ERRORS, Begins(b"{\"type\": \"about:blank\", \"title\": "), &[]),
    mark(Who::App("aiohttp"), AtApp, ERRORS, Any, &[Starts("server", b"Python/")]),
    mark(Who::App("blacksheep"), AtApp, only(404), Whole(b"Resource not found"), &[PLAIN]),
    // Starlette's exceptions, its host check and its CORS check.
    mark(STARLETTE, AtApp, ERRORS, Reason, &[Starts("content-type", b"text/plain")]),
    mark(STARLETTE, AtApp, only(400), Whole(b"Invalid host header"), &[PLAIN]),
    mark(STARLETTE, AtApp, only(400), Begins(b"Disallowed CORS "), &[PLAIN]),
];
