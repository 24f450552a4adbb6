"""The session of a DWIN DGUS II panel: how its variables are written and read back. Sans-IO."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from drivers.display import dgus
from drivers.display.layout import DwinOptions, Image, Piece, image, next_write
from drivers.display.panel import NONCE_S, PanelSession
from drivers.reports import UNKNOWN, DrawPage


class DwinQuery(Enum):
    """What is said beside the steps of drawing."""

    VERSION = "version"
    NONCE = "nonce"
    CHECK = "check"
    TONE = "tone"


Act = Piece | int | DwinQuery
"""An `int` is the page to switch to."""


class DwinPanel(PanelSession[Act, DwinOptions]):
    """A `drivers.session.Session` for the one panel on its line."""

    HELLO, CHECK, TONE = DwinQuery.VERSION, DwinQuery.CHECK, DwinQuery.TONE
    MUTE = "answers, but acknowledges no write: switch acknowledgements on in its .CFG"

    def __init__(self, devices: Sequence[tuple[str, DwinOptions]], baud: int) -> None:
        super().__init__(devices, baud)
        self._answers = dgus.AnswerDecoder(crc=self._options.crc)
        self._version = ""
        self._nonce_written = False
        self._shown: dict[int, bytes] = {}
        self._page: int | None = None
        self._target: Image | None = None

    @property
    def _detail(self) -> str:
        return f"DGUS II, version {self._version}"

    def _start_anew(self, now: float) -> None:
        self._nonce_written = False
        self._shown.clear()
        self._page = None

    def _clear_received(self) -> None:
        self._answers.clear()

    # --- what to say

    def _aim(self, page: DrawPage) -> None:
        self._target = image(page, self._options)

    def _setting(self) -> Act | None:
        return None if self._nonce_written else DwinQuery.NONCE

    def _step(self) -> Act | None:
        return next_write(self._shown, self._page, self._target) if self._target is not None else None

    def _whole(self) -> bool:
        return self._step() is None

    def _frame(self, act: Act) -> bytes:
        crc = self._options.crc
        match act:
            case Piece():
                return dgus.write_vp(act.vp, act.data, crc=crc)
            case int():
                return dgus.switch_page(act, crc=crc)
            case DwinQuery.VERSION:
                return dgus.read_vp(dgus.VP_VERSION, 1, crc=crc)
            case DwinQuery.NONCE:
                return dgus.write_vp(self._options.nonce, self._new_nonce().to_bytes(2, "big"), crc=crc)
            case DwinQuery.TONE:
                return dgus.sound_buzzer(self._tone_s(), crc=crc)
            case DwinQuery.CHECK:
                return dgus.read_vp(self._options.nonce, 1, crc=crc)

    # --- what an answer means

    def receive(self, data: bytes, now: float, not_before: float = UNKNOWN) -> None:
        for answer in self._answers.add(data):
            if self._outstanding is not None:
                self._take(self._outstanding.act, answer, now)

    def _take(self, act: Act, answer: dgus.Answer, now: float) -> None:
        """A read is answered by its own variable; a touch may upload others in between."""
        match act, answer:
            case DwinQuery.VERSION, dgus.Words(vp=dgus.VP_VERSION):
                self._answered(now, acknowledged=False)
                self._alive = True
                self._version = answer.data.hex()
            case DwinQuery.CHECK, dgus.Words(vp=self._options.nonce):
                self._answered(now, acknowledged=False)
                self._checked(answer.data, now)
            case Piece() | int() | DwinQuery.NONCE | DwinQuery.TONE, dgus.Acknowledged():
                self._answered(now, acknowledged=True)
                self._done(act, now)
            case _:
                return
        self._tell_drawn()

    def _done(self, act: Act, now: float) -> None:
        match act:
            case Piece():
                self._shown[act.vp] = act.data
            case int():
                self._page = act
            case DwinQuery.NONCE:
                self._nonce_written = True
                self._check_at = now + NONCE_S
                self._tell_found()
            case _:
                self._tone = None

    def _checked(self, data: bytes, now: float) -> None:
        self._check_at = now + NONCE_S
        if data != self._nonce.to_bytes(2, "big"):
            self._start_anew(now)

    def _doubt(self, act: Act) -> None:
        match act:
            case Piece():
                self._shown.pop(act.vp, None)
            case int():
                self._page = None
            case _:
                pass
