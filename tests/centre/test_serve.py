"""`serve` on a real broker: facts to the books and confirms back, standing state, and what survives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from centre import broker_files, schema
from centre.cli.context import CliContext
from centre.link import LinkDown, LinkUp
from centre.service import Service
from contract.messages import Kind
from contract.plain import build_will, parse_presence
from simulator.broker import start_broker
from tests.centre.conftest import ONE_ENGINE, Desk, Fresh, impatient
from tests.centre.site import OWN, Site
from tests.waiting import eventually


def test_facts_reach_the_books_once_and_are_confirmed(site: Site) -> None:
    site.serve()
    unit, wire = site.unit()
    unit.fact(count=300, door="main")
    sent = unit.batches(100)
    wire.send(*sent, sent[1])
    confirm = site.confirmed(unit, wire, 300)
    assert confirm.head == unit.head
    assert abs(confirm.now_utc - time.time()) < 5
    assert site.desk.count(schema.facts) == 300
    assert site.desk.run("verify").stdout == "b12-u2 e1: holds (300 facts, 0 gaps, 3 signatures)\n"


@pytest.mark.slow
def test_a_broker_that_ends_the_connection_over_its_figures_is_served_without(tmp_path: Path, copies: Fresh) -> None:
    """That of iotcore takes a subscription to $SYS for an attack."""
    with start_broker(tmp_path / "broker", prefer="iotcore") as broker, Site(tmp_path, copies, broker) as site:
        broker_files.configure(site.desk.office)  # its figures are asked for
        site.serve()
        unit, wire = site.unit()
        unit.fact(count=3)
        wire.send(unit.batch())
        site.confirmed(unit, wire, 3)
        assert [line.partition(":")[0] for line in site.said[:2]] == ["not connected", "connected"]
        assert site.said.count("connected") == 1
        site.close()
        broker.kill()


def test_a_bad_message_does_not_stop_it(site: Site) -> None:
    site.serve()
    unit, wire = site.unit()
    unit.fact(count=2)
    for leaf in ("facts", "alarm", "status", "reply", "enrol", "nonsense"):
        wire.publish(f"{OWN}/up/{unit.name}/{leaf}", b"\xff\x00{[")
        wire.publish(f"{OWN}/up/ghost/{leaf}", b"")
    wire.send(unit.batch())
    site.confirmed(unit, wire, 2)
    assert any("facts refused: malformed" in line for line in site.said)


@pytest.mark.slow
def test_books_that_cannot_be_written_confirm_nothing_meanwhile(site: Site) -> None:
    site.serve()
    unit, wire = site.unit()
    eventually(lambda: f"{unit.name}: enrolled" in site.said)
    impatient(site.desk.books)
    unit.fact(count=3)
    with closing(CliContext(site.desk.path).books) as other, other.alone():
        wire.send(unit.batch())
        eventually(lambda: any("nothing is confirmed meanwhile" in line for line in site.said))
        assert site.confirms(unit, wire) == []
    site.confirmed(unit, wire, 3)
    eventually(lambda: "books: can be written again" in site.said)


def test_presence_says_when_it_is_there(site: Site) -> None:
    site.serve()
    _, wire = site.unit()
    eventually(lambda: wire.payloads("/centre"))
    first = parse_presence(wire.payloads("/centre")[-1])
    assert first.online  # type: ignore[union-attr]
    site.stop()
    eventually(lambda: parse_presence(wire.payloads("/centre")[-1]).online is False)  # type: ignore[union-attr]
    site.serve()
    eventually(lambda: parse_presence(wire.payloads("/centre")[-1]).online)  # type: ignore[union-attr]
    assert parse_presence(wire.payloads("/centre")[-1]).since_utc > first.since_utc  # type: ignore[union-attr]


def test_what_a_command_could_not_publish_serve_does(site: Site) -> None:
    site.broker.stop()
    said = site.desk.run("notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "y", "--id", "n1")
    assert "`serve` publishes it" in said.stderr
    assert "not sent yet" in site.desk.run("notice", "list").stdout
    site.broker.start()
    _, wire = site.unit()
    site.serve()
    eventually(lambda: wire.payloads("/notice/n1"))
    eventually(lambda: "  sent  " in site.desk.run("notice", "list").stdout)


def test_a_command_publishes_beside_serve(site: Site) -> None:
    site.serve()
    unit, wire = site.unit()
    assert (
        "published"
        in site.desk.run(
            "notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "y", "--id", "n1"
        ).stdout
    )
    eventually(lambda: wire.payloads("/notice/n1"))
    site.desk.run("notice", "withdraw", "n1")
    eventually(lambda: len(set(wire.payloads("/notice/n1"))) == 2)
    rev = site.desk.rev(Kind.NOTICE, "yard/y07", "n1")
    unit.fact("notice.received", scope="yard/y07", id="n1", rev=rev)
    wire.send(unit.batch())
    site.confirmed(unit, wire, 1)
    assert "sent 1 (100 %)  received 1 (100 %)  shown 0" in site.desk.run("coverage", "n1").stdout
    assert "not connected" not in " ".join(site.said), "serve was not pushed off the broker"


@pytest.mark.slow
@pytest.mark.claim("F17")
def test_a_broker_that_lost_everything_is_told_again(site: Site) -> None:
    site.desk.run("notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "y", "--id", "n1")
    site.serve()
    site.broker.kill()
    eventually(lambda: any("not connected" in line for line in site.said))
    site.broker.start()
    eventually(lambda: site.said.count("connected") == 2)
    unit, wire = site.unit()
    eventually(lambda: wire.payloads("/notice/n1"))
    unit.fact(count=3)
    wire.send(unit.batch())
    site.confirmed(unit, wire, 3)


def test_a_stale_unit_gets_its_state_again(site: Site) -> None:
    site.desk.run("notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "y", "--id", "n1")
    site.serve()
    unit, wire = site.unit()
    eventually(lambda: wire.payloads("/notice/n1"))
    before = len(wire.payloads("/notice/n1"))
    stale = unit.status(stale=True)
    wire.send(stale, stale)
    eventually(lambda: len(wire.payloads("/notice/n1")) > before)
    eventually(lambda: any("published again" in line for line in site.said))
    assert sum("published again" in line for line in site.said) == 1


@pytest.mark.slow
def test_an_ended_notice_is_cleared_from_the_broker(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("centre.service.TIDY_S", 0.1)
    site.desk.run(
        "notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "y", "--id", "n1", "--until", "1s"
    )
    _, wire = site.unit()
    site.serve()
    eventually(lambda: b"" in wire.payloads("/notice/n1"), 5.0)
    _, late = site.unit("b12-u3")
    assert late.payloads("/notice/n1") == []


def test_who_is_there(site: Site) -> None:
    site.serve()
    unit, wire = site.unit()
    wire.send(unit.status(backlog=7))
    eventually(lambda: '"online": true' in site.desk.run("unit", "list", "--json").stdout)
    assert '"backlog": 7' in site.desk.run("unit", "list", "--json").stdout
    wire.send(unit.message("status", build_will("s1")))
    eventually(lambda: '"online": false' in site.desk.run("unit", "list", "--json").stdout)


# --- the process


class Process:
    """`centre serve` as a process of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.log = folder.parent / "serve.log"
        program = "from centre.cli import centre; centre()"
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                [sys.executable, "-c", program, "--dir", str(folder), "serve", *options], stderr=log, stdout=log
            )
        before = self.connections()
        try:
            eventually(lambda: self.connections() > before, 30.0)
        except BaseException:
            self.end()
            raise

    def connections(self) -> int:
        return self.log.read_text().count(" connected") if self.log.exists() else 0

    def end(self, number: int = signal.SIGKILL) -> int:
        if self._popen.poll() is None:
            os.kill(self._popen.pid, number)
        return self._popen.wait(10)


