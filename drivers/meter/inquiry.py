"""The question for a water meter that is alone on its line: whoever is there says its count, and with it its address. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from drivers.meter import cjt188
from drivers.probing import Inquiry, Question, Sighting

THINK_S = 0.8
SPEEDS = (2400, 9600)
"""As the standard has it, and what many are set to."""
SHORT = 3
PARITY: Final = "even"


def questions(addresses: Sequence[int]) -> Iterable[Question]:
    """The second order where the first finds nobody. Short numbers are addresses of other protocols, and passed over: a meter's has 14 digits."""
    mine = [str(each) for each in addresses if len(str(each)) > SHORT] or ["any"]
    return (_ask(cjt188.wire_address(each), order) for each in mine for order in cjt188.COUNT_ORDERS)


def _ask(address: bytes, order: bytes) -> Question:
    request = cjt188.count_request(address, order)

    def read(received: bytes) -> Sighting | None:
        reply = cjt188.find_reply(request, received)
        return None if reply is None else _seen(reply)

    return Question(request.frame, cjt188.ANSWER_BYTES, THINK_S, read)


def _seen(reply: cjt188.CountReply) -> Sighting:
    """What it counts stays out of it: that is a household's own."""
    options: dict[str, object] = {"protocol": "cjt188", "address": reply.address}
    if reply.type != cjt188.COLD_WATER:
        options["type"] = reply.type
    counts = "does not say its count" if reply.centilitres is None else f"counts by {reply.step} l"
    note = "say `room` for a watched household"
    return Sighting(
        "meter", f"CJ/T 188 water meter, {counts}", None, options, reply.centilitres is not None, note, PARITY
    )


INQUIRY = Inquiry("meter", questions, speeds=SPEEDS, parity=PARITY)
