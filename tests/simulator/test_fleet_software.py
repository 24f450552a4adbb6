"""A version rolled out to 200 units by a real `serve`, which dies in the middle of waves; some go back, some are away, one door stands open."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.link.reconnect import Pace
from centre.folder import Files
from simulator.demo.children import Commands, Outcome
from simulator.fleet.fleet_unit import FleetUnit
from simulator.fleet.street import SITE, Street
from simulator.fleet.updating import FIRST, Conduct
from tests.centre.rolling import bundle

pytestmark = pytest.mark.needs("mosquitto")

UNITS = 200
NEW = "0.2.0"
QUICK = Pace(min_s=0.05, base_s=0.3, cap_s=1.0, taken_s=0.3)


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    with Street(tmp_path, UNITS, pace=QUICK) as made:
        made.centre.save(replace(made.centre.site, files=Files("127.0.0.1")))
        added = centre(made, "software", "add", str(bundle(tmp_path / "new.raucb")), "--version", NEW)
        assert added.code == 0, added
        made.settle()
        yield made


def centre(street: Street, *words: str) -> Outcome:
    return Commands().run(["centre", "--dir", str(street.centre.folder.path), *words])


def in_order(street: Street) -> list[FleetUnit]:
    """As the first roll draws them."""
    return sorted(street.fleet.units, key=lambda unit: hashlib.sha256(f"1 {unit.name}".encode()).digest())


def roll(street: Street) -> None:
    done = centre(street, "software", "roll", NEW, "--scope", f"site/{SITE}", "--soak", "0s", "--why", "a mended door")
    assert done.code == 0, done


def rows(street: Street, query: str, *values: Any) -> int:
    return int(street.ask(query, *values) or 0)


def wave(street: Street) -> int:
    return rows(street, "SELECT wave FROM rolls ORDER BY id DESC LIMIT 1")


def state(street: Street) -> str:
    return str(street.ask("SELECT state FROM rolls ORDER BY id DESC LIMIT 1"))


def handed(street: Street) -> int:
    return rows(street, "SELECT count(*) FROM roll_units")


def running(units: list[FleetUnit]) -> int:
    return sum(unit.software.version == NEW for unit in units)


@pytest.mark.soak
def test_200_units_in_four_waves_while_serve_is_killed_in_each(street: Street) -> None:
    order, fleet = in_order(street), street.fleet
    for unit in order[-3:]:
        unit.software.conduct = Conduct.RETURNS
    away = order[-8:-3]
    fleet.leave(away)
    fleet.run(1.0)
    roll(street)
    for number in (1, 2, 3, 4):
        fleet.until(f"wave {number}", lambda number=number: wave(street) >= number, 60.0, 0.2)  # type: ignore[misc]
        street.serve.kill()
        fleet.run(0.3)
        street.start_serve()
    there = [unit for unit in order[:-3] if unit not in away]
    fleet.until("all that are there run it", lambda: running(there) == len(there), 120.0, 0.2)
    assert [rows(street, "SELECT count(*) FROM roll_units WHERE wave = ?", number) for number in (1, 2, 3)] == [
        1,
        10,
        20,
    ]
    assert (state(street), running(away)) == ("running", 0), "who is away gets it on coming back"
    fleet.connect(away)
    fleet.until("it is done", lambda: state(street) == "done", 60.0, 0.2)
    assert running(order) == UNITS - 3
    assert rows(street, "SELECT count(*) FROM alarms WHERE kind = 'software.stopped'") == 0, "three of 169 may fail"
    told = json.loads(centre(street, "software", "status", "--json").out)
    assert {each["unit"]: each["stage"] for each in told["missing"]} == {unit.name: "returned" for unit in order[-3:]}
    street.serve.stop()
    proof = centre(street, "verify")
    assert (proof.code, proof.err) == (0, ""), proof


@pytest.mark.soak
def test_it_stops_by_itself_and_what_waits_at_a_door_is_not_installed_any_more(street: Street) -> None:
    order, fleet = in_order(street), street.fleet
    waiting, bad = order[-25:-5], order[-5:]
    for unit in waiting:
        unit.software.conduct = Conduct.WAITS
    for unit in bad:
        unit.software.conduct = Conduct.RETURNS
    roll(street)
    fleet.until("it stopped", lambda: state(street) == "stopped", 120.0, 0.2)
    fleet.until("all is confirmed", lambda: not fleet.unconfirmed, 30.0)
    log = street.serve.log.read_text(encoding="utf-8")
    assert "ALARM" in log
    assert f"software.stopped roll 1 of {NEW} at site/{SITE} stopped: wave 4:" in log
    assert rows(street, "SELECT count(*) FROM state WHERE kind = 'software' AND withdrawn AND sent_rev < rev") == 0
    for unit in waiting:  # the door closes
        unit.software.conduct = Conduct.GOOD
        unit.software.door_closed()
    fleet.run(2.0)
    assert [unit.software.version for unit in waiting] == [FIRST] * len(waiting)
    assert running(order) == UNITS - 25
    assert centre(street, "software", "go", "--why", "those five have old locks").code == 0
    fleet.until("they have it", lambda: running(waiting) == len(waiting), 60.0, 0.2)
    fleet.until("it is done", lambda: state(street) == "done", 60.0, 0.2)
