"""The agent with planted faults: its core trips over any notice titled `poison`, its store's thread over one titled `venom`.

Run as `python -m tests.system.poisoned …`.
"""

from __future__ import annotations

import sys

from agent.__main__ import main
from agent.core import standing
from agent.core.turn import Turn
from agent.store.cache import Cache
from contract.messages import Notice

_sound = standing.notice
_sound_save = Cache.save_notice


def _trip(turn: Turn, token: int, message: Notice) -> None:
    if message.title == "poison":
        raise ZeroDivisionError("planted")
    _sound(turn, token, message)


def _trip_store(self: Cache, message: Notice) -> None:
    if message.title == "venom":
        raise ZeroDivisionError("planted")
    _sound_save(self, message)


standing.notice = _trip
Cache.save_notice = _trip_store  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
