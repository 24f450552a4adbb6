"""Each line measured: the harmless question of the device on it, many times; how many answers are missing, and how long they take.

Where a device was not found, looks at which speed and address one answers.
"""

from __future__ import annotations

import statistics
import termios
import time
from collections.abc import Iterator, Sequence

from agent.commissioning.sheet import DeviceTiming, Row
from agent.commissioning.walk import Walk, exchange, why
from agent.config import Config, DeviceConfig
from agent.words import N_, _, joined
from drivers.inquiries import INQUIRIES
from drivers.port import Line
from drivers.probing import Question
from drivers.registry import DRIVERS

EXCHANGES = 100
LIMIT_S = 6.0
MAX_ROUND_MS = 100.0
"""Above it the exit button does not always unlock within 200 ms (rule D2)."""
ROUND_MENDS = N_("raise baud, put fewer devices on the line, or take a board that answers sooner")
MAX_LOST = 0.02
"""A line in order loses none; noise at this rate is a fault of the wiring. One of more is measured twice: the machine may have been busy."""


def measured(config: Config, found: Sequence[str], exchanges: int) -> tuple[list[Row], list[DeviceTiming]]:
    """A row for each device whose line can be measured; the ports must be closed. `found`: devices that were there.

    What only sends is tried by its card or key, and a meter is asked no more often than it must be: no row, for an open one would wait for a person.
    """
    rows: list[Row] = []
    timings: list[DeviceTiming] = []
    for port in config.ports:
        devices = [(name, device) for name, device in config.devices.items() if device.port == port and name in found]
        before = len(timings)
        for name, device in devices:
            about = _("line {port}").format(port=port)
            if DRIVERS[device.driver].counts_water:
                continue
            try:
                timing = _timing(config, port, name, device, exchanges)
                if timing is not None and not _sound(timing):
                    timing = _timing(config, port, name, device, exchanges)
            except (OSError, termios.error) as fault:
                rows.append(Row(about, False, _("{name}: {why}").format(name=name, why=why(fault))))
                continue
            if timing is None:
                continue
            timings.append(timing)
            rows.append(Row(about, _sound(timing), timing.text))
        rows += _round(config, port, timings[before:])
    return rows, timings


def _round(config: Config, port: str, timings: Sequence[DeviceTiming]) -> Iterator[Row]:
    """Where a button hangs on the line: a look at the inputs and one at the outputs of each device on it."""
    wires = [door.exit_button for door in config.doors.values()]
    if not any(wire is not None and config.devices[wire.device].port == port for wire in wires):
        return
    took_ms = sum(2 * timing.median_ms for timing in timings if timing.median_ms is not None)
    if took_ms > MAX_ROUND_MS:
        text = _("a round of looks takes {took_ms:.0f} ms: the exit button may need more than 200 ms; {mends}").format(
            took_ms=took_ms, mends=_(ROUND_MENDS)
        )
        yield Row(_("line {port}").format(port=port), None, text)


def _sound(timing: DeviceTiming) -> bool:
    return timing.lost <= MAX_LOST * timing.asked


def _timing(config: Config, port: str, name: str, device: DeviceConfig, exchanges: int) -> DeviceTiming | None:
    entry = config.ports[port]
    line = Line(entry.device, entry.baud, entry.parity)
    try:
        question = _answered(line, device, entry.baud)
        if question is None:
            return None
        took: list[float] = []
        asked = 0
        end = time.monotonic() + LIMIT_S
        while asked < exchanges and time.monotonic() < end:
            asked += 1
            seconds = exchange(line, question, entry.baud)[1]
            if seconds is not None:
                took.append(1000 * seconds)
    finally:
        line.close()
    median, worst = (round(statistics.median(took), 2), round(max(took), 2)) if took else (None, None)
    return DeviceTiming(port, name, asked, asked - len(took), median, worst)


def _answered(line: Line, device: DeviceConfig, baud: int) -> Question | None:
    """The question that this device answers; one that fails of noise is tried again."""
    address = getattr(device.options, "address", 0)
    questions = [
        question for each in INQUIRIES if each.driver == device.driver for question in each.questions([address])
    ]
    for question in questions * 4:
        if exchange(line, question, baud)[1] is not None:
            return question
    return questions[0] if questions else None


def elsewhere(config: Config, found: Sequence[str]) -> Iterator[Row]:
    """For each port with a device that was not found: what answers there instead, and at which speed."""
    wanted = {
        device.port: device.driver
        for name, device in config.devices.items()
        if name not in found and any(each.driver == device.driver for each in INQUIRIES)
    }
    looks = Walk().look([config.ports[port].device for port in wanted])
    for port, look in zip(wanted, looks, strict=True):
        baud = config.ports[port].baud
        if look.speed is None:
            text = look.fault or _("nothing answers there at any usual speed: is it wired, and powered?")
        else:
            seen = [
                each.driver
                if each.address is None
                else _("{driver} at address {address}").format(driver=each.driver, address=each.address)
                for each in look.found
            ]
            put_right = (
                ""
                if look.speed == baud
                else _(": correct ports.{port}.baud, which says {baud}").format(port=port, baud=baud)
            )
            answers = (
                _("{seen} answers at {speed} baud{put_right}")
                if len(seen) == 1
                else _("{seen} answer at {speed} baud{put_right}")
            )
            text = answers.format(seen=joined(_(" and "), seen), speed=look.speed, put_right=put_right)
        yield Row(_("port {port}").format(port=port), False, text)
