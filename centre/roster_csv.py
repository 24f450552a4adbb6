"""Rosters from CSV: each line a holder, every fault named with its line and column, cards hashed, split into parts that fit.

Card numbers and PINs leave it as keyed hashes, and beside them as `Numbers`, for holders.py to seal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from centre.sheet import Cells, Columns, Fault, lines
from centre.words import _
from contract import codec
from contract.cards import card_hash, pin_hash
from contract.hours import Hours
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
        "duress": ("胁迫密码", "报警密码"),
        "pin_required": ("须密码", "卡加密码"),
        "room": ("房间", "房号", "门牌"),
        "doors": ("门",),
        "from": ("开始", "生效", "从"),
        "until": ("截止", "到期", "失效", "到"),
        "hours": ("时段",),
        "unlock_s": ("开门秒数",),
        "flags": ("标记",),
        "org": ("单位", "机构"),
    },
    ("id", "card"),
)
MAX_DOORS, MAX_ROOM = 64, 32
PART_BYTES = (MAX_MESSAGE_BYTES - 512) * 3 // 4
"""Of a part's payload: base64 makes four characters of three bytes, and header and signature want room."""
_ROLES = {
    "居民": Role.RESIDENT,
    "工作人员": Role.STAFF,
    "巡查": Role.PATROL,
    "应急": Role.EMERGENCY,
    "服务": Role.SERVICE,
}
FLAGS = {"care": ("关爱", "关怀"), "fire_reset": ("消防复位",)}
"""What units know a holder may be flagged with, each with the further words for it: one that is misspelt would do nothing, and nobody would know."""
_YES, _NO = frozenset({"yes", "y", "true", "1", "是"}), frozenset({"no", "n", "false", "0", "否"})
_LIST = re.compile(r"[;、\s]+")
_DATE = re.compile(r"^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?!\d)")
"""A day as spreadsheets write it: 2026/10/1."""
_HOUR = re.compile(r"^(\d{4}-\d\d-\d\d[ T])(\d:)")
"""Behind it an hour as they write it: 8:00."""
_FORCED_TEXT = re.compile(r"^=?[\"'](.*?)[\"']?$")
"""A number that somebody made text for the spreadsheet: '0012345678 or ="0012345678"."""
_PIN = re.compile(r"[0-9]{4,12}")
_ROUNDED = re.compile(r"\d(?:\.\d+)?[Ee]\+\d+")


@dataclass(frozen=True, slots=True, repr=False)
class NextPins:
    """PINs that were told and wait: they are in force once the roster is hashed with the next PIN key, not before."""

    pin: str
    duress: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Numbers:
    """What stands behind one holder's hashes: the card's normal form, and the PIN; and how the file called the weekly profile."""

    card: str
    pin: str | None = None
    duress: str | None = None
    profile: str | None = None
    following: NextPins | None = None

    def with_pins(self, had: Numbers) -> Numbers:
        """The PINs of `had`, also those that wait."""
        return replace(self, pin=had.pin, duress=had.duress, following=had.following)

    @property
    def renewed(self) -> Numbers:
        """With the PINs that waited in force."""
        waited = self.following
        return self if waited is None else replace(self, pin=waited.pin, duress=waited.duress, following=None)


@dataclass(frozen=True, slots=True, repr=False)
class HashKeys:
    """What numbers are hashed with: card key and PIN key, each its id and bytes. `pin` None: PINs are refused."""

    card: tuple[str, bytes]
    pin: tuple[str, bytes] | None = None

    def hashed(self, holder: Holder, numbers: Numbers) -> Holder:
        """The holder with the hashes of these numbers, in place of those it has."""
        pin, duress = self._of_pin(holder, numbers.pin), self._of_pin(holder, numbers.duress)
        return replace(holder, key=card_hash(self.card[1], numbers.card), pin=pin, duress=duress)

    def _of_pin(self, holder: Holder, pin: str | None) -> str | None:
        return None if pin is None or self.pin is None else pin_hash(self.pin[1], owner_of(holder), pin)


def owner_of(holder: Holder) -> str:
    """Under what the holder's PIN is hashed, and what is typed before it where no card is shown."""
    return holder.room or holder.id


