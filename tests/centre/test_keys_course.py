"""Keys that change, the whole course on a real broker with its own files: fifty units, three of them away for half of it, one stolen."""

from __future__ import annotations

import base64
import csv
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from centre import holders, rotations, state
from centre.cli import centre
from centre.keys import CentreKeys, load_keys
from centre.service import Service
from contract.base64url import unb64url
from contract.envelope import unverified_payload
from contract.messages import Kind
from contract.scopes import Scope
from contract.strict_json import dumps
from simulator.broker import free_port, start_broker, start_written
from tests.centre.box import Box
from tests.centre.conftest import OTHER_ENGINE_LONG, Desk, Fresh
from tests.centre.unit import SITE
from tests.centre.wire import Wire
from tests.waiting import eventually

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.slow]

OWN = f"doorward/1/{SITE}"
UNITS, BUILDINGS = 50, 5
AWAY, NEVER_YET, STOLEN, SECOND = (7, 21), 48, 13, 5


@dataclass(frozen=True)
class Person:
    card: str
    pin: str


class Street:
    """A site with a guarded broker, `serve` in a thread, and its boxes. Everybody may ask at any moment who opens what."""

    def __init__(self, path: Path, fresh: Fresh) -> None:
        self.port = free_port()
        url = f"mqtt://127.0.0.1:{self.port}"
        made = CliRunner().invoke(centre, ["init", str(path / "c"), "--site", SITE, "--broker", url, *fresh.books()])
        assert made.exit_code == 0, made.output
        self.path, self.desk, self.said = path, Desk(path / "c"), [made.output]
        self.boxes: list[Box] = []
        for number in range(UNITS):
            scope = f"building/b{number % BUILDINGS}"
            unit = self.desk.unit(f"u{number:02d}", scope, enrolled=False)
            self.boxes.append(Box(unit, [Scope(*scope.split("/"))]))
        self.run("broker", "--listen", "127.0.0.1")
        self.broker = start_written(self.desk.office.folder.broker, self.port, path / "log")
        self.people = {
            f"b{building}": [self._person(building, number) for number in range(8)] for building in range(BUILDINGS)
        }
        self.staff = [self._person(9, number) for number in range(3)]
        self.faults: list[str] = []
        self.looks = 0
        self.watched: set[int] = set()
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watcher")
        self._service: Service | None = None

    @staticmethod
    def _person(group: int, number: int) -> Person:
        return Person(f"{0x9ABC0000 + group * 0x1111 + number * 7:08X}", f"{group}{number}4711{group}{number}2601")

    def run(self, *args: str) -> str:
        result = self.desk.run(*args)
        self.said += [result.stdout, result.stderr]
        return result.stdout

    def roster(self, name: str, scope: str, people: list[Person]) -> None:
        file = self.path / f"{name}.csv"
        lines = [f"h{i},0x{each.card},{each.pin},{100 + i}" for i, each in enumerate(people)]
        file.write_text("\n".join(["id,card,pin,room", *lines, ""]))
        self.run("roster", "put", "--yes", name, str(file), "--scope", scope)
        file.unlink()

    def serve(self) -> None:
        office = self.desk.office
        service = Service(office.folder, office.site, load_keys(office.folder), office.books, self.said.append)
        self._service, self._thread = service, threading.Thread(target=service.run, name="serve")
        before = self.said.count("connected")
        self._thread.start()
        eventually(lambda: self.said.count("connected") > before)

    def stop(self) -> None:
        if self._service is not None:
            self._service.stop()
            self._thread.join(5)
        self._service = None

    def reload(self) -> None:
        assert self.broker.pid is not None
        os.kill(self.broker.pid, signal.SIGHUP)
        time.sleep(0.3)

    def should_open(self, box: Box) -> list[Person]:
        return [*self.people[box.scopes[0].id], *self.staff]

    def wrong(self, box: Box) -> list[str]:
        """What is not as it should be at this door now."""
        elsewhere = self.people[f"b{(int(box.scopes[0].id[1:]) + 1) % BUILDINGS}"]
        shut = [each.card for each in self.should_open(box) if not box.opens(each.card)]
        wide = [each.card for each in elsewhere if box.opens(each.card)]
        return [f"{box.unit.name}: {card} does not open" for card in shut] + [
            f"{box.unit.name}: {card} opens" for card in wide
        ]

    def watch(self, numbers: set[int]) -> None:
        """From now on at every moment."""
        eventually(lambda: not [fault for number in numbers for fault in self.wrong(self.boxes[number])], 30)
        self.watched = self.watched | numbers
        if not self._watcher.is_alive():
            self._watcher.start()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            for number in sorted(self.watched):
                self.faults += self.wrong(self.boxes[number])
                self.looks += 1

    def open_changes(self) -> list[str]:
        with self.desk.books.reading() as conn:
            return [each.name for each in rotations.listed(conn) if each.done_utc is None]

    def close(self) -> None:
        self._over.set()
        if self._watcher.is_alive():
            self._watcher.join()
        self.stop()
        for box in self.boxes:
            box.off()
        self.broker.kill()
        self.desk.close()


