"""DGUS II frames with their source. No code of ours made these bytes."""

from __future__ import annotations

LIBDGUS = "the same bytes as libdgus 0.1.6 builds"
DWINLIB = "an Arduino DWIN library with CRC"

TEXT = "今日停水 8:00-12:00"
TEXT_GBK = "BD F1 C8 D5 CD A3 CB AE 20 38 3A 30 30 2D 31 32 3A 30 30"
TEXT_TO_1000 = ("5A A5 18 82 10 00 " + TEXT_GBK + " FF FF", LIBDGUS)
TEXT_TO_1000_CRC = ("5A A5 1A 82 10 00 " + TEXT_GBK + " FF FF 3D 05", DWINLIB)
PAGE_1 = ("5A A5 07 82 00 84 5A 01 00 01", LIBDGUS)
PAGE_1_CRC = ("5A A5 09 82 00 84 5A 01 00 01 CB CE", DWINLIB)
READ_PAGE = ("5A A5 04 83 00 14 01", LIBDGUS)
READ_PAGE_CRC = ("5A A5 06 83 00 14 01 E7 60", DWINLIB)
READ_VERSION = ("5A A5 04 83 00 0F 01", LIBDGUS)
BUZZER_1_S = ("5A A5 05 82 00 A0 00 7D", DWINLIB)
ACK = ("5A A5 03 82 4F 4B", "Marlin DGUSDisplay.cpp")
TOUCH = ("5A A5 06 83 11 00 01 00 01", "Marlin DGUSDisplay.cpp: VP 0x1100, one word, value 1")
