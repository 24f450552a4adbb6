"""The line of an update in `doorward status`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.update import account as told
from agent.update.account import account
from agent.update.places import INBOX, PAYLOAD, WANTED, OwnFolder
from agent.update.progress import Progress, Stage, Wish, save
from contract.software import Form
from tests.agent.update.signed import software

QUIET = {"doors": {"main": {"mode": "normal", "open": False}}}
OPEN = {"doors": {"main": {"mode": "normal", "open": True}}}
UNDER_WAY = Progress("ab", Stage.TAKEN, "0.2.0", "0.1.0", Form.DEB, "0" * 64, "site/s", 1, centre=True)


@pytest.fixture
def own(tmp_path: Path) -> OwnFolder:
    (tmp_path / "own/hand").mkdir(parents=True)
    return OwnFolder(tmp_path / "own")


@pytest.mark.parametrize(
    ("stage", "status", "line"),
    [
        (Stage.TAKEN, QUIET, "0.2.0: is about to be installed"),
        (Stage.TAKEN, OPEN, "0.2.0: waits, door main: open"),
        (Stage.INSTALLING, OPEN, "0.2.0: is being installed"),
        (Stage.WATCHING, QUIET, "0.2.0: runs, and has to prove itself"),
        (Stage.RETURNING, QUIET, "0.2.0: is given up, 0.1.0 comes back"),
    ],
)
def test_what_is_under_way(own: OwnFolder, tmp_path: Path, stage: Stage, status: dict[str, Any], line: str) -> None:
    save(own.progress, replace(UNDER_WAY, stage=stage))
    assert account(tmp_path, status, own) == line


def test_what_is_wanted_and_not_begun(own: OwnFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert account(tmp_path, QUIET, own) is None
    inbox, wanted = tmp_path / INBOX, software()
    monkeypatch.setattr(told.reading, "messages", lambda *_: (wanted,))
    inbox.mkdir()
    (inbox / f"{wanted.sha256}.part").write_bytes(bytes(wanted.size // 4))
    assert account(tmp_path, QUIET, own) == "0.2.0: 25 % fetched"
    (inbox / f"{wanted.sha256}.part").rename(inbox / PAYLOAD)
    assert account(tmp_path, OPEN, own) == "fetched: waits, door main: open"
    assert account(tmp_path, QUIET, own) == "fetched: is about to be installed"
    save(own.hand / WANTED, Wish())
    assert account(tmp_path, QUIET, own) == "ordered by hand"


def test_without_a_cache_there_is_no_line(own: OwnFolder, tmp_path: Path) -> None:
    (tmp_path / INBOX).mkdir()
    (tmp_path / INBOX / PAYLOAD).write_bytes(b"x")
    assert account(tmp_path, QUIET, own) is None