@pytest.fixture
def street(tmp_path: Path, copies: Fresh) -> Iterator[Street]:
    made = Street(tmp_path, copies)
    yield made
    made.close()


@OTHER_ENGINE_LONG
def test_all_keys_change_under_a_street_of_doors(street: Street, tmp_path: Path) -> None:
    """At every moment each door opens for the cards it should; a stolen unit's keys open nothing new; no key shows anywhere."""
    street.serve()
    for number, box in enumerate(street.boxes):
        if number != NEVER_YET:
            assert box.connect(street.port)
    for name, people in street.people.items():
        street.roster(name, f"building/{name}", people)
    street.roster("staff", f"site/{SITE}", street.staff)
    street.run("notice", "put", "--yes", "--scope", f"site/{SITE}", "--title", "x", "--text", "y", "--id", "n1")
    street.watch(set(range(UNITS)) - {NEVER_YET})
    with street.desk.books.reading() as conn:
        eventually(lambda: len(street.boxes[0].rosters) == 2)
        assert all(each.card_key == "c1" and each.pin_key == "p1" for each in holders.rosters(conn))
    for number in AWAY:
        street.boxes[number].off()
    eventually(lambda: street.run("unit", "list").count("  offline  ") == 3)
    first = load_keys(street.desk.office.folder)
    stolen = street.boxes[STOLEN]

    _begin(street, tmp_path)
    _half(street)
    _revoke(street, stolen)
    thief = dict(stolen.card_keys)
    street.stop()
    for number in (*AWAY, NEVER_YET):
        assert street.boxes[number].connect(street.port)
    street.serve()
    street.watch({NEVER_YET})
    eventually(lambda: street.open_changes() == ["login u05"], 60)
    _second_login(street)
    _done(street, stolen, tmp_path)
    now = load_keys(street.desk.office.folder)
    assert set(now.card_keys) == {"c3"}
    assert set(now.pin_keys) == {"p2"}
    assert not {key.kid for key in now.working} & {key.kid for key in first.working}
    assert not list((street.desk.path / "keys").glob("*-1.pem"))
    street._over.set()
    assert street.faults == []
    assert street.looks > 1000
    street.stop()
    for box in street.boxes:
        box.off()
    retained = _retained(street, tmp_path)
    _stolen_keys_open_nothing_new(retained, street, stolen, thief)
    _no_key_shows(street, retained, first, now)


def _begin(street: Street, tmp_path: Path) -> None:
    street.run("keys", "rotate", "card")
    street.run("keys", "rotate", "pin", "--out", str(tmp_path / "pins.csv"))
    street.run("keys", "rotate", "state")
    street.run("keys", "rotate", "command")
    street.run("keys", "rotate", "login", "u05")
    street.reload()
    street.desk.run("keys", "rotate", "login", "u07", code=2)  # away
    assert (tmp_path / "pins.csv").stat().st_mode & 0o777 == 0o600


def _half(street: Street) -> None:
    """Those that are there have it all; nothing is taken away while others are not."""
    there = [box for number, box in enumerate(street.boxes) if number not in (*AWAY, NEVER_YET)]
    eventually(lambda: all(set(box.card_keys) == {"c1", "c2"} for box in there), 30)
    rev = street.desk.rev(Kind.KEYS, f"site/{SITE}")
    eventually(lambda: all(box.keys_rev == rev for box in there), 30)
    assert street.open_changes() == ["card", "pin", "working", "login u05"]
    said = street.run("keys", "show")
    for number in AWAY:
        assert f"waits: u{number:02d}: has not applied keys revision {rev}" in said
        assert f"u{number:02d}  keys revision 1  secrets revision 0 of " in said
    begun = street.run("keys", "rotate", "card")
    assert "was begun already" in begun
    assert set(load_keys(street.desk.office.folder).card_keys) == {"c1", "c2"}


def _revoke(street: Street, stolen: Box) -> None:
    assert stolen.wire is not None
    street.watched -= {STOLEN}
    said = street.desk.run("unit", "revoke", stolen.unit.name)
    assert "it holds p2 already: `keys rotate pin` once more" in said.stderr
    street.reload()
    stolen.off()
    assert not stolen.connect(street.port)


def _second_login(street: Street) -> None:
    box = street.boxes[SECOND]
    first = box.logins[-1]
    box.off()
    assert box.connect(street.port)
    assert box.login == "u05_2"
    eventually(lambda: street.open_changes() == [], 30)
    street.reload()
    refused = Wire(street.port, *first)
    assert not refused.connected
    refused.close()
    box.off()
    assert box.connect(street.port)


