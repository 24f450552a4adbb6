"""Forty-four ways to make the record lie, each tried on real books of units that signed: found by the books alone (a), or with a
checkpoint that was kept elsewhere (b). The table of docs/security.md is this one.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from centre.cli.verify_record import verify_record
from tests.architecture import ROOT
from tests.centre.conftest import Desk
from tests.centre.forger import Forger, Scene, honest_scene
from tests.centre.forgeries import FORGERIES
from tests.centre.test_words import english

NO_PROOF = ("the centre's own journal tells of none such", "centre: the books were restored on ")
"""Of the kept checkpoint, which was made in a copy; and said, not found."""

COLUMNS = ("base", "link", "start")
"""Their names are the same in every language."""


@pytest.fixture(scope="module")
def honest(fresh_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return honest_scene(fresh_folder, tmp_path_factory.mktemp("honest") / "centre")


# --- each is found


@pytest.fixture
def forger(honest: Scene, tmp_path: Path) -> Iterator[Forger]:
    shutil.copytree(honest.path, tmp_path / "centre")
    made = Forger(honest, tmp_path / "centre")
    made.do("PRAGMA foreign_keys=OFF")
    yield made
    made.conn.close()


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_found(forger: Forger, name: str) -> None:
    found_by, forge = FORGERIES[name]
    forge(forger)
    desk = Desk(forger.path)
    alone = desk.run("verify", code=1 if found_by == "a" else 0)
    said = [line for line in alone.stderr.splitlines() if not line.startswith("centre: the books were restored on ")]
    assert bool(said) is (found_by == "a")
    kept = str(forger.scene.checkpoint)
    told = desk.run("verify", "--checkpoint", kept, code=1).stderr.splitlines()
    assert [line for line in told if not any(each in line for each in NO_PROOF)]
    desk.close()


@pytest.mark.parametrize("name", [name for name, (found_by, _) in FORGERIES.items() if found_by == "b"])
def test_an_auditor_without_keys_finds_what_needs_a_checkpoint(forger: Forger, name: str, tmp_path: Path) -> None:
    FORGERIES[name][1](forger)
    desk = Desk(forger.path)
    desk.run("export", str(tmp_path / "record"))
    desk.close()
    audited = CliRunner().invoke(verify_record, [str(tmp_path / "record"), str(forger.scene.checkpoint)])
    assert audited.exit_code == 1, audited.output
    assert "checkpoint 1: " in audited.stderr


@pytest.mark.parametrize("name", FORGERIES)
def test_what_is_found_does_not_depend_on_who_reads_it(
    forger: Forger, name: str, tmp_path: Path, chinese: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found_by, forge = FORGERIES[name]
    forge(forger)
    desk, kept, record = Desk(forger.path), str(forger.scene.checkpoint), str(tmp_path / "record")
    if found_by == "b":
        desk.run("export", record)

    def proofs() -> list[Result]:
        found = [desk.run("verify", code=1 if found_by == "a" else 0), desk.run("verify", "--checkpoint", kept, code=1)]
        return [*found, CliRunner().invoke(verify_record, [record, kept])] if found_by == "b" else found

    here = proofs()
    assert not [line for each in here for line in english(each.output, *COLUMNS)]
    monkeypatch.setenv("LANG", "C.UTF-8")
    there = proofs()
    desk.close()
    assert [(each.exit_code, each.output.count("\n")) for each in here] == [
        (each.exit_code, each.output.count("\n")) for each in there
    ]


def test_the_table_of_the_documents_is_this_one() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| \(([ab])\) \|$", text, re.MULTILINE)
    assert rows == [(name, found_by) for name, (found_by, _) in FORGERIES.items()]
    assert len(rows) >= 25
