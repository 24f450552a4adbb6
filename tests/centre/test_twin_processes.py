"""Two `serve`s of one site, as processes: a copied folder, a backup put back elsewhere, the only one killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from centre import schema
from centre.cli import centre as cli
from centre.errors import TWIN
from simulator.broker import start_broker
from tests.centre.conftest import Desk, Fresh
from tests.centre.site import Site
from tests.centre.unit import FakeUnit
from tests.centre.wire import Wire
from tests.waiting import eventually

pytestmark = pytest.mark.needs("mosquitto")  # a broker that outlives what is done to it here

PROGRAM = "from centre.cli import centre; centre()"


class Serve:
    """`centre serve` as a process; `said` is all it printed."""

    def __init__(self, folder: Path) -> None:
        self._log = folder.parent / f"{folder.name}.log"
        with self._log.open("wb") as log:
            command = [sys.executable, "-c", PROGRAM, "--dir", str(folder), "serve"]
            self.popen = subprocess.Popen(command, stdout=log, stderr=log)

    @property
    def said(self) -> str:
        return self._log.read_text()

    def up(self) -> float:
        """When it was connected."""
        eventually(lambda: " connected\n" in self.said, 15.0)
        return time.monotonic()

    def end(self, number: int = signal.SIGKILL) -> int:
        if self.popen.poll() is None:
            os.kill(self.popen.pid, number)
        return self.popen.wait(15)


@pytest.fixture
def copies(fresh_folder: Path) -> Fresh:
    """Books in a file, for which the rule is: at a server several may serve them."""
    return Fresh(fresh_folder, None)


@pytest.fixture
def serves() -> Iterator[Callable[[Path], Serve]]:
    made: list[Serve] = []

    def start(folder: Path) -> Serve:
        made.append(Serve(folder))
        return made[-1]

    yield start
    for each in made:
        each.end()


class Sender:
    """A unit that sends all the while: a batch each 50 ms, again from the last that was confirmed, once a second."""

    def __init__(self, site: Site, unit: FakeUnit, wire: Wire) -> None:
        self._site, self._unit, self._wire = site, unit, wire
        self._stop = threading.Event()
        unit.fact(count=20_000)
        self._batches = unit.batches(20)
        self.sent = self._next = 0
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self._thread.start()

    def confirmed(self) -> int:
        return max((each.seq for each in self._site.confirms(self._unit, self._wire)), default=0)

    def _run(self) -> None:
        again = time.monotonic()
        most = len(self._batches)
        while not self._stop.is_set() or self.confirmed() < most * 20:
            time.sleep(0.05)
            if self._stop.is_set():
                most = self.sent
            if time.monotonic() - again > 1.0:
                again, self._next = time.monotonic(), self.confirmed() // 20
            if self._next < most:
                message = self._batches[self._next]
                self._wire.publish(message.topic, message.payload)
                self._next += 1
                self.sent = max(self.sent, self._next)

    def end(self) -> int:
        """The highest number that was confirmed: all that was sent."""
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive(), (self.confirmed(), self.sent)
        return self.sent * 20


def facts_in(folder: Path) -> int:
    desk = Desk(folder)
    try:
        return desk.count(schema.facts)
    finally:
        desk.close()


@pytest.mark.slow
@pytest.mark.parametrize("broker", ["mosquitto", "iotcore"])
def test_the_second_stops_and_has_confirmed_nothing(
    tmp_path: Path, copies: Fresh, serves: Callable[[Path], Serve], broker: str
) -> None:
    with start_broker(tmp_path / "broker", prefer=broker) as running:  # type: ignore[arg-type]
        site = Site(tmp_path, copies, running)
        unit, wire = site.unit(enrolled=True)
        first = serves(site.desk.path)
        first.up()
        sender = Sender(site, unit, wire)
        eventually(lambda: sender.confirmed() > 100)
        copy = site.copied()
        before = facts_in(copy)
        second = serves(copy)
        assert second.popen.wait(10) == TWIN
        lines = second.said.splitlines()
        assert len(lines) == 2, "that it begins, and why it stops"
        assert "another `serve` of this site is at the broker, it answers from" in lines[1]
        mark = sender.confirmed()
        eventually(lambda: sender.confirmed() > mark, 10.0)
        count = sender.end()
        assert first.popen.poll() is None
        assert "not connected" not in first.said, "it was not pushed off"
        assert facts_in(copy) == before
        assert site.desk.count(schema.facts) == count
        assert f"holds ({count} facts, 0 gaps" in site.desk.run("verify").stdout
        eventually(lambda: "centre: ALARM 1 centre.twin another `serve`" in first.said)
        assert socket.gethostname() in site.desk.run("alarms", "list").stdout
        assert "centre.twin" in site.desk.run("health", code=1).stdout
        site.desk.run("alarms", "ack", "1", "--why", "switched off")
        assert site.desk.run("alarms", "list").stdout == ""
        site.close()


@pytest.mark.slow
def test_a_backup_put_back_elsewhere_stops_too(site: Site, serves: Callable[[Path], Serve], tmp_path: Path) -> None:
    """`restore` marks the books, and what it would ask of the broker it does not ask before it holds the place."""
    (tmp_path / "word").write_text("correct horse\n")
    said = ("--passphrase-file", str(tmp_path / "word"))
    unit, wire = site.unit(enrolled=True)
    first = serves(site.desk.path)
    first.up()
    site.desk.run("backup", str(tmp_path / "saved"), *said)
    sender = Sender(site, unit, wire)
    eventually(lambda: sender.confirmed() > 100)
    made = CliRunner().invoke(cli, ["--dir", str(tmp_path / "restored"), "restore", str(tmp_path / "saved"), *said])
    assert made.exit_code == 0, made.output
    other = Desk(tmp_path / "restored")
    second = serves(tmp_path / "restored")
    assert second.popen.wait(10) == TWIN
    assert other.count(schema.facts) == 0
    other.close()
    count = sender.end()
    assert site.desk.count(schema.facts) == count
    site.desk.run("verify")


@pytest.mark.soak
def test_the_only_one_killed_again_and_again_is_no_twin(
    site: Site, serves: Callable[[Path], Serve], record_property: Callable[[str, object], None]
) -> None:
    unit, wire = site.unit(enrolled=True)
    one = serves(site.desk.path)
    one.up()
    sender = Sender(site, unit, wire)
    away = []
    for _ in range(5):
        eventually(lambda: sender.confirmed() > 0)
        one.end(signal.SIGKILL)
        begun = time.monotonic()
        one = serves(site.desk.path)
        away.append(one.up() - begun)
    count = sender.end()
    assert site.desk.count(schema.facts) == count
    assert "centre.twin" not in site.desk.run("alarms", "list", "--all").stdout
    assert max(away) < 10.0
    record_property("figure", f"back {max(away):.1f} s after a kill at most, the start of the process included")


def test_the_same_folder_twice_is_refused_and_again_after_a_kill(site: Site, serves: Callable[[Path], Serve]) -> None:
    first = serves(site.desk.path)
    first.up()
    assert "`serve` runs already" in site.desk.run("serve", code=1).stderr
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    serves(site.desk.path).up()
