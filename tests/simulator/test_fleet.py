"""The fleet in software against a real centre: a few dozen units, mosquitto as it is shipped, `serve` as a process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.link.reconnect import Pace
from contract import chain
from contract.chain import MAX_BATCH_FACTS, Batch, Header, build_batch, chain_start, check_batch, parse_batch
from contract.facts import AccessGranted, DoorForced, NoticeReceived, Via
from contract.messages import Kind
from contract.scopes import Scope
from contract.topics import Down
from simulator.demo.children import Commands, Outcome
from simulator.fleet.hostile import Mischief
from simulator.fleet.memory_journal import MemoryJournal
from simulator.fleet.street import SITE, Street

UNITS = 24
QUICK = Pace(min_s=0.05, base_s=0.3, cap_s=1.0, taken_s=0.3)
"""Back-offs as the agent's, shortened."""


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    with Street(tmp_path, UNITS, pace=QUICK) as made:
        for unit in made.fleet.units:
            unit.shown_s = 0.05
        yield made


def centre(street: Street, *words: str) -> Outcome:
    return Commands().run(["centre", "--dir", str(street.centre.folder.path), *words])


def proven(street: Street) -> None:
    """The books hold what each unit wrote, all of it and once, and the chain of each proves it."""
    street.serve.stop()
    done = centre(street, "verify")
    assert (done.code, done.err) == (0, ""), done
    for unit in street.fleet.units:
        journal = unit.journal
        seq, head = (
            street.ask(f"SELECT {column} FROM epochs WHERE unit = ? AND epoch = ?", unit.name, journal.epoch)
            for column in ("seq", "head")
        )
        assert (seq, head) == (journal.last, journal.head)
    written = sum(unit.journal.last for unit in street.fleet.units)
    assert street.ask("SELECT count(*) FROM facts") == written
    assert street.ask("SELECT count(DISTINCT epoch_id || '.' || seq) FROM facts") == written
    assert street.ask("SELECT count(*) FROM alarms WHERE kind LIKE 'history.%'") == 0


@pytest.mark.needs("mosquitto")
@pytest.mark.slow
def test_a_notice_reaches_all_and_all_tell_it(street: Street) -> None:
    street.settle()
    done = centre(street, "notice", "put", "--scope", f"site/{SITE}", "--title", "停水", "--text", "8:00-12:00")
    name = done.out.splitlines()[0]
    for column in ("received_utc", "shown_utc"):
        asked = f"SELECT count(*) FROM receipts WHERE notice = ? AND {column} IS NOT NULL"
        street.fleet.until(column, lambda asked=asked: street.ask(asked, name) == UNITS)  # type: ignore[misc]
    street.fleet.until("all is confirmed", lambda: not street.fleet.unconfirmed)
    assert not any(unit.refused for unit in street.fleet.units)
    proven(street)


@pytest.mark.needs("mosquitto")
@pytest.mark.slow
def test_a_backlog_goes_in_the_window_and_receipts_go_ahead_of_it(street: Street) -> None:
    """As docs/contract.md has it: 50 facts before the first confirm of a connection, then what that grants; a notice's receipt does not wait."""
    street.settle()
    unit, fleet = street.fleet.units[0], street.fleet
    fleet.leave([unit])
    fleet.drain(600, [unit])
    before = street.ask("SELECT max(id) FROM batches")
    fleet.connect([unit])
    fleet.until("the centre is heard", lambda: unit.centre_online)
    unit.write(NoticeReceived(f"site/{SITE}", "n1", 1))
    assert fleet.traffic.messages["up/receipt"] == 1
    fleet.until("all is confirmed", lambda: not fleet.unconfirmed)
    first = street.ask("SELECT last - first + 1 FROM batches WHERE id > ? ORDER BY id", before)
    assert first == 50
    proven(street)


@pytest.mark.needs("mosquitto")
@pytest.mark.slow
def test_what_they_have_is_what_the_centre_says_they_should(street: Street, tmp_path: Path) -> None:
    street.settle()
    cards = tmp_path / "cards.csv"
    cards.write_text("id,role,card\n" + "".join(f"h{n},resident,{n + 1:010d}\n" for n in range(900)), encoding="utf-8")
    for order in (
        ("roster", "put", "residents", str(cards), "--scope", "yard/y0"),
        ("settings", "put", "--scope", f"site/{SITE}", "--language", "zh-CN"),
        ("notice", "put", "--scope", "building/b1", "--title", "a", "--text", "b"),
    ):
        assert centre(street, *order).code == 0, order
    applied = "SELECT count(*) FROM facts WHERE kind = ?"
    for kind, units in (("roster.applied", 20), ("settings.applied", UNITS), ("notice.shown", 4)):
        street.fleet.until(kind, lambda asked=(kind, units): street.ask(applied, asked[0]) == asked[1])  # type: ignore[misc]
    for unit in street.fleet.units:
        unit.begin()  # asks for a confirm, and with it for the digest of what it should have
    street.fleet.until("no unit lacks anything", lambda: not any(unit.differs for unit in street.fleet.units))
    assert street.ask("SELECT count(*) FROM state WHERE kind = 'roster' AND token IS NOT NULL") > 1
    street.fleet.storm()
    street.fleet.until("all are back", lambda: street.fleet.up() == UNITS)
    street.fleet.run(1.0)
    assert street.ask(applied, "roster.applied") == 20


