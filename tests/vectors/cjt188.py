"""CJ/T 188 frames as others published them, with their source. No code of ours made these bytes."""

from __future__ import annotations

ASKS = (
    (
        "FE FE FE FE 68 10 44 33 22 11 00 33 78 01 03 1F 90 00 80 16",
        "78330011223344",
        "a walk through the protocol: cnblogs.com/myzony/p/10897895.html, and hftangyu.com/563.html with the same frames",
    ),
    (
        "FE FE FE 68 10 AA AA AA AA AA AA AA 01 03 90 1F 01 D2 16",
        "any",
        "the question that any meter answers, as several collectors' sources send it (2400 or 9600 baud, even parity)",
    ),
    (
        "68 10 01 00 00 05 08 00 00 01 03 1F 90 00 39 16",
        "00000805000001",
        "the test data of an open gateway's CJ/T 188 decoder",
    ),
)
"""What a reader says, and to which meter."""

TELLS = (
    (
        "FE FE FE FE 68 10 44 33 22 11 00 33 78 81 16 1F 90 00 00 77 66 55 2C 00 77 66 55 2C 31 01 22 11 05 15 20 21 84 13 16",
        "78330011223344",
        556_677_000,
        "the same walk; its last sum is printed as 08 there, and corrected to 13 by an open gateway's tests",
    ),
    (
        "FE FE FE 68 10 01 00 00 05 08 00 00 81 16 90 1F 00 00 23 01 00 2C 00 00 00 00 2C 00 00 00 00 00 00 00 00 00 48 16",
        "00000805000001",
        123_000,
        "the test data of an open gateway's CJ/T 188 decoder",
    ),
    (
        "FE FE 68 10 45 41 10 05 15 33 78 81 16 90 1F AA 00 59 59 00 2C FF FF FF FF 2C FF FF FF FF FF FF FF 00 00 C2 16",
        "78331505104145",
        5_959_000,
        "heard from a meter and noted in a collector's source; what it does not know is FF",
    ),
    (
        "FE FE 68 10 26 13 06 07 00 33 78 81 16 1F 90 04 00 68 00 00 2C 00 00 00 00 2C 00 00 00 00 00 00 00 00 00 73 16",
        "78330007061326",
        68_000,
        "heard from a meter and noted in another collector's source",
    ),
    (
        "FE FE FE 68 10 18 00 00 40 40 92 00 81 16 90 1F 00 29 00 00 00 2C 29 00 00 00 2C 00 00 00 00 00 00 00 00 23 B5 16",
        "00924040000018",
        290,
        "heard by a battery-powered collector: 0.29 m³",
    ),
)
"""What a meter says: its address, and the litres it has counted."""

MISPRINTED = "FE FE FE FE 68 10 44 33 22 11 00 33 78 81 16 1F 90 00 00 77 66 55 2C 00 77 66 55 2C 31 01 22 11 05 15 20 21 84 08 16"
"""The first answer with the sum as it is printed: it does not hold."""

ADDRESS = (
    "68 10 AA AA AA AA AA AA AA 03 03 0A 81 A7 56 16",
    "FE FE 68 10 89 67 45 23 01 33 78 83 03 0A 81 A7 34 16",
    "another exchange (the address is asked for and told) out of a collector's source",
)
