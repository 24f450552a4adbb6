"""The partition's files: found under the names that office computers make of them, read within bounds, wiped, and the answer written.

It is FAT, mounted read-only until something has to be written; nothing on it is trusted.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from agent.firstboot.notes import Notes, digest
from agent.store import plainfile

CONFIG = ("config.yaml", "config.yml", "config.yaml.txt", "config.yml.txt")
"""Windows hides the last ending: what its editor saves as config.yaml is often config.yaml.txt."""
NETWORK = ("network.txt", "network.txt.txt", "network")
ENROLMENT = (".enrolment.json", ".enrolment.json.txt")
"""Endings: the centre names a file by its unit."""
WIPED = ".wiped"
"""Behind the name of a file that is being wiped."""
RESULT = "result.txt"
MAX_BYTES = 256 * 1024


class Partition:
    """`writable` is called once, before the first write. Raises OSError where the medium does."""

    def __init__(self, folder: Path, writable: Callable[[], None]) -> None:
        self.folder = folder
        self._writable: Callable[[], None] | None = writable

    def named(self, names: tuple[str, ...]) -> list[Path]:
        """Plain files of one of these names, in whatever case."""
        return [path for path in self._plain() if path.name.lower() in names]

    def ending(self, endings: tuple[str, ...]) -> list[Path]:
        """Plain files with one of these endings, or named so without the first point."""
        return [path for path in self._plain() if f".{path.name.lower()}".endswith(endings)]

    def _plain(self) -> list[Path]:
        # "._name" is what macOS lays beside a file, "~$" what an office program does while it has one open
        every = sorted(self.folder.iterdir())
        return [path for path in every if path.is_file() and not path.name.startswith(("._", "~$"))]

    def read(self, path: Path) -> bytes:
        """One byte more than may be, where it is longer: whoever reads it then says so."""
        return plainfile.read(path, MAX_BYTES + 1)

    def untouched(self, taken: Notes) -> bool:
        """Is there nothing but what was taken already, and its answer? An ordinary start need look no further."""
        if self.ending((*ENROLMENT, *(ending + WIPED for ending in ENROLMENT))):
            return False
        if not (self.folder / RESULT).exists() or not taken.config:
            return False
        found = [(self.named(CONFIG), taken.config), (self.named(NETWORK), taken.network)]
        return all(len(paths) < 2 and all(digest(self.read(each)) == mark for each in paths) for paths, mark in found)

    def wipe(self, path: Path) -> None:
        """Renamed, overwritten in place, deleted: a cut in between leaves a name that says what is left to do.

        A card may keep the old blocks out of sight (docs/security.md).
        """
        self._begin()
        going = path if path.name.endswith(WIPED) else path.rename(path.with_name(path.name + WIPED))
        self._sync()
        with going.open("r+b") as file:
            file.write(bytes(going.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        going.unlink()
        self._sync()

    def answer(self, text: str) -> None:
        """Leave `result.txt`, for Windows' editor too. The same text is not written twice: flash wears."""
        data = text.replace("\n", "\r\n").encode("utf-8-sig")
        path = self.folder / RESULT
        if path.exists() and plainfile.read(path, len(data) + 1) == data:
            return
        self._begin()
        plainfile.replace(path, data, mode=0o644)
        self._sync()

    def _begin(self) -> None:
        if self._writable is not None:
            self._writable()
            self._writable = None

    def _sync(self) -> None:
        fd = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
