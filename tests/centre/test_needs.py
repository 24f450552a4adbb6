"""What needs a person now: all of it, in the order of its urgency, and gone when it is over."""

from __future__ import annotations

from typing import Any

import pytest

from centre import acknowledgements, health, needs
from centre.alarms import Alarms
from centre.conditions import About
from centre.needs import Need, Urgency
from contract.plain import DeviceStatus, DoorStatus, build_will
from tests.centre.conftest import Desk
from tests.centre.unit import FakeUnit, door


def listed(desk: Desk, now: float | None = None) -> list[Need]:
    return needs.of(desk.office, desk.now if now is None else now)


def told(desk: Desk, unit: FakeUnit, kind: str, **data: Any) -> None:
    unit.fact(kind, **data)
    desk.take(unit.alarm(len(unit.lines)))


def test_nothing_where_all_is_well(desk: Desk) -> None:
    unit = desk.unit()
    desk.take(unit.status(doors={"main": door()}))
    assert listed(desk) == []


def test_most_urgent_first_and_the_oldest_first_within(desk: Desk) -> None:
    first, second = desk.unit("a1"), desk.unit("a2")
    desk.take(first.status(doors={"main": DoorStatus("normal", True, False, "ok", held=True)}, clock="floor"))
    told(desk, first, "door.forced", door="main")
    told(desk, second, "door.forced", door="main")
    told(desk, second, "access.duress", door="main", by="h1", via="card")
    second.at -= 100
    told(desk, second, "door.forced", door="back")
    everything = listed(desk)
    assert everything[0].words == "door main, h1"
    found = [(each.about, each.unit, each.door) for each in everything]
    assert found == [
        (About.DURESS, "a2", "main"),
        (About.FORCED, "a2", "back"),
        (About.FORCED, "a1", "main"),
        (About.FORCED, "a2", "main"),
        (About.HELD, "a1", "main"),
        (About.CLOCK, "a1", None),
    ]


def test_what_the_status_tells_again_is_not_told_twice(desk: Desk) -> None:
    unit = desk.unit()
    desk.take(unit.status(doors={"main": DoorStatus("fire", None, None, "fault", held=False)}))
    told(desk, unit, "door.fire_release", door="main")
    assert [(each.about, each.alarm is None) for each in listed(desk)] == [(About.FIRE, False), (About.LOCK, True)]
    acknowledgements.acknowledge(desk.office, [listed(desk)[0].alarm or 0], "wang", "seen", desk.now)
    assert [(each.about, each.alarm is None) for each in listed(desk)] == [(About.FIRE, True), (About.LOCK, True)]


def test_who_took_what_is_told(desk: Desk) -> None:
    unit = desk.unit()
    told(desk, unit, "door.forced", door="main")
    acknowledgements.acknowledge(desk.office, [listed(desk)[0].alarm or 0], "wang", "the caretaker is there", desk.now)
    (one,) = needs.taken(desk.office, desk.now - 60, 10)
    assert (one.need.about, one.by.by, one.by.why) == (About.FORCED, "wang", "the caretaker is there")
    assert needs.taken(desk.office, desk.now + 60, 10) == []


def test_a_unit_that_is_gone_for_minutes_needs_somebody(desk: Desk) -> None:
    unit = desk.unit()
    desk.take(unit.status())
    desk.take(unit.message("status", build_will("s1")))
    assert listed(desk, desk.now + needs.OFFLINE_S - 1) == []
    (gone,) = listed(desk, desk.now + needs.OFFLINE_S + 1)
    assert (gone.about, gone.since_utc, gone.urgency) == (About.OFFLINE, desk.now, Urgency.LOOK)


def test_a_unit_that_was_never_heard_of_is_said_to_be(desk: Desk) -> None:
    desk.unit()
    desk.unit("b1", enrolled=False)
    (one,) = listed(desk, desk.now + 3600)
    assert (one.unit, one.words) == ("b12-u2", "it was never heard of")