def _done(street: Street, stolen: Box, tmp_path: Path) -> None:
    live = [box for box in street.boxes if box is not stolen]
    eventually(lambda: all(set(box.card_keys) == {"c3"} for box in live), 60)
    eventually(lambda: all(set(box.pin_keys) == {"p2"} for box in live), 30)
    eventually(lambda: all("n1" in box.notices for box in live), 30)
    assert "waits" not in street.run("keys", "show")
    with (tmp_path / "pins.csv").open() as file:
        pins = [row for row in csv.DictReader(file) if row["roster"] == "b0"]
    for row, person in zip(pins, street.people["b0"], strict=True):
        assert street.boxes[0].takes_pin(person.card, row["pin"])
        assert not street.boxes[0].takes_pin(person.card, person.pin)


def _stolen_keys_open_nothing_new(
    retained: list[tuple[str, bytes]], street: Street, stolen: Box, thief: dict[str, str]
) -> None:
    """What a thief with the box, its keys and the broker's store has: old hashes. Nothing is retained for the box any more."""
    assert set(thief) == {"c1", "c2"}, "it was handed the next one before it was missed"
    assert not [topic for topic, _ in retained if f"/unit/{stolen.unit.name}/" in topic]
    spy = Box(stolen.unit, stolen.scopes)
    spy.card_keys, spy.ring, spy.keys_rev = thief, street.boxes[0].ring, street.boxes[0].keys_rev
    rosters = 0
    for topic, payload in retained:
        spy._take(topic, payload)
        rosters += "/roster/" in topic
    assert rosters == BUILDINGS + 1
    assert not [each for group in (street.staff, *street.people.values()) for each in group if spy.opens(each.card)]


def _retained(street: Street, path: Path) -> list[tuple[str, bytes]]:
    """All of it: the broker is made to write down what it holds, and one on that store lets anybody read."""
    data = street.desk.office.folder.broker / "data"
    data.mkdir()
    file = street.desk.office.folder.broker / "mosquitto.conf"
    file.write_text(file.read_text().replace("persistence false", f"persistence true\npersistence_location {data}/"))
    street.reload()
    street.broker.stop()
    config = f"allow_anonymous true\npersistence true\npersistence_location {data}/"
    with start_broker(path / "open", prefer="mosquitto", config=config) as broker:
        reader = Wire(broker.port, "reader", None)
        reader.subscribe("#")
        with street.desk.books.reading() as conn:
            due = {item.topic for item in state.retained(conn, time.time()) if item.token}
        eventually(lambda: due <= {topic for topic, _, _ in reader.got}, 20)
        found = [(topic, payload) for topic, payload, _ in reader.got]
        reader.close()
    return found


def _no_key_shows(street: Street, retained: list[tuple[str, bytes]], first: CentreKeys, now: CentreKeys) -> None:
    """In the raw bytes of books, broker's store and log, all that is retained and was sent, and all that was said."""
    keys = [bytes.fromhex(key) for each in (first, now) for key in (*each.card_keys.values(), *each.pin_keys.values())]
    keys += [private.private_bytes_raw() for each in (first, now) for private in each.private.values()]
    keys.append(holders.private_key(street.desk.office.folder).private_bytes_raw())
    numbers = [person for group in (street.staff, *street.people.values()) for person in group]
    words = [form for key in keys for form in (key, key.hex().encode(), base64.b64encode(key)[:42])]
    words += [form.encode() for each in numbers for form in (each.card, str(int(each.card, 16)), each.pin)]
    shared = (street.desk.path / "keys" / "shared.json").read_bytes()
    assert all(key.encode() in shared for key in now.card_keys.values()), "looked for as it is written where it belongs"
    words += [password.encode() for password in street.boxes[SECOND].passwords()]
    places = {"books": street.desk.kept()}
    places |= {f"data/{path.name}": path.read_bytes() for path in (street.desk.path / "broker" / "data").iterdir()}
    places |= {"broker's log": street.broker.log.read_bytes(), "said": "\n".join(street.said).encode()}
    sent = [(topic, payload) for box in street.boxes for wire in box.wires for topic, payload, _ in wire.got]
    for topic, payload in (*retained, *sent):
        places.setdefault(topic, b"")
        places[topic] += payload + _inside(payload)
    assert sum(map(len, places.values())) > 1_000_000
    assert len(words) > 100
    assert not [(place, word) for place, data in places.items() for word in words if word in data]


def _inside(token: bytes) -> bytes:
    """A signed message's payload, and what is sealed in it as bytes."""
    try:
        value = unverified_payload(token)
    except ValueError:
        return b""
    return dumps(value) + (unb64url(str(value.get("sealed", "")).encode()) or b"")
