"""What stands on the page, as plain values in one language: the page is drawn from it, and so is every change of it. Only reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from centre import fact_words
from centre.words import speaking
from simulator.demo.acting import AtDoor
from simulator.demo.bureau import BookFact
from simulator.demo.glass import screen_of
from simulator.demo.stage import local
from simulator.demo.web.scene import Place, Said, WebScene

SHOWN = 24
"""Lines of what happened."""
SIGNS = {"well": "●", "look": "▲", "urgent": "■", "away": "○"}
Words = Mapping[str, str]


def of_scene(scene: WebScene, words: Words) -> dict[str, Any]:
    names = {unit: place.entrance.name for unit, place in scene.places.items()}
    happened = list(scene.happened)[-SHOWN:]
    with speaking(words["catalogue"]):  # the centre's, for what is in its books
        lines = [_line(each, names, words) for each in reversed(happened)]
    return {"units": {unit: of_place(place, words) for unit, place in scene.places.items()}, "happened": lines}


def of_place(place: Place, words: Words) -> dict[str, Any]:
    frame = place.eyes.frame
    return {
        "name": place.entrance.name,
        "frame": 0 if frame is None else frame.number,
        "size": list((800, 480) if frame is None else frame.size),
        "text": [] if place.eyes.dark else _to_be_read(place.hands.door),
        "open": place.entrance.box.door().open,
        "unlocked": place.entrance.box.door().unlocked,
        "states": [_state(*each, words) for each in _states(place, words)],
        "switches": dict(_switches(place, words)),
    }


def _to_be_read(door: AtDoor) -> list[str]:
    return [line for line in screen_of(door.box.panel).texts if line]


def _states(place: Place, words: Words) -> Iterator[tuple[str, str, str]]:
    """Name, sign and words of each."""
    door, entrance, powered = place.entrance.box.door(), place.entrance, place.hands.powered
    yield "lock", *(("look", words["lock.on"]) if door.unlocked else ("well", words["lock.off"]))
    yield "door", *(("look", words["door.on"]) if door.open else ("well", words["door.off"]))
    yield "fire", *(("urgent", words["fire.on"]) if door.fire.active else ("well", words["fire.off"]))
    yield "network", *(("well", words["network.off"]) if entrance.cable.whole else ("away", words["network.on"]))
    yield "power", *(("well", words["power.on"]) if powered else ("away", words["power.off"]))
    if entrance.agent.pid is not None:
        yield "agent", "well", words["agent.runs"]
    else:
        yield "agent", "urgent" if powered else "away", words["agent.on"]


def _state(name: str, sign: str, state: str, words: Words) -> dict[str, str]:
    return {"id": name, "sign": sign, "shape": SIGNS[sign], "name": words[name], "words": state}


def _switches(place: Place, words: Words) -> Iterator[tuple[str, dict[str, Any]]]:
    """The words of what pressing each does next, and whether it is as it should not be."""
    hands = place.hands
    on = {
        "hold": hands.held,
        "fire": hands.burning,
        "network": not place.entrance.cable.whole,
        "power": not hands.powered,
    }
    for name, turned in on.items():
        yield name, {"on": turned, "words": words[f"{name}.{'undo' if turned else 'do'}"]}


def _line(each: Said | BookFact, names: Mapping[str, str], words: Words) -> dict[str, str]:
    at, who = f"{local(each.at_utc):%H:%M:%S}", names.get(each.unit, words["centre"])
    if isinstance(each, BookFact):
        said = fact_words.of_line(each.kind, each.line).words
        return {"at": at, "who": who, "words": said, "fact": f"{each.kind} {each.rest}".rstrip()}
    said = words[each.key].format(**each.fields) if each.key else each.fields["why"]
    if each.order:
        said = f"{words[f'order.{each.order}']}: {said}"
    return {"at": at, "who": who, "words": said, "fact": ""}
