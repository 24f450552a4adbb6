"""P2: from the moment a card is shown to the unlock frame complete on the wire, frames slowed to the lines' speed."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import floor
from benchmarks.figures import Figure, Row, ms, spread
from benchmarks.site import FIRST_CARD, Site, disk_folder
from drivers.osdp.line import OsdpLine
from drivers.osdp.options import ReaderOptions
from drivers.port import Port
from drivers.reports import CardSeen, DeviceFoundReport, Fact, PulseOutput
from simulator.box import Box, BoxSpec
from simulator.demo.waiting import until

CARDS, QUICK_CARDS = 100, 10
BAUDS = (9_600, 115_200)
GOAL = "≤ 1.2 × floor (wire time + half a poll exchange), medians"
REMARKS = (
    (
        "The floor is what the wires take: all bytes from the card to the unlock frame's last, 10 bits each, and half of the poll "
        "exchange that runs on average. It counts nobody's thinking, no silence between frames and no wait for the next poll."
    ),
    (
        "Begins when the card is shown: at a line reader with the first bit of its line, at an OSDP reader with the card's lying there until "
        "a poll asks. Ends with the unlock frame's last byte at the device, by the simulated hardware's own clock; a Modbus board acts "
        "3.5 characters of silence later, which are taken off."
    ),
    (
        "Card and lock on one OSDP line: the order follows the card at once, in the driver. At 9600 baud the line is never idle; at 115200, "
        "polled every 20 ms, the wait for the next poll is 10 ms on average, which the floor does not count; polled every 5 ms it is short."
    ),
    "Through the agent: card at the reader's line, unlock order on the relay board's, with everything else running. Both lines at the same speed.",
    "The simulated reader thinks for 1 ms before each answer; the simulated board answers at once after its silence.",
)


def measure(quick: bool = False) -> Row:
    count = QUICK_CARDS if quick else CARDS
    figures = [_one_line(baud, 20, count) for baud in BAUDS]
    figures.append(_one_line(115_200, 5, count))
    for form in ("osdp", "decimal"):
        figures += [_through_the_agent(form, baud, count) for baud in BAUDS]
    return Row("P2", "card presented → unlock frame complete on the wire", GOAL, tuple(figures), REMARKS)


def _one_line(baud: int, poll_ms: int, count: int) -> Figure:
    spec = BoxSpec(reader_form="osdp", reader_baud=baud)
    with tempfile.TemporaryDirectory(dir=disk_folder()) as folder, Box(Path(folder) / "dev", spec) as box:
        return _answered(box, baud, poll_ms, count)


def _answered(box: Box, baud: int, poll_ms: int, count: int) -> Figure:
    found = threading.Event()
    numbers = iter(range(1, count + 1))

    def take(fact: Fact) -> None:
        if isinstance(fact, DeviceFoundReport):
            found.set()
        elif isinstance(fact, CardSeen):
            port.order(PulseOutput("card", 1, True, 0.1, next(numbers), fact.at + 1.0))

    options = ReaderOptions(key=box.reader_keys["reader"].hex(), outputs=1, poll_ms=poll_ms)
    port = Port("reader", str(box.ports["reader"]), baud, OsdpLine([("card", options)], baud), take)
    port.start()
    try:
        found.wait(5.0)
        took = _shown(box, "reader", 0.0, count, lambda n: n)
    finally:
        port.stop(2.0)
    condition = f"OSDP Secure Channel, card and lock on one line, {baud:,} baud, polled every {poll_ms} ms"
    return beside_floor(spread(condition, took), floor.osdp_card_s(baud) + floor.osdp_order_s(baud))


def _through_the_agent(form: str, baud: int, count: int) -> Figure:
    with Site(50, io_baud=baud, reader_baud=baud, reader_form=form) as site:
        site.settle(site.agent)
        time.sleep(2.0)
        took = _shown(site.box, "relay", site.box.relay.gap_s, count, lambda n: FIRST_CARD + n % site.holders)
        site.agent.stop()
    kind = "OSDP reader" if form == "osdp" else "line reader"
    card = floor.osdp_card_s(baud) if form == "osdp" else floor.line_card_s(form, baud)
    figure = spread(f"{kind}, Modbus lock, through the agent, {baud:,} baud", took)
    return beside_floor(figure, card + floor.modbus_order_s(baud))


def beside_floor(figure: Figure, floor_s: float) -> Figure:
    """The same with the floor and how many times it the median is."""
    if "p50_ms" not in figure.values:
        return figure
    least = 1000 * floor_s
    ratio = figure.values["p50_ms"] / least
    text = f"{figure.text}; floor {ms(least)}, ratio {ratio:.2f}"
    return Figure(figure.condition, text, {**figure.values, "floor_ms": least, "ratio": ratio})


def _shown(box: Box, lock: str, silence_s: float, count: int, card: Callable[[int], int]) -> list[float]:
    """Show so many cards; seconds from each to its unlock frame's last byte. `silence_s`: how long the lock's device then listens on."""
    dice, took = random.Random(2), []
    for n in range(count):
        time.sleep(0.3 + dice.random() * 0.1)
        start = time.monotonic()
        box.tap(card(n))
        pulse = until("a pulse", lambda: box.trace.moments(lock, "pulse", since=start), 5.0)  # noqa: B023
        took.append(pulse[0].at - silence_s - start)
    return took
