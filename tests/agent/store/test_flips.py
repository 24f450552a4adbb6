"""Bits flipped anywhere in a folder's files: it opens all the same, records, and tells nothing that was not."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from agent.core import effects, events
from agent.store import reading
from contract import chain
from tests.agent.store.harness import CONFIRMED, HOLDERS, Posted, fact, holder, record, running
from tests.waiting import eventually


def flip(path: Path, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    length = rng.randint(1, 64)
    at = rng.randrange(max(1, len(data) - length))
    for n in range(at, min(len(data), at + length)):
        data[n] ^= rng.randint(1, 255)
    path.write_bytes(data)


def one_corruption(state: Path, original: dict[int, bytes], case: str) -> tuple[bool, int]:
    """Start on a corrupted folder: whatever was hit, it opens, records, and tells nothing that was not. Gives (rebuilt, facts kept)."""
    with running(state, opened=False) as (store, posted):
        opened = posted.one(events.StoreOpened, 3)
        posted.one(events.StateLoaded)
        check_holders(posted, case)
        store.order(record(1, fact("storage.failed")))
        assert posted.recorded(1, 3), case
        kept = check_facts(posted, drained_again(store, posted), original, case)
        renewed = bool(posted.of(events.HistoryDiffers))
    with running(state, opened=False) as (_, posted):
        assert posted.one(events.StoreOpened, 3).recovered == (), case
        assert any(b"storage.failed" in entry.line for entry in reading.facts(state)), case
    return bool(opened.recovered) or renewed, kept


def drained_again(store, posted: Posted) -> list[events.BatchLoaded]:
    """Damage may be found on the way; then all begins anew, in the new epoch."""
    for _ in range(3):
        before = len(posted.of(events.HistoryDiffers))
        found: list[events.BatchLoaded] = []
        first = 1
        while len(posted.of(events.HistoryDiffers)) == before:
            told = len(posted.of(events.BatchLoaded))
            store.order(effects.LoadBatch(first))
            eventually(
                lambda told=told, before=before: (
                    len(posted.of(events.BatchLoaded)) > told or len(posted.of(events.HistoryDiffers)) > before
                )
            )
            loaded = posted.of(events.BatchLoaded)[told:]
            if not loaded:
                continue
            if not loaded[0].lines:
                return found
            found.append(loaded[0])
            first = loaded[0].last + 1
    raise AssertionError("a new epoch again and again")


def check_holders(posted: Posted, case: str) -> None:
    good = {holder(n).key: (holder(n),) for n in range(HOLDERS + 20)}
    for told in posted.of(events.HoldersReplaced):
        assert told.by_key.items() <= good.items(), case


def check_facts(posted: Posted, got: list[events.BatchLoaded], original: dict[int, bytes], case: str) -> int:
    kept = 0
    for each in got:
        for raw in each.lines:
            line = chain.parse_line(raw)
            if line.kind == "storage.failed":
                continue
            kept += 1
            if "was" in line.data:
                old = chain.parse_line(original[line.data["was"][1]])
                data = {key: value for key, value in line.data.items() if key != "was"}
                assert (old.at_utc, old.mono, old.kind, old.data) == (line.at_utc, line.mono, line.kind, data), case
            else:
                assert raw == original[line.seq], case
    return kept


def flips(good: Path, cut: Path, folder: Path, seed: int, count: int) -> str:
    rng = random.Random(seed)
    originals = {base: {entry.first: entry.line for entry in reading.facts(base)} for base in (good, cut)}
    rebuilt, kept, could = 0, 0, 0
    for number in range(count):
        state = folder / "state"
        base = rng.choice((good, cut))
        shutil.copytree(base, state)
        name = rng.choice([path.name for path in sorted(base.glob("*.db*"))])
        for _ in range(rng.randint(1, 2)):
            flip(state / name, rng)
        case = f"seed {seed} case {number}: {name} of {base.parent.name}"
        hit, found = one_corruption(state, originals[base], case)
        rebuilt += hit
        if name == "journal.db" and hit:
            kept, could = kept + found, could + len(originals[base]) - CONFIRMED
        shutil.rmtree(state)
    share = 100 * kept / could if could else 100.0
    return f"{count} corruptions: all opened, {rebuilt} rebuilt, {share:.1f} % of unconfirmed facts of damaged journals kept (seed {seed})"


@pytest.mark.claim("F8")
@pytest.mark.slow
def test_flipped_bits(tmp_path: Path, good: Path, cut: Path, seed: int, record_property: pytest.RecordProperty) -> None:
    record_property("figure", flips(good, cut, tmp_path, seed, 40))


@pytest.mark.claim("F8")
@pytest.mark.soak
def test_a_thousand_flips(
    tmp_path: Path, good: Path, cut: Path, seed: int, record_property: pytest.RecordProperty
) -> None:
    record_property("figure", flips(good, cut, tmp_path, seed, 1000))
