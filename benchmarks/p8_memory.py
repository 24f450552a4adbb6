"""P8: resident memory of the whole agent with a district's roster, idle and after a drain; and what its imports weigh."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks import backlog
from benchmarks.figures import Figure, Row
from benchmarks.process import peak_mb, resident_mb
from benchmarks.site import SITE, UNIT, Site
from simulator.demo.waiting import until

HOLDERS, QUICK_HOLDERS = 5_000, 200
FACTS, QUICK_FACTS = 10_000, 2_000
IDLE_S, QUICK_IDLE_S = 15.0, 2.0
GOAL = "≤ 54 MB, flat over a day"
REMARKS = (
    (
        "VmRSS of the agent's one process, started as `doorward run`, with relay board, reader, panel, broker and centre. "
        "About 22 MB of it are pages of files (interpreter, OpenSSL, cryptography, SQLite) that the kernel may drop. MB are 10⁶ bytes."
    ),
    "MALLOC_ARENA_MAX changes nothing: Python's objects do not live in glibc's heaps.",
    "Flat over a day is for the long runs of the tests to show, not for this.",
    "x86-64; pointers of a 32-bit controller are half as wide.",
)
_IMPORTS = (
    ("the interpreter alone", "sys"),
    ("+ cryptography", "cryptography.hazmat.primitives.asymmetric.ed25519"),
    ("+ paho-mqtt", "paho.mqtt.client"),
    ("+ APScheduler", "apscheduler.schedulers.background"),
    ("+ pyserial, PyYAML, click", "serial, yaml, click"),
    ("+ the agent", "agent.app, agent.__main__, agent.cli.run, agent.store.writer"),
)
_ONCE = ("sqlite-utils", "agent.store.migrations")
"""Only at the start that makes the databases, or brings older ones up to date."""


def measure(quick: bool = False) -> Row:
    with Site(QUICK_HOLDERS if quick else HOLDERS, drain_facts_s=5000) as site:
        site.settle(site.agent)
        time.sleep(QUICK_IDLE_S if quick else IDLE_S)
        first = _figure("idle after the roster came", site.agent.pid)
        site.agent.stop()
        facts = QUICK_FACTS if quick else FACTS
        last = backlog.fill(site.state, SITE, UNIT, facts)
        site.start_agent(site.agent)
        until("the backlog is in the books", lambda: site.agent.pid and _in_books(site, last), 60.0, 0.2)
        time.sleep(1.0)
        drained = _figure(f"restarted, {facts:,} facts drained", site.agent.pid)
        time.sleep(QUICK_IDLE_S if quick else IDLE_S)
        later = _figure("the same, idle again", site.agent.pid)
    return Row(
        "P8",
        f"resident memory, everything on, {site.holders:,} holders",
        GOAL,
        (first, drained, later, _imports()),
        REMARKS,
    )


def _in_books(site: Site, last: int) -> bool:
    return any(int(mark.values[1]) >= last for mark in site.committed())


def _figure(condition: str, pid: int) -> Figure:
    now, peak = resident_mb(pid), peak_mb(pid)
    return Figure(condition, f"{now:.1f} MB (peak {peak:.1f})", {"resident_mb": now, "peak_mb": peak})


def _imports() -> Figure:
    """Each library's share, in the order of the list: one process that imports all of them one after the other."""
    steps = "; ".join(f"import {what}; say()" for _, what in (*_IMPORTS, _ONCE))
    say = "def say(): print([l.split()[1] for l in open('/proc/self/status') if l.startswith('VmRSS')][0])"
    code = f"exec({say!r}); {steps}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    sizes = [int(line) * 1024 / 1e6 for line in done.stdout.split()]
    words, before = [], 0.0
    for (name, _), size in zip(_IMPORTS, sizes[:-1], strict=True):
        words.append(f"{name} {size - before:.1f}")
        before = size
    words.append(f"and once in a unit's life {_ONCE[0]} {sizes[-1] - before:.1f}")
    return Figure("imports alone", f"{before:.1f} MB: {', '.join(words)}", {"imports_mb": before})
