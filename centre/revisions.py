"""What the units say they have, page by page, against what they should have. In memory only: it is asked for again when it is needed."""

from __future__ import annotations

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
    words = [("lacks", due - have - refused), ("refuses", refused), ("has, and should not,", have - due)]
    lines = [
        f"{unit}: {word} {kind} {scope} {name} revision {rev}".replace("  ", " ")
        for word, found in words
        for kind, scope, name, rev in sorted(found)
    ]
    more = [f"{unit}: and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return [*lines[:SHOWN], *more] or [f"{unit}: has what it should have, {len(have)} in all"]
