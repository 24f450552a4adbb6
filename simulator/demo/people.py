"""Who comes to the door in the demo: their cards as the reader says them, and the roster the centre knows them by."""

from __future__ import annotations

import time

DAY_S = 86_400.0

RESIDENT = 12345678
"""Printed on the card as 0012345678 and as 188,24910; both forms are one card."""
EXPIRED = 20002
NOT_YET = 20003
UNKNOWN = 20004
PATROL = 30001
SECOND_PATROL = 30002
WARDEN = 40001
"""Staff with the flag `fire_reset`."""

NAMES = {
    RESIDENT: "r-0301",
    EXPIRED: "r-0102",
    NOT_YET: "r-0204",
    PATROL: "w-21a",
    SECOND_PATROL: "w-21b",
    WARDEN: "s-warden",
}


def _day(now: float, days: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(now + days * DAY_S))


def roster_csv(now: float) -> str:
    """The roster of the building as a clerk would keep it: opaque ids, cards as printed, dates of the site."""
    rows = [
        "id,role,card,room,from,until,unlock_s,flags",
        f'{NAMES[RESIDENT]},resident,"188,24910",301,,,,',
        f"{NAMES[EXPIRED]},resident,{EXPIRED:010d},102,,{_day(now, -3)},,",
        f"{NAMES[NOT_YET]},resident,{NOT_YET:010d},204,{_day(now, 3)},,,",
        f"{NAMES[PATROL]},patrol,{PATROL:010d},,,,,",
        f"{NAMES[SECOND_PATROL]},patrol,{SECOND_PATROL:010d},,,,,",
        f"{NAMES[WARDEN]},staff,{WARDEN:010d},,,,,fire_reset",
    ]
    return "\n".join(rows) + "\n"
