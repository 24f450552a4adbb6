"""The page's addresses: the page, its live changes, a panel's newest picture, and the deeds that it posts. Holds nothing itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jinja2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from simulator.demo import people
from simulator.demo.web import view
from simulator.demo.web.changes import either
from simulator.demo.web.deeds import CARDS, KEYS, NoDeedError
from simulator.demo.web.guard import Guard
from simulator.demo.web.scene import WebScene
from simulator.demo.web.words import LANGUAGES, spoken

HERE = Path(__file__).parent
BEAT_S = 5.0
"""So often a page hears that all is as it was."""
MOST_BYTES = 2048
"""Of what is posted."""
ConsoleAt = Callable[[], str]
"""The address of the centre's console on this machine; asked anew for each page, as the first one signs somebody in."""


class Page:
    """`language`: that of whoever started it, where they said one; else each browser's own."""

    def __init__(self, scene: WebScene, language: str | None = None, console: ConsoleAt | None = None) -> None:
        self._scene = scene
        self._language = language
        self._console = console
        self._pages = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def app(self) -> ASGIApp:
        routes = [
            Route("/", self._page),
            Route("/live", self._live),
            Route("/state", self._state),
            Route("/units/{unit}/panel.png", self._picture),
            Route("/units/{unit}", self._deed, methods=["POST"]),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]
        return Guard(Starlette(routes=routes), self._framed)

    def _words(self, request: Request) -> tuple[str, Mapping[str, str]]:
        asked = request.query_params.get("language") or self._language
        language = spoken(asked, request.headers.get("accept-language", ""))
        return language, LANGUAGES[language]

    def _console_for(self, host: str) -> str:
        """Under the same name as this page: a browser keeps the sign-in of one name from pages of another."""
        if self._console is None:
            return ""
        parts, name = urlsplit(self._console()), urlsplit(f"//{host}").hostname or "127.0.0.1"
        return parts._replace(netloc=f"[{name}]:{parts.port}" if ":" in name else f"{name}:{parts.port}").geturl()

    def _framed(self, host: str) -> str:
        parts = urlsplit(self._console_for(host))
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    # --- what is shown

    def _page(self, request: Request) -> Response:
        language, words = self._words(request)
        other = next(each for each in LANGUAGES if each != language)
        text = self._pages.get_template("page.html").render(
            language=language,
            other=other,
            words=words,
            state=view.of_scene(self._scene, words),
            cards=CARDS,
            keys=KEYS,
            pin=people.PIN,
            keypads={unit: place.hands.door.has_keypad for unit, place in self._scene.places.items()},
            console=self._console_for(request.headers["host"]),
        )
        return HTMLResponse(text, headers={"cache-control": "no-store"})

    def _state(self, request: Request) -> Response:
        _, words = self._words(request)
        return JSONResponse(view.of_scene(self._scene, words), headers={"cache-control": "no-store"})

    async def _picture(self, request: Request) -> Response:
        place = self._scene.places.get(request.path_params["unit"])
        frame = None if place is None else place.eyes.frame
        if frame is None:
            return PlainTextResponse("no such panel, or one without pixels\n", 404)
        headers = {"etag": f'"{frame.number}"', "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(frame.png, media_type="image/png", headers=headers)

    async def _live(self, request: Request) -> Response:
        _, words = self._words(request)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(self._changes(words), media_type="text/event-stream", headers=headers)

    async def _changes(self, words: Mapping[str, str]) -> AsyncIterator[str]:
        """All that stands on the page, at each change of it. Who reads slowly gets the newest when they have read the last."""
        told: dict[str, Any] = {}
        with self._scene.changes.heard() as event:
            while not self._scene.changes.over:
                now = view.of_scene(self._scene, words)
                if now != told:
                    told = now
                    yield f"data: {json.dumps(now, ensure_ascii=False)}\n\n"
                if not await either(event, BEAT_S):
                    yield "event: beat\ndata:\n\n"

    # --- what is done

    async def _deed(self, request: Request) -> Response:
        language, words = self._words(request)
        by_script = request.headers.get("sec-fetch-dest") == "empty" or "text/plain" in request.headers.get(
            "accept", ""
        )
        try:
            deed = await _posted(request)
            await run_in_threadpool(self._scene.do, request.path_params["unit"], deed)
        except NoDeedError as error:
            return PlainTextResponse(f"{words['not done'].format(why=error)}\n", 400)
        except ClientDisconnect:
            return Response(status_code=400)
        if by_script:
            return Response(status_code=204)
        return RedirectResponse(f"/?language={language}#{request.path_params['unit']}", 303)


async def _posted(request: Request) -> str:
    """The field `deed` of a form. Raises NoDeedError for anything else, as soon as it is too much."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise NoDeedError(f"more than {MOST_BYTES} bytes were posted")
    try:
        fields = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=4, errors="strict")
    except ValueError:
        raise NoDeedError("what was posted is no form") from None
    if list(fields) != ["deed"] or len(fields["deed"]) != 1:
        raise NoDeedError("a form with one field `deed` is expected")
    return fields["deed"][0]
