"""The door's table: complete, and what it must never do in a phase it does not."""

from __future__ import annotations

from itertools import product

import pytest

from agent.core import door, door_actions
from agent.core.door import IGNORED, TABLE, Signal
from agent.core.state.door import Phase


def test_every_pair_of_phase_and_signal_is_in_the_table_or_ignored_with_a_reason() -> None:
    pairs = set(product(Phase, Signal))
    assert set(TABLE) | set(IGNORED) == pairs
    assert not set(TABLE) & set(IGNORED)
    assert all(reason.strip() for reason in IGNORED.values())


@pytest.mark.claim("D1")
def test_fire_releases_in_every_phase() -> None:
    for phase in Phase:
        again = phase is Phase.FIRE
        assert TABLE[phase, Signal.FIRE] is (door_actions.release_again if again else door_actions.release)


def test_nothing_pulses_a_released_or_held_door() -> None:
    """A pulse ends in a lock: it would end the release."""
    pulsing = {door_actions.grant, door_actions.exit_pressed, door_actions.exit_pressed_in_lockdown}
    for signal in Signal:
        assert TABLE.get((Phase.FIRE, signal)) not in pulsing | {door_actions.lease}
        assert TABLE.get((Phase.HELD, signal)) not in pulsing


def test_rows_are_as_wide_as_the_phases() -> None:
    assert len(door._COLUMNS) == len(set(door._COLUMNS)) == len(Phase)
    assert set(door._ROWS) == set(Signal)
