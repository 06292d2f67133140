"""FastAPI, called without any server: a scope a line comes in, what the app did with it goes out.

    {"settings": {...}, "scope": {...}}  ->  {"status", "location", "servers", "openapi_url", "seen"}

Bytes are Latin-1 text. An app is made for every document that is asked for: FastAPI keeps its first one until 0.132.0.
"""
import asyncio
import json
import logging
import pathlib
import re
import sys
import tempfile
import warnings

from fastapi import FastAPI, Request
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


def unless_raised(build):
    try:
        return str(build())
    except Exception:
        return None


def seen(request: Request):
    urls = {"url": lambda: request.url, "base_url": lambda: request.base_url, "url_for": lambda: request.url_for("get_app")}
    scope = {key: request.scope[key] for key in ("path", "root_path")}
    return scope | {name: unless_raised(build) for name, build in urls.items()}


def get_app(request: Request):
    return seen(request)


def made(settings, files):
    api = FastAPI(
        root_path=settings["root_path"],
        root_path_in_servers=settings["root_path_in_servers"],
        servers=[{"url": url} for url in settings["servers"]],
        redirect_slashes=settings["redirect_slashes"],
    )
    api.get("/app")(get_app)
    api.get("/items/")(seen)
    api.post("/items/")(seen)
    api.get("/files/{rest:path}")(seen)
    sub = FastAPI()
    sub.get("/app")(seen)
    sub.get("/things/")(seen)
    api.mount("/sub", sub)
    api.mount("/static", StaticFiles(directory=files, html=True), name="static")
    if settings["trusted"]:
        api.add_middleware(TrustedHostMiddleware, allowed_hosts=settings["trusted"])
    if settings["https"]:
        api.add_middleware(HTTPSRedirectMiddleware)
    return with_prefix_header(api) if settings["prefix_header"] else api


def with_prefix_header(inner):
    async def app(scope, receive, send):
        found = [value for name, value in scope["headers"] if name == b"x-forwarded-prefix"]
        await inner(dict(scope, root_path=found[-1].decode("latin-1")) if found else scope, receive, send)

    return app


async def called(app, scope):
    scope["headers"] = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in scope["headers"]]
    scope["query_string"] = scope["query_string"].encode("latin-1")
    sent, waiting = [], [{"type": "http.request"}]

    async def receive():
        await asyncio.sleep(0)
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception:
        if not sent:
            return {"status": 500}
    headers = {name.lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in sent[1:]).decode()
    answer = {"status": sent[0]["status"]}
    if b"location" in headers:
        answer["location"] = headers[b"location"]
    if answer["status"] == 200 and headers[b"content-type"] == "application/json":
        told = json.loads(body)
        answer |= {"servers": [server["url"] for server in told.get("servers", [])]} if "openapi" in told else {"seen": told}
    if found := re.search("url: '(.*?)'|spec-url=\"(.*?)\"", body):
        answer["openapi_url"] = found[1] or found[2]
    return answer


async def main():
    apps = {}
    with tempfile.TemporaryDirectory() as files:
        for name in ("hello.txt", "docs/index.html"):
            (pathlib.Path(files) / name).parent.mkdir(exist_ok=True)
            (pathlib.Path(files) / name).write_text("static\n")
        for line in sys.stdin:
            asked = json.loads(line)
            key = json.dumps(asked["settings"])
            if key not in apps or "openapi" in asked["scope"]["path"]:
                apps[key] = made(asked["settings"], files)
            print(json.dumps(await called(apps[key], asked["scope"])), flush=True)


asyncio.run(main())
