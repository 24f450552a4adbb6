"""A journal that is full: what leaves first, and that the centre can still check what stays."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agent.core import effects, events
from agent.store import reading, room
from agent.store.database import used_bytes
from agent.store.journal import Journal, open_journal
from agent.store.opening import Terms, open_or_found
from contract import chain
from contract.facts import keep_of
from tests.agent.store.harness import SITE, UNIT, UTC, batch, check, drained, fact, record, running, seqs
from tests.waiting import eventually

KINDS = (
    "device.lost",
    "notice.shown",
    "access.granted",
    "access.denied",
    "door.opened",
    "storage.failed",
    "patrol.checkin",
)
NEVER_FIRST = ("patrol.checkin", "command.accepted", "access.duress", "door.forced", "device.tamper")


def test_ranks_are_the_contracts() -> None:
    assert [keep_of(kind) for kind in KINDS] == [0, 0, 1, 1, 2, 2, 3]
    assert {keep_of(kind) for kind in NEVER_FIRST} == {3}
    assert keep_of("later.kind") == 2, "as the rest, where the kind is not known"


def the_journal(folder: Path, kinds: list[str]) -> Journal:
    journal = open_or_found(folder / "journal.db", Terms(SITE, UNIT, 1, 180), UTC)
    journal.begin_run()
    journal.commit(journal.draft([record(1, *(fact(kind) for n, kind in enumerate(kinds, 1)))]))
    return journal


def walk(journal: Journal, first: int = 1) -> list[events.BatchLoaded]:
    found = []
    while (got := journal.load_batch(first)).lines:
        check(got)
        assert not found or got.prev == found[-1].head
        found.append(got)
        first = got.last + 1
    return found


def test_any_order_of_dropping_leaves_a_chain_that_holds(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    for case in range(8):
        folder = tmp_path / str(case)
        folder.mkdir()
        total = rng.randint(2, 60)
        journal = the_journal(folder, ["access.granted"] * total)
        left = set(range(1, total + 1))
        for _ in range(rng.randint(1, 12)):
            some = sorted(rng.sample(sorted(left - {total}), min(len(left) - 1, rng.randint(0, 9))))
            if some:
                room.drop(journal, some)
                left -= set(some)
            got = walk(journal)
            assert seqs(got) == sorted(left), f"seed {seed} case {case}"
            assert got[-1].head == journal.head.hex()
        rows = journal.db.conn.execute("SELECT count(*) FROM facts WHERE line IS NULL").fetchone()[0]
        assert rows <= len(left)  # neighbouring gaps are one
        journal.close()
        again = open_journal(folder / "journal.db", SITE, UNIT, 1)
        assert seqs(walk(again)) == sorted(left)
        again.close()


def test_a_gap_never_hides_a_batchs_border(tmp_path: Path) -> None:
    """A batch was sent, then facts around its end were dropped: the next batch still begins where it ended."""
    journal = the_journal(tmp_path, ["refusals"] * 600)
    first = journal.load_batch(1)
    assert first.last == 500
    room.drop(journal, list(range(490, 511)))
    after = journal.load_batch(501)
    check(after)
    assert (after.first, after.prev) == (501, first.head)
    assert chain.parse_line(after.lines[0]) == chain.Gap(501, 510, chain.parse_line(after.lines[0]).h)
    assert journal.confirm(journal.epoch, 500, first.head)
    assert journal.confirmed == 500
    check(journal.load_batch(501))
    journal.close()


def test_gaps_are_covered_by_the_units_signature(tmp_path: Path) -> None:
    journal = the_journal(tmp_path, ["access.granted"] * 20)
    room.drop(journal, [3, 4, 5, 9, 19])
    got = journal.load_batch(1)
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    header = chain.Header(UNIT, journal.epoch, "b-1", got.first, got.last, got.prev, got.head)
    parsed = chain.parse_batch(chain.build_batch(key, SITE, header, got.lines))
    assert isinstance(parsed, chain.Batch)
    assert chain.check_batch(parsed, SITE, public) is None
    assert [(g.first, g.last) for g in map(chain.parse_line, got.lines) if isinstance(g, chain.Gap)] == [
        (3, 5),
        (9, 9),
        (19, 19),
    ]
    forged = chain.Batch(
        parsed.header, (*parsed.lines[:2], parsed.lines[2].replace(b"[3,5]", b"[3,4]"), *parsed.lines[3:])
    )
    assert chain.check_batch(forged, SITE, public) is not None
    journal.close()


@pytest.mark.slow
def test_confirmed_facts_leave_first_then_by_importance(tmp_path: Path) -> None:
    rng = random.Random(5)
    kinds = [rng.choice(KINDS) for _ in range(8000)]
    journal = the_journal(tmp_path, kinds)
    for _ in range(4):
        got = journal.load_batch(1 if journal.confirmed == 0 else journal.confirmed + 1)
        assert journal.confirm(journal.epoch, got.last, got.head)
    confirmed = journal.confirmed
    size, left_before = used_bytes(journal.db), None
    for percent in (90, 75, 60, 45, 30, 15):
        for _ in room.make_room(journal, size * percent // 100):
            pass
        assert used_bytes(journal.db) <= size * percent // 100
        kept = seqs(walk(journal, journal.confirmed + 1))
        here = set(kept)
        unconfirmed_lost = [seq for seq in range(confirmed + 1, 8000) if seq not in here]
        gone = set(unconfirmed_lost)
        if journal.base < confirmed:
            assert not unconfirmed_lost
        for rank in range(3):  # a fact is gone only where all of less importance are gone
            if any(keep_of(kinds[seq - 1]) > rank for seq in unconfirmed_lost):
                assert all(keep_of(kinds[seq - 1]) > rank for seq in kept if seq < 8000)
        for rank in range(4):  # and within one importance the oldest go first
            of_rank = [seq for seq in range(confirmed + 1, 8000) if keep_of(kinds[seq - 1]) == rank]
            lost = [seq for seq in of_rank if seq in gone]
            assert lost == of_rank[: len(lost)]
        assert left_before is None or here <= left_before
        left_before = here
    journal.close()


@pytest.mark.slow
def test_a_full_journal_goes_on_within_its_size(tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    with running(tmp_path, journal_mb=1) as (store, posted):
        for token in range(1, 61):
            kind = "patrol.checkin" if token <= 5 else "access.granted"
            store.order(record(token, *(fact(kind) for n in range(200))))
            posted.recorded(token)
        eventually(lambda: reading.summary(tmp_path).dropped > 0)
        assert posted.recorded(60).first == 11_801
        got = drained(store, posted)
        assert got[-1].last == 12_000
        kept = seqs(got)
        assert kept[:1000] == list(range(1, 1001))  # every check-in
        assert kept[-1] == 12_000
        epoch = posted.one(events.StoreOpened).epoch
        store.order(effects.ConfirmFacts(epoch, got[-1].last, got[-1].head))
        assert posted.one(events.FactsConfirmed).seq == 12_000
        size = (tmp_path / "journal.db").stat().st_size
        assert size <= 1.15 * 1024 * 1024  # looked at every 256 facts, and dropped in slices
        record_property("figure", f"12,000 facts into 1 MiB: {len(kept)} kept, file {size} bytes")
    with running(tmp_path, journal_mb=1) as (store, posted):
        assert posted.one(events.StoreOpened).next_seq == 12_001
        assert batch(store, posted, 12_001).lines == ()
