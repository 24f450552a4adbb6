"""Addresses to go on to: pages of ours and nothing else, whatever a form, a header or an address says."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

MOST_BACK = 400
"""Characters of an address to go back to."""


def here(request: Request) -> str:
    """Where to go on, after signing in as after another language: the page that is asked for, or that stood where something was posted."""
    try:
        asked = request.url if request.method == "GET" else urlsplit(request.headers.get("referer", "/"))
    except ValueError:
        return "/"
    return own_path(f"{asked.path}?{asked.query}".removesuffix("?")[:MOST_BACK])


def own_path(given: object) -> str:
    """`given` where it is a page of ours; else the first page. A browser takes `//` and a backslash for another host."""
    if not isinstance(given, str) or not given.startswith("/") or given.startswith("//"):
        return "/"
    return "/" if "\\" in given or not given.isprintable() else given
