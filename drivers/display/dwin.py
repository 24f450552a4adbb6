"""The session of a DWIN DGUS II panel: how its variables are written and read back. Sans-IO."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from drivers.display import dgus
from drivers.display.design import IDENTITY_VP, IDENTITY_WORDS, KEY_VP, NONCE_VP
from drivers.display.designed import DesignedLayout
from drivers.display.dwin_designed import (
    DesignedImage,
    designed_image,
    identity_fault,
    key_of,
    lines_of,
    next_designed,
)
from drivers.display.layout import DwinOptions, Image, Piece, image, next_write
from drivers.display.panel import NONCE_S, PanelSession
from drivers.reports import UNKNOWN, DrawPage, KeyReport


class DwinQuery(Enum):
    """What is said beside the steps of drawing."""

    VERSION = "version"
    IDENTITY = "identity"
    NONCE = "nonce"
    PAGE = "page"
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
        self._form = self._options.form
        self.unasked = self._form is not None  # its keys
        self._verifies = isinstance(self._options.layout, DesignedLayout) and self._options.layout.verify
        self._nonce_vp = self._options.nonce if self._form is None else NONCE_VP
        self._version = ""
        self._known = False
        """Its files fit; of a panel without designed pages that is the installer's word."""
        self._nonce_written = False
        self._shown: dict[int, bytes] = {}
        self._page: int | None = None
        self._target: Image | DesignedImage | None = None

    @property
    def _detail(self) -> str:
        return f"DGUS II, version {self._version}"

    def _start_anew(self, now: float) -> None:
        self._known = not self._verifies
        self._nonce_written = False
        self._shown.clear()
        self._page = None

    def _clear_received(self) -> None:
        """But for the beginning of a key that is being told."""
        self._answers.clear(KEY_VP if self.unasked else None)

    # --- what to say

    def _aim(self, page: DrawPage) -> None:
        self._target = image(page, self._options) if self._form is None else designed_image(page, self._form)

    def _setting(self) -> Act | None:
        if not self._known:
            return DwinQuery.IDENTITY
        if not self._nonce_written:
            return DwinQuery.NONCE
        asks = self._form is not None and self._page is None  # else it may be writing where people read
        return DwinQuery.PAGE if asks else None

    def _step(self) -> Act | None:
        match self._target:
            case DesignedImage():
                return None if self._page is None else next_designed(self._shown, self._page, self._target)
            case Image():
                return next_write(self._shown, self._page, self._target)
            case None:
                return None

    def _whole(self) -> bool:
        return self._page is not None and self._step() is None

    def _frame(self, act: Act) -> bytes:
        crc = self._options.crc
        match act:
            case Piece():
                return dgus.write_vp(act.vp, act.data, crc=crc)
            case int():
                return dgus.switch_page(act, crc=crc)
            case DwinQuery.VERSION:
                return dgus.read_vp(dgus.VP_VERSION, 1, crc=crc)
            case DwinQuery.IDENTITY:
                return dgus.read_vp(IDENTITY_VP, IDENTITY_WORDS, crc=crc)
            case DwinQuery.PAGE:
                return dgus.read_vp(dgus.VP_SHOWN, 1, crc=crc)
            case DwinQuery.NONCE:
                return dgus.write_vp(self._nonce_vp, self._new_nonce().to_bytes(2, "big"), crc=crc)
            case DwinQuery.TONE:
                return dgus.sound_buzzer(self._beep_s(), crc=crc)
            case DwinQuery.CHECK:
                return dgus.read_vp(self._nonce_vp, 1, crc=crc)

    # --- what an answer means

    def receive(self, data: bytes, now: float, not_before: float = UNKNOWN) -> None:
        for answer in self._answers.add(data):
            if self.unasked and isinstance(answer, dgus.Words) and answer.vp == KEY_VP:
                self._touched(answer.data, now, not_before)
            elif self._outstanding is not None:
                self._take(self._outstanding.act, answer, now)

    def _touched(self, data: bytes, now: float, not_before: float) -> None:
        """A key of the panel's own keypad, told once when it is pressed. One of files that do not fit is none."""
        key = key_of(data)
        if key is not None and self._known:
            self._facts.append(KeyReport(self._device, key, now, not_before))

    def _take(self, act: Act, answer: dgus.Answer, now: float) -> None:
        """A read is answered by its own variable; a touch may upload others in between."""
        match act, answer:
            case DwinQuery.VERSION, dgus.Words(vp=dgus.VP_VERSION):
                self._answered(now, acknowledged=False)
                self._alive = True
                self._version = answer.data.hex()
            case DwinQuery.IDENTITY, dgus.Words() if answer.vp == IDENTITY_VP:
                self._answered(now, acknowledged=False)
                self._identified(answer.data, now)
            case DwinQuery.PAGE, dgus.Words(vp=dgus.VP_SHOWN):
                self._answered(now, acknowledged=False)
                self._page = int.from_bytes(answer.data, "big")
            case DwinQuery.CHECK, dgus.Words(vp=self._nonce_vp):
                self._answered(now, acknowledged=False)
                self._checked(answer.data, now)
            case Piece() | int() | DwinQuery.NONCE | DwinQuery.TONE, dgus.Acknowledged():
                self._answered(now, acknowledged=True)
                self._done(act, now)
            case _:
                return
        self._tell_drawn()

    def _identified(self, data: bytes, now: float) -> None:
        fault = None if self._form is None else identity_fault(data, self._form)
        self._known = fault is None
        if fault is not None:
            self._lose(now, "wrong", fault)

    def _lines(self, piece: Piece) -> dict[int, bytes]:
        if isinstance(self._target, DesignedImage):
            return dict(lines_of(piece, self._target.form))
        return {piece.vp: piece.data}

    def _done(self, act: Act, now: float) -> None:
        match act:
            case Piece():
                self._shown |= self._lines(act)
            case int():
                self._page = act
            case DwinQuery.NONCE:
                self._nonce_written = True
                self._check_at = now + NONCE_S
                self._tell_found()
            case _:
                self._tone.sounded(self._beeped, now)

    def _checked(self, data: bytes, now: float) -> None:
        self._check_at = now + NONCE_S
        if data != self._nonce.to_bytes(2, "big"):
            self._start_anew(now)

    def _doubt(self, act: Act) -> None:
        match act:
            case Piece():
                for vp in self._lines(act):
                    self._shown.pop(vp, None)
            case int():
                self._page = None
            case _:
                pass
