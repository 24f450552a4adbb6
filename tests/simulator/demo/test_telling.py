"""A story that cannot fail would prove nothing: a step that does not hold ends it, and is named."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from centre.cli.command import NO_ANSWER
from simulator.demo.acting import Scene, course_of
from simulator.demo.bureau import BookFact
from simulator.demo.children import Outcome
from simulator.demo.pictures import columns, story_svg
from simulator.demo.stage import Stage
from simulator.demo.steps import Step
from simulator.demo.story import Story
from simulator.demo.terminal import _facts
from simulator.demo.visitor import Visitor
from simulator.demo.waiting import NotHeldError, expect, stays, until


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Not entered: nothing runs."""
    return Stage(tmp_path)


def held(scene: Scene) -> str:
    return "seen"


def not_held(scene: Scene) -> str:
    raise NotHeldError("the lock stayed shut")


def test_a_step_that_does_not_hold_ends_the_story(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    steps = (Step("first", held), Step("second", not_held), Step("third", held))
    story = Story(stage, said.append, steps)
    assert not story.run()
    assert [told.held for told in story.told] == [True, False]
    assert any("FAILED  second" in line for line in said)
    assert any("the lock stayed shut" in line for line in said)
    assert "last words" in capsys.readouterr().err
    assert "✗" in story_svg(story.told)


def test_a_story_whose_steps_hold(stage: Stage) -> None:
    said: list[str] = []
    assert Story(stage, said.append, (Step("first", held),)).run()
    assert "seen" in said[1]


def test_a_fault_of_the_story_itself_is_not_taken_for_a_step_that_held(stage: Stage) -> None:
    def broken(scene: Scene) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Story(stage, lambda _: None, (Step("first", broken),)).run()


def test_waiting_says_what_for() -> None:
    assert until("two", lambda: 2) == 2
    with pytest.raises(NotHeldError, match=r"not within 0\.05 s: the moon"):
        until("the moon", lambda: None, 0.05)
    with pytest.raises(NotHeldError, match="shut"):
        expect("shut", [])
    with pytest.raises(NotHeldError, match="shut"):
        stays("shut", lambda: False, 0.05)


def test_display_width() -> None:
    assert columns("12号楼2单元") == 11


def test_a_course_that_stopped_is_no_answer() -> None:
    """However far it came: a cut network must not read as an open that went well."""
    line = "2026-11-25 21:00:00  {}\n"
    heard = "".join(line.format(state) for state in ("accepted", "done"))
    assert course_of(Outcome(0, heard + line.format("opened"), "")) == "accepted, done, opened"
    assert course_of(Outcome(NO_ANSWER, heard, "centre: b12-u2: nothing more was heard")) == "accepted, done, no answer"
    assert course_of(Outcome(NO_ANSWER, "", "centre: b12-u2: no answer")) == "no answer"


def test_the_time_beside_the_panel_is_the_units(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts and what was done, wherever the machine of the demo stands."""
    at = datetime(2026, 11, 25, 13, 5, 59, 250_000, UTC).timestamp()
    monkeypatch.setenv("TZ", "America/Lima")
    time.tzset()
    try:
        monkeypatch.setattr("time.time", lambda: at)
        with closing(Visitor(stage)) as visitor:
            visitor.say("the door holds")
            assert list(visitor.said) == ["21:05:59  the door holds"]
        fact = BookFact(1, "b12-u2", "e", 7, at, "door.opened", {"at": "2026-11-25T13:05:59.250Z"})
        console = Console(width=100, record=True)
        console.print(_facts([fact], 1))
        assert "21:05:59.250" in console.export_text()
    finally:
        monkeypatch.undo()
        time.tzset()
