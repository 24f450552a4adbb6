"""OSDP bytes with their source. No code of ours made them."""

from __future__ import annotations

ANNEX_E = "SIA OSDP specification, annex E (examples)"
LIBOSDP = "libosdp 3.2.9 on the wire, as recorded"

CRC = {
    "53 7F 0D 00 04 6E 00 80 25 00 00": ("6E 38", ANNEX_E),
    "53 00 09 00 04 61 00": ("C0 66", ANNEX_E),
}
CHECKSUM = {
    "53 7F 0C 00 00 6E 00 80 25 00 00": ("0F", ANNEX_E),
    "53 00 08 00 00 61 00": ("44", ANNEX_E),
}
POLL = ("FF 53 05 08 00 06 60 DE EF", LIBOSDP)
OUT = ("FF 53 05 0C 00 05 68 00 05 1E 00 BD 26", LIBOSDP)
ACK = ("53 85 08 00 05 40 3F BC", LIBOSDP)
RAW = ("53 85 10 00 05 50 00 01 1A 00 12 34 56 40 18 21", LIBOSDP)

# A handshake under SCBK-D (annex E): the numbers both sides drew, and what follows from them.
CONTROLLER_RANDOM = "B0 B1 B2 B3 B4 B5 B6 B7"
READER_RANDOM = "A0 A1 A2 A3 A4 A5 A6 A7"
CLIENT_CRYPTOGRAM = "FD E5 D2 F4 28 EC 16 31 24 71 EA 3C 02 BD 77 96"
SERVER_CRYPTOGRAM = "26 D3 35 6E 07 76 2D 26 28 01 FC 8E 66 65 A8 91"
FIRST_MAC = "B2 A3 00 57 EB 98 BA 22 29 EC 1F 87 56 62 B5 24"
