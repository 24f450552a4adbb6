"""P18: P12 again while 50 pages of the console are open; how long their parts take, and what console and `serve` hold in memory."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress

from benchmarks.figures import Figure, Row, median, ms
from benchmarks.fleet_site import FleetSite, on_a_disk
from benchmarks.p12_notice_to_fleet import notice_once
from benchmarks.process import children_of, peak_mb, resident_mb
from centre import api_tokens
from centre.accounts import Role
from contract.scopes import Scope
from simulator.broker import free_port
from simulator.mortal import mortal

UNITS, QUICK_UNITS = 2000, 100
PAGES, QUICK_PAGES = 50, 5
RUNS, QUICK_RUNS = 5, 2
GOAL = "2,000 units as P12 (p50 ≤ 0.8 s) with 50 open pages; `serve` ≤ 150 MB"
REMARKS = (
    "Half of the pages show the overview, half the list of notices; each asks for its parts anew when what it shows changed, once a second at most. They are one process that asks over HTTP; no browser draws.",
    "Fleet, broker, `serve`, console and the pages share the machine's cores.",
)


def measure(quick: bool = False) -> Row:
    units, pages, runs = (QUICK_UNITS, QUICK_PAGES, QUICK_RUNS) if quick else (UNITS, PAGES, RUNS)
    port = free_port()
    with on_a_disk(units, options=("--listen", f"127.0.0.1:{port}")) as site:
        alone = [notice_once(site) for _ in range(runs)]
        client = _open(site, port, pages)
        try:
            beside = [notice_once(site) for _ in range(runs)]
        finally:
            client.send_signal(signal.SIGTERM)
        told = json.loads(client.communicate(timeout=30)[0])
        figures = [
            _figure("no page open", [each.booked_s for each in alone]),
            _figure(f"{pages} pages open", [each.booked_s for each in beside]),
            Figure(
                "a part of a page",
                f"p50 {ms(1000 * (told['p50_s'] or 0))}, max {ms(1000 * (told['max_s'] or 0))} (n = {told['parts']}); faults: {told['faults'] or 'none'}",
                told,
            ),
            _memory(site),
        ]
    return Row("P18", "the console beside it", GOAL, tuple(figures), REMARKS)


def _open(site: FleetSite, port: int, pages: int) -> subprocess.Popen[bytes]:
    centre, now = site.street.centre, time.time()
    token = api_tokens.make(centre, "bench", Role.VIEWER, Scope("site", centre.site.site), now + 3600, "bench", now)
    command = [sys.executable, "-m", "benchmarks.open_pages", f"http://127.0.0.1:{port}", token, str(pages)]
    client = subprocess.Popen(mortal(command), stdout=subprocess.PIPE)
    with suppress(TimeoutError):
        site.street.fleet.run(5.0)  # they open, and ask for all that they show
    return client


def _figure(condition: str, booked: list[float]) -> Figure:
    p50, most = median(booked), max(booked)
    return Figure(
        condition, f"p50 {ms(p50 * 1000)}, max {ms(most * 1000)} (n = {len(booked)})", {"p50_s": p50, "max_s": most}
    )


def _memory(site: FleetSite) -> Figure:
    pid = site.street.serve.pid
    assert pid is not None
    serve, peak = resident_mb(pid), peak_mb(pid)
    beside = {name: resident_mb(child) for child, name in children_of(pid)}
    told = ", ".join(f"{name} {mb:.1f} MB" for name, mb in beside.items())
    return Figure(
        "resident memory then",
        f"`serve` {serve:.1f} MB (peak {peak:.1f}); beside it {told}",
        {"serve_mb": serve, **{f"{name}_mb": mb for name, mb in beside.items()}},
    )
