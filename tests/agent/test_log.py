"""The log's own thread, its priorities, and the bound on noise."""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import suppress

import pytest

from agent import limits
from agent.log import Burst, Log


@pytest.mark.claim("F45")
def test_a_noisy_line_is_held_back_and_counted() -> None:
    now = 0.0
    burst = Burst(lambda: now)

    def record() -> logging.LogRecord:
        return logging.LogRecord("port", logging.WARNING, "", 0, "bad frame on %s", ("io",), None)

    assert sum(burst.filter(record()) for _ in range(10_000)) == limits.LOG_BURST
    assert burst.filter(logging.LogRecord("x", logging.INFO, "", 0, "another line", (), None))
    now += limits.LOG_WINDOW_S
    late = record()
    assert burst.filter(late)
    assert f"[{10_000 - limits.LOG_BURST} more" in late.getMessage()


def test_lines_carry_the_journals_priority(capfd: pytest.CaptureFixture[str]) -> None:
    log = Log(verbose=False, journal=True)
    log.start()
    logging.getLogger("door").warning("main: %s", "held")
    logging.getLogger("door").debug("not this")
    log.stop()
    assert capfd.readouterr().err == "<4>door: main: held\n"


def test_a_journal_that_takes_nothing_costs_neither_time_nor_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOG_BURST", 1_000_000)
    out, into = os.pipe()
    with os.fdopen(into, "w") as stuck:
        monkeypatch.setattr(sys, "stderr", stuck)
        log = Log(verbose=False, journal=True)
        log.start()
        logger = logging.getLogger("door")
        for number in range(limits.LOG_WAITING + 3000):
            logger.warning("line %d of a pipe that nobody reads %s", number, "x" * 80)
        waiting = log._handler.queue.qsize()
        os.set_blocking(out, False)
        stopper = threading.Thread(target=log.stop, name="stopper")
        stopper.start()
        while stopper.is_alive():
            with suppress(BlockingIOError):
                os.read(out, 1 << 16)
    os.close(out)
    assert waiting <= limits.LOG_WAITING
