"""Rosters from CSV: each line a holder, every fault named with its line and column, cards hashed, split into parts that fit.

Card numbers and PINs leave it as keyed hashes, and beside them as `Numbers`, for holders.py to seal.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from centre.sheet import Cells, Columns, Fault, lines
from contract.cards import card_hash, pin_hash
from contract.messages import MAX_MESSAGE_BYTES, MAX_UNLOCK_S, Holder, Role, RosterPart
from contract.parse import payload_of
from contract.scopes import Scope
from contract.strict_json import dumps
from contract.topics import valid_id
from drivers.reader.card import from_printed

COLUMNS = Columns(
    {
        "id": ("编号",),
        "role": ("角色", "身份"),
        "card": ("卡号",),
        "pin": ("密码",),
        "room": ("房间", "房号", "门牌"),
        "doors": ("门",),
        "from": ("开始", "生效"),
        "until": ("截止", "到期", "失效"),
        "unlock_s": ("开门秒数",),
        "flags": ("标记",),
    },
    ("id", "card"),
)
MAX_FLAGS, MAX_DOORS, MAX_ROOM = 16, 64, 32
PART_BYTES = (MAX_MESSAGE_BYTES - 512) * 3 // 4
"""Of a part's payload: base64 makes four characters of three bytes, and header and signature want room."""
_ROLES = {"居民": Role.RESIDENT, "工作人员": Role.STAFF, "巡查": Role.PATROL, "应急": Role.EMERGENCY}
_LIST = re.compile(r"[;\s]+")
_DATE = re.compile(r"^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?!\d)")
"""A day as spreadsheets write it: 2026/10/1."""
_FORCED_TEXT = re.compile(r"^=?[\"'](.*?)[\"']?$")
"""A number that somebody made text for the spreadsheet: '0012345678 or ="0012345678"."""
_PIN = re.compile(r"[0-9]{4,12}")
_ROUNDED = re.compile(r"\d(?:\.\d+)?[Ee]\+\d+")


@dataclass(frozen=True, slots=True, repr=False)
class Numbers:
    """What stands behind one holder's hashes: the card's normal form, and the PIN."""

    card: str
    pin: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class HashKeys:
    """What numbers are hashed with: card key and PIN key, each its id and bytes. `pin` None: PINs are refused."""

    card: tuple[str, bytes]
    pin: tuple[str, bytes] | None = None

    def hashed(self, holder: Holder, numbers: Numbers) -> Holder:
        """The holder with the hashes of these numbers, in place of those it has."""
        pin = None
        if numbers.pin is not None and self.pin is not None:
            pin = pin_hash(self.pin[1], holder.room or holder.id, numbers.pin)
        return replace(holder, key=card_hash(self.card[1], numbers.card), pin=pin)


@dataclass(slots=True)
class Reading:
    """What a file holds. With faults nothing of it is to be used. `numbers`: those of each holder, in the same order."""

    holders: list[Holder] = field(default_factory=list)
    numbers: list[Numbers] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_csv(data: bytes, keys: HashKeys, zone: ZoneInfo) -> Reading:
    """Holders of a CSV file (sheet.py).

    Dates without a time are days of `zone`: from its start, until its end. `doors` and `flags` are separated by blanks or semicolons. An empty cell is an absent value; `role` is then resident.
    """
    reading = Reading()
    ids: dict[str, tuple[int, Holder]] = {}
    cards: dict[str, int] = {}
    for cells in lines(data, COLUMNS, reading.faults):
        found = _holder(cells, zone)
        if found is None:
            continue
        holder, numbers = found
        if numbers.pin is not None and keys.pin is None:
            cells.fault("pin", "there is no PIN key")
        first, known = ids.setdefault(holder.id, (cells.line, holder))
        if (known.role, known.room) != (holder.role, holder.room):
            what = f"the same as in line {first}, where role or room differ: only a second card of one holder may repeat the id"
            cells.fault("id", what)
        if cards.setdefault(numbers.card, cells.line) != cells.line:
            cells.fault("card", f"the same as in line {cards[numbers.card]}")
        reading.holders.append(keys.hashed(holder, numbers))
        reading.numbers.append(numbers)
    return reading


