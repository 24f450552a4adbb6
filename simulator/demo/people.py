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
NEIGHBOUR, NEXT_DOOR, WATCHED = 12350302, 12350303, 12350304
"""Of 302, of 303, and of 304, who lives alone and asked to be looked after."""
PIN, DURESS_PIN, WRONG_PIN = "246810", "135791", "000000"
"""Of 301; a demo's, so they may stand here."""

NAMES = {
    RESIDENT: "r-0301",
    EXPIRED: "r-0102",
    NOT_YET: "r-0204",
    PATROL: "w-21a",
    SECOND_PATROL: "w-21b",
    WARDEN: "s-warden",
    NEIGHBOUR: "r-0302",
    NEXT_DOOR: "r-0303",
    WATCHED: "r-0304",
}


def _day(now: float, days: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(now + days * DAY_S))


def roster_csv(now: float) -> str:
    """The roster of the building as a clerk would keep it: opaque ids, cards as printed, dates of the site."""
    rows = [
        "id,role,card,room,from,until,pin,duress,flags",
        f'{NAMES[RESIDENT]},resident,"188,24910",301,,,{PIN},{DURESS_PIN},',
        f"{NAMES[NEIGHBOUR]},resident,{NEIGHBOUR:010d},302,,,,,",
        f"{NAMES[NEXT_DOOR]},resident,{NEXT_DOOR:010d},303,,,,,",
        f"{NAMES[EXPIRED]},resident,{EXPIRED:010d},102,,{_day(now, -3)},,,",
        f"{NAMES[NOT_YET]},resident,{NOT_YET:010d},204,{_day(now, 3)},,,,",
        f"{NAMES[PATROL]},patrol,{PATROL:010d},,,,,,",
        f"{NAMES[SECOND_PATROL]},patrol,{SECOND_PATROL:010d},,,,,,",
        f"{NAMES[WARDEN]},staff,{WARDEN:010d},,,,,,fire_reset",
    ]
    return "\n".join(rows) + "\n"


def watched_csv() -> str:
    """The roster of those who asked to be looked after."""
    return f"id,role,card,room,flags\n{NAMES[WATCHED]},resident,{WATCHED:010d},304,care\n"


CODES_CSV = """code,words,words_en,kind,who,to,due
21,楼道堆物,Blocked stairs,report,patrol,sanitation,2h
31,上门修水管,A plumber,service,any,water,1d
"""
"""As they are printed on the wall beside the panel."""
