"""The normal form of a card number, and the forms it is printed or sent in.

Normal form: upper-case hex of the card's number without leading zeros, at least one digit. The same card gives the same normal form
however it is written: `0012345678` (ten digits as printed), `188,24910` (facility,number as printed), the 26 Wiegand bits and the hex
UID `00BC614E` all give `BC614E`. A number is at most 64 bits (an 8-byte UID). The text of a QR code has a number too: the first 64 bits
of its SHA-256.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256

MAX_BITS = 64


class CardFormError(ValueError):
    """The text or bits are no card number of that form. Never names the number."""


def normal(number: int) -> str:
    """The normal form of a card's number."""
    if number < 0 or number.bit_length() > MAX_BITS:
        raise CardFormError(f"a card number has at most {MAX_BITS} bits")
    return f"{number:X}"


def from_decimal(text: str) -> str:
    """The decimal number as printed on most cards (ten digits, leading zeros)."""
    return normal(_digits(text))


def from_facility(text: str) -> str:
    """`facility,number` as printed (the second number on EM cards): the upper bits and the lower 16 bits."""
    left, comma, right = text.partition(",")
    if not comma:
        raise CardFormError("not of the form facility,number")
    facility, number = _digits(left.strip()), _digits(right.strip())
    if number > 0xFFFF:
        raise CardFormError("the number behind the comma is at most 65535")
    return normal(facility << 16 | number)


def from_hex(text: str) -> str:
    """The UID in hex, most significant byte first; spaces, colons and dashes between bytes are passed over."""
    plain = re.sub(r"[\s:\-]", "", text)
    if plain != text and not re.fullmatch(r"[0-9A-Fa-f]{1,2}(?:[\s:\-]?[0-9A-Fa-f]{2})*", text):
        raise CardFormError("not bytes in hex; a facility and a number are parted by a comma")
    if not re.fullmatch(r"[0-9A-Fa-f]{1,32}", plain):
        raise CardFormError("not a hex number")
    return normal(int(plain, 16))


def from_hex_reversed(text: str) -> str:
    """As `from_hex`, least significant byte first: some readers send a UID so."""
    plain = re.sub(r"[\s:\-]", "", text)
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{2}){1,16}", plain):
        raise CardFormError("not whole bytes in hex")
    return normal(int.from_bytes(bytes.fromhex(plain), "little"))


def from_wiegand(bits: str) -> str:
    """Raw Wiegand bits as text of 0 and 1: even parity, the number, odd parity (26, 34 or any even count to 66). Parity must hold."""
    if not re.fullmatch(r"[01]+", bits) or not 26 <= len(bits) <= MAX_BITS + 2 or len(bits) % 2:
        raise CardFormError("not 26, 34 or another even count of bits")
    half = len(bits) // 2
    if bits[:half].count("1") % 2 or not bits[half:].count("1") % 2:
        raise CardFormError("parity does not hold")
    return normal(int(bits[1:-1], 2))


def from_text(text: str) -> str:
    """Whatever a QR code says: printable text, compared to the last character; blanks at its ends and full-width forms do not count."""
    text = unicodedata.normalize("NFKC", text).strip()
    if not text or not text.isprintable():
        raise CardFormError("not printable text")
    return normal(int.from_bytes(sha256(text.encode()).digest()[: MAX_BITS // 8], "big"))


def from_printed(text: str) -> str:
    """Any of the common forms, told apart by its look: a comma means facility,number; only digits means decimal; else hex.

    A UID printed in hex that happens to have digits only must be marked: `0x12345678` or `12:34:56:78`. A QR code's text is marked too:
    `qr:` and the text.
    """
    text = text.strip()
    if text[:3].lower() == "qr:":
        return from_text(text[3:])
    if "," in text:
        return from_facility(text)
    if text[:2].lower() == "0x":
        return from_hex(text[2:])
    if re.fullmatch(r"[0-9]+", text):
        return from_decimal(text)
    return from_hex(text)


def _digits(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise CardFormError("not a decimal number")
    return int(text)


FORMS = {
    "decimal": from_decimal,
    "facility": from_facility,
    "hex": from_hex,
    "hex-reversed": from_hex_reversed,
    "wiegand": from_wiegand,
    "printed": from_printed,
    "text": from_text,
}
"""By the name a reader's `radix` has in the configuration."""
