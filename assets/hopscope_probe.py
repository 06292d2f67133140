"""Tells hopscope which ASGI scope an app was really given, and what the app's framework made of it.

    import hopscope_probe
    app = hopscope_probe.wrap(app)

It is off, and ``wrap`` gives back the app itself, unless the environment of the server's process has both

    HOPSCOPE_PROBE=1
    HOPSCOPE_PROBE_KEY=a random text of 16 characters or more

Give the same key to hopscope (``HOPSCOPE_PROBE_KEY`` in its environment): its app tap then asks with a request header
that carries the key, the probe answers with one response header, and the tap takes both away again. ``hopscope run --
uvicorn main:app`` does all of this by itself, and needs no change to the app.

Who gets an answer: only a request that carries the key, and only where the peer of the server's socket is on this
machine. Without the key nobody does, so a proxy that passes strangers on from a loopback address gives nothing away.
The header with the key is taken out of the scope before the app sees it.

What is in the answer: the scope as the server handed it over, what had changed in it when the response began, and the
route that took the request. Values of headers that hold credentials are never in it, nor is anything of a body. It is
at most 6 KiB long, and names what it had to leave out.

The probe never breaks the app: whatever goes wrong in it is reported in its header, or not at all. It belongs around
the whole app, outside of every middleware. Python 3.8 or newer, no dependencies, every ASGI 3 server.
"""

import functools
import hmac
import inspect
import json
import os
import re
import sys

__all__ = ["Probe", "wrap"]

ASKS = b"x-hopscope-probe"
TELLS = b"x-hopscope-scope"
LIMIT = 6 * 1024
SHORTEST_KEY = 16

# In the order of the specification. ``state`` is the app's own.
KEYS = (
    "type",
    "asgi",
    "http_version",
    "method",
    "scheme",
    "path",
    "raw_path",
    "query_string",
    "root_path",
    "headers",
    "client",
    "server",
    "subprotocols",
    "extensions",
)
# What frameworks write into the scope that plain values can tell.
WRITTEN = KEYS + ("app_root_path", "path_params")
# What is left out first where the limit asks for it.
CUT_FIRST = ("headers", "extensions", "path_params", "subprotocols", "query_string", "raw_path", "path")
SECRET = re.compile(
    rb"^(authorization|proxyauthorization|cookie|setcookie|auth|jwt|pwd|sig|sessionid|privatekey)$"
    rb"|token|secret|password|passwd|passphrase|apikey|accesskey|credential|signature"
)
ANSWERS = ("http.response.start", "websocket.accept", "websocket.http.response.start")
FRAMEWORKS = ("fastapi", "starlette", "django", "quart", "litestar", "blacksheep")


def wrap(app):
    """Gives the app with the probe around it, or the app itself where the probe is off or cannot stand around it."""
    if os.environ.get("HOPSCOPE_PROBE") != "1":
        return app
    if len(os.environ.get("HOPSCOPE_PROBE_KEY", "")) < SHORTEST_KEY:
        _complain("HOPSCOPE_PROBE_KEY is missing or shorter than %d characters" % SHORTEST_KEY)
        return app
    if isinstance(app, Probe):
        return app
    if not _is_asgi3(app):
        _complain("%r is no ASGI 3 app" % (app,))
        return app
    return Probe(app)


