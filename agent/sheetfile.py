"""The acceptance sheet on its way from a self-test to the centre: one small file in the state folder, written whole, read once, then kept as the last that was told.

Whoever runs the self-test is not the agent, and mostly root: the file belongs to the folder's owner.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from agent.store import plainfile
from agent.store.folder import sync_folder
from contract import codec
from contract.facts.acceptance import MAX_PARTS, ROWS_PER_PART, SheetRow, UnitSheet
from contract.strict_json import dumps, load_object

SHEET, TOLD = "sheet.json", "sheet.told.json"
FORMAT = "doorward-sheet-1"
_MAX_BYTES = 1024 * 1024
_USER = "doorward"


def parts_of(rows: Sequence[SheetRow], tried_utc: float, version: str, *, attended: bool) -> tuple[UnitSheet, ...]:
    """The sheet under an id of its own. Of more rows than a sheet holds those that passed are left out first."""
    most = MAX_PARTS * ROWS_PER_PART
    if len(rows) > most:
        kept = sorted(range(len(rows)), key=lambda place: rows[place].passed is True)[:most]
        rows = [rows[place] for place in sorted(kept)]
    sheet = secrets.token_hex(8)
    cut = [rows[at : at + ROWS_PER_PART] for at in range(0, len(rows), ROWS_PER_PART)] or [[]]
    return tuple(
        UnitSheet(sheet, number, len(cut), tried_utc, attended, version, tuple(each))
        for number, each in enumerate(cut, start=1)
    )


def row(about: str, passed: bool | None, text: str) -> SheetRow:
    """Fit for a fact: no control characters, and no longer than a fact has room for."""
    return SheetRow(_plain(about, 80) or "-", passed, _plain(text, 200))


def _plain(text: str, most: int) -> str:
    return "".join(each if each.isprintable() else " " for each in text)[:most]


def keep(state: Path, parts: Sequence[UnitSheet]) -> None:
    """Durable when this returns, in place of one that was not told yet: that one is old. Raises OSError."""
    made = not state.exists()
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    if made and os.geteuid() == 0:
        import pwd  # noqa: PLC0415  # not by the agent as it runs

        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(_USER)
            os.chown(state, user.pw_uid, user.pw_gid)
    plainfile.replace(state / SHEET, dumps({"format": FORMAT, "parts": [codec.write(each) for each in parts]}))
    if os.geteuid() == 0:
        owner = state.stat()
        os.chown(state / SHEET, owner.st_uid, owner.st_gid, follow_symlinks=False)
    sync_folder(state)


def read(state: Path) -> tuple[UnitSheet, ...]:
    """The sheet that is to be told, in its parts; none where there is none. Raises OSError, and ValueError for a file that is no sheet."""
    try:
        data = plainfile.read(state / SHEET, _MAX_BYTES)
    except FileNotFoundError:
        return ()
    value = load_object(data)
    listed = value.get("parts")
    if value.get("format") != FORMAT or not isinstance(listed, list) or not 1 <= len(listed) <= MAX_PARTS:
        raise ValueError("not an acceptance sheet")
    parts = tuple(codec.read(UnitSheet, each) for each in listed)
    if any((each.sheet, each.part, each.parts) != (parts[0].sheet, n, len(parts)) for n, each in enumerate(parts, 1)):
        raise ValueError("not the parts of one acceptance sheet")
    return parts


def told(state: Path, sheet: str) -> None:
    """It is in the journal: kept beside it as the last that was told, unless a newer one lies there by now. Raises OSError."""
    with contextlib.suppress(ValueError):
        parts = read(state)
        if parts and parts[0].sheet == sheet:
            (state / SHEET).replace(state / TOLD)
            sync_folder(state)
