"""Tables as spreadsheets save them: lines under a heading, each fault named with its line and column. What a column holds is its reader's."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from centre.charset import UNREADABLE, decoded
from centre.errors import CHECK_FAILED, CentreError
from centre.words import _

T = TypeVar("T")


FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet begins a formula with, also behind a blank; in Chinese ones in wide letters too."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`line` counts from 1; `column` is its name, or empty."""

    line: int
    column: str
    text: str

    def __str__(self) -> str:
        return f"{self.line}: {self.column}: {self.text}" if self.column else f"{self.line}: {self.text}"


class BadTableError(CentreError):
    """The file is not taken: `faults` are all that is wrong with its lines, none where it holds nothing and that was not said to be meant."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)) or _("holds nothing"), CHECK_FAILED)
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns a table may have, each with the further headings it is known by; those it must have. `texts`: what people are to read, kept as it was written."""

    names: Mapping[str, Sequence[str]]
    required: tuple[str, ...]
    texts: frozenset[str] = field(default_factory=frozenset)

    def named(self, heading: str) -> str:
        """The column of this heading; the heading itself where there is none."""
        plain = folded(heading).lower()
        return next((name for name, others in self.names.items() if plain == name or plain in others), plain)


def folded(text: str) -> str:
    """As a keyboard for Latin letters writes it: a Chinese one gives full-width digits, letters and signs."""
    return unicodedata.normalize("NFKC", text).strip()


def guarded(cell: str) -> str:
    """With an apostrophe before what would be a formula, as spreadsheets themselves write text; `lines` passes it over."""
    return f"'{cell}" if cell.lstrip(" '").startswith(FORMULAS) else cell


def _unguarded(cell: str) -> str:
    rest = cell.removeprefix("'")
    return rest if rest != cell and rest.lstrip(" '").startswith(FORMULAS) else cell


class Cells:
    """The cells of one line; each fault is noted, so that a line is told all that is wrong with it at once. `headings`: each column's, as the file has it."""

    def __init__(
        self,
        row: Mapping[str, str],
        line: int,
        faults: list[Fault],
        required: tuple[str, ...],
        headings: Mapping[str, str],
    ) -> None:
        self._row, self.line, self._faults, self._required = row, line, faults, required
        self._headings = headings
        self.good = True

    def read(self, column: str, reader: Callable[[str], T], absent: T) -> T:
        """The cell's value; `absent` for an empty one, and for a bad one once its fault is noted."""
        text = self._row.get(column, "")
        try:
            return reader(text) if text or column in self._required else absent
        except ValueError as error:
            self.fault(column, str(error))
            return absent

    def heading(self, column: str) -> str:
        """What the file calls it."""
        return self._headings.get(column, column)

    def has(self, column: str) -> bool:
        """Whether the table has it at all."""
        return column in self._row

    def fault(self, column: str, text: str) -> None:
        self._faults.append(Fault(self.line, self.heading(column), text))
        self.good = False


def lines(data: bytes, columns: Columns, faults: list[Fault]) -> Iterator[Cells]:
    """The lines below the heading of a CSV file, in any charset and with any separator that spreadsheets write. Faults are added to `faults`.

    Empty lines and empty columns at the end are passed over: who deleted a column's cells left its commas.
    """
    text = decoded(data)
    if text is None:
        faults.append(Fault(1, "", _(UNREADABLE)))
        return
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    try:
        written = [cell.strip() for cell in _filled(next((row for row in rows if any(map(str.strip, row))), []))]
        heading = [columns.named(cell) for cell in written]
        found = _heading_faults(heading, written, columns)
        faults += found
        if not found:
            yield from _below(rows, heading, dict(zip(heading, written, strict=True)), columns, faults)
    except csv.Error as error:
        open_quote = "end of data" in str(error)
        faults.append(Fault(rows.line_num, "", _("a quote is not closed") if open_quote else str(error)))


def _separator(text: str) -> str:
    """Comma, semicolon or tab: what the heading line has most of. Excel writes each of them, by language and form of saving."""
    heading = text.lstrip().partition("\n")[0]
    return max(",;\t", key=heading.count)


def _filled(cells: list[str]) -> list[str]:
    """Up to the last that is not empty."""
    count = max((n for n, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return cells[:count]


def _below(
    rows: Iterator[list[str]],
    heading: list[str],
    written: Mapping[str, str],
    columns: Columns,
    faults: list[Fault],
) -> Iterator[Cells]:
    for cells in rows:
        line: int = rows.line_num  # type: ignore[attr-defined]
        filled = _filled(cells)
        if len(filled) > len(heading):
            what = _("{filled} cells where the heading has {heading}; a card like 188,24910 stands in quotes").format(
                filled=len(filled), heading=len(heading)
            )
            faults.append(Fault(line, "", what))
        elif filled:
            row = {
                name: _unguarded(cell.strip() if name in columns.texts else folded(cell))
                for name, cell in zip(heading, cells, strict=False)
            }
            yield Cells(row, line, faults, columns.required, written)


def _heading_faults(heading: list[str], written: list[str], columns: Columns) -> list[Fault]:
    """`written`: the headings as the file has them."""
    known, required = columns.names, columns.required
    if not any(name in known for name in heading):
        comma = _("; the commas are full-width ones, write ,") if any("，" in name for name in written) else ""
        return [
            Fault(
                1,
                "",
                _("no heading line: one like {required} comes first{comma}").format(
                    required=",".join(required), comma=comma
                ),
            )
        ]
    faults = [
        Fault(
            1,
            written[n - 1] or str(n),
            _("no such column; known: {known}").format(known=", ".join(known)) if name else _("column has no name"),
        )
        for n, name in enumerate(heading, 1)
        if name not in known
    ]
    faults += [Fault(1, name, _("column is there twice")) for name in known if heading.count(name) > 1]
    chinese = not all(map(str.isascii, written))
    named = {name: others[0] if chinese and others else name for name, others in known.items()}
    return faults + [Fault(1, named[name], _("column is missing")) for name in required if name not in heading]
