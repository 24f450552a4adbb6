"""P10: bytes written to the device for a fact: alone, in bursts of twenty, and when nothing happens."""

from __future__ import annotations

import argparse
import queue
import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, Row
from benchmarks.process import Process, written_bytes
from benchmarks.site import SITE, UNIT, Site, disk_folder
from simulator.demo.waiting import until

SINGLES, QUICK_SINGLES = 400, 40
BURSTS, QUICK_BURSTS = 100, 10
BURST = 20
QUIET_S, QUICK_QUIET_S = 60.0, 5.0
GOAL = "≤ 9 KB single, ≤ 1.3 KB in bursts of 20; when nothing happens, one small write a day"
REMARKS = (
    (
        "`write_bytes` of /proc/<pid>/io: pages the process made dirty for the device, counted anew after each sync. What the file "
        "system writes for itself (its journal, its inodes) comes on top and is not in it."
    ),
    (
        "Single facts and bursts: the agent's own store in a process of its own, each record durable before the next is ordered, "
        "SQLite's checkpoints included. Quiet: the whole agent with broker and centre, after it settled."
    ),
    "KB are 10³ bytes. A fact's line is about 150 bytes, its row with hash and index about 200.",
)


def measure(quick: bool = False) -> Row:
    singles, bursts = (QUICK_SINGLES, QUICK_BURSTS) if quick else (SINGLES, BURSTS)
    figures = (
        _stored(f"{singles} single facts", singles, 1),
        _stored(f"{bursts} bursts of {BURST}", bursts, BURST),
        _tapped(singles),
        _quiet(QUICK_QUIET_S if quick else QUIET_S),
    )
    return Row("P10", "bytes written to the device a fact", GOAL, figures, REMARKS)


def _stored(condition: str, records: int, size: int) -> Figure:
    folder = Path(tempfile.mkdtemp(prefix="doorward-bench-", dir=disk_folder()))
    try:
        log = folder / "log"
        arguments = [str(folder), str(records), str(size)]
        process = Process.python("benchmarks.p10_bytes_a_fact", *arguments, log=log)
        process.start()
        until("the facts are written", lambda: not process.running, 120.0, 0.05)
        words = process.last_words().split()
        if not words or not words[-1].isdigit():
            raise RuntimeError(process.last_words())
        return _a_fact(condition, int(words[-1]), records * size)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tapped(taps: int) -> Figure:
    """The whole agent: what a card costs, with its answer of the centre."""
    with Site(50) as site:
        site.settle()
        time.sleep(2.0)
        since, before = time.monotonic(), written_bytes(site.watched.pid)
        for n in range(taps):
            site.tap(n)
            time.sleep(0.05)
        until("all facts are confirmed", lambda: _confirmed(site), 20.0)
        written = written_bytes(site.watched.pid) - before
        facts = sum(int(mark.values[2]) for mark in site.marks("recorded") if mark.at >= since)
    return _a_fact(f"the agent online, {taps} cards one after the other", written, facts)


def _confirmed(site: Site) -> bool:
    recorded, confirmed = site.marks("recorded"), site.marks("confirmed")
    return bool(confirmed) and int(confirmed[-1].values[0]) >= int(recorded[-1].values[1])


def _quiet(seconds: float) -> Figure:
    with Site(50) as site:
        site.settle(site.agent)
        time.sleep(5.0)
        before = written_bytes(site.agent.pid)
        time.sleep(seconds)
        written = written_bytes(site.agent.pid) - before
    return Figure(f"nothing happens for {seconds:.0f} s", f"{written} bytes", {"bytes": written})


def _a_fact(condition: str, written: int, facts: int) -> Figure:
    each = written / facts
    return Figure(condition, f"{each / 1000:.2f} KB a fact ({facts} facts)", {"bytes_a_fact": each, "facts": facts})


def write(folder: Path, records: int, size: int) -> int:
    """Journal records of `size` facts one after the other, each durable before the next; bytes written meanwhile."""
    from agent.core.effects import AppendFacts, DatedFact  # noqa: PLC0415
    from agent.core.events import Event  # noqa: PLC0415
    from agent.core.events.store import Recorded, StoreOpened  # noqa: PLC0415
    from agent.store import Store  # noqa: PLC0415
    from contract.facts import AccessGranted, Via  # noqa: PLC0415

    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    store = Store(folder, SITE, UNIT, heard.put, retention_days=90, journal_mb=64)
    store.start()
    while not isinstance(heard.get(timeout=20.0), StoreOpened):
        pass
    time.sleep(1.0)  # the ballast is being written
    before = written_bytes("self")
    for token in range(1, records + 1):
        now = time.time()
        granted = AccessGranted("main", f"r-{token % 5000}", Via.CARD)
        store.order(AppendFacts(token, (DatedFact(granted, now, "synced", time.monotonic()),) * size))
        while not isinstance(heard.get(timeout=20.0), Recorded):
            pass
    written = written_bytes("self") - before
    store.stop(10.0)
    return written


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.p10_bytes_a_fact")
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("records", type=int)
    arguments.add_argument("size", type=int)
    given = arguments.parse_args()
    print(write(given.folder, given.records, given.size))


if __name__ == "__main__":
    main()
