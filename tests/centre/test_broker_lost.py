"""A broker that is killed and wiped at any moment loses nothing: facts, receipts, notices, rosters, keys, the course of a command.

mosquitto runs on the files as `centre broker` writes them, which keep nothing on disk; here everything else in their folder is deleted
at each kill all the same. Units are those of box.py: they send until the centre has confirmed, and come back by themselves.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from centre import commands, rotations, schema, state
from centre.passwords import hashed
from contract.commands import Open
from contract.plain import Reply, ReplyState
from contract.scopes import Scope
from tests.centre.box import Box
from tests.centre.guarded import OWN, Guarded
from tests.centre.unit import SITE
from tests.waiting import eventually

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.slow]

UNITS = 6
WIPES = 12
WRITTEN = {"mosquitto.conf", "passwords", "access", "doorward.conf"}


class Street:
    """A guarded broker that is killed and wiped again and again, and boxes that come back to it."""

    def __init__(self, path: Path) -> None:
        self.site = Guarded(path, "mqtt")
        self.desk = self.site.desk
        self.boxes = []
        for number in range(UNITS):
            scope = f"building/b{number % 2}"
            unit = self.desk.unit(f"u{number}", scope, enrolled=False)
            self.boxes.append(Box(unit, [Scope(*scope.split("/"))]))
        for unit in ("a", "b"):
            self.desk.run("unit", "revoke", unit)
        with (self.site.files / "passwords").open("a") as file:
            file.write(f"watcher:{hashed('w')}\n")
        with (self.site.files / "access").open("a") as file:
            file.write("\nuser watcher\ntopic read #\n")
        self.site.broker.restart()
        self.random = random.Random(8)
        self.wipes = 0
        self.over = threading.Event()
        self._coming = threading.Thread(target=self._come_back, name="units")
        self._coming.start()

    def _come_back(self) -> None:
        """Each unit whose connection is gone makes another, and sends again what was not confirmed for a second."""
        for turn in itertools.count():
            if self.over.wait(0.02):
                return
            for box in self.boxes:
                if turn % 50 == 49 and len(box.unit.lines) > box.confirmed:
                    box._introduce()
                if box.wire is None or not box.wire.connected:
                    with suppress(OSError, AssertionError):
                        if box.wire is not None:
                            box.wire.close()
                        box.connect(self.site.port)

    def wipe(self) -> None:
        """Killed, and everything that is not one of its written files deleted."""
        self.site.broker.kill()
        for path in self.site.files.iterdir():
            if path.name not in WRITTEN:
                path.unlink()
        self.site.broker.start()
        self.wipes += 1

    def roster(self, cards: list[str]) -> None:
        file = self.desk.path / "people.csv"
        file.write_text("\n".join(["id,card", *(f"h{i},0x{card}" for i, card in enumerate(cards)), ""]))
        self.desk.run("roster", "put", "main", str(file), "--scope", "building/b0")

    def end(self) -> None:
        self.over.set()
        self._coming.join()
        for box in self.boxes:
            for wire in box.wires:
                wire.close()
        self.site.end()


@pytest.fixture
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    monkeypatch.setattr("centre.link.FIRST_WAIT_S", 0.05)  # so that it is there at most of the wipes
    monkeypatch.setattr("centre.link.LONGEST_WAIT_S", 0.1)
    made = Street(tmp_path)
    yield made
    made.end()


def day(street: Street, number: int) -> None:
    """What happens between two wipes, and while they happen."""
    with street.desk.books.writing() as conn:
        for box in street.boxes:
            made = commands.make(SITE, box.unit.name, Open("main"), "wang", "test", 20.0, box.unit.at)
            commands.record(conn, replace(made, id=f"c{number}-{box.unit.name}"))
    for box in street.boxes:
        box._tell("door.opened", door="main")
        box._tell("command.accepted", id=f"c{number}-{box.unit.name}", action="open", door="main")
        box._send(box.unit.reply(Reply(f"c{number}-{box.unit.name}", ReplyState.ACCEPTED, box.unit.at)))
        box._tell("command.done", id=f"c{number}-{box.unit.name}", action="open", door="main")
        box._send(box.unit.reply(Reply(f"c{number}-{box.unit.name}", ReplyState.DONE, box.unit.at)))
    street.desk.run(
        "notice",
        "put",
        "--yes",
        "--scope",
        f"building/b{number % 2}",
        "--title",
        "x",
        "--text",
        "y",
        "--id",
        f"n{number}",
    )
    if number % 3 == 2:
        street.desk.run("notice", "withdraw", f"n{number - 2}")
        street.roster([f"9ABC{number:04X}", "9ABCFFFF"])
    if number == 4:
        street.desk.run("keys", "rotate", "card")
    if number == 8:
        street.desk.run("keys", "rotate", "state")


@pytest.mark.claim("F17")
def test_a_broker_wiped_at_any_moment_loses_nothing(
    street: Street, record_property: Callable[[str, object], None]
) -> None:
    street.site.serve()
    desk = street.desk
    with ThreadPoolExecutor(1) as others:
        for number in range(WIPES):
            going_on = others.submit(day, street, number)
            wait([going_on], street.random.uniform(0.0, 0.4))
            street.wipe()
            going_on.result()
    with suppress(AssertionError):
        eventually(lambda: not missing(street), 40, 0.2)
    assert missing(street) == [], street.site.said[-30:]
    desk.run("verify")
    assert [box.refused for box in street.boxes] == [[]] * UNITS, street.site.said
    assert {path.name for path in street.site.files.iterdir()} == WRITTEN, "it wrote nothing"
    assert street.site.said.count("connected") >= WIPES / 4, "`serve` was there between many of the wipes"
    record_property("figure", f"{street.wipes} wipes in {desk.count(schema.facts)} facts and {WIPES} notices: 0 lost")


def missing(street: Street) -> list[str]:
    """What is not yet as it should be in the end."""
    desk, found = street.desk, []
    with desk.books.reading() as conn:
        found += [f"{each.name}: open" for each in rotations.listed(conn) if each.done_utc is None]
        standing = {item.topic: item.token for item in state.retained(conn, 0.0) if item.token}
        steps = Counter(conn.execute(select(schema.courses.c.command)).scalars())
        booked = Counter(conn.execute(select(schema.epochs.c.unit).join(schema.facts)).scalars())
    found += [f"{name}: {count} steps" for name, count in steps.items() if count != 2]
    found += [] if len(steps) == WIPES * UNITS else [f"{len(steps)} commands"]
    for box in street.boxes:
        name, lines = box.unit.name, len(box.unit.lines)
        found += [] if box.confirmed == booked[name] == lines else [f"{name}: {lines} facts, {booked[name]} booked"]
        mine = {f"n{number}" for number in range(WIPES) if f"building/b{number % 2}" == str(box.scopes[0])}
        found += [] if set(box.notices) == mine else [f"{name}: notices {sorted(box.notices)}"]
        if box.scopes[0].id == "b0" and (not box.opens(f"9ABC{WIPES - 1:04X}") or box.opens("9ABC0002")):
            found.append(f"{name}: an old roster")
    kept = retained(street)
    found += [
        f"{topic}: not as it should be retained"
        for topic in {*kept, *standing}
        if kept.get(topic) != standing.get(topic)
    ]
    return found


def retained(street: Street) -> dict[str, bytes]:
    """All that the broker has below down/, as somebody who comes now finds it."""
    reader = street.site.wire("watcher", "w")
    reader.subscribe(f"{OWN}/down/#")
    reader.publish("nothing", b"")  # what was retained came before its acknowledgement
    found = {topic: payload for topic, payload, kept in list(reader.got) if kept}
    reader.close()
    return found
