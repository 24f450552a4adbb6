"""What can be done on the page, by name, as a form posts it: hands at a unit and orders of the centre. Only translates; refuses what is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from simulator.demo import people
from simulator.demo.clerk import Clerk
from simulator.demo.hands import Hands

CARDS: Mapping[str, int] = {
    "resident": people.RESIDENT,
    "neighbour": people.NEIGHBOUR,
    "patrol": people.PATROL,
    "warden": people.WARDEN,
    "expired": people.EXPIRED,
    "notyet": people.NOT_YET,
    "unknown": people.UNKNOWN,
}
"""In the order in which they lie there. Whose each is, the words tell: `card.…`."""
KEYS = "123456789*0#"
MOST_KEYS = 20


class NoDeedError(Exception):
    """Nothing that can be done here; the message is one line for whoever asked."""


def _tap(hands: Hands, value: str) -> str:
    if value not in CARDS:
        raise NoDeedError(f"no card {value[:20]!r} lies here: {', '.join(CARDS)}")
    return hands.tap(CARDS[value], value)


def _keys(hands: Hands, value: str) -> str:
    if not value or len(value) > MOST_KEYS or set(value) - set(KEYS):
        raise NoDeedError(f"keys are 1 to {MOST_KEYS} of {KEYS}")
    return hands.keys(value)


def _touch(hands: Hands, value: str) -> str:
    place = re.fullmatch(r"([0-9]{1,4}),([0-9]{1,4})", value, re.ASCII)
    if place is None:
        raise NoDeedError("a touch is x,y in the panel's pixels")
    return hands.touch(int(place[1]), int(place[2]))


AT_THE_UNIT: Mapping[str, Callable[[Hands, str], str]] = {
    "tap": _tap,
    "keys": _keys,
    "touch": _touch,
    "push": lambda hands, _: hands.push(),
    "hold": lambda hands, _: hands.hold(),
    "force": lambda hands, _: hands.force(),
    "exit": lambda hands, _: hands.press_exit(),
    "fire": lambda hands, _: hands.set_fire(),
    "network": lambda hands, _: hands.cut(),
    "power": lambda hands, _: hands.switch_power(),
    "kill": lambda hands, _: hands.kill(),
}
AT_THE_CENTRE: Mapping[str, Callable[[Clerk, str], str]] = {
    "open": lambda clerk, unit: clerk.open_door(unit),
    "notice": lambda clerk, _: clerk.notice(),
    "reset": lambda clerk, unit: clerk.reset_fire(unit),
    "visitor": lambda clerk, unit: clerk.visitor(unit),
}
UNTOLD = frozenset({"keys", "touch"})
"""What came of them is on the panel."""


def done(deed: str, hands: Hands, clerk: Clerk, unit: str) -> str:
    """`tap:resident`, `push`: the word for what came of it. Raises NoDeedError."""
    name, _, value = deed.partition(":")
    if name in AT_THE_UNIT:
        return AT_THE_UNIT[name](hands, value)
    if name in AT_THE_CENTRE:
        return AT_THE_CENTRE[name](clerk, unit)
    raise NoDeedError(f"nothing here is called {name[:20]!r}: {', '.join((*AT_THE_UNIT, *AT_THE_CENTRE))}")