class Probe:
    """The app with the probe around it. Use :func:`wrap`, which gives the app itself where the probe is off."""

    def __init__(self, app, key=None):
        self.app = app
        key = os.environ.get("HOPSCOPE_PROBE_KEY", "") if key is None else key
        self._key = key.encode("utf-8", "surrogateescape") if len(key) >= SHORTEST_KEY else None

    def __getattr__(self, name):
        # Whoever looks at the app (a server that wants ``app.state``) finds it. Not for names of our own: while an
        # instance is copied or unpickled it has no ``app`` yet.
        if name in ("app", "_key"):
            raise AttributeError(name)
        return getattr(self.app, name)

    async def __call__(self, scope, receive, send):
        try:
            report = self._report(scope, send)
        except Exception:
            report = None
        await self.app(scope, receive, report or send)

    def _report(self, scope, send):
        """``send`` with the answer added, or nothing where none is to be given."""
        if self._key is None or scope["type"] not in ("http", "websocket"):
            return None
        headers = list(scope.get("headers") or ())
        rest = [line for line in headers if not self._asks(line)]
        if len(rest) == len(headers):
            return None
        # The app must not see what hopscope added, wherever the question came from.
        scope["headers"] = rest
        if not _is_loopback(_peer(scope, send)):
            return None
        try:
            answer = Answer(scope, send)
        except Exception as error:
            answer = Answer.failed(error)

        async def report(message):
            try:
                if message["type"] in ANSWERS:
                    line = (TELLS, answer.told(scope))
                    message = {**message, "headers": [*(message.get("headers") or ()), line]}
            except Exception:
                pass
            await send(message)

        return report

    def _asks(self, line):
        # The length first: this is all that a request costs that does not ask.
        if len(line[0]) != len(ASKS) or bytes(line[0]).lower() != ASKS:
            return False
        return hmac.compare_digest(bytes(line[1]).strip(), self._key)


class Answer:
    """What is reported of one request."""

    def __init__(self, scope, send):
        self.error = None
        self.by = _server(send)
        self.received = {key: _field(key, scope[key]) for key in KEYS if key in scope}

    @classmethod
    def failed(cls, error):
        answer = cls.__new__(cls)
        answer.error, answer.by, answer.received = _text(error), None, {}
        return answer

    def told(self, scope):
        """The header's value, made when the response begins: by then the framework has written into the scope."""
        told = {"v": 1, "received": self.received}
        if self.by:
            told["by"] = self.by
        if self.error:
            told["error"] = self.error
        try:
            now = {key: _field(key, scope[key]) for key in WRITTEN if key in scope}
            same = [key for key, value in now.items() if key in self.received and self.received[key] == value]
            told["left"] = {key: value for key, value in now.items() if key not in same}
            told["with"] = _versions(FRAMEWORKS)
            if "router" in scope or "endpoint" in scope or "route" in scope:
                told["route"] = _route(scope)
        except Exception as error:
            told["error"] = _text(error)
        return _within_limit(told)


def _field(key, value):
    """A value of the scope as JSON can hold it. Bytes become text, one character for each."""
    if key == "headers":
        return [_header(line) for line in value or ()]
    if key == "extensions":
        # What is in them may be a certificate; that they are there is enough.
        return sorted(value or ())
    return _plain(value)


def _header(line):
    """A header line; null for the value of one that holds a credential."""
    name, value = bytes(line[0]), bytes(line[1])
    hidden = SECRET.search(name.lower().replace(b"-", b"").replace(b"_", b""))
    return [name.decode("latin-1"), None if hidden else value.decode("latin-1")]


def _plain(value):
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("latin-1")
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value)


def _route(scope):
    """What took the request: the innermost route that matched, or null where the router found none."""
    route, endpoint = scope.get("route"), scope.get("endpoint")
    if endpoint is not None and _target(route) is not endpoint:
        # Not every release says which route it was, and some name the one that a mount lies in.
        found = [known for known in _routes(scope.get("router")) if _target(known) is endpoint]
        route = found[0] if len(found) == 1 else route if not found else None
    if route is None and endpoint is None:
        return None
    # FastAPI 0.163 leaves a route of an included router as it is, and keeps its whole path beside it.
    included = (scope.get("fastapi") or {}).get("effective_route_context")
    whole = getattr(included, "path", None) if getattr(included, "endpoint", None) is endpoint else None
    path = whole or getattr(route, "path", None)
    name = getattr(route, "name", None)
    return {
        "kind": _kind(route),
        "path": path if isinstance(path, str) else None,
        "name": name if isinstance(name, str) else None,
        "endpoint": _qualified(endpoint),
        # Below a mount the root path has grown by the mount points that matched.
        "mount": _mount(scope),
    }


