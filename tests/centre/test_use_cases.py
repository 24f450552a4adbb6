"""What the centre's commands do, called as a console or an API would: typed values in, typed results out, nothing printed or asked."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from centre import broker_files, key_changes, notices, orders, register, reports, rosters, schema, settings
from centre.errors import UNREACHABLE, WRONG_USE, BadValueError, CentreError
from centre.folder import Site as Described
from centre.founding import found
from centre.key_changes import BegunCard
from centre.notices import Draft, NoticeState
from centre.opened import OpenCentre
from centre.orders import Ended, Outcome
from centre.register import Membership
from centre.reports import FactFilter
from centre.rosters import ListedRoster, PutRoster
from centre.settings import Change, ScopeSettings
from centre.sheet import BadTableError
from contract.commands import Mode, Open, SetMode
from contract.enrolment import Enrolment, parse_enrolment
from contract.envelope import unverified_payload
from contract.messages import Category
from contract.plain import Reply, ReplyState
from contract.scopes import Scope
from tests.centre.conftest import Desk
from tests.centre.site import Site
from tests.centre.unit import door
from tests.waiting import eventually

YARD = Scope("yard", "y07")


def test_a_notice_is_returned_as_it_was_signed(desk: Desk) -> None:
    now = time.time()
    draft = Draft(YARD, "停水通知", "检修", Category.SERVICE, until_utc=now + 60, priority=3)
    made = notices.put(desk.office, draft, now)
    again = notices.put(desk.office, replace(draft, id=made.id, title="改"), now + 1)
    assert (made.rev, again.rev, again.id) == (int(now), int(now) + 1, made.id)
    kept = desk.rows(select(schema.state).where(schema.state.c.kind == "notice"))[0]
    payload = unverified_payload(kept.token)
    assert (payload["id"], payload["rev"], payload["title"]) == (again.id, again.rev, again.title)
    listed = notices.listed(desk.office, now + 1)
    assert [(each.id, each.rev, each.title, each.state) for each in listed] == [
        (made.id, again.rev, "改", NoticeState.UP)
    ]
    assert [each.state for each in notices.listed(desk.office, now + 60)] == [NoticeState.ENDED]
    assert notices.withdraw(desk.office, made.id, now + 2).rev == int(now) + 2
    assert [each.state for each in notices.listed(desk.office, now + 3)] == [NoticeState.WITHDRAWN]


def test_a_bad_value_is_named(desk: Desk) -> None:
    now = time.time()
    with pytest.raises(BadValueError) as ended:
        notices.put(desk.office, Draft(YARD, "a", "b", until_utc=now - 1), now)
    with pytest.raises(BadValueError) as unnamed:
        notices.put(desk.office, Draft(YARD, "a", "b", id="a b"), now)
    assert [(each.value.name, each.value.code) for each in (ended, unnamed)] == [
        ("until", WRONG_USE),
        ("id", WRONG_USE),
    ]
    with pytest.raises(CentreError) as unknown:
        notices.withdraw(desk.office, "n1", now)
    assert not isinstance(unknown.value, BadValueError)


def test_settings_change_key_by_key(desk: Desk) -> None:
    first = settings.put(desk.office, YARD, Change(language="en", sign={"phone": "110"}), 1000.0)
    assert first == ScopeSettings("yard/y07", 1000, {"language": "en", "sign": {"phone": "110"}}, sent=False)
    again = settings.put(desk.office, YARD, Change(sign={"worker": "12"}, unset=("language",)), 1001.0)
    assert (again.rev, again.values) == (1001, {"sign": {"phone": "110", "worker": "12"}})
    assert settings.listed(desk.office) == [again]
    with pytest.raises(CentreError, match="nothing to change"):
        settings.put(desk.office, YARD, Change(unset=("language",)), 1002.0)
    with pytest.raises(CentreError, match="timezone"):
        settings.put(desk.office, YARD, Change(timezone="Nowhere/Land"), 1002.0)


def test_a_roster_put_again_says_how_many_it_was_before(desk: Desk) -> None:
    two = b"id,card\nr-1,0012345678\nr-2,0012345679\n"
    assert rosters.put(desk.office, YARD, "people", two, 1000.0) == PutRoster("people", 1000, YARD, 2, 1, None)
    with pytest.raises(BadTableError) as nobody:
        rosters.put(desk.office, YARD, "people", b"id,card\n", 1001.0)
    with pytest.raises(BadTableError) as bad:
        rosters.put(desk.office, YARD, "people", b"id,card\nr-1,x\nr 2,0012345678\n", 1001.0)
    assert not nobody.value.faults
    assert [(each.line, each.column) for each in bad.value.faults] == [(2, "card"), (3, "id")]
    assert rosters.listed(desk.office) == [ListedRoster("people", 1000, "yard/y07", 2, 1, sent=False)]
    emptied = rosters.put(desk.office, YARD, "people", b"id,card\n", 1002.0, empty=True)
    assert (emptied.rev, emptied.holders, emptied.before) == (1002, 0, 2)


def test_the_course_of_an_order_ends_with_what_came_of_it(site: Site) -> None:
    unit, wire = site.unit(enrolled=True)
    office = site.desk.office
    site.desk.take(unit.status(doors={"main": door()}))
    course = orders.carry_out(office, "b12-u2", Open("main"), "wang", "locked out")
    steps: list[Reply | Ended] = []
    thread = threading.Thread(target=lambda: steps.extend(course), name="order")
    thread.start()
    eventually(lambda: bool(wire.payloads("/command")))
    name = unverified_payload(wire.payloads("/command")[0])["id"]
    for state in (ReplyState.ACCEPTED, ReplyState.DONE, ReplyState.OPENED):
        wire.send(unit.reply(Reply(str(name), state, time.time(), None, "main")))
    thread.join(10)
    *replies, end = steps
    assert [step.state for step in replies if isinstance(step, Reply)] == ["accepted", "done", "opened"]
    assert isinstance(end, Ended)
    assert (end.outcome, end.answered, end.online) == (Outcome.DONE, True, True)


def test_an_order_that_the_unit_would_not_take_is_not_given(desk: Desk) -> None:
    unit = desk.unit()
    desk.take(unit.status(doors={"main": door()}))
    with pytest.raises(BadValueError, match="has no door 'back'") as other:
        next(orders.carry_out(desk.office, "b12-u2", Open("back"), "wang", "x"))
    assert other.value.name == "door"
    with pytest.raises(CentreError) as away:
        next(orders.carry_out(desk.office, "b12-u2", Open("main"), "wang", "x"))
    assert away.value.code == UNREACHABLE
    assert not desk.count(schema.commands)


def test_a_mode_ends_within_its_bounds() -> None:
    assert orders.set_mode(Mode.LOCKDOWN, 1060.0, "main", 1000.0) == SetMode(Mode.LOCKDOWN, 1060.0, "main")
    for mode, until in ((Mode.LOCKDOWN, None), (Mode.LOCKDOWN, 1000.0), (Mode.HOLD_OPEN, 1e9), (Mode.NORMAL, 1060.0)):
        with pytest.raises(BadValueError) as wrong:
            orders.set_mode(mode, until, None, 1000.0)
        assert wrong.value.name == "until"


def test_a_unit_from_its_entry_to_its_end(desk: Desk) -> None:
    office = desk.office
    register.add(office, "b12-u2", "12号楼2单元", [YARD], 1000.0)
    assert register.listed(office)[0].state is Membership.NOT_ENROLLED
    file = register.enrol(office, "b12-u2", None, 1001.0)
    enrolment = parse_enrolment(file.read_bytes())
    assert isinstance(enrolment, Enrolment)
    assert (enrolment.unit, file.stat().st_mode & 0o777) == ("b12-u2", 0o600)
    desk.unit("b12-u3")
    assert [(each.unit, each.state) for each in register.listed(office)] == [
        ("b12-u2", Membership.NOT_ENROLLED),
        ("b12-u3", Membership.ENROLLED),
    ]
    settings.put(office, Scope("unit", "b12-u3"), Change(language="en"), 1002.0)
    done = register.revoke(office, "b12-u3", 1003.0)
    assert (done.left, done.cleared) == (
        ("it holds the card and PIN keys: `keys rotate card` and `keys rotate pin` change them",),
        1,
    )
    assert register.listed(office)[1].state is Membership.REVOKED


def test_broker_files_are_written_again_once_they_were_wanted(desk: Desk, tmp_path: Path) -> None:
    office = desk.office
    assert broker_files.rewrite(office) is None
    written = broker_files.configure(office, out=tmp_path / "out", port=1234)
    assert "listener 1234" in written.read_text()
    register.add(office, "b12-u2", "", [YARD], 1000.0)
    register.enrol(office, "b12-u2", tmp_path / "file", 1001.0)
    assert broker_files.rewrite(office) == str(tmp_path / "out")
    assert "b12-u2" in (tmp_path / "out" / "access").read_text()
    again = broker_files.configure(office, listen="127.0.0.1")
    assert "listener 1234 127.0.0.1" in again.read_text()


def test_a_change_of_keys_is_shown_with_what_it_waits_for(desk: Desk, tmp_path: Path) -> None:
    office = desk.office
    desk.unit()
    before = key_changes.show(office)
    assert (before.open, [each.since_utc for each in before.keys if each.what == "card"]) == ((), [None])
    assert key_changes.begin_card(office, 1000.0) == BegunCard(begun=True, unkept=())
    assert not key_changes.begin_card(office, 1001.0).begun
    assert key_changes.waits(office, "pin") is None
    key_changes.advance(office, 1002.0)
    waits = key_changes.waits(office, "card")
    assert waits == ("b12-u2: has not shown a key to seal to",)
    shown = key_changes.show(office)
    assert [(each.rotation.name, each.waits) for each in shown.open] == [("card", waits)]
    assert [each.since_utc for each in shown.keys if each.what == "card"] == [None, 1000.0]
    assert (shown.units["b12-u2"].seals, shown.units["b12-u2"].login) == (False, "b12-u2")


def test_pins_are_not_begun_where_they_cannot_be_told(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "pins.csv").write_text("of somebody else")
    with pytest.raises(CentreError, match="File exists"):
        key_changes.begin_pin(desk.office, tmp_path / "pins.csv", 1000.0)
    assert key_changes.waits(desk.office, "pin") is None
    assert key_changes.begin_pin(desk.office, tmp_path / "new.csv", 1001.0) == 0
    assert key_changes.begin_pin(desk.office, tmp_path / "other.csv", 1002.0) is None
    assert not (tmp_path / "other.csv").exists()


def test_a_centre_is_founded_once(tmp_path: Path) -> None:
    described = Described("badahu", "mqtts://broker.example:8883", "Asia/Shanghai")
    made = found(tmp_path / "c", described, None, 1000.0)
    assert made.encrypted
    opened = OpenCentre(tmp_path / "c")
    assert opened.site == described == made.site
    assert [each.what for each in key_changes.show(opened).keys].count("card") == 1
    opened.books.close()
    with pytest.raises(CentreError, match="there is a centre already"):
        found(tmp_path / "c", described, None, 1001.0)


@pytest.mark.parametrize(
    ("name", "value"), [("site", "Bad Site"), ("broker", "http://x"), ("timezone", "Nowhere/Land")]
)
def test_a_centre_with_a_bad_value_is_not_begun(tmp_path: Path, name: str, value: str) -> None:
    described = replace(Described("badahu", "mqtt://localhost", "Asia/Shanghai"), **{name: value})  # type: ignore[arg-type]
    with pytest.raises(BadValueError) as wrong:
        found(tmp_path / "c", described, None, 1000.0)
    assert wrong.value.name == name
    assert not (tmp_path / "c").exists()


def test_facts_of_a_unit_that_is_none_are_an_error_and_no_empty_list(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact("access.denied", door="main", reason="unknown")
    desk.take(unit.batch(1))
    assert [(each.unit, each.seq) for each in reports.facts_of(desk.office, FactFilter("b12-u2"))] == [("b12-u2", 1)]
    with pytest.raises(CentreError, match="no such unit") as wrong:
        next(reports.facts_of(desk.office, FactFilter("nix")))
    assert wrong.value.code == WRONG_USE
