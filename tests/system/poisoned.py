"""The agent with planted faults: each trips over a notice of one title (or a roster with a holder of that id), each at another place.

`poison`: the core's step; `wither`: drawing it, later; `venom`: the store, saving it; `blight`: the store, reading it back at start;
`thorn`: the store, reading a roster back; `gall`: the link's thread, before the core sees it.
The fire latch's thread trips over every release while the state folder holds a file `ember`. Run as `python -m tests.system.poisoned …`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from agent.__main__ import main
from agent.core import desired_state, pages
from agent.core.events.link import MessageReceived
from agent.core.plan import DisplayPlan
from agent.core.state import State
from agent.core.step_builder import StepBuilder
from agent.link import translate
from agent.store import bodies, latch
from agent.store.cache import Cache
from contract.kinds import Message
from contract.messages import Kind, Notice, RosterPart, StateMessage
from contract.refusal import Refusal
from contract.topics import Down

T = TypeVar("T")

_sound = desired_state.received
_sound_save = Cache.save
_sound_draw = pages.of_notice
_sound_load = bodies.load
_sound_part = bodies.PartReader.part
_sound_parse = translate.parse
_sound_write = latch.write


def _trip(step: StepBuilder, event: MessageReceived) -> None:
    if getattr(event.message, "title", "") == "poison":
        raise ZeroDivisionError("planted")
    _sound(step, event)


def _trip_store(self: Cache, message: StateMessage, signed: bytes) -> None:
    if getattr(message, "title", "") == "venom":
        raise ZeroDivisionError("planted")
    _sound_save(self, message, signed)


def _trip_drawing(state: State, display: DisplayPlan, notice: Notice) -> Any:
    if notice.title == "wither":
        raise ZeroDivisionError("planted")
    return _sound_draw(state, display, notice)


def _trip_loading(kind: type[T], body: bytes) -> T:
    loaded = _sound_load(kind, body)
    if getattr(loaded, "title", "") == "blight":
        raise ZeroDivisionError("planted")
    return loaded


def _trip_reading(self: bodies.PartReader, body: bytes, part: int = 1, parts: int = 1) -> RosterPart:
    read = _sound_part(self, body, part, parts)
    if any(holder.id == "thorn" for holder in read.holders):
        raise ZeroDivisionError("planted")
    return read


def _trip_link(kind: Kind, site: str, down: Down, payload: Mapping[str, Any]) -> Message | Refusal:
    if payload.get("title") == "gall":
        raise ZeroDivisionError("planted")
    return _sound_parse(kind, site, down, payload)


def _trip_latch(folder: Path, doors: Iterable[str]) -> None:
    if doors and (folder / "ember").exists():
        raise ZeroDivisionError("planted")
    _sound_write(folder, doors)


desired_state.received = _trip
Cache.save = _trip_store  # type: ignore[method-assign]
pages.of_notice = _trip_drawing
bodies.load = _trip_loading
bodies.PartReader.part = _trip_reading  # type: ignore[method-assign]
translate.parse = _trip_link
latch.write = _trip_latch

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