@pytest.mark.needs("mosquitto")
@pytest.mark.slow
def test_units_that_are_not_known_yet_enrol_themselves(tmp_path: Path) -> None:
    with Street(tmp_path, 3, pinned=False) as street:
        street.fleet.drain(5)
        street.settle()
        assert street.ask("SELECT count(*) FROM unit_keys") == 3
        proven(street)


@pytest.mark.needs("mosquitto")
@pytest.mark.soak
def test_nothing_is_lost_or_twice_over_a_storm_and_kills_of_serve(street: Street) -> None:
    fleet = street.fleet
    street.settle()
    for unit in fleet.units:
        unit.journal.batch_facts = 7
    for _ in range(4):
        fleet.drain(200)
        fleet.storm()
        before = street.booked()
        fleet.until("some of it is booked", lambda before=before: street.booked() > before + 500)  # type: ignore[misc]
        assert fleet.unconfirmed
        street.serve.kill()
        fleet.run(0.2)
        street.start_serve()
    fleet.until("all is confirmed", lambda: not fleet.unconfirmed and fleet.up() == UNITS, 60.0)
    assert street.booked() >= UNITS * 800
    proven(street)


@pytest.mark.needs("mosquitto")
@pytest.mark.slow
def test_a_broker_that_is_killed_in_a_drain_costs_nothing(street: Street) -> None:
    fleet = street.fleet
    street.settle()
    fleet.drain(400)
    fleet.storm()
    fleet.until("some of it is booked", lambda: street.booked() > 1000)
    street.broker.kill()
    fleet.run(0.5)
    assert not fleet.up()
    street.broker.start()
    fleet.until("all is confirmed", lambda: not fleet.unconfirmed and fleet.up() == UNITS, 90.0)
    proven(street)


@pytest.mark.needs("mosquitto")
@pytest.mark.slow
def test_a_copied_box_is_seen(street: Street) -> None:
    fleet = street.fleet
    first = fleet.units[0]
    first.journal.write(AccessGranted("main", "r-1", Via.CARD), 1_790_000_000.0, 1.0)
    street.settle()
    clone = fleet.clone(first)
    first.write(AccessGranted("main", "r-2", Via.CARD))
    fleet.until("the first told it", lambda: not fleet.unconfirmed)
    clone.journal.write(AccessGranted("main", "r-3", Via.CARD), 1_790_000_001.0, 2.0)
    fleet.leave([first])
    fleet.connect([clone])
    forks = "SELECT count(*) FROM alarms WHERE kind = 'history.fork' AND unit = ?"
    fleet.until("the fork is an alarm", lambda: street.ask(forks, first.name))
    fleet.until("the clone went on in an epoch of its own", lambda: not clone.journal.backlog)
    assert clone.journal.epoch != first.journal.epoch
    assert centre(street, "verify").code == 0


@pytest.mark.needs("mosquitto")
@pytest.mark.slow
def test_two_with_one_identity_push_each_other_off(street: Street) -> None:
    fleet = street.fleet
    street.settle()
    first = fleet.units[0]
    clone = fleet.clone(first)
    fleet.connect([clone])
    fleet.until("the broker gave the clone its place", lambda: not fleet.up([first]))
    fleet.until("which the first takes back", lambda: fleet.up([first]) and not fleet.up([clone]), 10.0)


@pytest.mark.needs("mosquitto")
@pytest.mark.slow
def test_a_hostile_unit_keeps_nobody_from_being_heard(street: Street) -> None:
    fleet = street.fleet
    street.settle()
    hostile, *others = fleet.units
    hostile.write(AccessGranted("main", "r-1", Via.CARD))
    fleet.until("its history has begun", lambda: not fleet.unconfirmed)
    floods = [fleet.flood(hostile, mischief, 40) for mischief in Mischief]
    fleet.run(0.5)
    for unit in others:
        unit.write(AccessGranted("main", "r-2", Via.CARD))
    fleet.until("the others are confirmed", lambda: not any(unit.journal.backlog for unit in others))
    for flood in floods:
        flood.stop()
    fleet.until("the forks are kept", lambda: street.ask("SELECT count(*) FROM forks"))
    mine = "unit = ?", hostile.name
    assert street.ask(f"SELECT count(*) FROM refusals WHERE {mine[0]}", mine[1]) > 3
    assert street.ask(f"SELECT count(*) FROM epochs WHERE {mine[0]}", mine[1]) > 5
    assert street.ask("SELECT count(*) FROM refusals WHERE unit != ?", hostile.name) == 0


@pytest.mark.needs("mosquitto")
@pytest.mark.slow
def test_an_alarm_goes_ahead_and_the_chain_brings_it(street: Street) -> None:
    street.settle()
    seq = street.fleet.units[3].alarm(DoorForced("main"))
    asked = "SELECT matched FROM alarms WHERE unit = 'u3' AND kind = 'door.forced' AND seq = ?"
    street.fleet.until("it is matched", lambda: street.ask(asked, seq))


