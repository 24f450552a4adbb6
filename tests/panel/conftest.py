"""Finished panels, each built once in a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.display.design import Form
from simulator.dwin_set.render import Renderer
from tests.panel.shots import panel_of


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Form], Renderer]:
    into = tmp_path_factory.mktemp("panels")
    return lambda form: panel_of(form, into)
