"""What else comes up: alarms ahead of their facts, births and deaths, the course of commands, enrolment; and the digest sent down."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import insert, select

from centre import commands, schema
from centre.intake import InboundMessage
from contract import chain
from contract.bounds import rfc3339
from contract.commands import Open
from contract.digest import digest
from contract.messages import Kind
from contract.plain import Reply, ReplyState, build_will
from contract.scopes import Scope
from contract.strict_json import dumps
from tests.centre.conftest import Desk
from tests.centre.test_intake import alarms, only_answer
from tests.centre.unit import SITE, FakeUnit


def test_an_alarm_is_taken_at_once_and_matched_by_the_chain(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact("door.forced", door="main")
    outcome = desk.take(unit.alarm(1), unit.alarm(1))
    assert [(each.unit, each.kind, each.seq) for each in outcome.alarms] == [("b12-u2", "door.forced", 1)]
    assert [(row.kind, row.matched) for row in desk.rows(select(schema.alarms))] == [("door.forced", None)]
    desk.fresh_intake()
    desk.take(unit.batch(), unit.alarm(1))
    assert [(row.kind, row.matched) for row in desk.rows(select(schema.alarms))] == [("door.forced", True)]


def test_an_alarm_that_got_lost_is_made_from_its_fact(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact("lock.fault", device="relay")
    desk.take(unit.batch())
    assert desk.take(unit.alarm(1)).lines == []
    assert [(row.kind, row.matched) for row in desk.rows(select(schema.alarms))] == [("lock.fault", True)]


@pytest.mark.parametrize("alarm_first", [True, False])
def test_an_alarm_of_another_line_than_the_chain_is_told(desk: Desk, alarm_first: bool) -> None:
    unit = desk.unit()
    unit.fact("door.opened", door="main")
    false = chain.line(1, unit.at, "synced", 1, 0.0, "door.forced", {"door": "main"})
    messages = [unit.alarm(1, false), unit.batch()]
    desk.take(*(messages if alarm_first else reversed(messages)))
    found = {row.kind: row.matched for row in desk.rows(select(schema.alarms))}
    assert found == {"door.forced": False, "alarm.mismatch": None}


def test_a_forged_alarm_is_refused(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact("door.forced", door="main")
    thief = FakeUnit("b12-u2")
    thief.fact("door.forced", door="main")
    assert desk.take(thief.alarm(1), InboundMessage(unit.alarm(1).topic, b"{}")).refused == 2
    assert desk.count(schema.alarms) == 0


def test_the_token_is_good_for_one_key_once(desk: Desk) -> None:
    unit = desk.unit(enrolled=False)
    unit.fact()
    assert desk.take(unit.batch()).refused == 1, "not enrolled yet"
    assert desk.take(unit.enrol(), unit.batch()).new == 1
    assert desk.take(unit.enrol()).refused == 0, "the same word again is no harm"
    thief = FakeUnit("b12-u2", unit.enrolment)
    thief.fact()
    desk.fresh_intake()
    assert desk.take(thief.enrol(), thief.batch()).refused == 2
    assert alarms(desk) == ["enrol.second_key"]
    assert [row.token for row in desk.rows(select(schema.tokens))] == [None]


def test_a_later_enrolment_file_ends_an_earlier_one_for_good(desk: Desk) -> None:
    first = desk.unit(enrolled=False)
    second = FakeUnit("b12-u2", desk.enrolment("b12-u2"))
    assert desk.take(second.enrol()).refused == 0
    desk.fresh_intake()
    assert desk.take(first.enrol()).refused == 1


def test_a_replaced_box_is_enrolled_anew_and_linked(desk: Desk) -> None:
    old = desk.unit()
    old.fact(count=3)
    desk.take(old.batch())
    box = FakeUnit("b12-u2", desk.enrolment("b12-u2"), epoch="e9")
    box.fact(count=2)
    wrong = FakeUnit("b12-u2", old.enrolment)
    assert desk.take(wrong.enrol()).refused == 1, "the earlier file works no more"
    assert only_answer(desk.take(box.enrol(), box.batch())).epoch == "e9"
    old.fact()
    assert desk.take(old.batch(4, 4)).refused == 1, "the old box is out"
    epochs = desk.rows(select(schema.epochs).order_by(schema.epochs.c.id))
    assert epochs[1].previous == epochs[0].id
    assert alarms(desk) == []
    desk.run("verify")


def test_sessions_count_not_times(desk: Desk) -> None:
    unit = desk.unit()

    def online() -> bool:
        return bool(desk.rows(select(schema.units.c.online))[0][0])

    desk.take(unit.status(session="s1"))
    assert online()
    desk.take(unit.status(session="s2"), unit.message("status", build_will("s1")))
    assert online(), "the death of an earlier session came late"
    desk.take(unit.message("status", build_will("s2")))
    assert not online()
    assert desk.take(unit.message("status", b"")).refused == 0
    assert desk.take(unit.message("status", dumps({"state": "online", "session": "s3"}))).refused == 1
    assert online(), "a birth that lacks what every status has is one all the same"
    outcome = desk.take(unit.status(session="s3", stale=True))
    assert outcome.stale == {Scope("site", SITE), Scope("unit", "b12-u2")}


def ordered(desk: Desk, name: str, unit: str) -> None:
    """A command in the books."""
    with desk.books.writing() as conn:
        made = commands.make(SITE, unit, Open("main"), "wang", "locked out", 20.0, desk.now)
        commands.record(conn, replace(made, id=name))


def test_only_the_unit_that_a_command_named_has_a_say_in_its_course(desk: Desk) -> None:
    """By reply or by fact; and a reply counts with the unit's signature alone."""
    unit, other = desk.unit(), desk.unit("b12-u3")
    ordered(desk, "c1", "b12-u2")
    done = Reply("c1", ReplyState.DONE, unit.at, door="main")
    unsigned = dumps({"id": "c1", "state": "done", "at": rfc3339(unit.at)})
    moved = InboundMessage(unit.reply(done).topic, other.reply(done).payload)
    late = InboundMessage(other.reply(done).topic, unit.reply(done).payload)
    taken = desk.take(other.reply(done), unit.message("reply", unsigned), moved, late)
    assert taken.refused == 4
    assert desk.take(unit.reply(replace(done, id="c9"))).refused == 1, "no such command"
    other.fact("command.done", id="c1", action="open")
    assert desk.take(other.batch()).new == 1, "the fact is kept"
    assert desk.count(schema.courses) == 0
    assert desk.take(unit.reply(done)).refused == 0
    assert [(row.unit, row.state) for row in desk.rows(select(schema.courses))] == [("b12-u2", "done")]


