"""Texts laid out: lines and pages of a body; on a display with designed pages each part in the first of its sizes that holds it. Pure.

A text fits a size where that has room for it and can draw all of it: what the large letters lack is drawn smaller, never as a box.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from agent.core import limits, text
from agent.core.effects import Page
from agent.core.plan import Places, TextSize
from contract.frozen import frozen

_TITLE_MAX = 200
"""Characters of a title (contract.md); longer ones come from the configuration alone."""
_NARROW = 24
"""Half-width columns. In a line of fewer, words are torn apart: letters so large are for lines that need no break."""
LARGE_MAX = 12
"""Signs of the clock and of keys typed: what a panel keeps of them."""

Sizes = tuple[TextSize, ...]


@frozen
class Texts:
    """What a designed page says, before it is laid out. `more` ends a body that is too long for all pages."""

    kind: str
    look: str
    title: str
    body: str
    footer: str = ""
    tone: str = "none"
    large: str = ""
    aside: str = ""
    contact: str = ""
    more: str = ""


def headed(title: str, words: str) -> str:
    """The words below a title that has no line of its own."""
    return f"{title[:_TITLE_MAX]}\n{words}"


def bodies(size: TextSize, words: str, more: str = "") -> tuple[tuple[str, ...], ...]:
    """The bodies of all pages. Words that are too long for all of them end in the line `more`."""
    lines, too_long = laid(size, words)
    if more and too_long:
        lines = [*lines[: limits.PAGES_MAX * size.rows - 1], one_line(size, more)]
    return text.paged(iter(lines), size.rows)


def laid(size: TextSize, words: str) -> tuple[list[str], bool]:
    """The lines of all pages and at most one more; whether the words are too long for them."""
    room = limits.PAGES_MAX * size.rows
    drawn = text.drawable(words[: room * size.columns], size.charset)
    lines = list(islice(text.wrap(drawn, size.columns, text.wide_ambiguous(size.charset)), room + 1))
    return lines, len(lines) > room or len(words) > room * size.columns


def one_line(size: TextSize, words: str) -> str:
    """Cut where it is too long."""
    return text.cut(text.drawable(words, size.charset), size.columns, text.wide_ambiguous(size.charset))


def fits_line(size: TextSize, words: str) -> bool:
    return text.width(text.drawable(words, size.charset), text.wide_ambiguous(size.charset)) <= size.columns


# --- designed pages


def pages(places: Places, told: Texts, *, enlarged: bool = False) -> tuple[Page, ...]:
    """All pages of it. A title that fits none of its sizes is told whole at the head of the body."""
    there = places[told.look]
    chosen, single = _single_lines(there, told)
    words = told.body if title_fits(places, told.look, told.title) else headed(told.title, told.body)
    index, found = _body(there["body"], words, told.more)
    if index:
        chosen["body"] = index
    return tuple(
        Page(
            told.kind,
            single["title"],
            body,
            single["footer"],
            told.tone,
            look=told.look,
            large=single["large"],
            aside=single["aside"],
            contact=single["contact"],
            sizes=tuple(sorted(chosen.items())),
            enlarged=enlarged,
        )
        for body in found
    )


def title_fits(places: Places, look: str, title: str) -> bool:
    sizes = places[look]["title"]
    return any(_holds(size, title, sizes[-1].charset) for size in sizes)


def too_long(places: Places, look: str, title: str, words: str) -> bool:
    """Whether the body is too long for all pages."""
    return laid(places[look]["body"][-1], words if title_fits(places, look, title) else headed(title, words))[1]


def holds(places: Places, look: str, part: str, words: str) -> bool:
    """Whether the picture has that part, and a size for the words on one line."""
    sizes = places[look].get(part, ())
    return any(_holds(size, words, sizes[-1].charset) for size in sizes)


def _single_lines(there: Mapping[str, Sizes], told: Texts) -> tuple[dict[str, int], dict[str, str]]:
    """By part which of its sizes it has, where that is not the first, and its line."""
    given = {
        "large": _last_signs(there, told.large),
        "title": told.title,
        "aside": told.aside,
        "contact": told.contact,
        "footer": told.footer,
    }
    chosen: dict[str, int] = {}
    lines = dict.fromkeys(given, "")
    for part, words in given.items():
        if part in there and words:
            index = _size(there[part], words)
            lines[part] = one_line(there[part][index], words)
            if index:
                chosen[part] = index
    return chosen, lines


def _last_signs(there: Mapping[str, Sizes], words: str) -> str:
    """Of keys typed the newest count."""
    room = min([LARGE_MAX, *(size.columns for size in there.get("large", ()))])
    return words[-room:]


def _size(sizes: Sizes, words: str) -> int:
    last = len(sizes) - 1
    return next((index for index in range(last) if _holds(sizes[index], words, sizes[last].charset)), last)


def _holds(size: TextSize, words: str, charset: str) -> bool:
    """On one line, drawn as well as `charset` could."""
    drawn = text.drawable(words[: _TITLE_MAX + 1], size.charset)
    if text.width(drawn, text.wide_ambiguous(size.charset)) > size.columns:
        return False
    return size.charset == charset or drawn == text.drawable(words, charset)


def _body(sizes: Sizes, words: str, more: str) -> tuple[int, tuple[tuple[str, ...], ...]]:
    """Which size, and the bodies of all pages. Only a text that may fit a page of large letters is tried in them."""
    last = len(sizes) - 1
    for index, size in enumerate(sizes[:last]):
        if len(words) > size.columns * size.rows:
            continue
        drawn = text.drawable(words, size.charset)
        if drawn != text.drawable(words, sizes[last].charset):
            continue
        lines = list(islice(text.wrap(drawn, size.columns, text.wide_ambiguous(size.charset)), size.rows + 1))
        torn = size.columns < _NARROW and len(lines) > drawn.count("\n") + 1
        if len(lines) <= size.rows and not torn:
            return index, text.paged(iter(lines), size.rows)
    return last, bodies(sizes[last], words, more)
