"""Screen text: what a charset can draw, display width, wrapping and pages. Widths are columns; a Chinese character takes two."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from agent.core import limits

_NO_LINE_START = frozenset("，。、；：！？）》」』】〉〕”’…·～％‰,.;:!?)]}%~°℃")
_NO_LINE_END = frozenset("（《「『【〈〔“‘￥№([{")
_ALIKE = {
    "•": "·",
    "¥": "￥",
    "〜": "～",
    "−": "-",
    "‑": "-",
    "‐": "-",
    "☎": "电话",
    "✓": "√",
    "✔": "√",
    "✗": "×",
    "❌": "×",
}
_PAIRS = frozenset("—…")
_JOINTS = frozenset("-/")
_WORD_SIGNS = frozenset("’‐‑–")
_SPACES = frozenset("\t\x0b\x0c\u00a0\u3000\u2002\u2003")


def drawable(text: str, charset: str) -> str:
    """The text with what the display cannot draw replaced by its nearest relation, else by an empty box; controls and marks
    taken out, newlines kept. Never an error. (Not by `?`: a notice with a picture at its end would become a question.)
    """
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(_shown(char, charset) for char in plain)


@lru_cache(maxsize=16384)
def _shown(char: str, charset: str) -> str:
    if char == "\n":
        return char
    if _blank(char):
        return " "
    if _silent(char):
        return ""
    return char if char < "\x7f" else _drawn(char, charset)


def _blank(char: str) -> bool:
    """A space of any width, or a separator, but not the line end."""
    return char != "\n" and (char in _SPACES or unicodedata.category(char)[0] == "Z")


@lru_cache(maxsize=8192)
def _drawn(char: str, charset: str) -> str:
    for text in (char, _ALIKE.get(char, char), unicodedata.normalize("NFKC", char), "□"):
        if _encodes(text, charset):
            return text
    return "?"


def _encodes(text: str, charset: str) -> bool:
    try:
        drawn = text.encode(charset).decode(charset) == text
        return drawn and text.isprintable() and not any(_silent(c) for c in text)
    except (LookupError, UnicodeError):
        return False


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
    return sum([char_width(char, wide_ambiguous) for char in text])


def wide_ambiguous(charset: str) -> bool:
    """In the Chinese charsets, and by the Chinese font of a panel that takes UTF-8, every character beyond ASCII is drawn in a full cell."""
    return charset.lower().startswith(("gb", "big5", "utf"))


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
    """Lines of at most `columns`. Numbers and Latin words are cut only where they are longer than a line with their punctuation;
    closing punctuation does not open a line, opening punctuation does not end one.
    """
    for paragraph in text.split("\n"):
        yield from _wrapped(paragraph.rstrip(), max(2, columns), wide)


@lru_cache(maxsize=256)
def _wrapped(paragraph: str, columns: int, wide: bool) -> tuple[str, ...]:
    """What stands on a display is laid out in every step."""
    return tuple(_wrap_paragraph(paragraph, columns, wide))


def _wrap_paragraph(paragraph: str, columns: int, wide: bool) -> Iterator[str]:
    line, used = "", 0
    for atom in _atoms(paragraph):
        bare = atom.rstrip()
        bare_width, spaces = width(bare, wide), len(atom) - len(bare)
        if used + bare_width > columns:
            if line.strip():
                yield line.rstrip()
            if bare_width > columns:
                *full, bare = _chopped(bare, columns, wide)
                yield from full
                bare_width = width(bare, wide)
            line, used = bare + atom[len(atom) - spaces :], bare_width + spaces
        else:
            line += atom
            used += bare_width + spaces
    yield line.rstrip()


def _atoms(paragraph: str) -> Iterator[str]:
    """The paragraph in pieces that stay on one line, each with the spaces behind it."""
    start, solid = 0, ""
    for at, char in enumerate(paragraph):
        if char == " ":
            continue
        if at > start and not _tied(solid, char, apart=paragraph[at - 1] == " "):
            yield paragraph[start:at]
            start = at
        solid = char
    yield paragraph[start:]


def _tied(before: str, after: str, *, apart: bool = False) -> bool:
    """No line ends between these two; `apart` when only spaces are between them."""
    if after in _NO_LINE_START or (before and before in _NO_LINE_END):
        return True
    return not apart and ((_word(before) and _word(after)) or (before == after and before in _PAIRS))


def _chopped(atom: str, columns: int, wide: bool) -> Iterator[str]:
    """What is longer than a line, by force: after a hyphen or slash where one is near, else never between punctuation and its word."""
    start, used = 0, 0
    for at, char in enumerate(atom):
        used += char_width(char, wide)
        while used > columns and at > start:
            end = _chop_at(atom, start, at)
            yield atom[start:end]
            start = end
            used = width(atom[start : at + 1], wide)
    yield atom[start:]


def _chop_at(atom: str, start: int, end: int) -> int:
    for at in range(end, (start + end) // 2, -1):
        if atom[at - 1] in _JOINTS and atom[at] not in _NO_LINE_START:
            return at
    for at in range(end, max(end - 3, start), -1):
        if atom[at] not in _NO_LINE_START and atom[at - 1] not in _NO_LINE_END:
            return at
    return end


@lru_cache(maxsize=8192)
def _word(char: str) -> bool:
    """A letter, figure or sign that is read together with its neighbours, as in 12:00, 8-12 or don't; no Chinese character is."""
    if char < "\u0300":
        return char > " "
    return char in _WORD_SIGNS or (char.isalnum() and ("\uff10" <= char <= "\uff5a" or char_width(char, False) == 1))


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
