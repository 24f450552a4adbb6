"""setup: a box as it hangs on the wall becomes a configuration that is right, by answers a wireman has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from agent.commissioning.answers import yes_or_no
from agent.commissioning.interview import seconds, whole
from agent.commissioning.wires import place
from agent.config import load, loads
from simulator.box import Box, BoxSpec
from simulator.stairwell import DoorSpec
from simulator.wiring import hardware_yaml
from tests.agent.cli.dialogue import talk
from tests.agent.cli.unit import Unit

SPEC = BoxSpec(
    doors=(
        DoorSpec(),
        DoorSpec("cellar", lock="maglock", relay_contact="no", output=3, contact=5, exit_button=None, fire=7),
    ),
    reader_baud=9600,
)
ANSWERS = {
    "unit.id": "b12-u2",
    "unit.site": "badahu",
    "unit.name": "12号楼2单元",
    "unit.scopes": "building/b12 yard/y07",
    "link": "none",
    "panel.design": "own",
    "doors": "2",
    "door.2.name": "cellar",
    "reader.card": "main",
    "reader.card2": "cellar",
    "door.main.lock.output": "1",
    "door.main.lock.without_power": "locked",
    "door.main.lock.terminal": "NO",
    "door.main.lock.safe_state": "locked",
    "door.main.contact.input": "1",
    "door.main.exit": "button",
    "door.main.exit_button.input": "2",
    "door.main.on_fire": "release",
    "door.main.fire.input": "3",
    "door.cellar.lock.output": "3",
    "door.cellar.lock.without_power": "unlocked",
    "door.cellar.lock.terminal": "NO",
    "door.cellar.lock.safe_state": "locked",
    "door.cellar.contact.input": "5",
    "door.cellar.exit": "mechanical",
    "door.cellar.on_fire": "release",
    "door.cellar.fire.input": "7",
    "inputs": "1",
    "input.1.name": "gas",
    "input.gas.input": "4",
    "input.gas.alarm": "yes",
}


class Bare(Unit):
    """A unit without a configuration."""

    def answers(self, **changes: str | None) -> str:
        values: dict[str, str | None] = {**ANSWERS, "state": str(self.state), "identity": str(self.identity)}
        values |= {key.replace("__", "."): value for key, value in changes.items()}
        path = self.folder / "answers"
        path.write_text("".join(f"{key}: {value}\n" for key, value in values.items() if value is not None))
        return str(path)


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    made = Bare(tmp_path)
    made.state.mkdir()
    return made


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path / "ports", SPEC) as box:
        yield box


@pytest.fixture
def probed(box: Box, tmp_path: Path) -> str:
    """What probe finds at the box: as it would print it."""

    def entry(port: str, speed: int, **seen: object) -> Mapping[str, object]:
        return {"device": str(box.ports[port]), "speed": speed, "fault": None, "found": [{"detail": "", **seen}]}

    found = [
        entry("io", 9600, driver="modbus-relay", address=1, options={"address": 1, "model": "waveshare-d"}),
        entry("screen", 115200, driver="dwin", options={}),
        entry("reader", 9600, driver="line-reader", options={"radix": "decimal"}),
        entry("reader2", 9600, driver="line-reader", options={"radix": "decimal"}),
    ]
    path = tmp_path / "probe.json"
    path.write_text(json.dumps({"ports": found}))
    return str(path)


def test_from_a_probe_and_answers_to_a_configuration_that_is_right(bare: Bare, box: Box, probed: str) -> None:
    outcome = bare.doorward("setup", "--from", probed, "--answers", bare.answers())
    assert bare.config.exists(), outcome.output
    made = load(bare.config)
    wired = loads(made_text(bare.config) + hardware_yaml(box), bare.config)
    assert made.doors == wired.doors
    assert made.displays == wired.displays
    assert made.inputs == wired.inputs
    assert {name: port.baud for name, port in made.ports.items()} == {
        name: port.baud for name, port in wired.ports.items()
    }
    assert {device.driver for device in made.devices.values()} == {device.driver for device in wired.devices.values()}
    assert made.link is None
    assert (made.unit.name, made.unit.scopes) == ("12号楼2单元", ("building/b12", "yard/y07"))
    assert "configuration: unit b12-u2 of badahu, 4 ports, 4 devices, 2 doors" in outcome.stdout, "check ran"
    assert bare.config.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(("answer", "room"), [("301", "301"), (None, None)])
def test_a_meter_that_was_found_is_asked_whose_water_it_is(
    bare: Bare, probed: str, answer: str | None, room: str | None
) -> None:
    path = Path(probed)
    looks = json.loads(path.read_text())
    options = {"protocol": "cjt188", "address": "00000012345678"}
    seen = {"driver": "meter", "detail": "", "options": options, "parity": "even"}
    looks["ports"].append({"device": "/dev/ttyS7", "speed": 2400, "fault": None, "found": [seen]})
    path.write_text(json.dumps(looks))
    bare.doorward("setup", "--from", probed, "--answers", bare.answers(water__room=answer))
    made = load(bare.config)
    assert (made.ports["meters"].baud, made.ports["meters"].parity) == (2400, "even")
    assert (made.devices["water"].options.address, made.devices["water"].options.room) == ("00000012345678", room)
    outcome = bare.doorward("setup", "--from", probed, "--answers", bare.answers(water__room="x" * 40, replace="yes"))
    assert outcome.exit_code == 78
    assert "1 to 32 characters" in outcome.stderr.splitlines()[-1]


def made_text(path: Path) -> str:
    """The unit's part of a configuration."""
    text = path.read_text()
    return text[: text.index("ports:")]


