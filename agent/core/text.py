"""Screen text: what a charset can draw, display width, wrapping and pages. Widths are columns; a Chinese character takes two."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from agent.core import limits

_NO_LINE_START = frozenset("，。、；：！？）》」』】〉”’…·,.;:!?)]}%℃")
_NO_LINE_END = frozenset("（《「『【〈“‘([{")
_SPACES = frozenset("\t\x0b\x0c\u00a0\u3000\u2002\u2003")


def drawable(text: str, charset: str) -> str:
    """The text with what the display cannot draw replaced by `?`, controls and marks taken out, newlines kept. Never an error."""
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    clean = "".join(" " if c in _SPACES else c for c in plain if c == "\n" or c in _SPACES or not _silent(c))
    try:
        return clean.encode(charset, errors="replace").decode(charset, errors="replace").replace("\ufffd", "?")
    except (LookupError, UnicodeError):
        return clean.encode("ascii", errors="replace").decode("ascii")


@lru_cache(maxsize=8192)
def _silent(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Mn", "Me"}


@lru_cache(maxsize=8192)
def char_width(char: str, wide_ambiguous: bool = True) -> int:
    if char < "\u0300":
        return 2 if wide_ambiguous and char > "\x7f" and unicodedata.east_asian_width(char) == "A" else 1
    kind = unicodedata.east_asian_width(char)
    return 2 if kind in {"W", "F"} or (wide_ambiguous and kind == "A") else 1


def width(text: str, wide_ambiguous: bool = True) -> int:
    return sum(char_width(char, wide_ambiguous) for char in text)


def wide_ambiguous(charset: str) -> bool:
    """In the Chinese charsets every character beyond ASCII is drawn in a full cell."""
    return charset.lower().startswith(("gb", "big5"))


def cut(text: str, columns: int, wide: bool = True) -> str:
    """The text on one line, shortened by `..` where it is too long."""
    line = text.replace("\n", " ")
    if width(line, wide) <= columns:
        return line
    kept, used = [], 0
    for char in line:
        used += char_width(char, wide)
        if used > columns - 2:
            break
        kept.append(char)
    return "".join(kept) + ".."[: max(0, columns)]


def wrap(text: str, columns: int, wide: bool = True) -> Iterator[str]:
    """Lines of at most `columns`. Latin words stay whole where they fit; closing punctuation does not open a line, opening punctuation does not end one."""
    for paragraph in text.split("\n"):
        yield from _wrap_paragraph(paragraph.rstrip(), max(2, columns), wide)


def _wrap_paragraph(paragraph: str, columns: int, wide: bool) -> Iterator[str]:
    line: list[str] = []
    used = 0
    for char in paragraph:
        size = char_width(char, wide)
        if used + size > columns:
            keep = _break_at(line, char)
            yield "".join(line[:keep]).rstrip()
            line = line[keep:]
            while line and line[0] == " ":
                line.pop(0)
            used = width("".join(line), wide)
            if char == " " and not line:
                continue
        line.append(char)
        used += size
    yield "".join(line)


def _break_at(line: Sequence[str], char: str) -> int:
    """How many characters of the full line stay on it, given the one that no longer fits."""
    end = len(line)
    if char != " " and _word(char) and line and _word(line[-1]):
        start = end
        while start > 0 and _word(line[start - 1]):
            start -= 1
        return start if start > 0 else end
    for at in range(end, max(end - 3, 0), -1):
        after = char if at == end else line[at]
        if after not in _NO_LINE_START and line[at - 1] not in _NO_LINE_END:
            return at
    return end


def _word(char: str) -> bool:
    return char < "\u0300" and char != " "


def paged(lines: Iterator[str], rows: int) -> tuple[tuple[str, ...], ...]:
    """Bodies of at most `rows` lines, blank lines at their edges left out, at most `limits.PAGES_MAX` of them."""
    rows = max(1, rows)
    pages: list[tuple[str, ...]] = []
    body: list[str] = []
    for line in lines:
        if not line and not body:
            continue
        body.append(line)
        if len(body) == rows:
            pages.append(_trim(body))
            body = []
            if len(pages) == limits.PAGES_MAX:
                return tuple(pages)
    if body:
        pages.append(_trim(body))
    return tuple(pages) or ((),)


def _trim(body: list[str]) -> tuple[str, ...]:
    while body and not body[-1]:
        body = body[:-1]
    return tuple(body)


def reading_s(body: Sequence[str]) -> float:
    """How long a page stays: at least 5 s, longer for longer pages."""
    columns = sum(width(line) for line in body)
    return min(max(limits.READING_MIN_S, columns * limits.READING_COLUMN_S), limits.READING_MAX_S)
