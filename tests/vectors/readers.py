"""What readers and keypads send, with their source. No code of ours made these bytes."""

from __future__ import annotations

RDM6300 = ("02 36 32 45 33 30 38 36 43 45 44 30 38 03", "the example of the RDM6300 data sheet: 62E3086CED, XOR 08")
RDM6300_CARD = "E3086CED"
RDM6300_DECIMAL = "3808980205"
"""The low 32 bits of 62E3086CED in ten digits, as such a card has printed on it."""
ID_12 = (
    "02 30 34 36 32 30 30 31 46 45 39 39 30 0D 0A 03",
    "the form of the ID-12LA data sheet, ASCII: 0462001FE9, XOR 90, CR LF before the end",
)
ID_12_CARD = "62001FE9"
WIEGAND8_KEYS = (
    "E1 D2 C3 B4 A5 96 87 78 69 F0 5A 4B",
    "1234567890*#",
    "the 8-bit key format of Wiegand keypads: nibble and complement",
)
WIEGAND4_KEYS = ("01 02 03 04 05 06 07 08 09 00 0A 0B", "1234567890*#", "the 4-bit key format, a byte each")
ASCII_KEYS = ("31 32 33 34 35 36 37 38 39 30 2A 0D", "1234567890*#", "characters as printed, Enter last")
QR = "https://visit.example.cn/?c=20417735"
"""What a visitor's QR code may say; nothing of it is secret."""
QR_CARD = "A7E77D41A4F58A0"
"""The first 16 digits of what coreutils' sha256sum says of it, without the leading zero."""