@pytest.mark.slow
def test_asked_at_a_terminal_with_inputs_found_by_trying(bare: Bare, box: Box, probed: str) -> None:
    door = box.door()
    outcome = talk(
        ["-c", str(bare.config), "setup", "--from", probed],
        {
            r"unit's id.*: ": "B12!",
            r"Error: .*\n.*unit's id.*: ": "b12-u2",
            r"id of the site.*: ": "badahu",
            r"Its name.*: ": "",
            r"What it belongs to.*: ": "",
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
            r"NO or NC\?: ": "no",
            r"when this unit starts.*: ": "locked",
            r"does a card unlock it.*: ": "7.5",
            r"Contact of door main: on which.*: ": "find",
            r">> Open door main.*\n": door.force,
            r"Contact of door main: is that it\?.*: ": "yes",
            r"Contact of door main: at rest.*\[closed\]: ": "",
            r"Exit button of door main: on which.*: ": "find",
            r">> Press the exit.*\n": box.press_exit,
            r"Exit button of door main: is that it\?.*: ": "yes",
            r"Exit button of door main: at rest.*\[open\]: ": "",
            r"how do people get out.*: ": "button",
            r"what happens on fire.*: ": "release",
            r"Fire contact of door main: on which.*: ": "find",
            r">> Set the fire contact.*\n": box.fire,
            r"Input 3 of relay changed; it was closed before": lambda: None,
            r"Fire contact of door main: which of them.*: ": "3",
            r"Fire contact of door main: at rest.*\[closed\]: ": "",
            r"held open\?.*: ": "",
            r"further wires.*: ": "",
        },
    )
    assert bare.config.exists(), outcome.stderr
    made = load(bare.config).doors["main"]
    wired = loads(made_text(bare.config) + hardware_yaml(box), bare.config).doors["main"]
    assert made == replace(wired, lock=replace(wired.lock, pulse_s=7.5))
    assert "Next: doorward selftest" in outcome.stderr


def test_what_must_not_be_guessed_has_no_default(bare: Bare, probed: str) -> None:
    for key in (
        "door.main.lock.output",
        "door.main.lock.without_power",
        "door.main.lock.terminal",
        "door.main.lock.safe_state",
        "door.main.contact.input",
        "door.main.exit",
        "door.main.exit_button.input",
        "door.main.on_fire",
        "door.main.fire.input",
    ):
        outcome = bare.doorward("setup", "--from", probed, "--answers", bare.answers(**{key: None}))
        assert outcome.exit_code == 78, key
        assert f"{key}: is missing: " in outcome.stderr
        assert not bare.config.exists()


@pytest.mark.parametrize(
    ("key", "answer", "text"),
    [
        ("door.cellar.lock.output", "1", "moves another door's lock"),
        ("door.cellar.lock.output", "9", "1 to 8"),
        ("door.cellar.contact.input", "2", "is door.main.exit_button already"),
        ("door.main.exit", "window", "say button or mechanical or none"),
        ("link", "mqtt://broker", "insecure"),
        ("unit.id", "B12", "lower-case"),
        ("door.roof.exit", "button", "nothing asks for this"),
    ],
)
def test_an_answer_that_does_not_fit_is_one_line_with_its_place(
    bare: Bare, probed: str, key: str, answer: str, text: str
) -> None:
    outcome = bare.doorward("setup", "--from", probed, "--answers", bare.answers(**{key: answer}))
    assert outcome.exit_code == 78
    last = outcome.stderr.splitlines()[-1]
    assert last.startswith(f"{bare.folder / 'answers'}:")
    assert f": {key}: " in last
    assert text in last
    assert not bare.config.exists()


def test_what_is_there_is_replaced_only_after_a_yes(bare: Bare, probed: str) -> None:
    bare.config.write_text("mine")
    for answer in (None, "no"):
        outcome = bare.doorward("setup", "--from", probed, "--answers", bare.answers(replace=answer))
        assert (outcome.exit_code, outcome.stderr) == (1, f"{bare.config} is left as it is\n")
        assert bare.config.read_text() == "mine"
    bare.doorward("setup", "--from", probed, "--answers", bare.answers(replace="yes"))
    assert load(bare.config).unit.id == "b12-u2"
    (kept,) = bare.folder.glob("config.yaml.before-*")
    assert kept.read_text() == "mine"
    assert not list(bare.folder.glob(".config.yaml.*"))


def test_no_board_and_no_probe(bare: Bare, tmp_path: Path) -> None:
    path = tmp_path / "probe.json"
    path.write_text('{"ports": []}')
    outcome = bare.doorward("setup", "--from", str(path), "--answers", bare.answers())
    assert (outcome.exit_code, outcome.stderr.splitlines()[-1]) == (
        69,
        "no relay board was found, and a door needs one",
    )
    path.write_text('{"ports": [{"device": 1}]}')
    outcome = bare.doorward("setup", "--from", str(path), "--answers", bare.answers())
    assert (outcome.exit_code, outcome.stderr) == (78, f"{path}: is not what doorward probe --json prints\n")


def test_answers_are_read_strictly() -> None:
    assert place({"relay": 8}, "3") == ("relay", 3)
    assert place({"relay": 8, "relay2": 8}, "relay2 8") == ("relay2", 8)
    for counts, text in (({"relay": 8}, "0"), ({"relay": 8}, ""), ({"a": 1, "b": 1}, "1"), ({"relay": 8}, "relay two")):
        with pytest.raises(ValueError):
            place(counts, text)
    for read, text in (
        (whole(1, 8), "9"),
        (whole(1, 8), "-1"),
        (seconds(1, 2), "nan"),
        (seconds(1, 2), "x"),
        (yes_or_no, ""),
    ):
        with pytest.raises(ValueError):
            read(text)
