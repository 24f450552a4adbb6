"""The acceptance sheet as a file: whole or not there, bounded, and each of its parts a fact that the journal keeps as it is."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from agent import sheetfile
from agent.cli.selftest import keep
from agent.commissioning.sheet import Row
from agent.config import load
from agent.store.journal import MAX_LINE
from contract import chain
from contract.facts import SheetRow, data_of
from contract.facts.acceptance import MAX_PARTS, ROWS_PER_PART
from tests.agent.cli.unit import Unit

UTC = 1_795_500_000.0


def rows(count: int, passed: bool | None = True) -> list[SheetRow]:
    return [sheetfile.row(f"input {n}", passed, "at rest") for n in range(count)]


def test_kept_read_told(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert sheetfile.read(tmp_path) == ()
    parts = sheetfile.parts_of(rows(30), UTC, "0.1.0", attended=True)
    sheetfile.keep(state, parts)
    assert sheetfile.read(state) == parts
    assert [len(part.rows) for part in parts] == [12, 12, 6]
    sheetfile.told(state, "another")
    assert sheetfile.read(state) == parts, "a newer one than that which was told stays"
    sheetfile.told(state, parts[0].sheet)
    assert sheetfile.read(state) == ()
    assert (state / sheetfile.TOLD).exists()
    sheetfile.told(state, parts[0].sheet)  # again, after a cut: nothing


def test_a_sheet_without_rows_is_one_too(tmp_path: Path) -> None:
    sheetfile.keep(tmp_path, sheetfile.parts_of([], UTC, "0.1.0", attended=False))
    assert len(sheetfile.read(tmp_path)) == 1


def test_the_longest_rows_still_make_lines_that_the_journal_keeps() -> None:
    """Of characters that take most bytes in JSON; a line over the bound would be kept as `too long to keep`."""
    worst = [sheetfile.row("\U0001f6aa" * 500, None, text * 500) for text in ("\U0001f512", '"', "\\", "\u0000")]
    for part in sheetfile.parts_of(worst * 6, UTC, "v" * 64, attended=True):
        assert len(chain.line(2**52, UTC, "holdover", 2**40, 1e9, "unit.sheet", data_of(part))) <= MAX_LINE


def test_of_too_many_rows_those_that_failed_stay() -> None:
    many = [*rows(MAX_PARTS * ROWS_PER_PART), sheetfile.row("door main, lock", False, "did not move")]
    parts = sheetfile.parts_of(many, UTC, "0.1.0", attended=True)
    assert len(parts) == MAX_PARTS
    kept = [row for part in parts for row in part.rows]
    assert len(kept) == MAX_PARTS * ROWS_PER_PART
    assert kept[-1].passed is False


def test_what_is_no_sheet_is_said_and_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / sheetfile.SHEET
    sheetfile.keep(tmp_path, sheetfile.parts_of(rows(30), UTC, "0.1.0", attended=True))
    whole = file.read_bytes()
    draw = random.Random(11)
    bad = [b"", b"{}", b"[]", b"\xff", whole[: len(whole) // 2], whole.replace(b'"part":1', b'"part":2')]
    bad += [whole.replace(b"doorward-sheet-1", b"doorward-sheet-9"), b'{"format":"doorward-sheet-1","parts":[1]}']
    for _ in range(200):
        flipped = bytearray(whole)
        flipped[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        file.write_bytes(flipped)
        try:
            sheetfile.read(tmp_path)
        except ValueError:
            continue
    for data in bad:
        file.write_bytes(data)
        with pytest.raises(ValueError):  # whatever it is
            sheetfile.read(tmp_path)
        assert file.read_bytes() == data


def test_a_link_or_a_fifo_in_its_place_neither_hangs_nor_misleads(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    parts = sheetfile.parts_of(rows(1), UTC, "0.1.0", attended=True)
    state = tmp_path / "state"
    state.mkdir()
    (state / sheetfile.SHEET).symlink_to(elsewhere)
    (state / f"{sheetfile.SHEET}.new").symlink_to(elsewhere)
    with pytest.raises(OSError):
        sheetfile.read(state)
    sheetfile.keep(state, parts)
    assert elsewhere.read_text() == "precious"
    assert sheetfile.read(state) == parts
    (state / sheetfile.SHEET).unlink()
    os.mkfifo(state / sheetfile.SHEET)
    with pytest.raises(OSError):
        sheetfile.read(state)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes for another user")
def test_what_root_keeps_belongs_to_the_folders_owner(tmp_path: Path) -> None:
    """So that the agent, which runs as a user of its own, reads it and moves it on."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    os.chown(state, 4711, 4712)
    sheetfile.keep(state, sheetfile.parts_of(rows(1), UTC, "0.1.0", attended=True))
    status = (state / sheetfile.SHEET).stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (4711, 4712, 0o600)


def test_a_sheet_that_cannot_be_kept_is_one_line_and_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unit = Unit(tmp_path)
    unit.write()
    unit.state.write_text("in the way")
    keep(load(unit.config), [Row("door main, lock", True, "in order")], attended=True)
    said = capsys.readouterr().err
    assert said == f"the sheet cannot be kept for the centre: {unit.state}: file exists\n"
    unit.state.unlink()
    keep(load(unit.config), [Row("door main, lock", True, "in\x1b order")], attended=False)
    (part,) = sheetfile.read(unit.state)
    assert [(row.about, row.passed, row.text) for row in part.rows] == [("door main, lock", True, "in  order")]
    assert part.attended is False
