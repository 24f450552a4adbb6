"""Several `serve` at one real mosquitto and one real PostgreSQL, under a street of units: nothing lost, nothing twice, whoever dies."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.link.reconnect import Pace
from centre.leases import partition_of
from contract.facts import AccessGranted, DoorForced, Via
from simulator.demo.children import Child, Commands, Outcome
from simulator.fleet.street import SITE, Street
from simulator.postgres import Cluster

pytestmark = [pytest.mark.slow, pytest.mark.needs("mosquitto"), pytest.mark.needs("postgres")]

UNITS = 60
QUICK = Pace(min_s=0.05, base_s=0.3, cap_s=1.0, taken_s=0.3)
MOVES_S = 5.0
HELD = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND objid < 64 AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@pytest.fixture
def server() -> Iterator[Cluster]:
    """What it says is committed is on its disk."""
    with Cluster(sync=True) as made:
        made.sql("CREATE DATABASE street")
        yield made


@pytest.fixture
def street(server: Cluster, tmp_path: Path) -> Iterator[Street]:
    hook = tmp_path / "hook"
    hook.write_text(f'#!/bin/sh\ncat >> "{tmp_path}/handed"\n', encoding="utf-8")
    hook.chmod(0o755)
    books, more = server.url("street"), ("--exec", str(hook))
    with Street(tmp_path, UNITS, pace=QUICK, books=books, further=("b", "c"), options=more) as made:
        yield made


def centre(street: Street, *words: str) -> Outcome:
    return Commands().run(["centre", "--dir", str(street.centre.folder.path), *words])


def held(street: Street) -> bool:
    """Whether each part of the units is somebody's."""
    return bool(street.ask(HELD) == 64)


def write(street: Street) -> None:
    """Each that is connected writes a fact, and sends it."""
    for unit in street.fleet.units:
        unit.write(AccessGranted("main", f"r-{unit.journal.last}", Via.CARD))


def proven(street: Street) -> None:
    """The books hold what each unit wrote, all of it, once and in order, and the chain of each proves it."""
    for unit in street.fleet.units:
        journal = unit.journal
        seq, head = (
            street.ask(f"SELECT {column} FROM epochs WHERE unit = ? AND epoch = ?", unit.name, journal.epoch)
            for column in ("seq", "head")
        )
        assert (seq, bytes(head)) == (journal.last, journal.head)
    written = sum(unit.journal.last for unit in street.fleet.units)
    assert street.ask("SELECT count(*) FROM facts") == written
    assert street.ask("SELECT count(*) FROM (SELECT DISTINCT epoch_id, seq FROM facts) AS each") == written
    ordered = "SELECT seq, lag(seq) OVER (PARTITION BY epoch_id ORDER BY n) AS before FROM facts"
    assert street.ask(f"SELECT count(*) FROM ({ordered}) AS each WHERE seq <> before + 1") == 0
    assert street.ask("SELECT count(*) FROM alarms WHERE kind LIKE 'history.%' OR kind LIKE 'epoch.%'") == 0
    done = centre(street, "verify")
    assert (done.code, done.err) == (0, "")


def taken(serve: Child) -> int:
    """How many parts it last said that it takes."""
    lines = [line for line in serve.log.read_text().splitlines() if " takes " in line]
    return int(lines[-1].split(" takes ")[1].split()[0]) if lines else 0


