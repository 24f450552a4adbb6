"""What every request and answer passes: who it was sent to, how much of it there is, in which language, and what a browser may do with the answer.

Plain ASGI: nothing here knows a page.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from centre.accounts import Account
from centre.console.bodies import MB, Bodies, Body
from centre.console.desk import Options
from centre.words import speaking
from contract.language import CHINESE, ENGLISH

MAX_BODY = 16 * MB
"""Bytes of a request: a roster of 20,000 holders is 2 MB, a photo from a phone under 10."""
STRANGERS_BODY = 64 * 1024
"""Of who is not signed in: a name and a password. Nobody fills this machine's memory without an account."""
PIECE_S = 20.0
"""Between two pieces of a body, and for all of it so many: who sends more slowly than that holds a place that others need."""
WHOLE_S = 240.0
MOST, WHOLE, WHOSE = "doorward.most", "doorward.whole", "doorward.whose"
"""In a request's scope: how much may come, whether all of it came, and who sends it."""
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "application/json")
CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
OURS = frozenset({"same-origin", "none"})
"""What a browser says of who has it send something: a page of ours, or whoever sits there. Another port of this machine is another site."""
LANGUAGES = {"zh-CN": CHINESE, "en": ENGLISH}
"""As a page is marked, and as the catalogues are called."""


def policy(frame: str | None) -> str:
    """All that a page may load is ours; nothing in it runs or looks but by files of ours."""
    own = ("script-src", "style-src", "connect-src", "font-src", "manifest-src", "worker-src", "frame-src")
    return "; ".join(
        [
            "default-src 'none'",
            *(f"{kind} 'self'" for kind in own),
            "img-src 'self' data: blob:",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors " + (frame or "'none'"),
        ]
    )


class Guard:
    """Around the application."""

    def __init__(self, app: ASGIApp, options: Options, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts
        self._bodies = Bodies()
        self._origin = options.origin
        scheme = urlsplit(options.origin).scheme
        self._origins = {options.origin, *(f"{scheme}://{each}" for each in hosts)}
        self._headers = {
            "content-security-policy": policy(options.frame),
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": "camera=(self), geolocation=(self), microphone=()",
        }
        if options.frame is None:
            self._headers["x-frame-options"] = "DENY"
        if options.secure:
            self._headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope["doorward.language"] = language = language_of(headers)
        scope[WHOLE] = "transfer-encoding" not in headers and headers.get("content-length", "0") == "0"
        dressed = self._dressed(scope, send)
        refused = self._refused(scope, headers)
        if refused is not None:
            await refused(scope, receive, dressed)
            return
        with speaking(LANGUAGES[language]):
            scope[MOST], scope[WHOSE] = STRANGERS_BODY, ""
            with self._bodies.one() as body:
                await self._app(scope, _bounded(receive, scope, body), dressed)

    def _refused(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        """Sent to another name (a page elsewhere that had ours resolve to this address), by a page elsewhere, or of a kind that nothing here reads."""
        if headers.get("host", "").casefold() not in self._hosts:
            return PlainTextResponse("no such host here\n", 421)
        if "\0" in scope["path"] or b"%00" in scope.get("query_string", b""):
            return PlainTextResponse("no such address\n", 400)
        if scope["method"] not in CHANGES:
            return None
        elsewhere = headers.get("sec-fetch-site", "none") not in OURS
        if elsewhere or headers.get("origin", self._origin) not in self._origins:
            return PlainTextResponse("sent by a page of another site\n", 403)
        if headers.get("content-type", FORMS[0]).partition(";")[0].strip().casefold() not in FORMS:
            return PlainTextResponse("neither a form nor JSON\n", 415)
        if (
            not headers.get("content-length", "0").isdecimal()
            or int(headers.get("content-length", "0")[:12]) > MAX_BODY
        ):
            return PlainTextResponse("too much\n", 413)
        return None

    def _dressed(self, scope: Scope, send: Send) -> Send:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
                if not scope[WHOLE]:
                    headers["connection"] = "close"  # nobody waits for the rest of what was sent
            await send(message)

        return dressed


def _bounded(receive: Receive, scope: Scope, body: Body) -> Receive:
    """Of a body that does not say how long it is, too. What it raises is answered as any HTTP error."""
    come = 0
    ends_mono = asyncio.get_running_loop().time() + WHOLE_S

    async def bounded() -> Message:
        nonlocal come
        if scope[WHOLE]:
            return await receive()  # it is listened to for its end alone
        left_s = ends_mono - asyncio.get_running_loop().time()
        try:
            message = await asyncio.wait_for(receive(), min(PIECE_S, left_s))
        except TimeoutError:
            raise HTTPException(408, "sent too slowly") from None
        come += len(message.get("body", b""))
        if come > scope[MOST]:
            raise HTTPException(413, "too much")
        if come > STRANGERS_BODY and not body.holds(scope[WHOSE], come):
            raise HTTPException(503, "too much at once: try again in a moment", {"retry-after": "10"})
        scope[WHOLE] = not message.get("more_body", False)
        return message

    return bounded


def take_in(request: Request, account: Account | None) -> None:
    """Somebody who is signed in may send as much as anybody needs to."""
    if account is not None:
        request.scope[MOST], request.scope[WHOSE] = MAX_BODY, account.name


def language_of(headers: Headers) -> str:
    """By the cookie `language`, else as the browser asks; Chinese where it asks for neither of ours."""
    for part in headers.get("cookie", "").split(";"):
        name, _equals, value = part.strip().partition("=")
        if name == "language" and value in LANGUAGES:
            return value
    for wanted in headers.get("accept-language", "").split(","):
        start = wanted.split(";")[0].strip().casefold()
        if start.startswith("zh"):
            return "zh-CN"
        if start.startswith("en"):
            return "en"
    return "zh-CN"
