"""Who may ask the page anything: a browser on this machine that was given its address, and no other site's page. It opens a door, if only a simulated one.

A name that another site's owner lets point here (DNS rebinding) stands in Host; another site's form or script, in Origin.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HERE = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.ASCII)
"""With any port: it may be reached through a tunnel that begins at another."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Guard:
    """An ASGI application around another. `framed`: what the page may show within it, by the host it was asked for, or empty."""

    def __init__(self, app: ASGIApp, framed: Callable[[str], str]) -> None:
        self._app = app
        self._framed = framed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", "uvicorn is told to speak nothing else"
        headers = Headers(scope=scope)
        why = refused(scope["method"], headers.getlist("host"), headers.getlist("origin"))
        if why:
            await PlainTextResponse(f"{why}\n", 403)(scope, receive, send)
            return
        framed = self._framed(headers["host"])
        policy = f"{_POLICY}; frame-src {framed}" if framed else _POLICY

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                given["content-security-policy"] = policy
                given["x-content-type-options"] = "nosniff"
                given["referrer-policy"] = "same-origin"
                given["cross-origin-resource-policy"] = "same-origin"
                given["cross-origin-opener-policy"] = "same-origin"
            await send(message)

        await self._app(scope, receive, guarded)


def refused(method: str, hosts: list[str], origins: list[str]) -> str:
    """Why, or nothing."""
    if len(hosts) != 1 or not _HERE.fullmatch(hosts[0].lower()):
        return "this page answers to 127.0.0.1 and localhost alone"
    if method not in ("GET", "HEAD") and [each.lower() for each in origins] != [f"http://{hosts[0].lower()}"]:
        return "this was asked by another page than the demo's own"
    return ""