def test_they_share_the_units_and_one_of_them_speaks_for_all(street: Street, tmp_path: Path) -> None:
    fleet = street.fleet
    street.settle()
    fleet.until("each has a share", lambda: sorted(map(taken, street.serves)) == [20, 22, 22])
    assert len({partition_of(unit.name) for unit in fleet.units}) > 20
    write(street)
    for unit in fleet.units[:20]:
        unit.alarm(DoorForced("main"))
    fleet.until("all is confirmed", lambda: not fleet.unconfirmed)
    done = centre(street, "notice", "put", "--scope", f"site/{SITE}", "--title", "停水", "--text", "8:00-12:00")
    assert done.code == 0, done
    name = done.out.splitlines()[0]
    asked = "SELECT count(*) FROM receipts WHERE notice = ? AND received_utc IS NOT NULL"
    fleet.until("all have it", lambda: street.ask(asked, name) == UNITS)
    fleet.until("each alarm was handed over", lambda: len(handed(tmp_path)) >= 20)
    fleet.run(1.0)
    assert Counter(each["unit"] for each in handed(tmp_path)) == Counter(unit.name for unit in fleet.units[:20]), "once"
    assert all(unit.centre_online for unit in fleet.units)
    # one that stops says nothing to the units, and its share goes to the others
    street.serves[1].stop()
    fleet.until("the others have its share", lambda: taken(street.serves[0]) + taken(street.serves[2]) == 64)
    fleet.run(0.5)
    assert all(unit.centre_online for unit in fleet.units)
    # a command by the one that is first; the one that leads now may be another
    street.serves[0].stop()
    write(street)
    fleet.until("one is enough", lambda: not fleet.unconfirmed)
    assert centre(street, "settings", "put", "--scope", f"site/{SITE}", "--language", "en").code == 0
    applied = "SELECT count(*) FROM facts WHERE kind = 'settings.applied'"
    fleet.until("it is applied", lambda: street.ask(applied) == UNITS)
    street.serves[2].stop()
    fleet.until("the last one says that nobody is there", lambda: not any(unit.centre_online for unit in fleet.units))
    street.start_serve()
    fleet.until("all is confirmed", lambda: not fleet.unconfirmed)
    proven(street)


def handed(tmp_path: Path) -> list[dict[str, Any]]:
    """The alarms that the program was run for."""
    out = tmp_path / "handed"
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def moved_within(street: Street, limit_s: float = 10.0) -> float:
    """Seconds until each part of the units is somebody's again, the fleet going on meanwhile."""
    began = time.monotonic()
    street.fleet.until("all parts are taken", lambda: held(street), limit_s)
    return time.monotonic() - began


def confirmed_is_booked(street: Street) -> None:
    for unit in street.fleet.units:
        seq = street.ask("SELECT seq FROM epochs WHERE unit = ? AND epoch = ?", unit.name, unit.journal.epoch)
        assert (seq or 0) >= unit.journal.last - unit.journal.backlog, unit.name


@pytest.mark.claim("F55")
@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=pytest.mark.soak)])
def test_nothing_is_lost_or_twice_whoever_is_killed(
    street: Street, server: Cluster, kills: int, record_property: Callable[[str, object], None]
) -> None:
    """A `serve`, or the database's server, killed every second or two, while all units send."""
    fleet, dice = street.fleet, random.Random(kills)
    street.settle()
    fleet.until("all parts are taken", lambda: held(street))
    moves: list[float] = []
    down: list[Child] = []
    for number in range(kills):
        for _ in range(dice.randint(4, 8)):
            write(street)
            fleet.run(0.25)
        if number % 3 == 2:
            (server.kill, server.kill_first)[number % 2]()
            write(street)
            fleet.run(0.5)
            server.start()
            fleet.until("the database answers", lambda: held(street), 15.0)
            confirmed_is_booked(street)
        else:
            victim = dice.choice([serve for serve in street.serves if serve not in down])
            victim.kill()
            write(street)
            moves.append(moved_within(street))
            down.append(victim)
            fleet.until("units know that one is there", lambda: all(unit.centre_online for unit in fleet.units), 2.0)
            if len(down) == 2 or dice.random() < 0.5:
                street.start_serve(down.pop(0))
    fleet.until("all is confirmed", lambda: not fleet.unconfirmed and fleet.up() == UNITS, 90.0)
    confirmed_is_booked(street)
    proven(street)
    assert max(moves) < MOVES_S, moves
    record_property("figure", f"{kills} kills, {UNITS} units: a share moves within {max(moves):.1f} s")


@pytest.mark.soak
def test_one_that_hangs_loses_its_share_and_takes_nothing_twice(street: Street) -> None:
    fleet = street.fleet
    street.settle()
    fleet.until("all parts are taken", lambda: held(street))
    hung = street.serves[1]
    assert hung.pid is not None
    os.kill(hung.pid, signal.SIGSTOP)
    for _ in range(60):
        write(street)
        fleet.run(0.25)
    fleet.until("the others took over", lambda: not fleet.unconfirmed, 20.0)
    os.kill(hung.pid, signal.SIGCONT)
    for _ in range(20):
        write(street)
        fleet.run(0.25)
    fleet.until("it has a share again", lambda: taken(hung) in {20, 22})
    fleet.until("all is confirmed", lambda: not fleet.unconfirmed, 60.0)
    proven(street)