@dataclass(slots=True)
class Reading:
    """What a file holds. With faults nothing of it is to be used. `numbers`: those of each holder, in the same order.

    `tells_pins`: it has a column of PINs; where it has none, those in place stay. `met`: of what is not to be taken, what it has.
    """

    holders: list[Holder] = field(default_factory=list)
    numbers: list[Numbers] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    tells_pins: bool = False
    met: set[tuple[str, str]] = field(default_factory=set)


def read_csv(
    data: bytes,
    keys: HashKeys,
    zone: ZoneInfo,
    profiles: Mapping[str, Hours] | None = None,
    refused: Mapping[tuple[str, str], str] | None = None,
) -> Reading:
    """Holders of a CSV file (sheet.py). `refused`: why a card, an id or an org (column and value) is not to be taken; empty where it is all the same.

    Dates without a time are days of `zone`: from its start, until its end. `doors` and `flags` are separated by blanks or semicolons. An empty cell is an absent value; `role` is then resident.
    """
    reading = Reading()
    ids: dict[str, tuple[int, Holder]] = {}
    cards: dict[str, int] = {}
    pins: dict[tuple[str, str], str] = {}
    for cells in lines(data, COLUMNS, reading.faults):
        reading.tells_pins |= cells.has("pin") or cells.has("duress")
        found = _holder(cells, zone, profiles or {})
        if found is None:
            continue
        holder, numbers = found
        if numbers.pin is not None and keys.pin is None:
            cells.fault("pin", _("there is no PIN key"))
        first, known = ids.setdefault(holder.id, (cells.line, holder))
        if (known.role, known.room) != (holder.role, holder.room):
            what = _(
                "the same as in line {first}, where role or room differ: only a second card of one holder may repeat the id"
            ).format(first=first)
            cells.fault("id", what)
        if cards.setdefault(numbers.card, cells.line) != cells.line:
            cells.fault("card", _("the same as in line {cards}").format(cards=cards[numbers.card]))
        for met in (("card", numbers.card), ("id", holder.id), ("org", holder.org or "")):
            why = (refused or {}).get(met)
            if why is not None:
                reading.met.add(met)
            if why:
                cells.fault(met[0], why)
        for column, pin in (("pin", numbers.pin), ("duress", numbers.duress)):
            mine = f"{holder.id} {column}"
            if pin is not None and pins.setdefault((owner_of(holder), pin), mine) != mine:
                cells.fault(column, _("the same as another PIN of this room"))
        reading.holders.append(keys.hashed(holder, numbers))
        reading.numbers.append(numbers)
    return reading


def _holder(cells: Cells, zone: ZoneInfo, profiles: Mapping[str, Hours]) -> tuple[Holder, Numbers] | None:
    """One holder, not hashed yet, and the numbers; None where the line has faults, which are noted, all of them."""
    none: frozenset[str] = frozenset()
    doors = cells.read("doors", lambda text: _idents(text, MAX_DOORS), none)
    name, role = cells.read("id", _ident, ""), cells.read("role", _role, Role.RESIDENT)
    pin, duress = cells.read("pin", _pin, None), cells.read("duress", _pin, None)
    numbers = Numbers(cells.read("card", _card, ""), pin, duress, cells.read("hours", str, None))
    holder = Holder(
        id=name,
        role=role,
        room=cells.read("room", _room, None),
        doors=doors or None,
        from_utc=cells.read("from", lambda text: moment(text, zone, end=False), None),
        until_utc=cells.read("until", lambda text: moment(text, zone, end=True), None),
        hours=cells.read("hours", lambda text: _profile(text, profiles), None),
        unlock_s=cells.read("unlock_s", _unlock, None),
        flags=cells.read("flags", _flags, none),
        pin_required=cells.read("pin_required", _yes, False),
        org=cells.read("org", _org, None),
    )
    if duress is not None and pin is None:
        cells.fault("duress", _("without a PIN"))
    if role is Role.SERVICE and holder.org is None:
        cells.fault("org", _("missing: whose people they are"))
    if role is Role.SERVICE and holder.until_utc is None:
        cells.fault("until", _("missing: who comes and goes for an organisation has an end"))
    if holder.from_utc is not None and holder.until_utc is not None and holder.until_utc <= holder.from_utc:
        cells.fault("until", _("not after `from`"))
    return (holder, numbers) if cells.good else None


