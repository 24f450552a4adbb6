"""Home Assistant sees units and opens doors by signed commands alone; whoever has its login can do just that, and nothing about a person leaves."""

from __future__ import annotations

import json
import re
import resource
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from centre import schema
from centre.home_assistant import asks, errands, topics
from contract.messages import Kind
from contract.plain import DoorStatus, build_will
from contract.topics import LEAVES
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.house import House, asked, said
from tests.centre.test_serve import Process
from tests.centre.unit import SITE
from tests.centre.wire import Wire
from tests.waiting import eventually

SET = topics.order(SITE, "a", "main")
EVENTS = topics.event(SITE, "a", "main")
STATE = topics.state(SITE, "a")
CONFIG = f"homeassistant/device/doorward-{SITE}/a/config"


# --- at a broker with rights


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("house"), "--scope", "yard/y1")
    made.serve()
    made.heard(made.a)
    made.heard(made.b)
    yield made
    made.end()


@pytest.fixture
def house(running: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(asks, "OPENS_OF_A_UNIT", (100, 60.0))
    running.begin()
    yield running
    running.rest()
    running.close_wires()


pytestmark = pytest.mark.needs("mosquitto")


def until_told(wire: Wire, topic: str, wanted: Callable[[Any], bool]) -> Any:
    eventually(lambda: any(wanted(each) for each in said(wire, topic)))
    return said(wire, topic)[-1]


@pytest.mark.slow
def test_units_of_the_scope_are_announced_and_told_and_no_others(house: House) -> None:
    wire = house.home()
    eventually(lambda: said(wire, CONFIG) and said(wire, STATE))
    assert {"main_lock", "main_contact", "main_event", "online", "fire", "tamper", "notice"} <= said(wire, CONFIG)[-1][
        "components"
    ].keys()
    assert said(wire, STATE)[-1]["doors"]["main"]["lock"] == "LOCKED"
    eventually(lambda: (topics.bridge(SITE), b"online", True) in wire.got or b"online" in wire.payloads("/bridge"))
    house.heard(house.a, doors={"main": DoorStatus("normal", open=True, unlocked=True, lock="ok", held=True)})
    until_told(wire, STATE, lambda told: told["doors"]["main"] == {"lock": "UNLOCKED", "open": True, "held": True})
    house.desk.take(house.a.message("status", build_will("s1")))
    until_told(wire, STATE, lambda told: told["online"] is False)
    house.heard(house.a)
    assert not any("/b/" in topic for topic, _, _ in wire.got)


@pytest.mark.slow
def test_who_passes_is_an_event_without_a_name_and_a_backlog_is_none(house: House) -> None:
    wire = house.home()
    eventually(lambda: said(wire, STATE))
    unit = house.a
    unit.at = time.time() - 3 * 86_400
    unit.fact("access.granted", door="main", by="old-wang", via="card")
    unit.at = time.time() - 2
    unit.fact("access.duress", door="main", by="wang-li", via="pin", camera="cam7")
    unit.fact("access.denied", door="main", by="wang-li", via="card", reason="expired")
    house.desk.take(unit.batch())
    eventually(lambda: len(said(wire, EVENTS)) == 2)
    assert said(wire, EVENTS) == [{"event_type": "granted", "via": "pin"}, {"event_type": "refused", "via": "card"}]
    everything = b"".join(payload for _, payload, _ in wire.got)
    for secret in (b"wang", b"cam7", b"expired", b"duress"):
        assert secret not in everything
    assert not any(retained for topic, _, retained in wire.got if topic == EVENTS)


@pytest.mark.slow
def test_an_open_is_a_signed_command_in_the_books_with_its_actor(house: House) -> None:
    wire = house.home()
    orders = house.answering(house.a, "accepted", "done")
    eventually(lambda: said(wire, STATE))
    wire.publish(SET, asked("OPEN"))
    eventually(lambda: orders)
    assert (orders[0].action, orders[0].order.door, orders[0].actor) == ("open", "main", "home-assistant")
    eventually(lambda: {row.state for row in house.desk.rows(select(schema.courses.c.state))} >= {"accepted", "done"})
    kept = house.desk.rows(select(schema.commands).order_by(schema.commands.c.iat_utc.desc()))[0]
    assert (kept.id, kept.actor) == (orders[0].id, "home-assistant")
    eventually(lambda: wire.publish(SET, asked("UNLOCK")) or len(orders) == 2, every_s=0.2)
    before = len(said(wire, STATE))
    wire.publish(SET, asked("LOCK"))
    wire.publish(topics.order(SITE, "a", "garage"), asked("OPEN"))
    eventually(lambda: said(wire, topics.event(SITE, "a", "garage")))
    assert len(orders) in (2, 3)
    assert len(said(wire, STATE)) == before, "an order changes no state: only what the unit tells does"


@pytest.mark.slow
def test_an_order_that_is_refused_says_why(house: House) -> None:
    wire = house.home()
    house.answering(house.a, "refused", reason="lockdown")
    eventually(lambda: said(wire, STATE))
    wire.publish(SET, asked("OPEN"))
    until_told(wire, EVENTS, lambda told: told == {"event_type": "not_opened", "reason": "lockdown"})


@pytest.mark.slow
@pytest.mark.claim("F20")
def test_what_was_left_queued_or_recorded_opens_nothing(house: House) -> None:
    """Retained by whoever has the login; sent while the bridge was away; the same bytes again; a clock that is off."""
    house.rest()
    wire = house.home()
    orders = house.answering(house.a, "accepted", "done")
    wire.publish(SET, asked("OPEN"), retain=True)
    wire.publish(SET, asked("OPEN"))
    house.begin()
    eventually(lambda: not retained_there(house, SET))
    recorded = asked("OPEN")
    for _ in range(3):
        wire.publish(SET, recorded)
    eventually(lambda: orders)
    wire.publish(SET, asked("OPEN", time.time() - 3600))
    wire.publish(SET, asked("OPEN", time.time() + 3600))
    until_told(wire, EVENTS, lambda told: told.get("reason") == "stale")
    assert len(orders) == 1
    assert not retained_there(house, SET)


def retained_there(house: House, topic: str) -> bool:
    return any(each == topic and retained for each, _, retained in house.watcher().got)


@pytest.mark.slow
def test_a_unit_out_of_its_scope_is_never_opened(house: House) -> None:
    wire = house.home()
    orders = house.answering(house.b, "accepted", "done")
    eventually(lambda: said(wire, STATE))
    wire.publish(topics.order(SITE, "b", "main"), asked("OPEN"))
    wire.publish(topics.notice(SITE, "b"), asked("hello"))
    mine = house.answering(house.a, "accepted", "done")
    eventually(lambda: wire.publish(SET, asked("OPEN")) or mine, every_s=0.2)
    assert orders == []
    assert house.desk.rows(select(schema.commands.c.id).where(schema.commands.c.unit == "b")) == []


@pytest.mark.slow
def test_a_notice_stands_on_the_screen_for_a_while_and_a_third_takes_the_place_of_the_first(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asks, "NOTICES_OF_A_UNIT", (100, 60.0))
    wire = house.home()
    eventually(lambda: said(wire, STATE))

    def standing() -> list[Any]:
        mine = (schema.state.c.kind == Kind.NOTICE.value) & schema.state.c.withdrawn.is_(False)
        return house.desk.rows(select(schema.state).where(mine).order_by(schema.state.c.made_utc))

    for number in range(3):
        wire.publish(topics.notice(SITE, "a"), asked(f"快递{number}\n在门口"))
        eventually(lambda n=number: any(row.title == f"快递{n}" for row in standing()))
    eventually(lambda: len(standing()) == errands.STANDING)
    assert [row.title for row in standing()] == ["快递1", "快递2"]
    for row in standing():
        assert row.scope == "unit/a"
        assert row.id.startswith("ha-")
        assert 0 < row.until_utc - time.time() <= errands.NOTICE_S + 1
    wire.publish(topics.notice(SITE, "a"), asked("\x1b[2J"))
    wire.publish(topics.notice(SITE, "a"), asked("x" * 1000))
    wire.publish(topics.notice(SITE, "a"), asked("last"))
    eventually(lambda: standing()[-1].title == "last")
    assert len(standing()) == errands.STANDING


@pytest.mark.slow
@pytest.mark.claim("F23")
def test_its_login_can_do_that_and_nothing_else(house: House, record_property: Callable[[str, object], None]) -> None:
    """Every topic of the contract, written and read; what it is told, forged; what another site is told."""
    wire = house.home()
    eventually(lambda: said(wire, STATE))
    contract = [f"doorward/1/{SITE}/up/{unit}/{leaf}" for unit in "ab" for leaf in LEAVES]
    contract += [
        f"doorward/1/{SITE}/down/{scope}/{kind}"
        for scope in ("unit/a", "yard/y1", f"site/{SITE}")
        for kind in ("command", "notice/n1", "roster/r/1", "settings", "keys")
    ]
    contract += [f"doorward/1/{SITE}/centre", "$SYS/x", "x"]
    forged = [STATE, EVENTS, topics.bridge(SITE), CONFIG, f"homeassistant/device/doorward-{SITE}/ghost/config"]
    forged += [f"{topics.ROOT}/other/a/main/set", f"{topics.ROOT}/{SITE}/a/main/set/x"]
    watcher = house.watcher()
    told_before = len(said(wire, STATE))
    tries = [(topic, b'"forged"', retain) for topic in (*contract, *forged, SET) for retain in (False, True)]
    wire.post_all(tries)
    eventually(lambda: SET in [topic for topic, payload, _ in watcher.got if payload == b'"forged"'])
    wire.subscribe(f"doorward/1/{SITE}/#", "doorward/#", "+/#", "$SYS/#")
    house.unit(house.b).publish(f"doorward/1/{SITE}/up/b/alarm", b"x")
    house.heard(house.a, backlog=3)
    eventually(lambda: len(said(wire, STATE)) > told_before)
    writes = re.compile(rf"{topics.ROOT}/{SITE}/[a-z]+/([a-z]+/set|notice)|homeassistant/status")
    assert not [topic for topic, payload, _ in watcher.got if payload == b'"forged"' and not writes.fullmatch(topic)]
    allowed = re.compile(
        rf"homeassistant/(device/doorward-{SITE}/a/config|status)|{topics.ROOT}/{SITE}/(bridge|a/state|a/main/event)"
    )
    assert not [topic for topic, _, _ in wire.got if not allowed.fullmatch(topic)]
    record_property("figure", f"Home Assistant's login: 0 of {len(tries) - 2} forbidden writes")


@pytest.mark.slow
def test_a_flood_from_it_holds_up_no_command_of_ours_and_eats_no_memory(
    house: House, record_property: Callable[[str, object], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asks, "OPENS", (1000, 60.0))
    wire = house.home()
    orders = house.answering(house.a, "accepted", "done", "opened")
    eventually(lambda: said(wire, STATE))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    flood = [(SET, asked("OPEN", time.time() + number / 1e6), False) for number in range(5_000)]
    flood += [(SET, b"x" * 60_000, False)] * 100 + [(topics.notice(SITE, "a"), asked("hello"), True)] * 500
    wire.post_all(flood)
    begun = time.monotonic()
    assert "opened" in house.desk.run("open", "--unit", "a", "--door", "main", "--why", "x", "--actor", "wang").stdout
    took = time.monotonic() - begun
    assert took < 5
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 100, f"{grown:.0f} MB"
    assert len(orders) <= asks.LOOKED_AT * 3
    eventually(lambda: time.monotonic() - begun > 1.2, 3.0)
    count = len(orders)
    eventually(lambda: wire.publish(SET, asked("OPEN")) or len(orders) > count, 10.0, every_s=0.2)
    record_property("figure", f"an open of ours beside a flood of 5,600 messages: {took:.1f} s")


@pytest.mark.slow
def test_a_unit_that_is_gone_is_taken_back_and_so_is_everything_when_it_is_shut_out(tmp_path: Path) -> None:
    house = House(tmp_path)
    try:
        house.serve()
        house.heard(house.a)
        house.heard(house.b)
        house.begin()
        wire = house.home()
        other = f"homeassistant/device/doorward-{SITE}/b/config"
        eventually(lambda: said(wire, CONFIG) and said(wire, other))
        house.rest()
        house.desk.run("unit", "revoke", "b")
        house.begin()
        eventually(lambda: (other, b"", False) in wire.got)
        stops = house.desk.run("home-assistant", "off", "--by", "wang").stdout
        assert "reload the broker" in stops
        eventually(lambda: (CONFIG, b"", False) in wire.got)
        house.reload()
        eventually(lambda: not house.wire(house.user, house.password).connected)
        assert "told of nothing" in house.desk.run("home-assistant", "off", code=2).stderr
        assert house.desk.office.folder.load().home_assistant is None
    finally:
        house.end()


@pytest.mark.slow
def test_without_serve_it_says_that_nothing_is_kept_up_to_date(tmp_path: Path) -> None:
    house = House(tmp_path)
    try:
        house.serve()
        house.begin()
        wire = house.home()
        eventually(lambda: b"online" in wire.payloads("/bridge"))
        house.stop()
        eventually(lambda: wire.payloads("/bridge")[-1] == b"offline")
        house.serve()
        eventually(lambda: wire.payloads("/bridge")[-1] == b"online")
        house.rest()
        eventually(lambda: wire.payloads("/bridge")[-1] == b"offline")
    finally:
        house.end()


@pytest.mark.slow
def test_serve_starts_it_beside_itself_and_takes_it_along(tmp_path: Path) -> None:
    house = House(tmp_path)
    try:
        house.heard(house.a)
        wire = house.home()
        process = Process(house.desk.path)
        eventually(lambda: said(wire, CONFIG) and b"online" in wire.payloads("/bridge"), 20.0)
        process.end()  # killed: what it started sees its input end
        eventually(lambda: wire.payloads("/bridge")[-1] == b"offline", 10.0)
        again = Process(house.desk.path)
        eventually(lambda: wire.payloads("/bridge")[-1] == b"online", 20.0)
        assert again.end(signal.SIGTERM) == 0
        eventually(lambda: wire.payloads("/bridge")[-1] == b"offline", 10.0)
        assert "Traceback" not in again.log.read_text()
    finally:
        house.end()


# --- the site's setting


@ONE_ENGINE
def test_it_is_off_until_somebody_says_so_and_what_is_said_is_entered(desk: Desk) -> None:
    assert desk.office.site.home_assistant is None
    assert "home-assistant" not in json.dumps(sorted(desk.office.keys.logins))
    desk.unit("a", "yard/y1")
    first = desk.run("home-assistant", "on", "--scope", "yard/y1", "--by", "wang").stdout
    second = desk.run("home-assistant", "on", "--scope", "yard/y1", "--by", "wang").stdout
    assert first.splitlines()[1] != second.splitlines()[1], "a new password each time"
    acts = [row.line.decode() for row in desk.rows(select(schema.metadata.tables["acts"]))]
    assert sum('"act":"home_assistant"' in line for line in acts) == 2
    password = second.splitlines()[1].rpartition(" ")[2]
    assert password not in "".join(acts)


@ONE_ENGINE
@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--prefix", "#"), "no topic for Home Assistant"),
        (("--prefix", "doorward"), "no topic for Home Assistant"),
        (("--prefix", "doorward-ha/x"), "no topic for Home Assistant"),
        (("--prefix", "a\ntopic write #"), "no topic for Home Assistant"),
        (("--scope", "yard/nowhere"), "no unit is there"),
        (("--scope", "x"), "a scope is LEVEL/ID"),
    ],
)
def test_what_cannot_be_let_in_gets_one_line(desk: Desk, options: tuple[str, ...], line: str) -> None:
    stderr = desk.run("home-assistant", "on", *options, code=2).stderr
    assert line in stderr
    assert desk.office.folder.load().home_assistant is None


@ONE_ENGINE
@pytest.mark.parametrize("given", [{"scope": 5}, {"scope": "site/badahu", "prefix": None}, {}, {"who": "x"}])
def test_a_setting_that_is_damaged_gets_one_line(desk: Desk, given: dict[str, Any]) -> None:
    path = desk.office.folder.settings
    path.write_text(json.dumps(json.loads(path.read_text()) | {"home_assistant": given}))
    stderr = desk.run("unit", "list", code=78).stderr
    assert "home_assistant" in stderr
    assert stderr.count("\n") == 1
