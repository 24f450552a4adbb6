"""P16: `verify` over a million facts of 2,000 units, in signed batches as a street sends them."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.figures import Figure, Row
from centre import founding, units
from centre.folder import Site
from centre.intake import InboundMessage, Intake
from centre.opened import OpenCentre
from contract import chain, topics
from contract.chain import Header

SITE = "badahu"
UNITS, QUICK_UNITS = 2_000, 20
FACTS = 500
"""A unit."""
BATCH = 50
AT = 1_790_000_000.0
GOAL = "≤ 12 s"
REMARKS = (
    f"{UNITS:,} units with {FACTS} facts each in batches of {BATCH} (20,000 signatures), taken by the real intake into SQLite; the command as it is run, start and all.",
    "One fact in fifty is a receipt, one in five hundred an alarm; receipts, alarms and the centre's own journal are made again and compared.",
)


def measure(quick: bool = False) -> Row:
    count = QUICK_UNITS if quick else UNITS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "centre"
        founding.found(path, Site(SITE, "mqtt://127.0.0.1:1", "Asia/Shanghai"), None, AT)
        fill(path, count)
        command = [sys.executable, "-c", "from centre.cli import centre; centre()", "--dir", str(path), "verify"]
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        took = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.stdout.count(": holds (") == count
        size = (path / "books.db").stat().st_size
    cpu, total = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, count * FACTS
    figures = (
        Figure(f"{total:,} facts of {count:,} units", f"{took:.1f} s", {"s": took}),
        Figure("of that on the processor", f"{cpu:.1f} s", {"cpu_s": cpu}),
        Figure("most memory", f"{after.ru_maxrss / 1024:.0f} MB", {"mb": after.ru_maxrss / 1024}),
        Figure("books", f"{size / total:.0f} B a fact", {"b": size / total}),
    )
    return Row("P16", "`verify` over 1 million facts", GOAL, figures, REMARKS)


def fill(path: Path, count: int) -> None:
    """Books of `count` units, by the register and the intake that a centre has."""
    centre = OpenCentre(path)
    keys = {f"u{number:05}": Ed25519PrivateKey.generate() for number in range(count)}
    with centre.books.changing() as conn:
        for name in keys:
            units.add(conn, SITE, name, "", [], AT)
            units.new_login(conn, units.one(conn, SITE, name), AT)
        tokens = units.open_tokens(conn)
        for name, key in keys.items():
            units.pin(conn, name, key.public_key().public_bytes_raw(), tokens[name][0], AT)
    intake = Intake(centre.books, SITE, lambda: AT)
    waiting: list[InboundMessage] = []
    for name, key in keys.items():
        waiting += _batches(name, key)
        if len(waiting) >= 200:
            intake.take(waiting)
            waiting = []
    intake.take(waiting)
    centre.books.close()


def _batches(name: str, key: Ed25519PrivateKey) -> list[InboundMessage]:
    found, h = [], chain.chain_start(SITE, name, "e1")
    for first in range(1, FACTS + 1, BATCH):
        prev, lines = h, []
        for seq in range(first, first + BATCH):
            lines.append(_line(seq))
            h = chain.next_hash(h, lines[-1])
        header = Header(name, "e1", f"b{first}", first, first + BATCH - 1, prev.hex(), h.hex())
        found.append(InboundMessage(topics.up(SITE, name, "facts"), chain.build_batch(key, SITE, header, lines)))
    return found


def _line(seq: int) -> bytes:
    kind, data = "access.granted", {"door": "main", "by": f"h-{seq % 97:04}", "via": "card"}
    if seq % 50 == 0:
        kind, data = "notice.shown", {"scope": f"site/{SITE}", "id": f"n-{seq}", "rev": 1}
    elif seq % FACTS == 7:
        kind, data = "door.forced", {"door": "main"}
    return chain.line(seq, AT + seq, "synced", 1, seq * 1.5, kind, data)
