"""An app that tells the scope it got: in a header of its answer, so that HEAD tells it too; over a websocket in a message,
because not every server sends the headers of `websocket.accept`.

The scope is JSON in base64: bytes as Latin-1 text, `state` left out, of `extensions` only the names.
"""
import base64
import json
import os


def plain(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    told = {key: plain(value) for key, value in scope.items() if key not in ("state", "extensions")}
    told["extensions"] = sorted(scope.get("extensions") or {})
    told = base64.b64encode(json.dumps(told).encode())
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": told.decode()})
        await send({"type": "websocket.close", "code": 1000})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-scope", told), (b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


# Wrappers that hypercorn and granian bring along, for the user's code to put around an app.
if os.environ.get("PROXY_FIX"):
    from hypercorn.middleware import ProxyFixMiddleware

    mode, hops = os.environ["PROXY_FIX"].split(",")
    app = ProxyFixMiddleware(app, mode=mode, trusted_hops=int(hops))
if os.environ.get("WRAP_PROXY_HEADERS"):
    from granian.utils.proxies import wrap_asgi_with_proxy_headers

    app = wrap_asgi_with_proxy_headers(app, trusted_hosts=os.environ["WRAP_PROXY_HEADERS"])
