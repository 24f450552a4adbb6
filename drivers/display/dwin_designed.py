"""A designed page as the variables of a built DWIN panel: what is written, in which order, and what its files tell of themselves. Pure.

Each line of a place is a text of its own, in the place's charset, padded to whole words and ended by FF FF. The variables lie one
behind the other, so that a frame takes several. There are two banks of them, and two pages of the panel for each picture: a page that
one frame cannot turn into the next is written to the bank that nobody sees, and then switched to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise

from contract.frozen import frozen
from drivers.display.design import BANKS, FIRST_VP, VERSION, Form, choices, form_of, page_number, variables
from drivers.display.designed import Filled, chosen, filled, look_of
from drivers.display.dgus import MAX_DATA, TEXT_END
from drivers.display.layout import EMPTY, Piece, ended
from drivers.display.texts import encode
from drivers.display.touch import ANYWHERE
from drivers.reports import DrawPage

KEYS = "0123456789*#" + ANYWHERE
BUILD = "make them with `doorward panel build` and put them on the panel"


@frozen
class DesignedImage:
    """A page as it is to stand on the panel: its number and the lines of its places by their variables, both as in the first bank."""

    form: Form
    page: int
    lines: Mapping[int, bytes]


def designed_image(page: DrawPage, form: Form) -> DesignedImage:
    words = variables(form).line_words
    lines = {vp: data for each in filled(page, form) for vp, data in _lines(each, words)}
    return DesignedImage(form, page_number(form, look_of(page), chosen(page, form)), lines)


def _lines(there: Filled, words: int) -> Iterator[tuple[int, bytes]]:
    size, place = there.size, there.place
    for n in range(size.rows):
        text = there.lines[n] if n < len(there.lines) else ""
        coded = encode(text, size.letters.charset, min(size.columns, 2 * (words - 1)))
        yield place.vp + n * words, ended(coded) if coded else EMPTY


@lru_cache(maxsize=64)
def _starts(form: Form) -> tuple[int, ...]:
    """Where each line begins, in both banks, and where the last one ends."""
    there = variables(form)
    bank = [there.large, there.aside, there.contact, there.title, there.footer]
    bank += [there.body + n * there.line_words for n in range(there.lines)]
    return (*(vp + n * there.words for n in range(BANKS) for vp in bank), FIRST_VP + BANKS * there.words)


def next_designed(shown: Mapping[int, bytes], shown_page: int, target: DesignedImage) -> Piece | int | None:
    """The next frame on the way from what the panel shows (`shown`: lines by VP) to `target`, None when all is there.

    What one frame can change of the same picture is changed where it stands: the panel takes a frame as a whole. All else is written
    to the other bank, and switched to when all of it is there.
    """
    pages, words = len(choices(target.form)) // BANKS, variables(target.form).words
    here = min(shown_page // pages, BANKS - 1)
    if shown_page % pages == target.page:
        changed = _changed(shown, target, here * words)
        if not changed:
            return None
        frame = _frame(shown, target, here * words, changed)
        if _end(frame) > changed[-1]:
            return frame
    there = 1 - here
    changed = _changed(shown, target, there * words)
    if changed:
        return _frame(shown, target, there * words, changed)
    return target.page + there * pages


def _changed(shown: Mapping[int, bytes], target: DesignedImage, offset: int) -> list[int]:
    return [vp for at, data in sorted(target.lines.items()) if shown.get(vp := at + offset) != data]


def _end(piece: Piece) -> int:
    return piece.vp + len(piece.data) // 2


def _frame(shown: Mapping[int, bytes], target: DesignedImage, offset: int, changed: list[int]) -> Piece:
    """From the first changed line on, as many of them as one frame takes, those between them along: a frame costs as much as a line."""
    starts, wanted = _starts(target.form), {vp + offset: data for vp, data in target.lines.items()}
    first, last = starts.index(changed[0]), starts.index(changed[-1])
    data = fitting = b""
    for at in range(first, last + 1):
        vp = starts[at]
        line = wanted.get(vp, shown.get(vp, EMPTY))
        if len(data) + len(line) > MAX_DATA:
            break
        if vp in changed:
            fitting = data + line
        data += line.ljust(2 * (starts[at + 1] - vp), b"\xff")
    return Piece("page", changed[0], fitting)


def lines_of(piece: Piece, form: Form) -> Iterator[tuple[int, bytes]]:
    """By their VPs, the lines that one frame wrote."""
    starts = _starts(form)
    for vp, behind in pairwise(starts):
        if piece.vp <= vp < _end(piece):
            yield vp, _whole_line(piece.data[2 * (vp - piece.vp) : 2 * (behind - piece.vp)])


def _whole_line(data: bytes) -> bytes:
    """Up to its end mark, which starts at a whole word."""
    at = next((at for at in range(0, len(data), 2) if data[at : at + 2] == TEXT_END), len(data))
    return data[:at] + TEXT_END


# --- what the panel tells


def key_of(data: bytes) -> str | None:
    """The key that was touched, by what the panel uploads at `KEY_VP`; None for what is no key."""
    code = int.from_bytes(data, "big") if len(data) == 2 else 0
    return chr(code) if code < 0x80 and chr(code) in KEYS else None


def form_told(data: bytes) -> Form | None:
    """The form that files of this version tell of; None for others, and for a panel without."""
    words = _told(data).split(" ")
    if len(words) != 5 or words[:2] != ["DOORWARD", str(VERSION)] or not words[3].isdecimal():
        return None
    try:
        form = form_of(words[2], int(words[3]), large=words[4] == "large")
    except ValueError:
        return None
    return form if form.identity == _told(data) else None


def files_of(form: Form) -> str:
    """In words for a person."""
    _, _, size, rotate, letters = form.identity.split(" ")
    return _in_words(size, rotate, f"with {letters} letters")


def _told(data: bytes) -> str:
    return data.split(TEXT_END, 1)[0].split(b"\0", 1)[0].decode("ascii", "replace").strip()


def identity_fault(data: bytes, form: Form) -> str | None:
    """Why files that tell this of themselves do not fit the configuration; None where they do."""
    told = _told(data)
    if told == form.identity:
        return None
    words = told.split(" ")
    if len(words) != 5 or words[0] != "DOORWARD":
        return (
            f"the panel has no files for layout.design, or does not load their initial values (verify: false): {BUILD}"
        )
    if words[1] != str(VERSION):
        return f"the panel's files are of design {words[1][:8]}, this version draws design {VERSION}: {BUILD}"
    there, wanted = (_in_words(*each.split(" ")[2:]) for each in (told, form.identity))
    return (
        f"the panel's files are for {there}, the configuration says {wanted}: build them again or change layout.design"
    )


def _in_words(size: str, rotate: str, letters: str) -> str:
    plain = (text if text.isascii() and text.isprintable() else "?" for text in (size, rotate, letters))
    size, rotate, letters = plain
    return f"{size[:12]}{'' if rotate == '0' else f' rotated {rotate[:4]}'} {letters[:24]}"
