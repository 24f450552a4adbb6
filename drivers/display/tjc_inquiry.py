"""The question to a TJC or Nextion panel: `connect`, which it answers with its model. Changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from drivers.display import hmi
from drivers.probing import Inquiry, Question, Sighting

THINK_S = 0.15
"""As fast as the line brings it, but for a page that is being drawn."""
ANSWER_BYTES = 100
NOTE = "with a project of its own: correct columns, rows, charset and layout"
_SIZES = {"4827": "480x272", "8048": "800x480", "1060": "1024x600"}
"""By the first four digits of the model, as its maker numbers them: NX8048P070, TJC1060X570."""


def size_of(model: str) -> str:
    """The size of display that a model's number tells; empty where it tells none that is drawn on."""
    found = re.match(r"[A-Z]+(\d{4})", model)
    return _SIZES.get(found[1], "") if found else ""


def questions(addresses: Sequence[int]) -> Iterable[Question]:
    def read(received: bytes) -> Sighting | None:
        for found in hmi.Returns().add(received):
            if isinstance(found, hmi.Connected):
                size = size_of(found.model)
                detail = f"TJC or Nextion panel, model {found.model}{f', {size}' if size else ''}"
                return Sighting("tjc", detail, note=NOTE)
        return None

    frame = hmi.END + hmi.ACTIVE_MODE + hmi.END + hmi.instruction("connect")
    return (Question(frame, ANSWER_BYTES, THINK_S, read),)


INQUIRY = Inquiry("tjc", questions)
