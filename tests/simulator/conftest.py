from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.box import TWO_DOORS, Box, BoxSpec


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path / "box", BoxSpec(io_baud=115200)) as box:
        yield box
    assert not any(thread.name == "simulator" for thread in threading.enumerate())


@pytest.fixture
def two_doors(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path / "box", TWO_DOORS) as box:
        yield box
