"""Two `serve`s of one site: at the same moment, over a broken line, by other clocks, with a broker or a unit that lies. In threads, where a test can hold one still."""

from __future__ import annotations

import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from centre import schema, twin
from centre.alarms import STRAY, Alarms
from centre.alarms import TWIN as TWINS
from centre.errors import TWIN, CentreError
from centre.folder import Folder
from centre.service import Service
from centre.twin import Call, call_topic
from contract import codec
from contract.plain import build_presence, parse_presence
from contract.strict_json import dumps
from contract.topics import centre
from simulator.broker import free_port
from tests.centre.conftest import Desk, Fresh
from tests.centre.guarded import Guarded
from tests.centre.site import Site
from tests.centre.unit import SITE
from tests.centre.wire import Wire
from tests.waiting import eventually

pytestmark = pytest.mark.needs("mosquitto")  # a broker that outlives what is done to it here


class Two:
    """Two services in threads, one a copy of the other's folder."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.unit, self.wire = site.unit(enrolled=True)
        self.desks = [site.desk, Desk(site.copied())]
        self.said: list[list[str]] = [[], []]
        self.ended: list[CentreError | None] = [None, None]
        self.services: list[Service | None] = [None, None]
        self._threads: list[threading.Thread] = []

    def start(self, number: int, broker: str | None = None) -> Service:
        office = self.desks[number].office
        where = office.folder.load() if broker is None else replace(office.folder.load(), broker=broker)
        made = Service(office.folder, where, office.keys, office.books, self.said[number].append)
        self.services[number] = made

        def run() -> None:
            try:
                made.run()
            except CentreError as error:
                self.ended[number] = error

        self._threads.append(threading.Thread(target=run, name=f"serve {number}"))
        self._threads[-1].start()
        return made

    def twin(self, number: int) -> bool:
        return getattr(self.ended[number], "code", None) == TWIN

    def up(self, number: int) -> bool:
        return "connected" in self.said[number]

    def close(self) -> None:
        for each in self.services:
            if each is not None:
                each.stop()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        self.desks[1].close()


@pytest.fixture
def copies(fresh_folder: Path) -> Fresh:
    """Books in a file, for which the rule is: at a server several may serve them."""
    return Fresh(fresh_folder, None)


@pytest.fixture
def two(site: Site) -> Iterator[Two]:
    made = Two(site)
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.parametrize("late", [0.0, 0.005, 0.01, 0.02, 0.03])
def test_of_two_that_start_at_the_same_moment_one_stops(two: Two, late: float) -> None:
    unit, wire = two.unit, two.wire
    unit.fact(count=200)
    two.start(0)
    time.sleep(late)
    two.start(1)
    batches = unit.batches(20)

    def one_is_left() -> bool:
        wire.send(*batches)
        return two.twin(0) != two.twin(1)

    eventually(one_is_left, 30.0, 0.2)
    left = 1 if two.twin(0) else 0
    eventually(lambda: two.up(left))
    wire.send(*batches)
    two.site.confirmed(unit, wire, 200)
    assert two.desks[left].count(schema.facts) == 200
    assert two.desks[1 - left].count(schema.facts) == 0


def test_who_looked_before_the_other_came_leaves_it_the_place(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one case that no look ahead sees: it looks, the other comes and takes a fact, it connects."""
    monkeypatch.setattr(twin, "AWAY_S", (1.5, 1.6))
    looked, go = threading.Event(), threading.Event()
    unit, wire = two.unit, two.wire
    second = two.desks[1].office
    made = Service(second.folder, second.folder.load(), second.keys, second.books, two.said[1].append)
    enter = made._place.enter

    def held_up() -> None:
        enter()
        looked.set()
        go.wait(20)

    made._link._client.on_pre_connect = lambda *_: held_up()
    two.services[1] = made
    thread = threading.Thread(target=lambda: _until_ended(made, two.ended))
    thread.start()
    assert looked.wait(5)
    two.start(0)
    eventually(lambda: two.up(0))
    unit.fact(count=3)
    wire.send(unit.batch())
    two.site.confirmed(unit, wire, 3)
    go.set()
    eventually(lambda: two.twin(1), 15.0)
    thread.join(5)
    assert "another `serve` of this site came at the same moment: it is left the place" in two.said[1]
    assert not two.up(1)
    assert two.desks[1].count(schema.facts) == 0
    unit.fact(count=2)
    wire.send(unit.batch(4))
    two.site.confirmed(unit, wire, 5)
    assert two.desks[0].count(schema.facts) == 5


