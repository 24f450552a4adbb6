"""What runs beside `serve` waits for it where both want a processor."""

from __future__ import annotations

import os
import sys

from centre.beside import LESS_URGENT, Beside
from tests.waiting import eventually


def test_a_process_beside_is_less_urgent_than_what_started_it() -> None:
    said: list[str] = []
    program = "import sys; sys.stdin.read()"
    beside = Beside("pages", [sys.executable, "-c", program], said.append)
    beside.start()
    try:
        pid = eventually(lambda: beside.pid)
        mine = os.getpriority(os.PRIO_PROCESS, 0)
        eventually(lambda: os.getpriority(os.PRIO_PROCESS, pid) == min(mine + LESS_URGENT, 19))
    finally:
        beside.stop()
    assert not said
