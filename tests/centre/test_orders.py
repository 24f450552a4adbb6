"""Orders to a unit over a real broker: signed, short-lived, never retained; their course told as it is heard."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import select

from centre import schema
from centre.intake import InboundMessage
from contract.envelope import key_ring, verify
from contract.messages import Kind
from contract.plain import Reply, ReplyState, build_will
from contract.topics import up
from tests.centre.site import Site
from tests.centre.unit import FakeUnit, door
from tests.centre.wire import Wire
from tests.waiting import eventually


def ordered(
    site: Site, unit: FakeUnit, wire: Wire, states: list[tuple[str, str | None]], code: int, *args: str
) -> Result:
    """Gives an order and answers it as the unit would."""
    results: list[Result] = []
    before = len(wire.payloads("/command"))
    thread = threading.Thread(target=lambda: results.append(site.desk.run(*args, code=code)), name="order")
    thread.start()
    eventually(lambda: len(wire.payloads("/command")) > before)
    command = command_of(site, unit, wire.payloads("/command")[-1])
    for state, reason in states:
        reply = Reply(command["id"], ReplyState(state), time.time(), reason, "main")
        wire.send(unit.reply(Reply("other", ReplyState.REFUSED, time.time(), "rate")))
        wire.send(unit.reply(reply))
    thread.join(10)
    assert results
    return results[0]


def command_of(site: Site, unit: FakeUnit, token: bytes) -> dict[str, Any]:
    assert unit.enrolment is not None
    ring = key_ring(bytes.fromhex(unit.enrolment.root_key), unit.enrolment.working_keys)
    payload = verify(token, Kind.COMMAND, ring)
    assert isinstance(payload, dict)
    return payload


OPEN = ("open", "--unit", "b12-u2", "--door", "main", "--why", "locked out", "--actor", "wang")


@pytest.mark.parametrize("serving", [True, False])
@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([("accepted", None), ("done", None), ("opened", None)], 0),
        ([("accepted", None), ("done", None), ("no_entry", None)], 5),
        ([("refused", "clock")], 3),
    ],
)
def test_the_course_of_an_open(site: Site, serving: bool, states: list[tuple[str, str | None]], code: int) -> None:
    if serving:
        site.serve()
    unit, wire = site.unit(enrolled=True)
    result = ordered(site, unit, wire, states, code, *OPEN)
    told = [line.split("  ")[1] for line in result.stdout.splitlines()]
    assert told == [f"{state}: {reason}" if reason else state for state, reason in states]
    payload = command_of(site, unit, wire.payloads("/command")[0])
    assert (payload["unit"], payload["action"], payload["args"]) == ("b12-u2", "open", {"door": "main"})
    assert payload["exp"] - payload["iat"] <= 30
    assert not any(retained for topic, _, retained in wire.got if topic.endswith("/command"))
    kept = site.desk.rows(select(schema.commands))[0]
    assert (kept.id, kept.actor, kept.why) == (payload["id"], "wang", "locked out")


@pytest.mark.parametrize("serving", [True, False])
def test_a_forged_reply_ends_no_order(site: Site, serving: bool) -> None:
    """Of another unit, on the unit's own topic or on another's: what is told is what the unit said."""
    if serving:
        site.serve()
    unit, wire = site.unit(enrolled=True)
    other, its = site.unit("b12-u3", enrolled=True)
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(site.desk.run(*OPEN, code=0)), name="order")
    thread.start()
    eventually(lambda: wire.payloads("/command"))
    name = command_of(site, unit, wire.payloads("/command")[0])["id"]
    refused = other.reply(Reply(name, ReplyState.REFUSED, time.time(), "device"))
    wire.send(InboundMessage(unit.reply(Reply(name, ReplyState.DONE, 1.0)).topic, refused.payload))
    its.send(refused)
    for state in (ReplyState.ACCEPTED, ReplyState.DONE, ReplyState.OPENED):
        wire.send(unit.reply(Reply(name, state, time.time(), None, "main")))
    thread.join(10)
    assert [line.split("  ")[1] for line in results[0].stdout.splitlines()] == ["accepted", "done", "opened"]


@pytest.mark.slow
def test_nobody_answers(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("centre.commands.OPEN_VALID_S", 0.3)
    monkeypatch.setattr("centre.commands.ANSWER_S", 0.2)
    monkeypatch.setattr("centre.commands.OUTCOME_S", 0.3)
    unit, wire = site.unit(enrolled=True)
    assert site.desk.run(*OPEN, code=4).stderr == "centre: b12-u2: no answer; never heard of\n"
    site.desk.take(unit.status(doors={"main": door()}))
    site.desk.take(unit.message("status", build_will("s1")))
    assert "no answer; offline since 20" in site.desk.run(*OPEN, code=4).stderr
    assert "nothing more was heard" in ordered(site, unit, wire, [("accepted", None), ("done", None)], 4, *OPEN).stderr


@pytest.mark.parametrize(
    ("args", "action"),
    [(("identify",), "identify"), (("restart",), "restart"), (("resync",), "resync"), (("fire-reset",), "fire_reset")],
)
def test_other_orders_end_with_done(site: Site, args: tuple[str, ...], action: str) -> None:
    unit, wire = site.unit(enrolled=True)
    order = (*args, "--unit", "b12-u2", "--why", "test")
    assert ordered(site, unit, wire, [("accepted", None), ("done", None)], 0, *order).exit_code == 0
    assert command_of(site, unit, wire.payloads("/command")[0])["action"] == action


@pytest.mark.parametrize(
    ("args", "sent", "left"),
    [
        (("lockdown", "--until", "2h"), {"mode": "lockdown"}, 7200),
        (("hold_open", "--until", "15m", "--door", "main"), {"mode": "hold_open", "door": "main"}, 900),
        (("normal",), {"mode": "normal"}, 60),
    ],
)
def test_a_mode_has_an_end(site: Site, args: tuple[str, ...], sent: dict[str, object], left: float) -> None:
    unit, wire = site.unit(enrolled=True)
    order = ("mode", *args, "--unit", "b12-u2", "--why", "test")
    assert ordered(site, unit, wire, [("accepted", None), ("done", None)], 0, *order).exit_code == 0
    payload = command_of(site, unit, wire.payloads("/command")[0])
    until = payload["args"].pop("until")
    assert (payload["action"], payload["args"]) == ("mode", sent)
    assert until - payload["iat"] == pytest.approx(left, abs=5)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("lockdown",), "--until is needed"),
        (("normal", "--until", "2h"), "--until: normal has no end"),
        (("hold_open", "--until", "40d"), "--until: at most 31 days from now"),
        (("hold_open", "--until", "-5m"), "--until: is over already"),
        (("lockdown", "--until", "soon"), "--until: "),
        (("lockdown", "--until", "2h", "--door", "a b"), "--door: 'a b' is no id"),
    ],
)
def test_a_mode_that_no_unit_would_take_is_not_sent(site: Site, args: tuple[str, ...], told: str) -> None:
    _, wire = site.unit(enrolled=True)
    assert told in site.desk.run("mode", *args, "--unit", "b12-u2", "--why", "x", code=2).stderr
    assert not wire.payloads("/command")


def test_a_door_that_the_unit_does_not_have_is_not_ordered(site: Site) -> None:
    unit, _ = site.unit(enrolled=True)
    site.desk.take(unit.status(doors={"main": door()}))
    told = site.desk.run("open", "--unit", "b12-u2", "--door", "back", "--why", "x", code=2).stderr
    assert told == "centre: --door: b12-u2 has no door 'back'; it has main\n"


@pytest.mark.parametrize("there", [None, False])
def test_a_door_without_contact_is_done_when_it_is_unlocked(site: Site, there: bool | None) -> None:
    unit, wire = site.unit(enrolled=True)
    site.desk.take(unit.status(doors={"main": door(there)}))
    states = [("accepted", None), ("done", None)] + ([] if there is None else [("opened", None)])
    assert ordered(site, unit, wire, states, 0, *OPEN).stdout.count("\n") == len(states)


def offline(unit: FakeUnit, wire: Wire) -> None:
    """As the broker keeps it of a unit whose connection ended."""
    wire.publish(unit.message("status", b"").topic, build_will("s1"), retain=True)


def test_a_unit_that_is_offline_is_said_to_be_at_once_and_sent_nothing(site: Site) -> None:
    unit, wire = site.unit(enrolled=True)
    site.serve()
    offline(unit, wire)
    eventually(lambda: site.desk.rows(select(schema.units.c.heard_utc))[0][0] is not None)
    began = time.monotonic()
    said = site.desk.run(*OPEN, code=4)
    assert time.monotonic() - began < 3.0
    assert "b12-u2: nothing was sent; offline since" in said.stderr
    assert site.desk.count(schema.commands) == 0
    assert not wire.payloads("/command")


def test_one_that_is_waited_for_is_sent_it_all_the_same(site: Site) -> None:
    unit, wire = site.unit(enrolled=True)
    offline(unit, wire)
    result = ordered(site, unit, wire, [("accepted", None), ("done", None), ("opened", None)], 0, *OPEN, "--wait")
    assert [line.split("  ")[1] for line in result.stdout.splitlines()] == ["accepted", "done", "opened"]


YARD_DOWN = ("mode", "lockdown", "--until", "1h", "--scope", "yard/y07", "--why", "test", "--actor", "wang")


def test_a_mode_for_a_whole_yard_goes_to_each_unit_and_tells_each_answer(site: Site) -> None:
    """One does it, one refuses, one is offline; a unit of another yard hears nothing."""
    names = ("b1", "b2", "b3")
    there = {name: site.unit(name, enrolled=True) for name in names}
    its = there["b3"][1]
    its.publish(up("badahu", "b3", "status"), build_will("s1"), retain=True)
    elsewhere = site.desk.unit("c1", "yard/y08")
    other = site.wire(elsewhere)
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(site.desk.run(*YARD_DOWN, code=3)), name="order")
    thread.start()
    for name, state, reason in (("b1", ReplyState.DONE, None), ("b2", ReplyState.REFUSED, "storage")):
        unit, wire = there[name]
        command = command_of(site, unit, eventually(lambda wire=wire: wire.payloads("/command"))[0])
        assert (command["unit"], command["scope"], command["action"]) == (name, f"unit/{name}", "mode")
        if state is ReplyState.DONE:
            wire.send(unit.reply(Reply(command["id"], ReplyState.ACCEPTED, time.time())))
        wire.send(unit.reply(Reply(command["id"], state, time.time(), reason)))
        forged = elsewhere.reply(Reply(command["id"], ReplyState.REFUSED, time.time(), "device"))
        other.send(forged)
    thread.join(15)
    told = results[0].stdout.splitlines()
    assert [line.split("  ")[0] for line in told if line.startswith("b")].count("b1") == 2
    assert told[-1] == "1 of 3 units: done"
    assert "b2: refused" in results[0].stderr
    assert "b3: nothing was sent" in results[0].stderr
    assert not its.payloads("/command")
    assert not other.payloads("/command")
    assert {row.unit for row in site.desk.rows(select(schema.commands))} == {"b1", "b2"}
    assert site.desk.run("verify", code=0)


def test_a_mode_needs_one_place(site: Site) -> None:
    for args in ((), ("--unit", "b1", "--scope", "yard/y07")):
        assert "say --unit or --scope" in site.desk.run("mode", "normal", *args, "--why", "x", code=2).stderr
    assert "no unit is there" in site.desk.run("mode", "normal", "--scope", "yard/y99", "--why", "x", code=2).stderr
