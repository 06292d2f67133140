"""The app of FastAPI's page on proxies, which also says what scope it was given.

Variants by environment:

* ``APP_ROOT_PATH``: ``FastAPI(root_path=...)``
* ``APP_PREFIX_HEADER``: if set, a middleware takes ``root_path`` from ``X-Forwarded-Prefix``

Every response, whoever makes it (404 and redirects included), has the scope in the header ``x-test-scope``, as JSON with
two objects: ``server`` as the server handed it over, ``app`` as it was when routing began, after ``FastAPI(root_path=...)``
and the middleware.
"""

import asyncio
import json
import os

from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from fastapi.staticfiles import StaticFiles

TOLD = (
    "type",
    "http_version",
    "scheme",
    "path",
    "raw_path",
    "root_path",
    "query_string",
    "client",
    "server",
)


def told(scope):
    """The scope as JSON can hold it: bytes as text, one character for each."""
    plain = {key: scope.get(key) for key in TOLD}
    return {key: value.decode("latin-1") if isinstance(value, bytes) else value for key, value in plain.items()}


class RememberAppScope:
    """Innermost middleware: notes the scope as it is when routing begins."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if "test.scopes" in scope:
            scope["test.scopes"]["app"] = told(scope)
        await self.app(scope, receive, send)


class PrefixFromHeader:
    """The pattern of FastAPI's documentation: ``root_path`` from the header, ``path`` as it came."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        for name, value in scope.get("headers", ()):
            if name == b"x-forwarded-prefix":
                scope["root_path"] = value.decode("latin-1")
        await self.app(scope, receive, send)


class ReportScope:
    """Outside of everything: reports both scopes in a header of whatever is answered."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        scopes = scope["test.scopes"] = {"server": told(scope)}

        async def report(message):
            if message["type"] in ("http.response.start", "websocket.accept"):
                value = json.dumps(scopes, ensure_ascii=True).encode()
                message["headers"] = [*message.get("headers", ()), (b"x-test-scope", value)]
            await send(message)

        await self.app(scope, receive, report)


api = FastAPI(root_path=os.environ.get("APP_ROOT_PATH", ""))
# The last one added is the outermost.
api.add_middleware(RememberAppScope)
if os.environ.get("APP_PREFIX_HEADER"):
    api.add_middleware(PrefixFromHeader)


@api.get("/app")
def read_main(request: Request):
    return {
        "message": "Hello World",
        "root_path": request.scope.get("root_path"),
        "scope": told(request.scope),
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in request.scope["headers"]],
        "base_url": str(request.base_url),
        "url_for": str(request.url_for("read_main")),
    }


@api.get("/items/")
def read_items():
    return ["plumbus", "portal gun"]


@api.get("/big/{count}")
def read_big(count: int):
    async def pieces():
        left = count
        while left:
            piece = min(left, 64 * 1024)
            yield b"x" * piece
            left -= piece

    return StreamingResponse(pieces(), media_type="application/octet-stream")


@api.post("/length")
async def read_length(request: Request):
    length = 0
    async for piece in request.stream():
        length += len(piece)
    return {"length": length}


wanted = asyncio.Semaphore(0)


@api.get("/events")
async def read_events(count: int = 3):
    """Events, each followed by nothing until ``/next`` is asked for."""

    async def events():
        for number in range(count):
            yield f"id: {number}\ndata: event {number}\n\n"
            await wanted.acquire()

    return StreamingResponse(events(), media_type="text/event-stream", headers={"cache-control": "no-store"})


@api.get("/next")
async def want_next():
    wanted.release()
    return {}


@api.websocket("/ws")
async def chat(websocket: WebSocket):
    await websocket.accept()
    try:
        while True:
            await websocket.send_text("echo: " + await websocket.receive_text())
    except WebSocketDisconnect:
        pass


sub = FastAPI()


@sub.get("/app")
def read_sub(request: Request):
    return {"message": "Hello World from sub API", "root_path": request.scope.get("root_path")}


@sub.get("/things/")
def read_things():
    return ["thing"]


api.mount("/sub", sub)
api.mount("/static", StaticFiles(directory=os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")))

app = ReportScope(api)
