"""setup with a person before it who finds inputs by trying, changes their mind, loses the terminal, or names what cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.commissioning.interview import TerminalInterview, choice
from agent.config import load
from simulator.box import Box
from tests.agent.cli.dialogue import END, Act, talk
from tests.agent.cli.test_setup import Bare, bare, box, probed  # noqa: F401  # its fixtures

BEGIN: dict[str, Act | list[Act]] = {
    r"unit's id.*: ": "b12-u2",
    r"id of the site.*: ": "badahu",
    r"Its name.*: ": "Stair two, #2",
    r"What it belongs to.*: ": "building/b12",
    r"The centre's broker.*: ": "none",
    r"Display panel: its size.*: ": "own",
    r"fit on a line.*: ": "",
    r"lines of text.*: ": "",
    r"How many doors.*: ": "",
    r"short name for door 1.*: ": "",
    r"Reader card: .*: ": "",
    r"Reader card2: .*: ": "none",
    r"which relay moves.*: ": "1",
    r"without power.*: ": "locked",
    r"NO or NC\?.*: ": "no",
    r"when this unit starts.*: ": "locked",
    r"does a card unlock it.*: ": "",
}
REST: dict[str, Act | list[Act]] = {
    r"how do people get out.*: ": "button",
    r"Exit button of door main: on which.*: ": "2",
    r"Exit button of door main: at rest.*: ": "",
    r"what happens on fire.*: ": "release",
    r"Fire contact of door main: on which.*: ": "3",
    r"Fire contact of door main: at rest.*: ": "",
    r"held open\?.*: ": "",
    r"further wires.*: ": "",
}


def setup(bare: Bare, probed: str, *answers: dict[str, Act | list[Act]]) -> str:  # noqa: F811
    every = {pattern: act for some in answers for pattern, act in some.items()}
    outcome = talk(["-c", str(bare.config), "setup", "--from", probed, "--wait", "5"], every)
    return outcome.stderr


@pytest.mark.slow
def test_what_moved_is_said_and_taken_only_after_a_yes(bare: Bare, box: Box, probed: str) -> None:  # noqa: F811
    """The first input that moves is the exit button's; the second time button and contact move together."""

    def both() -> None:
        box.press_exit()
        box.door().force()

    said = setup(
        bare,
        probed,
        BEGIN,
        {
            r"Contact of door main: on which.*: ": ["find", "find"],
            r">> Open door main.*\n": [box.press_exit, both],
            r"Input 2 of relay changed; it was open before.\nContact of door main: is that it\? yes or no: ": "no",
            r"Contact of door main: which of them is it\? Its number, or none: ": "4",
            r"Error: that one did not change\n.*or none: ": "1",
            r"Contact of door main: at rest.*\[closed\]: ": "",
        },
        REST,
    )
    assert bare.config.exists(), said
    contact = load(bare.config).doors["main"].contact
    assert contact is not None
    assert (contact.device, contact.input, contact.normally) == ("relay", 1, "closed")


@pytest.mark.slow
def test_back_leads_to_every_question_before(bare: Bare, box: Box, probed: str) -> None:  # noqa: F811
    """From the contact, which was found by trying, to the kind of the lock; what was answered stands in brackets meanwhile."""
    said = setup(
        bare,
        probed,
        {r"unit's id.*: ": "back", r"That was the first question(?s:.*): ": "b12-u2"},
        {pattern: act for pattern, act in BEGIN.items() if "unit's" not in pattern},
        {
            r"Contact of door main: on which.*changes: ": "find",
            r">> Open door main.*\n": box.door().force,
            r"is that it\? yes or no: ": "yes",
            r"Contact of door main: at rest.*\[closed\]: ": ["", "back", ""],
            r"out\? button \(which itself closes a circuit that feeds the lock\).*: ": "back",
            r"Contact of door main: on which.*\[relay 1\]: ": ["back", ""],
            r"card unlock it\? \[5\]: ": ["back", ""],
            r"unit starts.*\[locked\]: ": ["back", ""],
            r"NO or NC\? \[no\]: ": ["back", "nc"],
            r"magnetic lock\)\? \[locked\]: ": "unlocked",
            r"out\? button \(which itself opens the lock's supply\).*: ": "button",
        },
        {pattern: act for pattern, act in REST.items() if "get out" not in pattern},
    )
    assert bare.config.exists(), said
    door = load(bare.config).doors["main"]
    assert (door.lock.kind, door.lock.energised) == ("fail-safe", "unlocks")
    assert door.contact is not None
    assert door.contact.input == 1


@pytest.mark.slow
def test_answers_outlive_a_lost_terminal(bare: Bare, probed: str) -> None:  # noqa: F811
    lost = setup(bare, probed, BEGIN, {r"Contact of door main: on which.*: ": END})
    kept = bare.config.with_name("config.yaml.answers")
    assert f"The answers are kept in {kept}" in lost
    assert not bare.config.exists()
    again = dict.fromkeys(BEGIN, "")
    said = setup(bare, probed, again, {r"Contact of door main: on which.*: ": "none"}, REST)
    assert bare.config.exists(), said
    made = load(bare.config)
    assert (made.unit.name, made.unit.scopes) == ("Stair two, #2", ("building/b12",))
    assert made.doors["main"].lock.kind == "fail-secure"
    assert not kept.exists()


def test_what_cannot_be_is_said_before_anybody_is_asked(bare: Bare, probed: str, tmp_path: Path) -> None:  # noqa: F811
    found = json.loads(Path(probed).read_text(encoding="utf-8"))
    found["ports"][0]["device"] = "ports/io"
    relative = tmp_path / "relative.json"
    relative.write_text(json.dumps(found))
    outcome = bare.doorward("setup", "--from", str(relative))
    assert (outcome.exit_code, outcome.stderr) == (78, f"{relative}: ports/io must be a path from / on\n")
    bare.config.mkdir()
    outcome = bare.doorward("setup", "--from", probed)
    assert outcome.exit_code == 78
    assert outcome.stderr.endswith("cannot be written here by this user: use root, or -c FILE\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "answer", "text"),
    [
        ("state", "state", "state: a path from / on"),
        ("unit.scopes", "building", "building: say "),
        ("door.2.name", "main", "main is another one already"),
    ],
)
def test_a_wrong_answer_is_caught_at_its_question(bare: Bare, probed: str, key: str, answer: str, text: str) -> None:  # noqa: F811
    outcome = bare.doorward("setup", "--from", probed, "--answers", bare.answers(**{key: answer}))
    assert outcome.exit_code == 78
    assert f"{key}: {text}" in outcome.stderr


@pytest.mark.slow
def test_a_port_named_from_here_is_a_whole_path(bare: Bare, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.chdir(box.folder)
    outcome = bare.doorward("probe", "reader", "--speeds", "9600", "--addresses", "1", "--listen", "0")
    assert outcome.stdout == f"# {box.ports['reader']}: nothing that is known here\n"


def test_going_back_asks_from_the_start_with_the_answers_given(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["a", "b", "back", "a", "c"])
    monkeypatch.setattr("click.prompt", lambda _question, default, err, value_proc: value_proc(next(typed)))
    terminal = TerminalInterview()
    letters = choice("a", "b", "c")
    answers = terminal.whole(lambda: [terminal.ask(key, "?", letters) for key in ("one", "two", "three")])
    assert answers == ["a", "a", "c"]
    assert terminal.given == [("one", "a"), ("two", "a"), ("three", "c")]
