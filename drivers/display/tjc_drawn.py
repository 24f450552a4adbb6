"""The session of a TJC or Nextion panel that is drawn on: its project is blank but for fonts, and pictures if it has them. Sans-IO.

Several instructions go in one frame; it is done with when each has its answer. Where one is missing, all of them are said again.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from drivers.display import hmi
from drivers.display.designed import drawing_of, form_for
from drivers.display.panel import PanelSession
from drivers.display.tjc import LACKING_S, REFUSED, TjcPanel
from drivers.display.tjc_drawing import Sheet, Stroke, Strokes, TjcDesigned, sheet
from drivers.display.tjc_layout import Backlight, TjcOptions
from drivers.display.tjc_painting import Painted, drawn, next_strokes
from drivers.display.tjc_words import DRAWN_SETTINGS, Act
from drivers.display.touch import ANYWHERE
from drivers.reports import DeviceFoundReport, DeviceLostReport, DrawPage, KeyReport

REFUSED_TEXT = 10
"""Refusals of one text in a font that the panel has, until it is given up for `LACKING_S`: it may be the text."""
HELD_S = 0.5
"""A panel may tell a held finger's coordinates again and again: pressed anew is what was let go, or not told for so long."""
DRAWING_S = 0.3
"""More than the line takes until the last instruction of a frame is answered: a full screen may have to be filled, and texts drawn."""


