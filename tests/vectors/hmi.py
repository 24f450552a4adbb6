"""TJC and Nextion instructions and returns with their source. No code of ours made these bytes."""

from __future__ import annotations

SET = "Nextion Instruction Set"
WIKI = "TJC wiki, return codes"
CODECS = "the characters' code points in GBK (GB 18030 two-byte area)"

TEXT = "今日停水 8:00-12:00"
TEXT_UTF8 = (
    "74 30 2E 74 78 74 3D 22 E4 BB 8A E6 97 A5 E5 81 9C E6 B0 B4 20 38 3A 30 30 2D 31 32 3A 30 30 22 FF FF FF",
    SET + ", assignment of a text in a UTF-8 project",
)
TEXT_GBK = (
    "74 30 2E 74 78 74 3D 22 BD F1 C8 D5 CD A3 CB AE 20 38 3A 30 30 2D 31 32 3A 30 30 22 FF FF FF",
    SET + ", assignment of a text in a GB2312 or GBK project",
)
PAGE_1 = ("70 61 67 65 20 31 FF FF FF", SET + ", page 1")
BKCMD_3 = ("62 6B 63 6D 64 3D 33 FF FF FF", SET + ", bkcmd=3")
GET_SYS2 = ("67 65 74 20 73 79 73 32 FF FF FF", SET + ", get")
CONNECT = ("63 6F 6E 6E 65 63 74 FF FF FF", SET + ", connect")
BEEP = ("62 65 65 70 20 36 30 30 FF FF FF", "TJC wiki, beep: milliseconds")

ESCAPED = [
    # what is to be read, escaped text, source
    ('say "A"', "73 61 79 20 5C 22 41 5C 22", WIKI + ', 20: \\"'),
    ("C:\\x", "43 3A 5C 5C 78", WIKI + ", 20: \\\\"),
    ("昞", "95 5C 5C", CODECS + ": 95 5C, whose second byte is the backslash"),
    ("乗", "81 5C 5C", CODECS + ": 81 5C"),
    ("誠信", "D5 5C 5C D0 C5", CODECS + ": D5 5C, D0 C5"),
]

RETURNS = [
    ("01 FF FF FF", "Done()", SET + ", 7: instruction successful"),
    ("1A FF FF FF", "Refused(code=26)", SET + ", 7: variable name invalid"),
    ("00 FF FF FF", "Refused(code=0)", SET + ", 7: invalid instruction"),
    ("20 FF FF FF", "Refused(code=32)", WIKI + ": escape"),
    ("24 FF FF FF", "Overflowed()", SET + ", 7: serial buffer overflow"),
    ("65 00 01 01 FF FF FF", "Touched(page=0, component=1, pressed=True)", SET + ", 7: touch event"),
    ("66 01 FF FF FF", "PageShown(page=1)", SET + ", 7: current page number"),
    ("67 00 7A 00 1E 01 FF FF FF", "TouchedAt(x=122, y=30, pressed=True, asleep=False)", SET + ", 7: touch coordinate"),
    ("70 61 62 31 32 33 FF FF FF", "String(text=b'ab123')", SET + ", 7: string data"),
    ("71 01 02 03 04 FF FF FF", "Number(value=67305985)", SET + ", 7: numeric data"),
    ("71 FF FF FF FF FF FF FF", "Number(value=-1)", SET + ", 7: numeric data, four bytes of FF"),
    ("86 FF FF FF", "Slept()", SET + ", 7: auto entered sleep mode"),
    ("87 FF FF FF", "Woke()", WIKI + ": the panel woke by itself"),
    ("88 FF FF FF", "Ready()", SET + ", 7: ready"),
    ("00 00 00 FF FF FF", "PanelStarted()", SET + ", 7: startup"),
]
COMOK = (
    (
        "63 6F 6D 6F 6B 20 32 2C 33 30 36 31 34 2D 30 2C 4E 58 34 38 33 32 54 30 33 35 5F 30 31 31 52 2C 31 36 33 2C 36 31 34 38 38 2C "
        "44 32 36 34 42 38 32 30 34 46 30 45 31 38 32 38 2C 31 36 37 37 37 32 31 36 FF FF FF"
    ),
    "an NX4832T035_011R, as nextion-tools recorded it",
)
