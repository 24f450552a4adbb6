"""Facts as a table for a spreadsheet. Nothing in it is taken for a formula, whatever units and people wrote."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from centre import shown
from centre.books import Books
from centre.fact_words import of_line
from centre.reports import Entry
from centre.searching import Place, Search, search
from centre.sheet import guarded
from centre.words import _

PAGE = 1000


def rows(books: Books, wanted: Search, zone: ZoneInfo) -> Iterator[bytes]:
    """CSV in UTF-8 with its mark, newest first; each page from a look of its own. The facts are those that `searching.search` finds."""
    yield b"\xef\xbb\xbf" + _line([_("time"), _("unit"), _("kind"), _("what"), _("number"), _("fact")])
    before: Place | None = None
    while True:
        with books.reading() as conn:
            found = search(conn, wanted, PAGE, before)
        for entry in found.entries:
            yield _line(_cells(entry, zone))
        if found.next is None:
            return
        before = found.next


def _cells(entry: Entry, zone: ZoneInfo) -> list[str]:
    at = datetime.fromtimestamp(entry.at_utc, zone).strftime("%Y-%m-%d %H:%M:%S")
    fact = shown.as_json(json.loads(entry.line))
    return [at, entry.unit, entry.kind, of_line(entry.kind, entry.line).words, f"{entry.epoch}:{entry.seq}", fact]


def _line(cells: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow([guarded(cell) for cell in cells])
    return out.getvalue().encode("utf-8", "replace")
