"""A version rolled out in waves: who is handed it, when the next wave begins, what stops it, and that the centre's own journal tells all of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from centre import rolls, schema
from centre.folder import Files
from centre.roll_course import READY_S, RollStage
from contract.envelope import key_ring, verify
from contract.messages import Kind
from contract.parse import parse
from contract.software import Software
from contract.topics import parse_down
from tests.centre.conftest import Desk
from tests.centre.rolling import NEW, OLD, WHOLE, Rolling
from tests.centre.unit import SITE

NAMES = [f"u{n}" for n in range(30)]


@pytest.fixture
def rolling(desk: Desk, tmp_path: Path) -> Rolling:
    return Rolling(desk, NAMES, tmp_path)


def first_wave(rolling: Rolling) -> str:
    """Who is in it; it has been handed the version."""
    rolling.begin()
    rolling.looks(2)
    (first,) = rolling.handed()
    return first


# --- the course


def test_it_goes_out_to_one_then_ten_then_a_tenth_then_all(rolling: Rolling) -> None:
    rolling.begin()
    sizes = []
    for _ in range(40):
        rolling.look()
        fresh = rolling.handed() - {name for name in NAMES if name not in rolling.stages()}
        rolling.fetches(*sorted(fresh))
        rolling.shows(*sorted(fresh), NEW)
        sizes.append(len(rolling.handed()))
    assert sorted(set(sizes) - {0}) == [1, 11, 14, 30]
    assert rolling.roll.state == "done"
    assert [len(rolling.in_wave(number)) for number in (1, 2, 3, 4)] == [1, 10, 3, 16]
    assert rolling.alarms() == []
    rolling.verified()


def test_the_message_is_what_a_unit_takes(rolling: Rolling) -> None:
    name = first_wave(rolling)
    unit = rolling.unit(name)
    assert unit.enrolment is not None
    (row,) = rolling.desk.rows(select(schema.state).where(schema.state.c.kind == "software"))
    ring = key_ring(bytes.fromhex(unit.enrolment.root_key), unit.enrolment.working_keys)
    payload, down = verify(row.token, Kind.SOFTWARE, ring), parse_down(row.topic)
    assert isinstance(payload, dict)
    assert down is not None
    message = parse(Kind.SOFTWARE, SITE, down, payload)
    assert isinstance(message, Software)
    assert (message.version, message.size, message.withdrawn) == (NEW, 7, False)
    assert message.url == f"https://127.0.0.1:8443/software/{message.sha256}"


def test_a_wave_waits_for_the_last_of_the_one_before(rolling: Rolling) -> None:
    first = first_wave(rolling)
    rolling.fetches(first)
    rolling.looks(5)
    assert rolling.handed() == {first}
    rolling.lock(first, "lost")
    rolling.looks(5)
    assert rolling.handed() == {first}
    assert rolling.stages() == {first: RollStage.INSTALLED}
    rolling.lock(first, "ok")
    rolling.looks(5)
    assert len(rolling.handed()) == 11


def test_it_soaks_between_waves_and_what_fails_meanwhile_counts(rolling: Rolling) -> None:
    rolling.begin(soak_s=600.0)
    rolling.looks(2)
    (first,) = rolling.handed()
    rolling.shows(first, NEW)
    rolling.looks(3)
    rolling.look(590.0)
    assert rolling.handed() == {first}
    rolling.tells(first, "returned", back_to=OLD, reason="centre")
    rolling.shows(first, OLD)
    rolling.looks(2)
    assert rolling.roll.state == "stopped"
    rolling.look(1000.0)
    assert len(rolling.messages()) == 1


def test_one_of_ten_that_returns_stops_it_with_an_alarm_and_the_rest_leave_it_alone(rolling: Rolling) -> None:
    first = first_wave(rolling)
    rolling.shows(first, NEW)
    rolling.looks(4)
    ten = sorted(rolling.handed() - {first})
    rolling.fetches(*ten)
    rolling.shows(*ten[:3], NEW)
    rolling.look()
    rolling.tells(ten[5], "returned", back_to=OLD, reason="door")
    rolling.looks(3)
    assert rolling.roll.state == "stopped"
    assert rolling.alarms() == [f"roll 1 of {NEW} at {WHOLE} stopped: wave 2: {ten[5]} returned"]
    assert rolling.handed() == {first, *ten[:3]}, "who runs it stays, the others are told to leave it"
    assert {name for name, each in rolling.messages().items() if each.get("withdrawn")} == set(ten[3:])
    rolling.looks(5)
    assert len(rolling.messages()) == 11
    rolling.verified()


@pytest.mark.parametrize("what", ["unready", "gone", "refused"])
def test_what_else_stops_it(rolling: Rolling, what: str) -> None:
    first = first_wave(rolling)
    rolling.fetches(first)
    if what == "refused":
        rolling.tells(first, "refused", reason="wrong")
    elif what == "gone":
        rolling.goes(first)
    else:
        rolling.lock(first, "fault")
    rolling.look()
    if what != "refused":
        rolling.look(READY_S - 1)
        assert rolling.roll.state == "running", "it has five minutes"
        rolling.look(2.0)
    assert rolling.roll.state == "stopped"
    assert rolling.alarms()[0].endswith(f"wave 1: {first} {what}")


def test_what_is_said_of_another_version_or_was_said_before_counts_for_nothing(rolling: Rolling) -> None:
    for name in NAMES:
        rolling.tells(name, "returned", back_to=OLD, reason="door")
    first = first_wave(rolling)
    rolling.tells(first, "returned", "1.0.9", back_to=OLD, reason="door")
    rolling.unit(first).fact("software.returned", nonsense=True)
    rolling.desk.take(rolling.unit(first).batch(len(rolling.unit(first).lines)))
    rolling.looks(3)
    assert rolling.roll.state == "running"


def test_where_units_have_it_from_is_said_when_it_begins(rolling: Rolling) -> None:
    """`serve` read the folder's settings long before, and `files` may have been told another port since."""
    desk = rolling.desk
    rolling.begin("all")
    desk.office.save(replace(desk.office.site, files=Files("192.0.2.9", 9443)))
    rolling.looks(2)
    assert {each["url"].split("/")[2] for each in rolling.messages().values()} == {"127.0.0.1:8443"}
    rolls.stop(desk.office, "li", "it moved", desk.now)
    rolls.resume(desk.office, "li", "it moved", desk.now)
    rolling.looks(2)
    assert {each["url"].split("/")[2] for each in rolling.messages().values()} == {"192.0.2.9:9443"}


