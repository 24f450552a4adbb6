"""The loop: what comes first, and what a start with the door only keeps from the core."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.clock import Clock
from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits
from agent.core.controller import initial
from agent.inbox import Inbox
from agent.loop import Loop
from contract.messages import Settings
from contract.scopes import Scope
from tests.agent.core.bench import notice, unit_plan

LOADED = ev.StateLoaded((notice(), Settings(Scope("yard", "y07"), 1, 0.0, language="en")))


class Bed:
    """A loop with its inbox, and what it ordered. Ends with the order to stop."""

    def __init__(self, *, mono: Callable[[], float] | None = None) -> None:
        self.inbox = Inbox()
        self.done: list[fx.Effect] = []
        clock = Clock("Asia/Shanghai") if mono is None else Clock("Asia/Shanghai", monotonic=mono)
        self.loop = Loop(
            initial(unit_plan()),
            self.inbox,
            clock,
            self._carry_out,
            turned=lambda: None,
        )

    def _carry_out(self, effect: fx.Effect) -> None:
        self.done.append(effect)
        if isinstance(effect, fx.Stop):
            self.loop.stop()

    def run(self, *waiting: ev.Event, latched: frozenset[str] = frozenset(), door_only: bool = False) -> None:
        for event in (*waiting, ev.StopAsked("test")):
            self.inbox.post(event)
        self.loop.run(ev.Started("s1", latched, door_only))

    @property
    def events(self) -> list[ev.Event]:
        return [step.event for step in self.loop.steps()]


@pytest.mark.claim("D4")
def test_the_start_comes_before_whatever_the_ports_have_told_already() -> None:
    bed = Bed()
    bed.run(ev.DeviceBack("relay", ""), ev.FireChanged("main", active=True), latched=frozenset({"main"}))
    assert isinstance(bed.events[0], ev.Started)
    assert bed.done[0] == fx.SetLock("main", 1, True, bed.done[0].not_after_mono)  # type: ignore[union-attr]
    assert all(effect.unlocked for effect in bed.done if isinstance(effect, fx.SetLock)), "latched, and it locked"


@pytest.mark.claim("D11")
@pytest.mark.parametrize("over", [False, True])
def test_with_the_door_only_neither_notices_nor_settings_are_read_until_its_minutes_are_over(
    monkeypatch: pytest.MonkeyPatch, over: bool
) -> None:
    """Either may be what crashed us, and the cache has them again at each start."""
    if over:
        monkeypatch.setattr(limits, "DOOR_ONLY_S", 0.0)
    bed = Bed()
    bed.run(LOADED, door_only=True)
    before, after = bed.loop.steps()[0].before, bed.loop.steps()[-1].before
    assert after.door_only is not over
    assert after.unread == (() if over else (LOADED,))
    assert (after.board == before.board) is not over
    assert (after.language == "en") is over
