"""A panel that was made from a project: which part of a page each of its text fields holds, and what is to be read there.

The files know variables, not parts: whoever makes the panel says which variables are of which part.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.dwin_set.folder import Folder, read_folder
from simulator.dwin_set.show_file import CLOCK, FROM_FILE, TEXT, TextField, text_field
from simulator.dwin_set.texts import lay_out
from simulator.panel import Screen

_RTC = range(0x0010, 0x0014)
_LIBRARY_SET = 0x00DE
_VALUE_WORDS = 4
"""The longest number."""


@dataclass(eq=False, slots=True)
class DwinProject:
    """`parts`: the words of each part's variables (`title`, `body`, `footer`, others), of several places where pages differ; `pages`:
    names of the panel's pages.
    """

    folder: Folder
    parts: Mapping[str, tuple[range, ...]]
    pages: Mapping[int, str]
    layout: Mapping[str, object] = field(default_factory=dict)
    """What a unit's configuration says of it."""
    font: Path | None = None
    """The file that its fonts were made from."""
    _fields: dict[int, tuple[tuple[str, TextField], ...]] = field(default_factory=dict)
    _watched: dict[int, frozenset[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Folder, table: Mapping[str, Any]) -> DwinProject:
        """From a plain table, as a JSON file may hold it: `parts` with pairs of the first word and the one behind the last of each, `pages`
        with a name for each number, `layout`. Raises ValueError, KeyError, TypeError for another.
        """
        parts = {part: tuple(range(*pair) for pair in pairs) for part, pairs in table["parts"].items()}
        return cls(folder, parts, {int(number): str(name) for number, name in table["pages"].items()}, table["layout"])

    @classmethod
    def read(cls, path: Path) -> DwinProject:
        """The folder with `DWIN_SET` and, beside it, the table `panel.json`. Raises as `of` does, and OSError."""
        table = json.loads((path / "panel.json").read_text(encoding="utf-8"))
        made = cls.of(read_folder(path / "DWIN_SET"), table)
        made.font = Path(table["font"])
        return made

    def screen(self, memory: bytes | bytearray, page: int, faults: list[str]) -> Screen:
        """What is to be read of that page; a text that is not sound in its charset is added to `faults`."""
        texts: dict[str, list[str]] = {"title": [], "body": [], "footer": []}
        for part, of in self._of(page):
            laid = lay_out(of, bytes(memory[2 * of.vp : 2 * of.vp + of.length]))
            if laid.half or "�" in laid.text:
                raw = bytes(memory[2 * of.vp : 2 * of.vp + of.length])
                fault = f"VP {of.vp:04X}: {raw.hex(' ')}"
                if fault not in faults:
                    faults.append(fault)
            texts.setdefault(part, []).append((laid.text + "�" * laid.half).rstrip(" "))
        body = texts.pop("body")
        while body and not body[-1]:
            body.pop()
        title, footer = ("\n".join(texts.pop(part)) for part in ("title", "footer"))
        further = tuple((part, "\n".join(lines)) for part, lines in texts.items() if any(lines))
        return Screen(self.pages.get(page, str(page)), title, tuple(body), footer, further)

    def _of(self, page: int) -> tuple[tuple[str, TextField], ...]:
        if page not in self._fields:
            self._fields[page] = tuple(self._found(page))
        return self._fields[page]

    def _found(self, page: int) -> Iterator[tuple[str, TextField]]:
        fields = [text_field(each.description) for each in self.folder.show.page(page) if each.kind == TEXT]
        for each in sorted(fields, key=lambda of: of.vp):
            part = next(
                (name for name, places in self.parts.items() if any(each.vp in words for words in places)), None
            )
            if part is not None:
                yield part, each

    def watched(self, page: int) -> frozenset[int]:
        """Words of the memory that page shows."""
        if page not in self._watched:
            words = {_LIBRARY_SET, _LIBRARY_SET + 1}
            for record in self.folder.show.page(page):
                length = (text_field(record.description).length + 1) // 2 if record.kind == TEXT else _VALUE_WORDS
                words |= set(range(record.vp, record.vp + length))
                words |= set(range(record.sp, record.sp + record.words)) if record.sp != FROM_FILE else set()
                words |= set(_RTC) if record.kind == CLOCK else set()
            self._watched[page] = frozenset(words)
        return self._watched[page]
