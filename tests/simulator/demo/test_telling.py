"""A story that cannot fail would prove nothing: a step that does not hold ends it, and is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.demo.acting import Scene
from simulator.demo.pictures import columns, story_svg
from simulator.demo.stage import Stage
from simulator.demo.steps import Step
from simulator.demo.story import Story
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
