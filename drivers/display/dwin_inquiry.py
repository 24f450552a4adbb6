"""The question to a DWIN panel: its version, read once without and once with CRC. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from drivers.display import dgus
from drivers.probing import Inquiry, Question, Sighting

THINK_S = 0.1
"""Reads are answered within 20 ms; a DGUS cycle under way can take 100."""
ANSWER_BYTES = 11
NOTE = "its project says where the texts are: correct columns, rows and layout"


def questions(addresses: Sequence[int]) -> Iterable[Question]:
    return (version(crc=False), version(crc=True))


def version(*, crc: bool) -> Question:
    def read(received: bytes) -> Sighting | None:
        for answer in dgus.AnswerDecoder(crc=crc).add(received):
            if isinstance(answer, dgus.Words) and answer.vp == dgus.VP_VERSION:
                detail = f"DGUS II panel, version {answer.data.hex()}{', frames with CRC' if crc else ''}"
                return Sighting("dwin", detail, options={"crc": True} if crc else {}, note=NOTE)
        return None

    return Question(dgus.read_vp(dgus.VP_VERSION, 1, crc=crc), ANSWER_BYTES, THINK_S, read)


INQUIRY = Inquiry("dwin", questions, speeds=(115200, 9600, 19200, 38400, 57600))
