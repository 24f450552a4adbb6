"""P6: from publishing a signed open to the unlock frame on the lock's line, beside the broker's bare round trip."""

from __future__ import annotations

import random
import time

from benchmarks.ear import Ear
from benchmarks.figures import Figure, Row, median, ms, percentile, spread
from benchmarks.process import Process
from benchmarks.site import SITE, UNIT, Site
from centre import commands
from contract.commands import Open
from contract.messages import Kind
from contract.topics import down
from simulator.demo.waiting import until

OPENS, QUICK_OPENS = 300, 20
BAUD = 115_200
ECHO = "bench/echo"
GOAL = "p99 ≤ 10 ms over the bare broker round trip"
REMARKS = (
    (
        "Begins before `publish` of a command that is signed already; the order is verified, judged and durable in the journal "
        "(`synchronous=FULL`) before anything moves. Ends when the timed-pulse frame has been written to the line, and when the "
        "simulated board has taken it."
    ),
    f"The line runs at {BAUD} baud, a poll every 20 ms: an order waits for at most the one exchange that is running.",
    "The bare round trip: the same client publishes at QoS 1 what it is subscribed to, before each open. “Over” takes its median off.",
    "The unit's limit of six remote opens a minute is lifted for this run, and only for it.",
)


def measure(quick: bool = False) -> Row:
    with Site(50, io_baud=BAUD) as site:
        site.watched = Process.python(
            *site.probe_command, "--many-opens", log=site.folder / "agent.log", extra=site.runtime
        )
        try:
            site.settle()
            return _row(*_opens(site, QUICK_OPENS if quick else OPENS))
        finally:
            site.watched.stop()


def _opens(site: Site, count: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds of bare round trips; of opens until written to the line; until taken by the board."""
    signer, dice = site.signer, random.Random(6)
    bare, wire, board = [], [], []
    with Ear(site.port, ECHO) as ear:
        for _ in range(count):
            start = ear.publish(ECHO, b"x" * 400)
            bare.append(ear.next(ECHO) - start)
            command = commands.make(SITE, UNIT, Open("main"), "bench", "P6", 20.0, time.time())
            topic = down(SITE, command.scope, Kind.COMMAND)
            token = signer.sign(Kind.COMMAND, command)
            start = ear.publish(topic, token)
            wire.append(site.await_mark("wire", after=start).at - start)
            pulse = until("the board pulses", lambda: site.box.trace.moments("relay", "pulse", since=start), 5.0)  # noqa: B023
            board.append(pulse[0].at - start)
            time.sleep(dice.uniform(0.02, 0.06))
    return bare, wire, board


def _row(bare: list[float], wire: list[float], board: list[float]) -> Row:
    trip = median(bare)
    over = {f"p{share:.0%}".rstrip("%"): (percentile(wire, share) - trip) * 1000 for share in (0.5, 0.99)}
    figures = (
        Figure(
            "over the bare round trip, to the frame on the wire",
            f"p50 {ms(over['p50'])}, p99 {ms(over['p99'])}",
            {"p50_ms": over["p50"], "p99_ms": over["p99"], "n": len(wire)},
        ),
        spread("publish → frame written to the line", wire),
        spread("publish → frame taken by the board", board),
        spread("bare broker round trip", bare),
    )
    return Row("P6", "signed open: publish → unlock frame", GOAL, figures, REMARKS)
