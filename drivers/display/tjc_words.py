"""Everything that is ever said to a TJC panel, as instructions. Pure."""

from __future__ import annotations

from enum import Enum

from drivers.display import hmi
from drivers.display.tjc_layout import Light, Step, Text, TjcOptions


class Say(Enum):
    """What is said beside the steps of drawing."""

    CONNECT = "connect"
    ACKNOWLEDGE = "bkcmd"
    SLEEP_AFTER = "thsp"
    WAKE_ON_TOUCH = "thup"
    NONCE = "nonce"
    CHECK = "get"
    TONE = "beep"
    WAKE = "sleep"


Act = Step | Say
SETTINGS = (Say.ACKNOWLEDGE, Say.SLEEP_AFTER, Say.WAKE_ON_TOUCH, Say.NONCE)
"""In this order once it has answered."""


def spoken(act: Act, options: TjcOptions, nonce: int, tone_s: float) -> bytes:
    """The instruction; `nonce` is the number to write, `tone_s` how long a tone lasts."""
    match act:
        case Text():
            return hmi.set_text(act.name, act.data)
        case Light():
            return hmi.set_number("dim", act.percent)
        case str():
            return hmi.switch_page(act)
        case Say.CONNECT:  # what it may have half of is ended, and it is woken, so that it answers in any state
            return hmi.END + hmi.ACTIVE_MODE + hmi.END + hmi.set_number("sleep", 0) + hmi.instruction("connect")
        case Say.ACKNOWLEDGE:
            return hmi.set_number("bkcmd", 3)
        case Say.SLEEP_AFTER:
            return hmi.set_number("thsp", options.sleep_s)
        case Say.WAKE_ON_TOUCH:
            return hmi.set_number("thup", 1)
        case Say.NONCE:
            return hmi.set_number(options.nonce, nonce)
        case Say.TONE:
            return hmi.sound_buzzer(tone_s)
        case Say.WAKE:
            return hmi.set_number("sleep", 0)
        case Say.CHECK:
            return hmi.get(options.nonce)
