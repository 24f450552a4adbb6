"""A new unit's key gets to the centre, and its one-time token goes, on the real process."""

from __future__ import annotations

import pytest

from agent.identity import TOKEN
from simulator.demo.stage import Stage
from tests.waiting import eventually


@pytest.mark.slow
def test_the_token_goes_once_the_centre_has_the_key_and_not_before(stage: Stage) -> None:
    stage.start_broker()
    stage.start_agent()
    eventually(lambda: "link up" in stage.agent.log.read_text(encoding="utf-8"), 10.0)
    assert (stage.identity / TOKEN).exists()
    stage.bureau.serve.start()
    eventually(lambda: not (stage.identity / TOKEN).exists(), 10.0)
    assert stage.agent.stop() == 0