@pytest.mark.slow
@pytest.mark.claim("F2")
@pytest.mark.needs("mosquitto")
def test_kill_9_in_the_middle_loses_and_doubles_nothing(
    site: Site, record_property: Callable[[str, object], None]
) -> None:
    """What was confirmed is in the books; what was not is sent again; each fact counts once; the chain holds."""
    unit, wire = site.unit()
    unit.fact(count=6_000, door="main", by="h1", via="card")
    batches = unit.batches(200)
    kills = 0
    for round_ in range(4):
        process = Process(site.desk.path)
        if round_ == 0:
            wire.send(unit.enrol())
        confirmed = max((c.seq for c in site.confirms(unit, wire)), default=0)
        for message in batches[confirmed // 200 :]:
            wire.publish(message.topic, message.payload)
            if round_ < 3 and any(c.seq >= confirmed + 1000 for c in site.confirms(unit, wire)):
                break
        if round_ < 3:
            process.end()
            kills += 1
            books = site.desk.count(schema.facts)
            assert books >= max((c.seq for c in site.confirms(unit, wire)), default=0)
    site.confirmed(unit, wire, 6_000)
    assert process.end(signal.SIGTERM) == 0
    assert site.desk.count(schema.facts) == 6_000
    site.desk.run("verify")
    record_property("figure", f"{kills} kills of the centre in 6,000 facts: 0 lost, 0 doubled")


@pytest.mark.slow
def test_only_one_serves_and_it_stops_cleanly(site: Site) -> None:
    process = Process(site.desk.path)
    try:
        second = site.desk.run("serve", code=1)
        assert "`serve` runs already" in second.stderr
    finally:
        assert process.end(signal.SIGTERM) == 0
    assert "Traceback" not in process.log.read_text()
    assert process.log.read_text().rstrip().endswith("stopped")


@pytest.mark.slow
def test_drain_over_the_broker(site: Site, record_property: Callable[[str, object], None]) -> None:
    """Measured, not judged: 10,000 facts of one unit, from the first publication to the last confirm."""
    site.serve()
    unit, wire = site.unit()
    unit.fact(count=10_000, door="main", by="h1", via="card")
    batches = unit.batches(400)
    begun = time.perf_counter()
    wire.send_all(batches)
    site.confirmed(unit, wire, 10_000)
    took = time.perf_counter() - begun
    record_property("figure", f"{10_000 / took:,.0f} facts/s from the wire into the books and confirmed")


@ONE_ENGINE
def test_the_second_connection_says_when_it_is_back(desk: Desk) -> None:
    office, said = desk.office, list[str]()
    service = Service(office.folder, office.site, office.keys, office.books, said.append)
    for event in (LinkUp(), LinkDown("gone"), LinkDown("gone"), LinkUp(), LinkUp()):
        service._heard(service._urgent, event)
    assert said == [
        "not connected for alarms, replies and statuses: gone",
        "connected again for alarms, replies and statuses",
    ]
