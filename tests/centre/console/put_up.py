"""Units of a yard, and notices put up there through the console's calls."""

from __future__ import annotations

from typing import Any

from tests.centre.console.conftest import WebDesk
from tests.centre.unit import FakeUnit

SCRIPT = "<script>alert(1)</script>"
YARD = "yard/y07"


def yard(web: WebDesk, count: int = 3, name: str = "y07") -> list[FakeUnit]:
    return [web.desk.unit(f"{name}-{number}", f"yard/{name}") for number in range(1, count + 1)]


def put(web: WebDesk, **more: Any) -> str:
    asked = {"scope": [YARD], "title": "停水通知", "text": "检修", "category": "service", **more}
    found: list[str] = web.call("POST", "/notices", **asked)["notices"]
    return found[0]
