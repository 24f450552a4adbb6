"""Files for simulated panels: built once for each design, font and Pillow, and kept in the user's cache.

Two that want the same at once wait for each other; what a cut left half written is built anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from PIL import __version__ as pillow_version
from PIL import features

from agent.words import _, reason_of
from drivers.display.design import Form
from panel import words
from panel.dwin import folder
from panel.dwin.folder import FOLDER, Wish
from panel.errors import PanelError
from panel.letters import Face
from panel.table import NAME, dwin_table, tjc_table

MOST = 8
"""Folders that are kept, of 4 to 12 MB each; the ones that were longest not asked for go."""
_CODE = Path(__file__).parent
_DESIGN = _CODE.parent / "drivers" / "display"
_OTHERS = ("cli.py", "kept.py", "show")
"""Of the code what makes no files."""


def cache() -> Path:
    """The user's own, as the XDG Base Directory Specification has it. Raises PanelError where there is none."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        home = given if given.is_absolute() else Path.home() / ".cache"
    except RuntimeError as error:
        raise PanelError(_("this user has no home folder: set XDG_CACHE_HOME to a folder")) from error
    return home / "doorward" / "panels"


def dwin(form: Form, face: Face) -> Path:
    """The folder with `DWIN_SET` and its table. Raises PanelError."""
    place = _place("dwin", form, face)
    with _alone(place):
        if not whole(place):
            _cleared(place)
            folder.write(folder.build(Wish(form, face)), face, place)
            _tell(place, dwin_table(form) | {"font": str(face.path)})
            _thin(place)
        place.touch()
    return place


def tjc(form: Form, face: Face) -> Path:
    """The folder with the table of a panel that is drawn on, which has no files. Raises PanelError."""
    place = _place("tjc", form, face)
    with _alone(place):
        if not whole(place):
            _cleared(place)
            place.mkdir()
            _tell(place, tjc_table(form) | {"font": str(face.path)})
        place.touch()
    return place


def whole(place: Path) -> bool:
    """Whether all is there as it was written: the table is written last, with the checksums of the files."""
    try:
        table = json.loads((place / NAME).read_text(encoding="utf-8"))
        return dict(table["files"]) == _sums(place)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sums(place: Path) -> dict[str, int]:
    files = sorted((place / FOLDER).iterdir()) if (place / FOLDER).is_dir() else []
    return {file.name: zlib.crc32(file.read_bytes()) for file in files}


def _tell(place: Path, table: dict[str, Any]) -> None:
    told = json.dumps(table | {"files": _sums(place)}, ensure_ascii=False)
    with _told(place):
        (place / NAME).write_text(told, encoding="utf-8")


@contextmanager
def _told(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PanelError(_("{file}: {reason}").format(file=place, reason=reason_of(error))) from error


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """For as long as this process looks at it or builds it."""
    with _told(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        lock = place.with_name(f"{place.name}.lock").open("w")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _cleared(place: Path) -> None:
    with _told(place):
        if place.exists():
            shutil.rmtree(place)


def _thin(newest: Path) -> None:
    with suppress(OSError):
        others = [each for each in newest.parent.iterdir() if each.is_dir() and each != newest]
        for old in sorted(others, key=lambda each: each.stat().st_mtime, reverse=True)[MOST - 1 :]:
            shutil.rmtree(old, ignore_errors=True)


def _place(make: str, form: Form, face: Face) -> Path:
    """Named by all that goes into the files: the code that makes them, too."""
    turn, letters = f"-{form.rotate}" if form.rotate else "", "-large" if form.large else ""
    parts = [form.identity, words.starting("zh-CN"), pillow_version, str(features.version("freetype2"))]
    found = hashlib.sha256("\n".join(parts).encode())
    made_by = (file for file in _CODE.rglob("*.py") if file.relative_to(_CODE).parts[0] not in _OTHERS)
    for file in (face.path, *sorted(_DESIGN.glob("*.py")), *sorted(made_by)):
        with _told(file):
            found.update(hashlib.sha256(file.read_bytes()).digest())
    return cache() / f"{make}-{form.width}x{form.height}{turn}{letters}-{found.hexdigest()[:16]}"
