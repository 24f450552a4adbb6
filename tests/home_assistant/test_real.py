"""Home Assistant's own code, at a broker with rights, meets what we announce: it takes all of it, opens by a signed command, and assumes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from centre import schema
from contract.messages import Kind
from contract.plain import DeviceStatus, DoorStatus, build_will
from simulator.broker import free_port
from tests.centre.house import House
from tests.centre.unit import door
from tests.home_assistant.installed import Hub, environment
from tests.waiting import eventually

pytestmark = [pytest.mark.soak, pytest.mark.needs("mosquitto", "python3.13")]

LIMIT_S = 15.0
LOCK = "lock.a_main_lock"


@pytest.fixture(scope="module")
def interpreter(request: pytest.FixtureRequest) -> Path:
    cache = request.config.cache
    assert cache is not None
    return environment(cache.mkdir("home-assistant") / "env")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    made.serve()
    made.heard(made.a, devices={"reader": DeviceStatus("ok")})
    made.heard(made.b, doors={"main": door(), "back-2": door(None)})
    made.begin()
    yield made
    made.end()


@pytest.fixture
def hub(house: House, interpreter: Path, tmp_path: Path) -> Iterator[Hub]:
    with Hub(interpreter, tmp_path / "hub", house.port, house.user, house.password, free_port()) as made:
        eventually(lambda: made.state(LOCK) == "locked", LIMIT_S, 0.2)
        yield made
        assert made.complaints() == []


def unlocked(open_: bool) -> DoorStatus:
    return DoorStatus("normal", open=open_, unlocked=True, lock="ok", held=False)


def test_it_takes_every_entity_and_names_them_by_unit(house: House, hub: Hub) -> None:
    devices = hub.ask("devices")
    assert devices["a"] == sorted(
        [LOCK, "binary_sensor.a_main_contact", "binary_sensor.a_main_held", "event.a_main_event", "binary_sensor.a_online", "binary_sensor.a_fire", "binary_sensor.a_tamper", "notify.a_notice"]
    )  # fmt: skip
    assert len(devices["b"]) == 8 + 4
    states = hub.ask("states")
    assert {name for names in devices.values() for name in names} == set(states), (
        "none was refused, none is beside them"
    )
    expected = {LOCK: "locked", "binary_sensor.a_main_contact": "off", "binary_sensor.a_online": "on", "binary_sensor.a_fire": "off", "binary_sensor.a_tamper": "off"}  # fmt: skip
    assert {name: states[name]["state"] for name in expected} == expected
    assert states["binary_sensor.b_back_2_contact"]["state"] == "unknown"
    assert states[LOCK]["attributes"].get("assumed_state") is None, "no optimistic state"


def test_an_open_is_a_signed_command_and_the_state_is_what_the_unit_tells(house: House, hub: Hub) -> None:
    orders = house.answering(house.a, "accepted", "done")
    hub.call("lock.open", entity_id=LOCK)
    eventually(lambda: orders, LIMIT_S)
    assert (orders[0].order.door, orders[0].actor) == ("main", "home-assistant")
    eventually(lambda: "done" in {row.state for row in house.desk.rows(select(schema.courses.c.state))}, LIMIT_S)
    assert hub.state(LOCK) == "locked", "nobody said that it is anything else"
    house.heard(house.a, doors={"main": unlocked(open_=False)})
    eventually(lambda: hub.state(LOCK) == "unlocked", LIMIT_S, 0.2)
    house.heard(house.a, doors={"main": unlocked(open_=True)})
    eventually(lambda: hub.state("binary_sensor.a_main_contact") == "on", LIMIT_S, 0.2)
    house.heard(house.a, doors={"main": door()})
    eventually(lambda: hub.state(LOCK) == "locked", LIMIT_S, 0.2)
    hub.call("lock.lock", entity_id=LOCK)
    eventually(lambda: hub.call("lock.unlock", entity_id=LOCK) or len(orders) == 2, LIMIT_S, 0.5)


def test_what_goes_wrong_is_seen(house: House, hub: Hub) -> None:
    house.heard(house.a, doors={"main": DoorStatus("normal", open=False, unlocked=False, lock="fault", held=True)})
    eventually(lambda: hub.state(LOCK) == "jammed", LIMIT_S, 0.2)
    assert hub.state("binary_sensor.a_main_held") == "on"
    fire = DoorStatus("fire", open=None, unlocked=True, lock="ok", held=False)
    house.heard(house.a, doors={"main": fire}, devices={"reader": DeviceStatus("ok", tamper=("tamper",))})
    eventually(lambda: hub.state("binary_sensor.a_fire") == "on", LIMIT_S, 0.2)
    assert (hub.state("binary_sensor.a_tamper"), hub.state("binary_sensor.a_main_contact")) == ("on", "unknown")
    house.heard(house.a, doors={"main": DoorStatus("normal", open=None, unlocked=None, lock="lost", held=False)})
    eventually(lambda: hub.state(LOCK) == "unknown", LIMIT_S, 0.2)
    house.desk.take(house.a.message("status", build_will("s1")))
    eventually(lambda: hub.state(LOCK) == "unavailable", LIMIT_S, 0.2)
    assert hub.state("binary_sensor.a_online") == "off"
    house.answering(house.b, "refused", reason="lockdown")
    hub.call("lock.open", entity_id="lock.b_main_lock")
    eventually(lambda: hub.attribute("event.b_main_event", "reason") == "lockdown", LIMIT_S, 0.2)
    house.stop()
    eventually(lambda: hub.state("binary_sensor.b_online") == "unavailable", LIMIT_S, 0.2)
    house.serve()
    eventually(lambda: hub.state("binary_sensor.b_online") == "on", LIMIT_S, 0.2)


def test_who_passes_is_an_event_without_a_name(house: House, hub: Hub) -> None:
    house.a.at = time.time() - 2
    house.a.fact("access.duress", door="main", by="wang-li", via="pin")
    house.desk.take(house.a.batch())
    eventually(lambda: hub.attribute("event.a_main_event", "event_type") == "granted", LIMIT_S, 0.2)
    assert "wang" not in str(hub.ask("states"))
    assert hub.attribute("event.a_main_event", "via") == "pin"


def test_a_message_is_a_notice_on_the_screen(house: House, hub: Hub) -> None:
    hub.call("notify.send_message", entity_id="notify.a_notice", message='停水 "8–12"\n{{ 1 + 1 }}')

    def standing() -> list[Any]:
        mine = (schema.state.c.kind == Kind.NOTICE.value) & (schema.state.c.scope == "unit/a")
        return house.desk.rows(select(schema.state).where(mine))

    eventually(standing, LIMIT_S)
    assert standing()[0].title == '停水 "8–12"'


def test_a_broker_that_lost_everything_is_told_anew_and_a_hub_that_starts_again_repeats_no_event(
    house: House, interpreter: Path, tmp_path: Path
) -> None:
    config = (interpreter, tmp_path / "hub", house.port, house.user, house.password, free_port())
    with Hub(*config) as first:
        eventually(lambda: first.state(LOCK) == "locked", LIMIT_S, 0.2)
        house.a.at = time.time() - 2
        house.a.fact("access.denied", door="main", by=None, via="card", reason="unknown")
        house.desk.take(house.a.batch())
        eventually(lambda: first.attribute("event.a_main_event", "event_type") == "refused", LIMIT_S, 0.2)
        house.broker.kill()
        house.broker.start()
        eventually(lambda: house.lines.count("connected") == 2, LIMIT_S)
        eventually(lambda: first.state(LOCK) == "locked", 60.0, 0.5)
    with Hub(*config[:1], tmp_path / "hub2", *config[2:]) as second:
        eventually(lambda: second.state(LOCK) == "locked", LIMIT_S, 0.2)
        assert second.state("event.a_main_event") == "unknown"
