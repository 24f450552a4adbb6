"""Every page of a console: those with an address of their own, and one of each kind that these lead to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page
from starlette.routing import Match, Route

from centre.console import pages
from tests.browser.running import Running

AXE = resources.files("axe_playwright_python") / "axe.min.js"
SETTLED = """() => document.readyState === "complete" && !document.querySelector("[data-module]:not([data-begun])")
  && !document.querySelector("[data-layout]:not([data-drawn], .map-failed)")"""


def opened(page: Page, console: Running, path: str) -> None:
    page.goto(console.origin + path)
    page.wait_for_function(SETTLED)


@cache
def routes() -> tuple[Route, ...]:
    return tuple(route for page in pages.ALL for route in page.routes if "GET" in (route.methods or ()))


def kind_of(path: str) -> str | None:
    """The route that answers this address."""
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    return next((route.path for route in routes() if route.matches(scope)[0] is Match.FULL), None)


@dataclass(frozen=True, slots=True)
class Found:
    """`leads_to`: addresses of ours in its links."""

    path: str
    status: int
    is_page: bool
    leads_to: tuple[str, ...]


def look(page: Page, origin: str, path: str) -> Found:
    answer = page.request.get(origin + path, max_redirects=0)
    kind = answer.headers.get("content-type", "")
    if answer.status != 200 or not kind.startswith("text/html") or "<html" not in answer.text():
        return Found(path, answer.status, is_page=False, leads_to=())
    page.goto(origin + path)
    page.wait_for_function(SETTLED)
    links: list[str] = page.eval_on_selector_all("a[href]", "all => all.map((each) => each.href)")
    return Found(path, 200, is_page=True, leads_to=tuple(link for link in links if link.startswith(origin)))


def every_page(page: Page, console: Running) -> list[str]:
    """In the order in which they were come to, from the first page on. Raises AssertionError where one of ours fails."""
    due, found, known = console.plain_pages(), [], set[str]()
    while due:
        path = due.pop(0)
        kind = kind_of(urlsplit(path).path)
        if kind is None or kind in known:
            continue
        known.add(kind)
        seen = look(page, console.origin, path)
        assert seen.status < 500, f"{path}: {seen.status}"
        if seen.is_page:
            found.append(path)
            due += [link.removeprefix(console.origin) for link in seen.leads_to]
    return found


def faults_of(page: Page, scope: str = "html") -> list[str]:
    """What axe-core finds wrong with the page as it stands."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result: Any = page.evaluate("(scope) => axe.run(scope, {resultTypes: ['violations']})", scope)
    return [
        f"{each['id']}: {node['html'][:160]}: {node['failureSummary']}"
        for each in result["violations"]
        for node in each["nodes"]
    ]
