"""The status file: whole at any moment, and not for everybody."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agent.statusfile import save, status_path
from contract import codec
from tests.agent.statuses import STATUS


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_status_is_for_its_owner_and_group(tmp_path: Path, umask: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    (tmp_path / "status.json").touch(mode=0o644)
    before = os.umask(umask)
    try:
        save(status_path(tmp_path), STATUS)
    finally:
        os.umask(before)
    path = tmp_path / "status.json"
    assert path.stat().st_mode & 0o777 == 0o640
    assert json.loads(path.read_bytes()) == {**codec.write(STATUS), "pid": os.getpid()}


def test_a_folder_that_is_gone_is_no_fault(tmp_path: Path) -> None:
    save(status_path(tmp_path / "gone"), STATUS)