class TjcDrawnPanel(TjcPanel):
    """A `drivers.session.Session` for the one panel on its line, whose layout names a design."""

    SETTINGS = DRAWN_SETTINGS

    def __init__(self, devices: Sequence[tuple[str, TjcOptions]], baud: int) -> None:
        self._painted = Painted()
        self._answers: list[hmi.Done | hmi.Refused] = []
        self._missing: frozenset[str] = frozenset()
        """What the project turned out not to have, until the panel is found anew."""
        self._told_missing: set[str] = set()
        self._has: set[str] = set()
        """What it turned out to have."""
        self._given_up: dict[bytes, float] = {}
        """Instructions that are left out, and until when."""
        self._failures: Counter[str | bytes] = Counter()
        self._held_until = -math.inf
        self._planned: tuple[DrawPage, frozenset[str], frozenset[bytes], Sheet] | None = None
        self._said_of: Sheet | None = None
        super().__init__(devices, baud)
        layout = self._options.layout
        assert isinstance(layout, TjcDesigned)
        self._layout = layout

    def _start_anew(self, now: float) -> None:
        super()._start_anew(now)
        self._painted.forget()
        self._missing = frozenset()
        self._has.clear()
        self._given_up.clear()
        self._failures.clear()

    def _clear_received(self) -> None:
        super()._clear_received()
        self._answers.clear()

    def _woke(self, now: float) -> None:
        super()._woke(now)
        self._painted.forget()

    # --- what to say

    def _aim(self, page: DrawPage) -> None:
        """Planned when it is drawn. What was refused of another page counts no more."""
        for said in [what for what in self._failures if isinstance(what, bytes)]:
            del self._failures[said]

    def _sheet(self, page: DrawPage) -> Sheet:
        left_out = frozenset(self._given_up)
        if self._planned is None or self._planned[0] is not page or self._planned[1:3] != (self._missing, left_out):
            options = self._options
            made = sheet(page, self._layout, options.charset, options.escape == "bytes", self._missing, left_out)
            self._planned = (page, self._missing, left_out, made)
        return self._planned[3]

    def _drawing(self) -> Act | None:
        page = self._wanted
        if page is None:
            return None
        light = self._options.dim_idle if page.page == "idle" else self._options.dim
        if self._shown.light != light:
            return Backlight(light)
        return next_strokes(self._painted, self._sheet(page), self._baud, self._missing)

    def _stands(self) -> bool:
        return self._wanted is not None and drawn(self._painted, self._sheet(self._wanted))

    def _frame(self, act: Act) -> bytes:
        if isinstance(act, Strokes) and self._wanted is not None:
            self._said_of = self._sheet(self._wanted)
        return super()._frame(act)

    def _deadline(self, act: Act, size: int, now: float) -> float:
        return super()._deadline(act, size, now) + (DRAWING_S if isinstance(act, Strokes) else 0.0)

    # --- what a return means

    def _take(self, found: hmi.Return, now: float) -> None:
        act = None if self._outstanding is None else self._outstanding.act
        if not isinstance(act, Strokes):
            super()._take(found, now)
        elif isinstance(found, hmi.Done | hmi.Refused):
            self._answers.append(found)
            if len(self._answers) == len(act.strokes):
                self._all_answered(act.strokes, now)

    def _all_answered(self, strokes: Sequence[Stroke], now: float) -> None:
        answers = list(self._answers)
        self._answered(now, acknowledged=True)
        refused: dict[str, tuple[Stroke, hmi.Refused]] = {}
        for stroke, answer in zip(strokes, answers, strict=True):
            if isinstance(answer, hmi.Refused):
                refused.setdefault(stroke.needs, (stroke, answer))
            elif self._said_of is not None:
                self._painted.take(stroke, self._said_of)
                self._has.add(stroke.needs)
                self._failures.pop(stroke.needs, None)
                self._failures.pop(stroke.said, None)
                self._told_missing.discard(stroke.needs)
        for stroke, answer in refused.values():
            self._fail(stroke, answer, now)
        self._tell_drawn()

    def _fail(self, stroke: Stroke, why: hmi.Refused, now: float) -> None:
        """What it never did it may not have; else it may be the text, or noise."""
        known = stroke.needs in self._has
        what = stroke.said if known else stroke.needs
        self._failures[what] += 1
        if self._failures[what] < (REFUSED_TEXT if known else REFUSED):
            return
        del self._failures[what]
        reason = f"answer {why.code:02X}, {hmi.REFUSALS[why.code]}"
        if not known:
            self._miss(stroke, reason)
        elif stroke.text:
            self._give_up(stroke, reason, now)

    def _give_up(self, stroke: Stroke, reason: str, now: float) -> None:
        """A page whose body has such a line is not told to stand."""
        self._given_up[stroke.said] = now + LACKING_S
        part = stroke.slot[0]
        if part not in self._told_missing:
            self._told_missing.add(part)
            detail = f"{self._model}; WARNING: it refuses a line of its {part} ({reason})"
            self._facts.append(DeviceFoundReport(self._device, detail))

    def _checked(self, value: int, now: float) -> None:
        for said in [said for said, until in self._given_up.items() if now >= until]:
            del self._given_up[said]
        super()._checked(value, now)

    def _miss(self, stroke: Stroke, reason: str) -> None:
        """A font or picture is done without. A panel that has nothing to write the body with is of no use."""
        self._missing |= {stroke.needs}
        named = stroke.needs[-1:].isdigit()
        detail = f"{'its project has no' if named else 'it refuses to draw a'} {stroke.needs} ({reason})"
        useless = self._wanted is not None and not self._sheet(self._wanted).readable
        if useless and self._lost != "wrong":
            self._told_found, self._lost = False, "wrong"
            self._facts.append(DeviceLostReport(self._device, "wrong", detail))
        elif not useless and stroke.needs not in self._told_missing:
            self._told_missing.add(stroke.needs)
            self._facts.append(DeviceFoundReport(self._device, f"{self._model}; WARNING: {detail}"))

    def _touched(self, touch: hmi.Touched | hmi.TouchedAt, now: float, not_before: float) -> None:
        """A press on what stands there now; a finger that slides on presses nothing more, nor does one that wakes the panel."""
        if not isinstance(touch, hmi.TouchedAt):
            return
        held, self._held_until = now < self._held_until, now + HELD_S if touch.pressed else -math.inf
        if touch.pressed and not held and not touch.asleep and not self._asleep:
            key = self._painted.key_at(touch.x, touch.y) or self._anywhere()
            if key:
                self._facts.append(KeyReport(self._device, key, now, not_before))

    def _anywhere(self) -> str:
        """The key that is the whole of a page on which nothing is typed, once that stands there."""
        page, form = self._wanted, self._options.form
        if page is None or form is None or not self._whole():
            return ""
        return "".join(key.label for key in drawing_of(page, form_for(page, form)).keys if key.label == ANYWHERE)

    def _doubt(self, act: Act) -> None:
        if isinstance(act, Strokes):
            self._painted.doubt(act.strokes)
        super()._doubt(act)


def tjc_session(devices: Sequence[tuple[str, TjcOptions]], baud: int) -> PanelSession[Act, TjcOptions]:
    """Of the one panel on its line, whichever way its pages are shown."""
    ((_, options),) = devices
    return (TjcPanel if options.form is None else TjcDrawnPanel)(devices, baud)