def test_devices_disk_backlog_and_clock(desk: Desk) -> None:
    unit = desk.unit()
    lost = DeviceStatus("lost", "silent", desk.now - 600)
    tampered = DeviceStatus("ok", tamper=("power",))
    state = {"devices": {"reader": lost, "lock": tampered}, "storage": "hung", "backlog": 5000, "clock": "unknown"}
    desk.take(unit.status(**state, door_only=desk.now + 60))
    found = {each.about: each for each in listed(desk)}
    assert set(found) == {
        About.TAMPER,
        About.DEVICE,
        About.STORAGE,
        About.ALONE,
        About.BACKLOG,
        About.CLOCK,
    }
    assert found[About.DEVICE].since_utc == pytest.approx(desk.now - 600)
    assert found[About.DEVICE].words == "reader: silent"


def test_a_status_that_left_things_out_tells_nothing_of_them(desk: Desk) -> None:
    unit = desk.unit()
    desk.take(unit.status(doors=3, devices=7, inputs=2))
    assert listed(desk) == []


def test_a_door_that_stands_open_says_since_when(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact("door.held", door="back")
    unit.fact("door.held", door="main")
    unit.fact("input.changed", 5, input="x", value=True)
    desk.take(unit.batch(), unit.status(doors={"main": DoorStatus("normal", True, False, "ok", held=True)}))
    (one,) = listed(desk)
    assert one.since_utc == pytest.approx(1_790_000_002.0)


def test_a_stop_that_nobody_came_to(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact(
        "patrol.missed",
        round="r1",
        stop="main",
        **{"from": "2026-09-21T10:00:00.000Z", "until": "2026-09-21T11:00:00.000Z"},
    )
    desk.take(unit.batch(), unit.status())
    (one,) = listed(desk)
    assert (one.about, one.round, one.door) == (About.MISSED, "r1", "main")
    assert listed(desk, desk.now + needs.MISSED_S + 60) == []


def test_a_household_that_showed_itself_is_urgent_no_more(desk: Desk) -> None:
    unit = desk.unit()
    desk.take(unit.status())
    told(desk, unit, "care.silent", holder="h1", room="402")
    assert [each.urgency for each in listed(desk)] == [Urgency.URGENT]
    unit.fact("care.seen", holder="h1", source="card")
    desk.take(unit.batch())
    (one,) = listed(desk)
    assert (one.about, one.urgency) == (About.SILENT, Urgency.LOOK)
    assert one.over_utc is not None


def test_an_alarm_of_a_later_version_is_in_the_list(desk: Desk) -> None:
    unit = desk.unit()
    desk.take(unit.status())
    with desk.books.writing() as conn:
        alarms = Alarms(conn)
        alarms.raise_own(conn, "b12-u2", "unit.cloned", "e1", 0, "two boxes", desk.now)
        alarms.raise_own(conn, "", "centre.twin", "", 0, "another serve", desk.now)
        alarms.raise_own(conn, "b12-u2", "panel.sat_upon", "e1", 0, "<script>", desk.now)
        alarms.flush(conn)
    assert [(each.about, each.unit) for each in listed(desk)] == [
        (About.OTHER, "b12-u2"),
        (About.CENTRE, ""),
        (About.RECORD, "b12-u2"),
    ]


def test_a_centre_that_is_cut_off_is_urgent(desk: Desk) -> None:
    (one,) = needs.of_centre(each.cause for each in health.of_centre(desk.office))
    assert (one.about, one.urgency, one.title) == (About.CENTRE, Urgency.URGENT, "The broker cannot be reached")


def test_wrong_codes_that_lock_a_keypad_need_a_look(desk: Desk) -> None:
    unit = desk.unit()
    desk.take(unit.status())
    told(desk, unit, "access.locked_out", door="main", device="keypad", lock_s=30.0)
    (one,) = listed(desk)
    assert (one.about, one.urgency, one.words) == (About.CODES, Urgency.LOOK, "door main, keypad")
