"""Shared by all tests: waiting without sleeping blindly, and long runs only on request."""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Soak tests are deselected (not skipped) unless asked for by `-m`."""
    if "soak" in (config.option.markexpr or ""):
        return
    chosen = [item for item in items if not item.get_closest_marker("soak")]
    left = [item for item in items if item.get_closest_marker("soak")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = chosen


@pytest.fixture(scope="session")
def seed() -> int:
    """Seed of random tests; printed on failure by the tests that use it. `DOORWARD_SEED` replays one."""
    return int(os.environ.get("DOORWARD_SEED", "0")) or int.from_bytes(os.urandom(4), "big")
