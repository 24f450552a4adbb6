"""P9: what the whole agent takes of a processor while nothing happens: its lines polled, its screen shown, its link up."""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks.figures import Figure, Row
from benchmarks.site import Site
from simulator.osdp_reader import OsdpReader

IDLE_S, QUICK_IDLE_S = 30.0, 5.0
GOAL = "≤ 2 % with a relay board and an OSDP reader polled at 20 ms, one display"
REMARKS = (
    (
        "User and system time of the agent's process, as the kernel counts it, over 30 s. Board and reader are polled every 20 ms; "
        "at 9600 baud the board every 50 ms, and the OSDP reader as fast as its line allows."
    ),
)


def measure(quick: bool = False) -> Row:
    figures = tuple(_idle(form, baud, quick=quick) for form in ("osdp", "decimal") for baud in (9_600, 115_200))
    return Row("P9", "idle processor time, relay board, reader and display", GOAL, figures, REMARKS)


def _idle(form: str, baud: int, *, quick: bool) -> Figure:
    with Site(50, io_baud=baud, reader_baud=baud, reader_form=form) as site:
        site.settle(site.agent)
        time.sleep(5.0)
        pid = site.agent.pid
        assert pid is not None
        before, start, polls = _seconds(pid), time.monotonic(), _polls(site)
        time.sleep(QUICK_IDLE_S if quick else IDLE_S)
        span = time.monotonic() - start
        share = 100.0 * (_seconds(pid) - before) / span
        rate = (_polls(site) - polls) / span
        site.agent.stop()
    kind = "OSDP reader, Secure Channel" if form == "osdp" else "line reader"
    text = f"{share:.2f} % ({rate:.0f} polls a second)"
    return Figure(f"{kind}, relay board, display, {baud:,} baud", text, {"percent": share, "polls_s": rate})


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _polls(site: Site) -> int:
    """Of board and reader together."""
    reader = site.box.readers["reader"]
    return site.box.relay.polls + (reader.peripheral.polls if isinstance(reader, OsdpReader) else 0)
