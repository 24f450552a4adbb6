"""A unit's hardware for the tests that open ports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.box import Box, BoxSpec
from tests.drivers.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Box(tmp_path / "box", BoxSpec(io_baud=115200)) as box:
        made = Rig(box)
        yield made
        for port in made.ports:
            port.stop(2.0)