@pytest.mark.needs("mosquitto")
@pytest.mark.slow
def test_commands_are_done_once_and_answered(street: Street, tmp_path: Path) -> None:
    street.settle()
    log = tmp_path / "open.log"
    words = [sys.executable, "-m", "agent", "centre", "--dir", str(street.centre.folder.path)]
    for order in (
        ["open", "--unit", "u5", "--door", "main", "--why", "courier", "--actor", "desk"],
        ["resync", "--unit", "u6", "--why", "to see"],
    ):
        with log.open("ab") as out, subprocess.Popen([*words, *order], stdout=out, stderr=out) as done:
            street.fleet.until("the command ends", lambda done=done: done.poll() is not None)  # type: ignore[misc]
        assert done.returncode == 0, log.read_text(encoding="utf-8")
    assert "opened" in log.read_text(encoding="utf-8")
    assert street.fleet.units[5].journal.last == street.fleet.units[4].journal.last + 4


@pytest.mark.needs("mosquitto")
@pytest.mark.slow
def test_only_a_confirm_of_the_centre_lets_it_forget(street: Street) -> None:
    one = street.fleet.units[0]
    one.journal.write(AccessGranted("main", "r-1", Via.CARD), 1_790_000_000.0, 1.0)
    forged = build_batch(one.key, SITE, Header(one.name, "e1", "b", 1, 0, "0" * 64, "0" * 64), [])
    one.confirm(Down(SITE, Scope("unit", one.name), Kind.CONFIRM), forged)
    assert one.journal.backlog == 1
    assert sum(one.refused.values()) == 1
    assert not one.journal.confirm(one.journal.epoch, 1, "0" * 64)
    assert not one.journal.confirm(one.journal.epoch, 2, one.journal.head.hex())
    assert one.journal.confirm(one.journal.epoch, 1, one.journal.head.hex())
    assert not one.journal.backlog


def journal(batch_facts: int = MAX_BATCH_FACTS) -> MemoryJournal:
    return MemoryJournal(SITE, "u1", Ed25519PrivateKey.generate(), "s1", batch_facts)


@pytest.mark.parametrize(("facts", "batch_facts"), [(1, 500), (1400, 500), (37, 7), (8, 1)])
def test_its_batches_are_the_contracts(facts: int, batch_facts: int) -> None:
    made = journal(batch_facts)
    for n in range(facts):
        made.write(AccessGranted("main", f"r-{n}", Via.CARD), 1_790_000_000.0 + n, float(n))
    made.cut()
    expected, prev = 1, chain_start(SITE, "u1", made.epoch).hex()
    for cut in made.cuts:
        made.sign(cut)
        batch = parse_batch(cut.message)
        assert isinstance(batch, Batch)
        assert check_batch(batch, SITE, made._key.public_key().public_bytes_raw()) is None
        assert (batch.header.first, batch.header.prev) == (expected, prev)
        assert len(batch.lines) <= batch_facts
        expected, prev = batch.header.last + 1, batch.header.head
    assert expected == facts + 1
    assert prev == made.head.hex()


@pytest.mark.parametrize("batches", [False, True], ids=["before it was cut", "cut"])
def test_a_confirm_in_the_middle_of_a_batch_leaves_the_rest(batches: bool) -> None:
    made = journal()
    lines = [made.write(AccessGranted("main", f"r-{n}", Via.CARD), 1_790_000_000.0, float(n)) for n in range(10)]
    h = chain_start(SITE, "u1", made.epoch)
    for each in lines[:4]:
        h = chain.next_hash(h, each)
    if batches:
        made.cut()
    assert made.confirm(made.epoch, 4, h.hex())
    made.cut()
    (rest,) = made.cuts
    assert (rest.first, rest.last, rest.prev) == (5, 10, h)
    assert made.backlog == 6


def test_a_new_epoch_takes_over_what_is_not_confirmed_and_says_where_it_was() -> None:
    made = journal()
    for n in range(3):
        made.write(AccessGranted("main", f"r-{n}", Via.CARD), 1_790_000_000.0, float(n))
    before, head = made.epoch, made.head.hex()
    made.renew()
    made.cut()
    (cut,) = made.cuts
    assert cut.prev == chain_start(SITE, "u1", made.epoch, before, head)
    facts = [chain.parse_line(each) for each in cut.lines]
    assert [fact.data["was"] for fact in facts] == [[before, 1], [before, 2], [before, 3]]  # type: ignore[union-attr]
    assert made.confirm(before, 3, head)  # a late word on the epoch that was left
    assert made.backlog == 3


def test_too_few_open_files_are_said() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))\n"
        "from simulator.fleet.connections import OpenFilesError, room_for\n"
        "room_for(100)\n"
        "try: room_for(101)\n"
        "except OpenFilesError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "101 units want 301 open files" in done.stdout
    assert "lets a process have 300" in done.stdout
