"""An app as people write them: pages, an API, static files, a sub-application, a websocket, a login.

Variants by environment, each the setting of its name: ``APP_ROOT_PATH``, ``SUB_ROOT_PATH`` (``FastAPI(root_path=...)``),
``COOKIE_PATH`` (of the login's cookie), ``ALLOWED_HOSTS`` (``TrustedHostMiddleware``), ``HTTPS_REDIRECT``
(``HTTPSRedirectMiddleware``).
"""

import os
from urllib.parse import quote

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import (
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from fastapi.staticfiles import StaticFiles
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware


def set_in(name):
    return os.environ.get(name, "")


app = FastAPI(root_path=set_in("APP_ROOT_PATH"))
if set_in("HTTPS_REDIRECT"):
    app.add_middleware(HTTPSRedirectMiddleware)
if set_in("ALLOWED_HOSTS"):
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=set_in("ALLOWED_HOSTS").split(","))


@app.get("/", response_class=HTMLResponse)
def home():
    return "<html><body>home</body></html>"


@app.get("/page", response_class=HTMLResponse)
def page(request: Request):
    style, entries = request.url_for("static", path="hello.txt"), request.url_for("list_entries")
    return f'<html><head><link rel="stylesheet" href="{style}"></head><body><a href="{entries}">all</a></body></html>'


@app.get("/front", response_class=HTMLResponse)
def front():
    return '<html><head><script src="/assets/app.js"></script><link rel="stylesheet" href="/assets/app.css"></head></html>'


@app.get("/assets/{name}")
def asset(name: str):
    return Response("1", media_type="text/javascript" if name.endswith(".js") else "text/css")


@app.get("/entries/")
def list_entries(request: Request):
    return [{"id": 1, "self": str(request.url_for("read_entry", number=1))}]


@app.get("/entries/{number}")
def read_entry(number: int):
    return {"id": number}


@app.get("/entries/{number}/missing")
def miss_entry(number: int):
    return JSONResponse({"detail": "Item not found"}, 404)


@app.post("/orders/")
def order():
    return {"ok": True}


@app.get("/whoami")
def whoami(request: Request):
    return {"client": request.client.host if request.client else None, "scheme": request.url.scheme}


@app.get("/login")
def login(request: Request):
    response = RedirectResponse(str(request.url_for("home")), 303)
    response.set_cookie("sid", "1", path=set_in("COOKIE_PATH") or request.scope.get("root_path") or "/")
    return response


@app.get("/sign-in")
def sign_in(request: Request):
    back = quote(str(request.url_for("login")), safe="")
    return RedirectResponse(f"https://login.example.com/authorize?client_id=1&redirect_uri={back}", 302)


@app.get("/events")
def events():
    return StreamingResponse(iter(["event: endpoint\ndata: /messages/?session_id=1\n\n"]), media_type="text/event-stream")


@app.post("/messages/")
def message():
    return {"ok": True}


@app.websocket("/ws")
async def greet(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


sub = FastAPI(root_path=set_in("SUB_ROOT_PATH"))


@sub.get("/thing")
def read_thing():
    return {"thing": 1}


app.mount("/sub", sub)
app.mount("/static", StaticFiles(directory=os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")), name="static")
