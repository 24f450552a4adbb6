"""A unit in a temporary folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agent.cli.unit import Unit


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    """Configured as the example, not enrolled, with an empty state folder."""
    made = Unit(tmp_path)
    made.state.mkdir()
    made.write()
    return made
