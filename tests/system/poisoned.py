"""The agent with planted faults: each trips over a notice of one title (or a roster with a holder of that id), each at another place.

`poison`: the core's step; `wither`: drawing it, later; `venom`: the store, saving it; `blight`: the store, reading it back at start;
`thorn`: the store, reading a roster back; `gall`: the link's thread, before the core sees it. Run as `python -m tests.system.poisoned …`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from agent.__main__ import main
from agent.core import pages, standing
from agent.core.plan import DisplayPlan
from agent.core.state import State
from agent.core.turn import Turn
from agent.link import translate
from agent.store import codec
from agent.store.cache import Cache
from contract.messages import Holder, Hours, Kind, Message, Notice
from contract.refusal import Refusal
from contract.topics import Down

_sound = standing.notice
_sound_save = Cache.save_notice
_sound_draw = pages.of_notice
_sound_load = codec.load_notice
_sound_holder = codec.PartReader._holder
_sound_parse = translate.parse


def _trip(turn: Turn, token: int, message: Notice) -> None:
    if message.title == "poison":
        raise ZeroDivisionError("planted")
    _sound(turn, token, message)


def _trip_store(self: Cache, message: Notice) -> None:
    if message.title == "venom":
        raise ZeroDivisionError("planted")
    _sound_save(self, message)


def _trip_drawing(state: State, display: DisplayPlan, notice: Notice) -> Any:
    if notice.title == "wither":
        raise ZeroDivisionError("planted")
    return _sound_draw(state, display, notice)


def _trip_loading(body: bytes) -> Notice:
    if b'"blight"' in body:
        raise ZeroDivisionError("planted")
    return _sound_load(body)


def _trip_reading(self: codec.PartReader, row: list[Any], profiles: list[Hours]) -> Holder:
    if row[0] == "thorn":
        raise ZeroDivisionError("planted")
    return _sound_holder(self, row, profiles)


def _trip_link(kind: Kind, site: str, down: Down, payload: Mapping[str, Any]) -> Message | Refusal:
    if payload.get("title") == "gall":
        raise ZeroDivisionError("planted")
    return _sound_parse(kind, site, down, payload)


standing.notice = _trip
Cache.save_notice = _trip_store  # type: ignore[method-assign]
pages.of_notice = _trip_drawing
codec.load_notice = _trip_loading
codec.PartReader._holder = _trip_reading  # type: ignore[method-assign]
translate.parse = _trip_link

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
