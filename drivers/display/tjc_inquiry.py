"""The question to a TJC or Nextion panel: `connect`, which it answers with its model. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from drivers.display import hmi
from drivers.probing import Inquiry, Question, Sighting

THINK_S = 0.15
"""As fast as the line brings it, but for a page that is being drawn."""
ANSWER_BYTES = 100
NOTE = "its project says where the texts are: correct columns, rows, charset and layout"


def questions(addresses: Sequence[int]) -> Iterable[Question]:
    def read(received: bytes) -> Sighting | None:
        for found in hmi.Returns().add(received):
            if isinstance(found, hmi.Connected):
                return Sighting("tjc", f"TJC or Nextion panel, model {found.model}", note=NOTE)
        return None

    frame = hmi.END + hmi.ACTIVE_MODE + hmi.END + hmi.instruction("connect")
    return (Question(frame, ANSWER_BYTES, THINK_S, read),)


INQUIRY = Inquiry("tjc", questions)