def _routes(router, depth=8):
    """All routes of a router, and of what is mounted in it."""
    for route in getattr(router, "routes", None) or ():
        yield route
        if depth and _kind(route) == "Mount":
            yield from _routes(route, depth - 1)


def _target(route):
    """What a router writes into the scope as endpoint when this route takes a request."""
    return getattr(route, "endpoint", None) or getattr(route, "app", None)


def _kind(route):
    """``Mount`` for whatever is one, else the route's own class."""
    if route is None:
        return None
    return "Mount" if any(kind.__name__ == "Mount" for kind in type(route).__mro__) else type(route).__name__


def _mount(scope):
    root, top = scope.get("root_path", ""), scope.get("app_root_path")
    grown = isinstance(top, str) and root.startswith(top) and root != top
    return root[len(top) :] if grown else ""


def _qualified(endpoint):
    if endpoint is None:
        return None
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    name = getattr(endpoint, "__qualname__", None) or type(endpoint).__qualname__
    return "%s.%s" % (getattr(endpoint, "__module__", None) or type(endpoint).__module__, name)


def _is_asgi3(app):
    """As servers tell: the call itself is a coroutine function (uvicorn ``Config.load``)."""
    if inspect.isclass(app):
        return hasattr(app, "__await__")
    while isinstance(app, functools.partial):
        app = app.func
    if inspect.isfunction(app) or inspect.ismethod(app):
        return inspect.iscoroutinefunction(app)
    return inspect.iscoroutinefunction(getattr(app, "__call__", None))


def _peer(scope, send):
    """The address of the socket's peer. Where the server has put the client that a header names into the scope (uvicorn,
    before any app is called), its connection still knows the peer."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None and hasattr(transport, "get_extra_info"):
        name = transport.get_extra_info("peername")
        # Of a unix socket it is empty text or bytes.
        return name[0] if isinstance(name, (list, tuple)) and name else None
    client = scope.get("client")
    return client[0] if client else None


def _is_loopback(host):
    """True for addresses of this machine only; a unix socket has no address, and is of this machine too."""
    if not host:
        return True
    host = str(host).lower()
    host = host[7:] if host.startswith("::ffff:") else host
    return host == "::1" or re.match(r"127(\.\d{1,3}){3}$", host) is not None


def _server(send):
    """The program that serves, its release and the module that spoke, as far as its ``send`` tells."""
    call = send
    while isinstance(call, functools.partial):
        call = call.func
    owner = getattr(call, "__self__", None)
    module = (type(owner) if owner is not None else call).__module__ or ""
    program = module.split(".")[0].lstrip("_")
    by = {"module": module}
    if program in ("uvicorn", "hypercorn", "daphne", "granian", "gunicorn"):
        by.update(program=program, **_versions((program,), "version"))
    return by


def _versions(names, key=None):
    """Releases of those that are imported, by name or under ``key``."""
    found = {}
    for name in names:
        if name in sys.modules:
            version = _version(name)
            if version:
                found[key or name] = version
    return found


@functools.lru_cache(maxsize=None)
def _version(name):
    try:
        from importlib.metadata import version

        return version(name)
    except Exception:
        found = getattr(sys.modules.get(name), "__version__", None)
        return found if isinstance(found, str) else None


def _within_limit(told):
    """The answer as a header's value. What is too much is left out whole, and named."""
    value = _json(told)
    cut = []
    for key in CUT_FIRST:
        if len(value) <= LIMIT:
            break
        for part in ("left", "received"):
            if key in told.get(part, ()):
                told[part] = {known: item for known, item in told[part].items() if known != key}
                if key not in cut:
                    cut.append(key)
        told["cut"] = cut
        value = _json(told)
    if len(value) > LIMIT:
        value = _json({"v": 1, "received": {}, "error": "the scope is larger than %d bytes" % LIMIT})
    return value


def _json(told):
    # Visible ASCII and blanks alone: as it is, a legal header value.
    return json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _text(error):
    return ("%s: %s" % (type(error).__name__, error))[:200]


def _complain(why):
    try:
        sys.stderr.write("hopscope_probe: off: %s\n" % why)
    except Exception:
        pass
