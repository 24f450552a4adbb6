"""A store under load in a process of its own, for tests that kill it. Says on stdout what it was told, one line each, unbuffered.

    python -m tests.agent.store.child FOLDER SEED [COUNT]

Lines: `O epoch next_seq boot`, `R token first lines sha256-of-lines`, `D` (all COUNT facts recorded).
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import threading
import time
from pathlib import Path

from agent.core import effects, events
from agent.store import Store
from tests.agent.store.harness import SITE, UNIT, UTC, fact, holder, notice, part


def main(folder: Path, seed: int, count: int | None) -> None:
    rng = random.Random(seed)
    state = {"epoch": "", "recorded": 0}
    opened = threading.Event()

    def post(event: events.Event) -> None:
        if isinstance(event, events.StoreOpened):
            state["epoch"] = event.epoch
            say(f"O {event.epoch} {event.next_seq} {event.boot}")
            opened.set()
        elif isinstance(event, events.Recorded):
            state["recorded"] += len(event.lines)
            digest = hashlib.sha256(b"\n".join(event.lines)).hexdigest()
            say(f"R {event.token} {event.first} {len(event.lines)} {digest}")
            if count is None and rng.random() < 0.1:
                store.order(effects.ConfirmFacts(str(state["epoch"]), event.first + len(event.lines) - 1, event.head))
        elif isinstance(event, events.HistoryDiffers):
            say(f"H {event.epoch} {event.detail}")

    store = Store(folder, SITE, UNIT, post, retention_days=180, journal_mb=64, ballast_bytes=64 * 1024)
    store.start()
    opened.wait()
    if count is not None:
        for token in range(count):
            before = state["recorded"]
            store.order(effects.AppendFacts(token, (fact(),)))
            while state["recorded"] == before:
                time.sleep(0.0001)
        say("D")
        time.sleep(60)
    token = 0
    while True:
        token += 1
        some = tuple(
            fact(rng.choice(("access.granted", "patrol.checkin", "device.lost"))) for n in range(rng.randint(1, 30))
        )
        store.order(effects.AppendFacts(token, some))
        chance = rng.random()
        if chance < 0.05:
            store.order(effects.SaveState(token, notice(f"n{rng.randint(1, 9)}", token)))
        elif chance < 0.08:
            store.order(effects.SaveState(token, part(token, [holder(n) for n in range(rng.randint(0, 200))])))
        elif chance < 0.1:
            store.order(effects.Purge(UTC))
        elif chance < 0.12:
            store.order(effects.SaveLatch(frozenset({"main"} if token % 2 else ())))
        elif chance < 0.2:
            time.sleep(rng.random() * 0.003)


def say(line: str) -> None:
    try:
        os.write(1, f"{line}\n".encode())
    except OSError:
        os._exit(1)  # whoever started us is gone: do not outlive them


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)
