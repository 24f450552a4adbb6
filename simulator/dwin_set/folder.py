"""The folder `DWIN_SET` of a card: its files by the number that leads their names, as the panel keeps them in its flash.

The number is the slot of 256 KB where a file begins; it fills as many as it needs, and what overlaps is overwritten without a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from simulator.dwin_set.fonts import Fonts
from simulator.dwin_set.pictures import Library, parse_library
from simulator.dwin_set.show_file import FROM_FILE, ShowFile, parse_show_file
from simulator.dwin_set.touch_file import TouchFile, parse_touch_file

SLOT = 0x40000
SLOTS = 64
MEMORY = 0x20000
_FIRST_FREE_VP = 0x1000
_NUMBERED = re.compile(r"(\d+).*\.(bin|hzk|dzk|icl)", re.IGNORECASE)
_TOUCH, _SHOW, _INITIAL = 13, 14, 22
_LIBRARY_SET = 0x00DE


@dataclass(frozen=True, slots=True)
class PanelSettings:
    """Of the panel's .CFG: what bears on pictures and touches. The defaults are a panel's whose project brings none."""

    crc: bool = False
    initial_values: bool = True
    uploads: bool = True
    rotate: int = 0
    background: int | None = None


def parse_settings(data: bytes) -> PanelSettings:
    """Raises ValueError."""
    if data[:5] != b"T5LC1" or len(data) < 46:
        raise ValueError("not a T5L .CFG")
    flags = data[5]
    return PanelSettings(bool(flags & 0x80), bool(flags & 0x20), bool(flags & 0x10), 90 * (flags & 3), data[8])


@dataclass
class Folder:
    """A project. Picture libraries are read when they are first needed."""

    files: Mapping[int, bytes]
    show: ShowFile
    touches: TouchFile
    settings: PanelSettings
    faults: list[str] = field(default_factory=list)
    """What the panel would not say: files that overwrite each other, a size that cannot be."""
    _libraries: dict[int, Library] = field(default_factory=dict)

    @property
    def fonts(self) -> Fonts:
        return Fonts(self.files)

    def library(self, number: int) -> Library | None:
        """None where there is no such file. Raises ValueError of one that is damaged."""
        if number not in self._libraries:
            data = self.files.get(number)
            if data is None:
                return None
            self._libraries[number] = parse_library(data)
        return self._libraries[number]

    def background(self, memory: bytes = b"") -> int | None:
        """The library of the pages' pictures: what was set over the line, else by the .CFG, else the one with the most pictures."""
        said = memory[2 * _LIBRARY_SET : 2 * _LIBRARY_SET + 4]
        if said[:3] == b"\x5a\x00\x00":
            return said[3]
        if self.settings.background is not None:
            return self.settings.background
        libraries = [number for number, data in self.files.items() if data[:6] == b"DGUS_3"]
        return max(
            libraries,
            key=lambda number: len(library.pictures) if (library := self.library(number)) else 0,
            default=None,
        )

    def memory(self) -> bytearray:
        """The variables as they are after power came: initial values from 1000 on, where the panel is told to load them."""
        memory = bytearray(MEMORY)
        initial = self.files.get(_INITIAL, b"") if self.settings.initial_values else b""
        values = initial[2 * _FIRST_FREE_VP : MEMORY]
        memory[2 * _FIRST_FREE_VP : 2 * _FIRST_FREE_VP + len(values)] = values
        self.enter(0, memory)
        return memory

    def enter(self, page: int, memory: bytearray) -> None:
        """Page `page` is to be shown: descriptions that can be changed over the line are put where that is done."""
        for record in self.show.page(page):
            if record.sp != FROM_FILE:
                at = 2 * record.sp
                part = record.description[: record.size][: max(0, MEMORY - at)]
                memory[at : at + len(part)] = part


def read_folder(path: Path, own: PanelSettings | None = None) -> Folder:
    """`own` is the panel's own .CFG, where the project has none. Raises ValueError, OSError."""
    files: dict[int, bytes] = {}
    faults: list[str] = []
    settings = own or PanelSettings()
    for file in sorted(path.iterdir()):
        numbered = _NUMBERED.fullmatch(file.name)
        if file.name.upper().startswith("T5LCFG") and file.suffix.upper() == ".CFG":
            settings = parse_settings(file.read_bytes())
        elif numbered:
            number = int(numbered[1])
            if number in files:
                faults.append(f"two files with number {number}")
            files[number] = file.read_bytes()
    show = parse_show_file(files[_SHOW]) if _SHOW in files else ShowFile(0, {})
    touches = parse_touch_file(files[_TOUCH]) if _TOUCH in files else TouchFile()
    return Folder(files, show, touches, settings, faults + slot_faults({n: len(data) for n, data in files.items()}))


def slot_faults(sizes: Mapping[int, int]) -> list[str]:
    """Files that share slots, or reach behind the last one."""
    faults, before, end = [], 0, 0
    for number, size in sorted(sizes.items()):
        if number < end:
            faults.append(f"file {number} begins in a slot of file {before}, which ends with slot {end - 1}")
        slots = max(1, -(-size // SLOT))
        if number + slots > SLOTS:
            faults.append(f"file {number} ends with slot {number + slots - 1}, the last is {SLOTS - 1}")
        before, end = (number, number + slots) if number + slots > end else (before, end)
    return faults