def _until_ended(service: Service, ended: list[CentreError | None]) -> None:
    try:
        service.run()
    except CentreError as error:
        ended[1] = error


class Cable:
    """TCP to a port, which can be cut."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self.whole = True
        self._to = port
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self.whole:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                near.close()
                continue
            self._ends += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def cut(self) -> None:
        """Both ends find out at once: how long it takes is another matter."""
        self.whole = False
        ends, self._ends = self._ends, []
        for each in ends:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()


@pytest.mark.slow
def test_who_comes_back_after_another_took_over_stops(two: Two) -> None:
    cable = Cable(two.site.broker.port)
    unit, wire = two.unit, two.wire
    shutil.rmtree(two.desks[1].path)
    two.start(0, f"mqtt://127.0.0.1:{cable.port}")
    eventually(lambda: two.up(0))
    unit.fact(count=3)
    wire.send(unit.batch())
    two.site.confirmed(unit, wire, 3)
    shutil.copytree(two.desks[0].path, two.desks[1].path)
    two.desks[1] = Desk(two.desks[1].path)
    cable.cut()
    wire.send(unit.batch())
    eventually(lambda: any("not connected" in line for line in two.said[0]), 15.0)
    two.start(1)
    eventually(lambda: two.up(1), 10.0)
    unit.fact(count=2)
    wire.send(unit.batch(4))
    two.site.confirmed(unit, wire, 5)
    cable.whole = True
    eventually(lambda: two.twin(0), 30.0)
    assert two.desks[0].count(schema.facts) == 3, "nothing was taken that the other lacks"
    assert two.desks[1].count(schema.facts) == 5
    assert "not connected" not in " ".join(two.said[1]), "who is there is not pushed off"
    eventually(lambda: "centre.twin" in two.desks[1].run("alarms", "list").stdout)
    cable.close()


@pytest.mark.slow
def test_a_broken_line_and_a_broker_that_restarts_make_no_twin(site: Site) -> None:
    cable = Cable(site.broker.port)
    folder = Folder(site.desk.path)
    folder.save(replace(folder.load(), broker=f"mqtt://127.0.0.1:{cable.port}"))
    site.desk.office.__dict__.pop("site", None)
    site.serve()
    unit, wire = site.unit(enrolled=True)
    for count in (2, 3):
        cable.cut()
        site.desk.run("check", code=69)
        cable.whole = True
        eventually(lambda count=count: site.said.count("connected") == count, 15.0)  # type: ignore[misc]
    site.broker.kill()
    site.broker.start()
    eventually(lambda: site.said.count("connected") == 4, 15.0)
    unit, wire = site.unit("b12-u9", enrolled=True)
    unit.fact(count=3)
    wire.send(unit.batch())
    site.confirmed(unit, wire, 3)
    assert site.desk.run("alarms", "list", "--all").stdout == ""
    cable.close()


@pytest.mark.parametrize("since", [1.0, 4_000_000_000.0])
def test_one_that_is_announced_and_never_answers_is_not_there(
    site: Site, monkeypatch: pytest.MonkeyPatch, since: float
) -> None:
    """As after a broker that kept what was retained and lost the will; by whatever clock."""
    monkeypatch.setattr(twin, "GONE_S", 2.5)
    _, wire = site.unit()
    wire.publish(centre(SITE), build_presence(True, since, "x1"), retain=True)
    begun = time.monotonic()
    site.serve()
    assert time.monotonic() - begun >= 2.5
    assert site.said[0].startswith("another `serve` is announced at the broker and does not answer")


def test_who_is_killed_while_the_other_waits_is_followed_at_once(site: Site) -> None:
    """The broker publishes the will of the dead one; nobody waits for a time to pass."""
    will = (centre(SITE), build_presence(False, 1.0, "x1"))
    dying = Wire(site.broker.port, "centre", None, will=will)
    dying.publish(centre(SITE), build_presence(True, 2.0, "x1"), retain=True)
    threading.Timer(0.5, dying.cut).start()
    begun = time.monotonic()
    site.serve()
    assert time.monotonic() - begun < 4.0
    dying.close()


def test_clocks_that_differ_by_years_change_nothing(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    two.start(0)
    eventually(lambda: two.up(0))
    now = time.time
    monkeypatch.setattr("centre.twin.time.time", lambda: now() - 10 * 365 * 86_400)
    two.start(1)
    eventually(lambda: two.twin(1), 10.0)
    eventually(lambda: any("centre.twin" in line for line in two.said[0]))


def test_a_unit_stops_no_serve(tmp_path: Path) -> None:
    """It may write neither the centre's topic nor a call; who has the centre's own login may, and is believed."""
    guarded = Guarded(tmp_path, "mqtt")
    guarded.serve()
    call = dumps(codec.write(Call("x", "y", True, "elsewhere")))
    unit = guarded.unit(guarded.a)
    for topic, payload in ((centre(SITE), build_presence(True, 1.0, "x")), (call_topic(SITE), call)):
        unit.publish(topic, payload, retain=True)
    guarded.stop()
    guarded.serve()
    assert not [line for line in guarded.said if "another" in line]
    reader = guarded.centre(1)
    reader.subscribe(centre(SITE), call_topic(SITE))
    eventually(lambda: reader.payloads("/centre"))
    assert parse_presence(reader.payloads("/centre")[0]).session != "x"  # type: ignore[union-attr]
    eavesdropper = guarded.unit(guarded.b)
    eavesdropper.try_to_subscribe([call_topic(SITE)])
    writer = guarded.centre(2)
    writer.publish(call_topic(SITE), dumps(codec.write(Call("x", "y", False, "\x1b[2Jelsewhere"))))
    eventually(lambda: any("centre.twin" in line for line in guarded.said))
    assert "\x1b" not in "".join(guarded.said)
    assert len(reader.payloads("/call")) >= 2, "it was answered"
    assert eavesdropper.payloads("/call") == []
    guarded.end()


@pytest.mark.parametrize(
    "broken", [b"", b"{", b"[]", b'{"session":1}', b'{"session":"s","mark":"m","holds":"yes","host":""}']
)
def test_a_call_that_is_none_is_passed_over(site: Site, broken: bytes) -> None:
    site.serve()
    unit, wire = site.unit()
    wire.publish(call_topic(SITE), broken)
    wire.publish(centre(SITE), broken)
    unit.fact()
    wire.send(unit.batch())
    site.confirmed(unit, wire, 1)
    assert site.desk.run("alarms", "list").stdout == ""


def test_it_says_which_session_it_is(site: Site) -> None:
    site.serve()
    _, wire = site.unit()
    eventually(lambda: wire.payloads("/centre"))
    first = parse_presence(wire.payloads("/centre")[-1])
    assert re.fullmatch("[0-9a-f]{16}", first.session or "")  # type: ignore[union-attr]


def test_verify_knows_alarms_of_the_centre(desk: Desk) -> None:
    """Closed, edited, taken away: as those of units."""
    desk.unit()
    with desk.books.writing() as conn:
        made = Alarms(conn)
        made.raise_own(conn, "b12-u2", STRAY, "", 0, "x", desk.now)
        for detail in ("one", "two"):
            made.raise_own(conn, "", TWINS, "", 0, detail, desk.now)
        made.flush(conn)
    listed = desk.run("alarms", "list").stdout.splitlines()
    assert [line.split("  ")[2:] for line in listed] == [
        ["b12-u2", "broker.stray", "x"],
        ["centre.twin", "one", f"and 1 more, the last at {listed[1].split('last at ')[1]}"],
    ]
    assert '"unit": ""' in desk.run("alarms", "list", "--json").stdout.splitlines()[1]
    desk.run("alarms", "ack", "2", "--why", "switched off")
    desk.run("verify")
    mine = schema.alarms.c.unit.is_(None)
    with desk.books.writing() as conn:
        conn.execute(update(schema.alarms).where(mine).values(detail="another"))
    assert "centre: alarm centre.twin: the journal does not tell of it" in desk.run("verify", code=1).output
    with desk.books.writing() as conn:
        conn.execute(delete(schema.acknowledgements))
        conn.execute(delete(schema.repeats))
        conn.execute(delete(schema.alarms).where(mine))
    assert "centre: alarm centre.twin: was told, and is not there" in desk.run("verify", code=1).output