def _holder(cells: Cells, zone: ZoneInfo) -> tuple[Holder, Numbers] | None:
    """One holder, not hashed yet, and the numbers; None where the line has faults, which are noted, all of them."""
    none: frozenset[str] = frozenset()
    doors = cells.read("doors", lambda text: _idents(text, MAX_DOORS), none)
    name, role = cells.read("id", _ident, ""), cells.read("role", _role, Role.RESIDENT)
    numbers = Numbers(cells.read("card", _card, ""), cells.read("pin", _pin, None))
    holder = Holder(
        id=name,
        role=role,
        room=cells.read("room", _room, None),
        doors=doors or None,
        from_utc=cells.read("from", lambda text: moment(text, zone, end=False), None),
        until_utc=cells.read("until", lambda text: moment(text, zone, end=True), None),
        unlock_s=cells.read("unlock_s", _unlock, None),
        flags=cells.read("flags", lambda text: _idents(text, MAX_FLAGS), none),
    )
    if holder.from_utc is not None and holder.until_utc is not None and holder.until_utc <= holder.from_utc:
        cells.fault("until", "not after `from`")
    return (holder, numbers) if cells.good else None


def _ident(text: str) -> str:
    if not text:
        raise ValueError("missing")
    if not valid_id(text):
        raise ValueError(
            "not an id (a-z, 0-9, - and _, at most 48): an opaque one, never a name or a number of a person"
        )
    return text


def _role(text: str) -> Role:
    try:
        return _ROLES.get(text) or Role(text)
    except ValueError:
        raise ValueError(f"not one of {', '.join(Role)}") from None


def _card(text: str) -> str:
    if not text:
        raise ValueError("missing")
    plain = _FORCED_TEXT.sub(r"\1", unicodedata.normalize("NFKC", text))
    if _ROUNDED.fullmatch(plain):
        raise ValueError("rounded by the spreadsheet (1.2E+09): make the column text before the cards are typed")
    return from_printed(plain)


def _pin(text: str) -> str:
    if not _PIN.fullmatch(text):
        raise ValueError("not 4 to 12 digits")
    return text


def _room(text: str) -> str:
    if len(text) > MAX_ROOM:
        raise ValueError(f"more than {MAX_ROOM} characters")
    return text


def _idents(text: str, most: int) -> frozenset[str]:
    found = [part for part in _LIST.split(text) if part]
    if len(found) > most or not all(map(valid_id, found)):
        raise ValueError(f"not a list of at most {most} ids, separated by blanks or semicolons")
    return frozenset(found)


def _unlock(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= MAX_UNLOCK_S:
        raise ValueError(f"not 1 to {MAX_UNLOCK_S:g} seconds")
    return seconds


def moment(text: str, zone: ZoneInfo, *, end: bool) -> float:
    """Seconds since 1970 of `2026-10-01` (its start, or with `end` its end), `2026-10-01 08:00` or RFC 3339, in `zone` where none is said.

    ValueError for anything else.
    """
    try:
        text = _DATE.sub(lambda found: f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}", text)
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            value = datetime(day.year, day.month, day.day, tzinfo=zone)
        else:
            value = datetime.fromisoformat(text)
            value = value if value.tzinfo else value.replace(tzinfo=zone)
        seconds = value.astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        raise ValueError("not a date as 2026-10-01 or a time as 2026-10-01T08:00") from None
    if seconds < 0:
        raise ValueError("before 1970")
    return seconds


def split(
    scope: Scope, name: str, rev: int, iat: float, card_key: str, site: str, holders: list[Holder]
) -> list[RosterPart]:
    """The parts of one revision, each small enough to be signed into one message; one empty part for an empty roster."""
    groups: list[list[Holder]] = [[]]
    empty = RosterPart(scope, name, rev, iat, 999, 999, card_key, ())
    frame = len(dumps(payload_of(empty, site)))
    used = frame
    for holder in holders:
        size = len(dumps(payload_of(replace(empty, holders=(holder,)), site))) - frame + 1
        if used + size > PART_BYTES and groups[-1]:
            groups.append([])
            used = frame
        groups[-1].append(holder)
        used += size
    return [replace(empty, part=n, parts=len(groups), holders=tuple(group)) for n, group in enumerate(groups, 1)]
