"""Everything that is ever said to a TJC panel, as instructions. Pure."""

from __future__ import annotations

from enum import Enum

from drivers.display import hmi
from drivers.display.tjc_drawing import Strokes
from drivers.display.tjc_layout import Backlight, Step, Text, TjcOptions


class TjcQuery(Enum):
    """What is said beside the steps of drawing."""

    CONNECT = "connect"
    ACKNOWLEDGE = "bkcmd"
    SLEEP_AFTER = "thsp"
    WAKE_ON_TOUCH = "thup"
    NONCE = "nonce"
    CHECK = "get"
    TONE = "beep"
    WAKE = "sleep"
    TOUCH_POINTS = "sendxy"


Act = Step | Strokes | TjcQuery
SETTINGS = (TjcQuery.ACKNOWLEDGE, TjcQuery.SLEEP_AFTER, TjcQuery.WAKE_ON_TOUCH, TjcQuery.NONCE)
"""In this order once it has answered."""
DRAWN_SETTINGS = (*SETTINGS[:-1], TjcQuery.TOUCH_POINTS, SETTINGS[-1])
"""Of a panel that is drawn on."""


def spoken(act: Act, options: TjcOptions, nonce: int, tone_s: float) -> bytes:
    """The instruction; `nonce` is the number to write, `tone_s` how long a tone lasts."""
    match act:
        case Text():
            return hmi.set_text(act.name, act.data)
        case Strokes():
            return b"".join(stroke.said + hmi.END for stroke in act.strokes)
        case Backlight():
            return hmi.set_number("dim", act.percent)
        case str():
            return hmi.switch_page(act)
        case TjcQuery.CONNECT:  # what it may have half of is ended, and it is woken, so that it answers in any state
            return hmi.END + hmi.ACTIVE_MODE + hmi.END + hmi.set_number("sleep", 0) + hmi.instruction("connect")
        case TjcQuery.ACKNOWLEDGE:
            return hmi.set_number("bkcmd", 3)
        case TjcQuery.SLEEP_AFTER:
            return hmi.set_number("thsp", options.sleep_s)
        case TjcQuery.WAKE_ON_TOUCH:
            return hmi.set_number("thup", 1)
        case TjcQuery.TOUCH_POINTS:
            return hmi.set_number("sendxy", 1)
        case TjcQuery.NONCE:
            return hmi.set_number(options.nonce, nonce)
        case TjcQuery.TONE:
            return hmi.sound_buzzer(tone_s)
        case TjcQuery.WAKE:
            return hmi.set_number("sleep", 0)
        case TjcQuery.CHECK:
            return hmi.get(options.nonce)
