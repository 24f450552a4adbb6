"""The console's templates, and what all of them may use. No template reads books: a page hands it what it shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from centre.console import csrf
from centre.console.paths import here
from centre.console.times import ago, clock_time
from centre.words import _

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from centre.console.visit import Visit

HERE = Path(__file__).parent
STATIC = HERE / "static"
PART = "_part.html"
"""Of a page that stands: what is to be said after an act is not for it."""


class Look:
    """`zone`: the site's; all times are shown in it."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def page(self, visit: Visit, template: str, status: int, values: Mapping[str, Any]) -> Response:
        """`values`: what the template names beside what all may use."""
        said = None if template.endswith(PART) else visit.take_said()
        text = _templates().get_template(template).render(**self._common(visit), said=said, **values)
        return HTMLResponse(text, status)

    def alone(self, template: str, **values: Any) -> str:
        """A page that needs no visit."""
        return _templates().get_template(template).render(**values)

    def _common(self, visit: Visit) -> dict[str, Any]:
        now = visit.now
        return {
            "visit": visit,
            "nav": visit.desk.nav(visit),
            "csrf": lambda: Markup('<input type="hidden" name="csrftoken" value="{}">').format(
                csrf.token(visit.request)
            ),
            "here": here(visit.request),
            "csrf_token": lambda: csrf.token(visit.request),
            "at": lambda utc: None if utc is None else clock_time(utc, now, self._zone),
            "iso": lambda utc: datetime.fromtimestamp(utc, self._zone).isoformat(timespec="seconds"),
            "ago": lambda utc: ago(utc, now),
        }


@lru_cache(maxsize=1)
def _templates() -> Environment:
    """Each is compiled once a process."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= {"_": _, "static": static, "as_json": as_json}
    return made


@lru_cache(maxsize=256)
def _mark(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]


def static(name: str) -> str:
    """The address of a file of static/, another one when its bytes change."""
    return f"/static/{name}?v={_mark(name)}"


def as_json(value: object) -> Markup:
    """For a `<script type="application/json">`: nothing in it ends the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704  # no markup is left in it
