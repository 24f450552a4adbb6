"""A cluster of three NATS servers as the broker of a street: what holds there, over a node that dies, and what differs from mosquitto."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from agent.link.reconnect import Pace
from centre import units
from centre.broker import access
from contract.facts import AccessGranted, DoorForced, Via
from simulator.demo.children import Commands, Outcome
from simulator.fleet.enlisted import Enlisted
from simulator.fleet.street import SITE, Street
from simulator.nats import NatsCluster
from simulator.network import Cable
from tests.centre.wire import Wire
from tests.waiting import eventually

pytestmark = [pytest.mark.soak, pytest.mark.needs("nats-server")]

UNITS = 6
SLOW_S = 150.0
"""A subscription costs NATS a vote of its nodes, and one that it refuses while a node is dead is tried again."""
QUICK = Pace(min_s=0.05, base_s=0.3, cap_s=1.0, taken_s=0.3)


class ClusteredStreet(Street):
    """Units are spread over the nodes; `serve` and commands go by `cable`, which stands for an address that moves."""

    def __init__(self, folder: Path, count: int, cable: Cable) -> None:
        self.cable = cable
        super().__init__(folder, count, pace=QUICK, port=cable.port)
        self.at(0)

    def _ports(self) -> Sequence[int]:
        return [node.port for node in self.cluster.nodes]

    def _broker(self, enlisted: Sequence[Enlisted], further: Sequence[str]) -> NatsCluster:
        assert not further
        with self.centre.books.reading() as conn:
            rights = access(SITE, units.listed(conn, SITE))
        passwords = self.centre.keys.logins | {each.enrolment.unit: each.enrolment.password for each in enlisted}
        self.cluster = NatsCluster(self.folder / "nats", rights, passwords)
        return self.cluster

    def at(self, node: int) -> None:
        """Where `serve` is from its next connection on."""
        self.cable.target = self.cluster.nodes[node].port


@pytest.fixture
def street(tmp_path: Path) -> Iterator[ClusteredStreet]:
    with Cable(0) as cable, ClusteredStreet(tmp_path, UNITS, cable) as made:
        yield made


def centre(street: Street, *words: str) -> Outcome:
    return Commands().run(["centre", "--dir", str(street.centre.folder.path), *words])


def write(street: Street) -> None:
    for unit in street.fleet.units:
        unit.write(AccessGranted("main", f"r-{unit.journal.last}", Via.CARD))


def notice(street: Street, title: str) -> str:
    done = centre(street, "notice", "put", "--scope", f"site/{SITE}", "--title", title, "--text", "8:00-12:00")
    assert done.code == 0, done
    return done.out.splitlines()[0]


def opened(street: Street, unit: str) -> None:
    """An order is given, obeyed once and answered, while time passes for the fleet."""
    words = [sys.executable, "-m", "agent", "centre", "--dir", str(street.centre.folder.path)]
    words += ["open", "--unit", unit, "--door", "main", "--why", "courier", "--actor", "desk"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as done:
        street.fleet.until("the order ends", lambda: done.poll() is not None, 60.0)
        assert done.stdout is not None
        said = done.stdout.read()
    assert done.returncode == 0, said
    assert "opened" in said


def received(street: Street, name: str) -> int:
    return int(street.ask("SELECT count(*) FROM receipts WHERE notice = ? AND received_utc IS NOT NULL", name))


def proven(street: Street) -> None:
    """The books hold what each unit wrote, all of it and once, and the chain of each proves it."""
    for unit in street.fleet.units:
        seq, head = (
            street.ask(f"SELECT {column} FROM epochs WHERE unit = ? AND epoch = ?", unit.name, unit.journal.epoch)
            for column in ("seq", "head")
        )
        assert (seq, head) == (unit.journal.last, unit.journal.head)
    written = sum(unit.journal.last for unit in street.fleet.units)
    assert street.ask("SELECT count(*) FROM facts") == written
    assert street.ask("SELECT count(DISTINCT epoch_id || '.' || seq) FROM facts") == written
    assert street.ask("SELECT count(*) FROM alarms WHERE kind LIKE 'history.%' OR kind = 'centre.twin'") == 0
    done = centre(street, "verify")
    assert (done.code, done.err) == (0, ""), done


def test_the_node_that_serve_is_at_is_killed(
    street: ClusteredStreet, record_property: Callable[[str, object], None]
) -> None:
    """What works while a node is dead, and when it is back. Who has to subscribe meanwhile may be refused: docs/operations.md."""
    fleet, dying = street.fleet, street.cluster.nodes[0]
    street.settle(SLOW_S)
    assert {fleet.port_of(unit) for unit in fleet.units} == {node.port for node in street.cluster.nodes}
    at_others = [unit for unit in fleet.units if fleet.port_of(unit) != dying.port]
    at_dying = [unit for unit in fleet.units if unit not in at_others]
    first = notice(street, "停水")
    fleet.until("all have it", lambda: received(street, first) == UNITS)
    opened(street, "u1")
    # the node dies under serve and some units; those of the others notice nothing
    fleet.leave(at_dying)
    dying.kill()
    killed = time.monotonic()
    street.at(1)
    write(street)
    asked = "SELECT matched FROM alarms WHERE unit = ? AND kind = 'door.forced' AND seq = ?"
    seq = at_others[0].alarm(DoorForced("main"))
    fleet.until("the alarm is there", lambda: street.ask(asked, at_others[0].name, seq), SLOW_S)
    fleet.until("facts are confirmed", lambda: not any(unit.journal.backlog for unit in at_others), SLOW_S)
    took = time.monotonic() - killed
    second = notice(street, "停电")
    fleet.until("those have the notice", lambda: received(street, second) == len(at_others), SLOW_S)
    assert fleet.up(at_others) == len(at_others)
    assert all(unit.journal.backlog for unit in at_dying)
    # it comes back: units that were away find what stands, and send what they have
    dying.start()
    street.cluster.await_ready()
    fleet.connect(at_dying, SLOW_S)
    fleet.until("they have what stands", lambda: received(street, second) == UNITS, SLOW_S)
    opened(street, at_dying[0].name)
    write(street)
    fleet.until("all is confirmed", lambda: not fleet.unconfirmed and fleet.up() == UNITS, SLOW_S)
    street.serve.stop()
    proven(street)
    record_property("figure", f"a node of three killed under `serve`: units of the others confirmed {took:.0f} s later")


def test_rights_hold_and_client_ids_are_anybodys(street: ClusteredStreet) -> None:
    """By the rights of mosquitto's access file, in NATS's words. What is not bound to a login, a client id, is shown as it is."""
    street.serve.stop()
    own = f"doorward/1/{SITE}"
    one, two = street.cluster.nodes[1].port, street.cluster.nodes[2].port
    ours = Wire(one, "centre", street.centre.keys.logins["centre"])
    ours.subscribe(f"{own}/up/+/facts", f"{own}/up/+/status")
    password = {unit.name: unit.login[1] for unit in street.fleet.units}
    hostile = Wire(two, "u1", password["u1"])
    refused = ["#", f"{own}/#", f"{own}/down/unit/u2/#", f"{own}/up/u2/facts", "$MQTT/sub/#", "$JS/#"]
    hostile.try_to_subscribe(refused)
    assert hostile.granted == [0x80] * len(refused)
    for retain in (False, True):
        for topic in (f"{own}/up/u2/facts", f"{own}/down/unit/u2/command", f"{own}/centre"):
            hostile.publish(topic, b"forged", retain=retain)
    Wire(two, "u3", password["u3"], will=(f"{own}/up/u2/status", b"forged")).cut()
    Wire(two, "u4", password["u4"], will=(f"{own}/up/u4/status", b"gone")).cut()
    hostile.publish(f"{own}/up/u1/facts", b"own")
    eventually(lambda: {b"own", b"gone"} <= {payload for _, payload, _ in ours.got}, 10)
    assert not ours.payloads("/u2/")
    late = Wire(one, "centre.4", street.centre.keys.logins["centre.4"], client_id="late")
    late.subscribe(f"{own}/up/+/status", f"{own}/down/#", f"{own}/centre")
    eventually(lambda: (f"{own}/up/u4/status", b"gone", True) in late.got, 10)
    assert b"forged" not in {payload for _, payload, _ in late.got}
    thief = Wire(two, "u1", password["u1"], client_id="centre")
    eventually(lambda: not ours.connected, 10)
    thief.try_to_subscribe([f"{own}/up/+/facts"])
    assert thief.granted == [0x80], "with the place of another come none of its rights"
    for wire in (hostile, late, thief):
        wire.close()
