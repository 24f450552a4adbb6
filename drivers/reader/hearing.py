"""A reader that sends lines of text, known by the line a card makes it send. The number itself goes no further than here."""

from __future__ import annotations

import re

from drivers.probing import Hearing, Sighting
from drivers.reader.card import CardFormError, from_wiegand

_LINE = re.compile(rb"[\x02 ]*([0-9A-Fa-f,]{6,40})(\r\n|\r|\n|\t|\x03|$)")
_ENDS = {b"\r\n": "line", b"\r": "line", b"\n": "line", b"\t": "tab", b"\x03": "etx", b"": "none"}
_END_NAMES = {b"\r\n": "CR LF", b"\r": "CR", b"\n": "LF", b"\t": "a tab", b"\x03": "ETX", b"": "nothing"}
_COMPARE = "compare `doorward log` with the number printed on a card"


def hear(received: bytes) -> Sighting | None:
    """The first whole line of what came."""
    found = _LINE.match(received)
    if found is None or _checked_tag(received):
        return None
    text = found[1].decode("ascii")
    form = _form(text)
    if form is None:
        return None
    radix, words, sure = form
    end = found[2]
    options = {"radix": radix} | ({} if _ENDS[end] == "line" else {"end": _ENDS[end]})
    note = "" if sure else f"decimal, hex or hex-reversed: {_COMPARE}"
    return Sighting("line-reader", f"sends {words}, then {_END_NAMES[end]}", options=options, sure=sure, note=note)


def _form(text: str) -> tuple[str, str, bool] | None:
    """The name of the form, in words, and whether it can be no other."""
    if re.fullmatch(r"[01]{26,66}", text) and _parity_holds(text):
        return "wiegand", f"{len(text)} Wiegand bits", True
    if re.fullmatch(r"\d{1,5},\d{1,5}", text):
        return "facility", "facility,number", True
    if re.fullmatch(r"\d{10}", text):
        return "decimal", "10 decimal digits", True
    if re.fullmatch(r"\d{6,20}", text):
        return "decimal", f"{len(text)} digits", False
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2}){3,8}", text):
        return "hex", f"{len(text)} hex digits", False
    return None


def _parity_holds(text: str) -> bool:
    try:
        from_wiegand(text)
    except CardFormError:
        return False
    return True


def _checked_tag(received: bytes) -> bool:
    """The frame of 125 kHz modules: STX, ten digits, two of a checksum. Those two are no part of the number, so this is no line."""
    found = re.match(rb"\x02([0-9A-Fa-f]{10})([0-9A-Fa-f]{2})(?:\r\n)?\x03", received)
    if found is None:
        return False
    check = 0
    for byte in bytes.fromhex(found[1].decode("ascii")):
        check ^= byte
    return check == int(found[2], 16)


HEARING = Hearing("line-reader", hear)
