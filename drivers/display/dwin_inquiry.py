"""The questions to a DWIN panel: its version, read once without and once with CRC, and what files it was built with. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from drivers.display import dgus
from drivers.display.design import IDENTITY_VP, IDENTITY_WORDS, Form
from drivers.display.dwin_designed import files_of, form_told, identity_fault
from drivers.probing import Inquiry, Question, Sighting

THINK_S = 0.1
"""Reads are answered within 20 ms; a DGUS cycle under way can take 100."""
ANSWER_BYTES = 11
IDENTITY_BYTES = 9 + 2 * IDENTITY_WORDS
NOTE = "it has no files of doorward panel build yet; with a project of its own: correct columns, rows and layout"


def questions(addresses: Sequence[int]) -> Iterable[Question]:
    return (version(crc=False), version(crc=True))


def version(*, crc: bool) -> Question:
    """Leads to the question for its files; one that does not answer that is a panel all the same."""

    def read(received: bytes) -> Question | None:
        for answer in dgus.AnswerDecoder(crc=crc).add(received):
            if isinstance(answer, dgus.Words) and answer.vp == dgus.VP_VERSION:
                seen = partial(_seen, answer.data.hex(), crc=crc)
                return identity(seen, crc=crc, silence=seen(b""))
        return None

    return Question(dgus.read_vp(dgus.VP_VERSION, 1, crc=crc), ANSWER_BYTES, THINK_S, read)


def identity(told: Callable[[bytes], Sighting], *, crc: bool, silence: Sighting | None = None) -> Question:
    def read(received: bytes) -> Sighting | None:
        for answer in dgus.AnswerDecoder(crc=crc).add(received):
            if isinstance(answer, dgus.Words) and answer.vp == IDENTITY_VP:
                return told(answer.data)
        return None

    return Question(dgus.read_vp(IDENTITY_VP, IDENTITY_WORDS, crc=crc), IDENTITY_BYTES, THINK_S, read, silence)


def fits(form: Form, *, crc: bool) -> Question:
    """Whether its files are those of the form: `detail` says what they are, `sure` whether they fit, `note` why not."""

    def told(data: bytes) -> Sighting:
        fault = identity_fault(data, form)
        return Sighting("dwin", files_of(form), sure=fault is None, note=fault or "")

    return identity(told, crc=crc)


def _seen(version: str, data: bytes, *, crc: bool) -> Sighting:
    """`data`: what it tells of its files."""
    detail = f"DGUS II panel, version {version}{', frames with CRC' if crc else ''}"
    options: dict[str, object] = {"crc": True} if crc else {}
    form = form_told(data)
    if form is None:
        return Sighting("dwin", detail, options=options, note=NOTE)
    options["layout"] = {"design": f"{form.width}x{form.height}", "rotate": form.rotate, "large": form.large}
    return Sighting("dwin", f"{detail}, built for {files_of(form)}", options=options)


INQUIRY = Inquiry("dwin", questions, speeds=(115200, 9600, 19200, 38400, 57600))
