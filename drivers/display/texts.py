"""Text as the bytes of a display's charset, cut at whole characters to the columns it has. What every kind of display shares. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from contract.frozen import frozen

PAGES = ("idle", "notice", "answer")
"""Pictures every panel project has."""
FURTHER_PAGES = {"refused": "answer", "alarm": "answer"}
"""Pictures a project may have, and what shows in their place where it has not: a no told in another colour than a yes, and fire.
Their letters are of the same size.
"""
EVERY_PAGE = (*PAGES, *FURTHER_PAGES)


def known(page: str) -> str:
    """The page, or `notice` for one that no layout has."""
    return page if page in EVERY_PAGE else "notice"


@frozen
class Font:
    """How much fits on a page whose letters are larger or smaller than those of the others."""

    columns: int
    rows: int


def size(page: str, columns: int, rows: int, fonts: Mapping[str, Font]) -> tuple[int, int]:
    """Columns and rows of that page."""
    font = fonts.get(FURTHER_PAGES.get(page, page))
    return (columns, rows) if font is None else (font.columns, font.rows)


def check_pages(page: Mapping[str, object]) -> list[tuple[str, str]]:
    """Faults in the names of a layout's pages."""
    faults = [(f"layout.page.{name}", "is missing") for name in PAGES if name not in page]
    return faults + [
        (f"layout.page.{name}", f"no such page; known: {', '.join(EVERY_PAGE)}")
        for name in page
        if name not in EVERY_PAGE
    ]


def check_size(columns: int, rows: int, fonts: Mapping[str, Font]) -> list[tuple[str, str]]:
    """Faults of a display's size and of its pages' fonts."""
    faults = _check_font("", columns, rows)
    for page, font in fonts.items():
        if page not in PAGES:
            faults.append((f"fonts.{page}", f"no such page; known: {', '.join(PAGES)}"))
        faults += _check_font(f"fonts.{page}.", font.columns, font.rows)
    return faults


def _check_font(key: str, columns: int, rows: int) -> list[tuple[str, str]]:
    faults = []
    if not 8 <= columns <= 80:
        faults.append((f"{key}columns", f"must be 8 to 80, not {columns}"))
    if not 1 <= rows <= 20:
        faults.append((f"{key}rows", f"must be 1 to 20, not {rows}"))
    return faults


def encode(text: str, charset: str, columns: int, most: int = 1 << 16) -> bytes:
    """At most `columns` wide and `most` bytes long, whole characters only; what the charset lacks becomes `?`, a control character a space."""
    out = bytearray()
    used = 0
    for char in text:
        coded = char.encode(charset, errors="replace") if char.isprintable() else b" "
        used += _width(char, coded, charset)
        if used > columns or len(out) + len(coded) > most:
            break
        out += coded
    return bytes(out)


def _width(char: str, coded: bytes, charset: str) -> int:
    """In the Chinese charsets one column a byte; in UTF-8 a full cell for what a Chinese font draws in one."""
    if charset == "utf-8":
        return 2 if len(coded) > 1 and unicodedata.east_asian_width(char) in "WFA" else 1
    return len(coded)
