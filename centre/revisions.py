"""What the units say they have, page by page, against what they should have. In memory only: it is asked for again when it is needed."""

from __future__ import annotations

from centre.words import _
from contract.revs import Entry, RevsPage, entries

UNITS = 256
"""Units whose pages are kept until the last of them came."""
SHOWN = 20
"""Differences told one by one of each unit."""


class Revisions:
    """Used by one thread."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[str, dict[int, RevsPage]]] = {}

    def take(self, page: RevsPage) -> tuple[set[Entry], set[Entry]] | None:
        """What a unit has and what it refuses, once its list is whole; None before. `page` is checked already."""
        known, pages = self._pages.pop(page.unit, ("", {}))
        if known != page.id:
            pages = {}
        pages[page.page] = page
        if len(pages) < page.pages:
            self._pages[page.unit] = (page.id, pages)
            while len(self._pages) > UNITS:
                del self._pages[next(iter(self._pages))]
            return None
        return entries(line for number in sorted(pages) for line in pages[number].lines)


def differences(unit: str, have: set[Entry], refused: set[Entry], due: set[Entry]) -> list[str]:
    """Lines for the operator."""
    words = [
        (_("{unit}: lacks {what} revision {rev}"), due - have - refused),
        (_("{unit}: refuses {what} revision {rev}"), refused),
        (_("{unit}: has, and should not, {what} revision {rev}"), have - due),
    ]
    lines = [
        text.format(unit=unit, what=f"{kind} {scope} {name}".rstrip(), rev=rev)
        for text, found in words
        for kind, scope, name, rev in sorted(found)
    ]
    more = [_("{unit}: and {lines} more").format(unit=unit, lines=len(lines) - SHOWN)] if len(lines) > SHOWN else []
    return [*lines[:SHOWN], *more] or [
        _("{unit}: has what it should have, {have} in all").format(unit=unit, have=len(have))
    ]