# --- who is away


def test_a_wave_with_nobody_there_waits_and_does_not_pass(rolling: Rolling) -> None:
    rolling.goes(*NAMES)
    rolling.begin()
    rolling.looks(6)
    assert (rolling.roll.wave, rolling.handed()) == (1, set())
    rolling.shows("u7", OLD)
    rolling.looks(2)
    assert rolling.handed() == {"u7"}
    rolling.shows("u7", NEW)
    rolling.looks(8)
    assert (rolling.roll.wave, rolling.handed()) == (2, {"u7"}), "a wave of nobody is not ready"


def test_who_is_away_stops_no_wave_is_told_and_gets_it_on_coming_back(rolling: Rolling) -> None:
    rolling.goes("u3", "u4")
    rolling.begin("1,all")
    rolling.looks(2)
    rolling.shows(*rolling.handed(), NEW)
    rolling.looks(5)
    assert rolling.handed() == set(NAMES) - {"u3", "u4"}
    rolling.shows(*rolling.handed(), NEW)
    rolling.looks(3)
    assert rolling.stages() == {"u3": RollStage.AWAY, "u4": RollStage.AWAY}
    assert rolling.roll.state == "running"
    rolling.shows("u3", OLD)
    rolling.looks(2)
    assert "u3" in rolling.handed()
    rolling.desk.office.signer  # noqa: B018  # as before
    rolls.stop(rolling.desk.office, "li", "enough", rolling.desk.now)
    rolling.shows("u4", OLD)
    rolling.looks(3)
    assert "u4" not in rolling.messages(), "it was stopped"


def test_a_unit_that_leaves_before_it_has_the_bundle_is_replaced_in_its_wave(rolling: Rolling) -> None:
    first = first_wave(rolling)
    rolling.goes(first)
    rolling.looks(2)
    assert len(rolling.handed()) == 2
    assert rolling.stages()[first] is RollStage.AWAY


def test_only_units_that_prove_something_are_in_early_waves(rolling: Rolling) -> None:
    rolling.shows(*NAMES[:10], NEW)
    rolling.shows(*NAMES[10:20], "9.0")
    for name in NAMES[20:29]:
        rolling.lock(name, "lost", OLD)
    rolling.begin("1,all")
    rolling.looks(3)
    assert rolling.handed() == {"u29"}
    rolling.shows("u29", NEW)
    rolling.looks(4)
    assert rolling.handed() == set(NAMES) - set(NAMES[10:20]), "who runs a newer one is left alone"
    for name in NAMES[20:29]:
        rolling.lock(name, "lost")
    rolling.look()
    rolling.look(READY_S + 5)
    assert rolling.roll.state == "done", "their locks were lost before"
    assert rolling.alarms() == []


def test_a_bundle_of_the_other_form_is_for_somebody_else(rolling: Rolling) -> None:
    first = first_wave(rolling)
    rolling.tells(first, "refused", reason="form")
    rolling.looks(2)
    assert rolling.roll.state == "running"
    assert rolling.stages()[first] is RollStage.UNFIT
    assert len(rolling.handed()) == 2, "another takes its place in the wave"


def test_a_unit_is_handed_it_once_and_revoked_ones_never(rolling: Rolling) -> None:
    first = first_wave(rolling)
    rev = rolling.messages()[first]["rev"]
    rolling.looks(5)
    assert rolling.messages()[first]["rev"] == rev
    rolling.desk.run("unit", "revoke", first)
    rolling.looks(3)
    (other,) = rolling.handed() - {first}
    rolling.shows(other, NEW)
    rolling.looks(3)
    assert rolling.roll.wave == 2