def _profile(text: str, profiles: Mapping[str, Hours]) -> Hours:
    if text not in profiles:
        raise ValueError(_("no such profile; known: {known}").format(known=", ".join(profiles) or "-"))
    return profiles[text]


def _ident(text: str) -> str:
    if not text:
        raise ValueError(_("missing"))
    if not valid_id(text):
        raise ValueError(
            _("not an id (a-z, 0-9, - and _, at most 48): an opaque one, never a name or a number of a person")
        )
    return text


def _org(text: str) -> str:
    if not valid_id(text):
        raise ValueError(_("no id (a-z, 0-9, - and _, at most 48)"))
    return text


def _role(text: str) -> Role:
    try:
        return _ROLES.get(text) or Role(text)
    except ValueError:
        raise ValueError(_("not one of {role}").format(role=", ".join(Role))) from None


def _card(text: str) -> str:
    if not text:
        raise ValueError(_("missing"))
    plain = _FORCED_TEXT.sub(r"\1", text)
    if _ROUNDED.fullmatch(plain):
        raise ValueError(_("rounded by the spreadsheet (1.2E+09): make the column text before the cards are typed"))
    return from_printed(plain)


def _pin(text: str) -> str:
    if not _PIN.fullmatch(text):
        raise ValueError(_("not 4 to 12 digits"))
    return text


def _yes(text: str) -> bool:
    plain = text.lower()
    if plain in _YES or plain in _NO:
        return plain in _YES
    raise ValueError(_("neither yes nor no"))


def _room(text: str) -> str:
    if len(text) > MAX_ROOM:
        raise ValueError(_("more than {max_room} characters").format(max_room=MAX_ROOM))
    return text


def _idents(text: str, most: int) -> frozenset[str]:
    found = [part for part in _LIST.split(text) if part]
    if len(found) > most or not all(map(valid_id, found)):
        raise ValueError(_("not a list of at most {most} ids, separated by blanks or semicolons").format(most=most))
    return frozenset(found)


def _flags(text: str) -> frozenset[str]:
    names = {word: flag for flag, others in FLAGS.items() for word in (flag, *others)}
    found = [part for part in _LIST.split(text.lower()) if part]
    unknown = [part for part in found if part not in names]
    if unknown:
        what = _("no such flag: {unknown}; known: {known}")
        raise ValueError(what.format(unknown=", ".join(unknown), known=", ".join(FLAGS)))
    return frozenset(names[part] for part in found)


def _unlock(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= MAX_UNLOCK_S:
        raise ValueError(_("not 1 to {max_unlock_s:g} seconds").format(max_unlock_s=MAX_UNLOCK_S))
    return seconds


def moment(text: str, zone: ZoneInfo, *, end: bool) -> float:
    """Seconds since 1970 of `2026-10-01` (its start, or with `end` its end), `2026-10-01 08:00` or RFC 3339, in `zone` where none is said.

    ValueError for anything else.
    """
    try:
        text = _DATE.sub(lambda found: f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}", text)
        text = _HOUR.sub(r"\g<1>0\2", text)
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            value = datetime(day.year, day.month, day.day, tzinfo=zone)
        else:
            value = datetime.fromisoformat(text)
            value = value if value.tzinfo else value.replace(tzinfo=zone)
        seconds = value.astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(_("not a date as 2026-10-01 or a time as 2026-10-01T08:00")) from None
    if seconds < 0:
        raise ValueError(_("before 1970"))
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
        alone = size = len(dumps(payload_of(replace(empty, holders=(holder,)), site))) - frame + 1
        if holder.hours is not None and any(each.hours == holder.hours for each in groups[-1][-1:]):
            size -= len(dumps(codec.write(holder.hours)))  # its profile is there already
        if used + size > PART_BYTES and groups[-1]:
            groups.append([])
            used, size = frame, alone
        groups[-1].append(holder)
        used += size
    return [replace(empty, part=n, parts=len(groups), holders=tuple(group)) for n, group in enumerate(groups, 1)]
