"""`python -m simulator.demo.clocked …`: the command `doorward` by the story's clock, where one is named in the environment."""

from __future__ import annotations

import os
import sys
import time

from simulator.demo.clock import VARIABLE, WATCHED_HOUR_S, ahead_s, opened


def follow(path: str) -> None:
    """From here on `time.time` of this process is ahead by what stands there."""
    clock, wall = opened(path), time.time
    time.time = lambda: wall() + ahead_s(clock)


def watch_faster() -> None:
    """Hours of watched households pass as seconds."""
    from agent.core import care, limits  # noqa: PLC0415  # the clock first

    limits.CARE_TICK_S *= WATCHED_HOUR_S / care.HOUR_S
    care.HOUR_S = WATCHED_HOUR_S


if VARIABLE in os.environ:
    follow(os.environ[VARIABLE])

from agent.__main__ import main  # noqa: E402  # the clock first

if __name__ == "__main__":
    if VARIABLE in os.environ and sys.argv[-1] == "run":
        watch_faster()
    sys.exit(main(sys.argv[1:]))