def test_the_course_of_a_command_from_replies_and_facts(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact("command.accepted", id="c1", action="open", actor="wang")
    unit.fact("command.done", id="c1", action="open")
    unit.fact("command.done", id=["not", "an", "id"])
    ordered(desk, "c1", "b12-u2")
    reply = unit.reply(Reply("c1", ReplyState.ACCEPTED, unit.at))
    opened = unit.reply(Reply("c1", ReplyState.OPENED, unit.at, door="main"))
    desk.take(reply, reply, unit.batch(), opened)
    assert {row.state for row in desk.rows(select(schema.courses))} == {"accepted", "done", "opened"}


def test_the_digest_is_of_what_the_unit_should_have(desk: Desk) -> None:
    unit = desk.unit("b12-u2", "yard/y07")
    assert desk.intake.confirm(only_answer(desk.take(unit.nothing()))).digest == digest(
        [("keys", "site/badahu", "", 1)]
    )
    desk.run("notice", "put", "--yes", "--scope", "yard/y07", "--title", "停水", "--text", "明天", "--id", "n1")
    desk.run("notice", "put", "--yes", "--scope", "yard/y08", "--title", "停水", "--text", "明天", "--id", "n2")
    desk.run("settings", "put", "--yes", "--scope", "site/badahu", "--language", "en")
    own = [("keys", "site/badahu", "", 1), ("settings", "site/badahu", "", desk.rev(Kind.SETTINGS, "site/badahu"))]
    notice = ("notice", "yard/y07", "n1", desk.rev(Kind.NOTICE, "yard/y07", "n1"))
    assert desk.intake.confirm(only_answer(desk.take(unit.nothing()))).digest == digest([*own, notice])
    desk.run("notice", "withdraw", "n1")
    assert desk.intake.confirm(only_answer(desk.take(unit.nothing()))).digest == digest(own)


# --- a NUL, which JSON can bring and PostgreSQL keeps in no text


def test_a_nul_is_refused_or_kept_in_the_line_and_never_stops_the_intake(desk: Desk) -> None:
    unit, other = desk.unit("a"), desk.unit("b")
    order = {"unit": "a", "action": "resync", "args": "{}", "actor": "x", "why": "", "iat_utc": 0.0, "exp_utc": 0.0}
    with desk.books.writing() as conn:
        conn.execute(insert(schema.commands), [order | {"id": name} for name in ("c1", "c2")])
    when = "2026-09-21T14:13:21.000Z"
    reply = {"id": "c1", "state": "refused", "at": when, "reason": "a\0b"}
    bad = [
        unit.reply(Reply("c1", ReplyState.REFUSED, desk.now, "a\0b")),
        unit.message("status", json.dumps({"state": "online", "session": "s\0"}).encode()),
        unit.message("status", build_will("\0")),
        unit.message("reply", json.dumps(reply | {"state": "\0"}).encode()),
    ]
    unit.fact("command.refused", id="c2", reason="x\0y", actor="\0")
    unit.fact("door.forced", door="main", note="\0")
    other.fact("odd\0kind")
    outcome = desk.take(*bad, unit.batch(), other.batch())
    assert (outcome.new, outcome.refused) == (2, 4)
    assert [confirm.unit for confirm in outcome.answers] == ["a"]
    courses = desk.rows(select(schema.courses.c.command, schema.courses.c.reason).order_by(schema.courses.c.command))
    assert courses == [("c1", "a\ufffdb"), ("c2", "x\ufffdy")]
    assert [bytes(row.line) for row in desk.rows(select(schema.facts.c.line))] == unit.lines
    assert not any("\0" in row.detail for row in desk.rows(select(schema.refusals)))
