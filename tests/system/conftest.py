"""A whole site for system tests: real processes, a real broker, hardware on ptys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.demo.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Founded, nothing running yet but the hardware."""
    with Stage(tmp_path) as made:
        made.found()
        yield made
