"""Nobody else on the ports, and nothing left behind that keeps the service out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.cli.alone import RUNS, alone
from agent.config import load
from agent.errors import DoorwardError
from agent.store.folder import FolderLock
from tests.agent.cli.unit import Unit


def test_held_meanwhile_and_let_go(unit: Unit) -> None:
    config = load(unit.config)
    with alone(config), pytest.raises(DoorwardError, match=RUNS), alone(config):
        pass
    FolderLock(config.state).release()


def test_the_lock_file_belongs_to_the_folders_owner(unit: Unit) -> None:
    if os.geteuid() == 0:
        os.chown(unit.state, 12345, 12345)
    with alone(load(unit.config)):
        pass
    made, folder = (unit.state / "lock").stat(), unit.state.stat()
    assert (made.st_uid, made.st_gid) == (folder.st_uid, folder.st_gid)


def test_without_a_state_folder_nothing_is_made(unit: Unit, tmp_path: Path) -> None:
    unit.state.rmdir()
    with alone(load(unit.config)):
        pass
    assert not unit.state.exists()
