"""The agent with a planted fault: its core trips over any notice titled `poison`. Run as `python -m tests.system.poisoned …`."""

from __future__ import annotations

import sys

from agent.__main__ import main
from agent.core import standing
from agent.core.turn import Turn
from contract.messages import Notice

_sound = standing.notice


def _trip(turn: Turn, token: int, message: Notice) -> None:
    if message.title == "poison":
        raise ZeroDivisionError("planted")
    _sound(turn, token, message)


standing.notice = _trip

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
