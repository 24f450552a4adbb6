from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.broker import Broker, start_broker
from tests.agent.link.far_end import BROKERS


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """A fresh broker of each kind there is."""
    with start_broker(tmp_path / "broker", prefer=request.param) as made:
        yield made
        made.kill()  # nothing of it is needed, and an orderly end of mosquitto takes 0.1 s


@pytest.fixture
def any_broker(tmp_path: Path) -> Iterator[Broker]:
    """The best broker there is, where the kind does not matter."""
    with start_broker(tmp_path / "broker") as made:
        yield made
        made.kill()
