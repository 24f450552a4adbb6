"""The typed messages of the contract: frozen values, pure stdlib. Parsing from and to JSON is in parse.py.

Times named `*_utc` and `iat`, `exp` are seconds since 1970 in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MAX_MESSAGE_BYTES = 64 * 1024
MAX_HOLDERS = 20_000
MAX_STATUS_BYTES = 8 * 1024
"""A unit's status is no longer than this, whatever was sent to the unit: brokers bound what they keep, and cut off who sends more."""
NOTICES_PER_SCOPE = 64
NOTICES_PER_UNIT = 192
"""Notices in force (not withdrawn, not past their `until`) without the emergencies. At 10 s each, 64 are a turn of ten minutes: more is read by nobody."""
EMERGENCIES_PER_SCOPE = 16
EMERGENCIES_PER_UNIT = 64
"""Counted for themselves, so that no other notice can keep one out."""
ROSTERS_PER_SCOPE = 16
ROSTERS_PER_UNIT = 64


class Kind(StrEnum):
    """Kinds of signed message; `typ` in the header is `doorward-<kind>`."""

    NOTICE = "notice"
    ROSTER = "roster"
    ROUND = "round"
    SETTINGS = "settings"
    KEYS = "keys"
    COMMAND = "command"
    CONFIRM = "confirm"


LEVELS = ("site", "community", "grid", "yard", "building", "unit")
"""Scope levels, least specific first: the order in which settings win over each other."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Whom a message is for: `<level>/<id>`."""

    level: str
    id: str

    def __str__(self) -> str:
        return f"{self.level}/{self.id}"


class Category(StrEnum):
    POLICY = "policy"
    SERVICE = "service"
    REMINDER = "reminder"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Ask:
    """A question answered at the panel. `kind` is `rating` (1-5, about `report`) or `poll` (one of `options`)."""

    kind: str
    report: str | None = None
    options: tuple[str, ...] = ()
    per: str = "anyone"


@dataclass(frozen=True, slots=True)
class Notice:
    scope: Scope
    id: str
    rev: int
    iat: float
    category: Category
    title: str
    text: str
    from_utc: float | None = None
    until_utc: float | None = None
    priority: int = 0
    lang: str = "zh-CN"
    ask: Ask | None = None
    withdrawn: bool = False


class Role(StrEnum):
    RESIDENT = "resident"
    STAFF = "staff"
    PATROL = "patrol"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Span:
    """Part of a day in local minutes since midnight: `start <= t < end`, end at most 1440."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hours:
    """A named weekly profile. `week` has seven entries, Monday first; on a date in `holidays` (ISO dates) `holiday` holds instead."""

    week: tuple[tuple[Span, ...], ...]
    holidays: frozenset[str] = frozenset()
    holiday: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Holder:
    """One person's rights in one roster. `key` and `pin` are keyed hashes, 32 hex digits. `doors` None means all doors.

    `hours` None means at any time; otherwise the profiles themselves (names resolved), any of which allows.
    """

    id: str
    role: Role = Role.RESIDENT
    key: str | None = None
    pin: str | None = None
    room: str | None = None
    doors: frozenset[str] | None = None
    from_utc: float | None = None
    until_utc: float | None = None
    hours: Hours | None = None
    unlock_s: float | None = None
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RosterPart:
    """Part `part` (1-based) of `parts` of one revision of a roster; applied when all are there."""

    scope: Scope
    id: str
    rev: int
    iat: float
    part: int
    parts: int
    card_key: str
    holders: tuple[Holder, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """The most specific scope wins, per top-level key of `values` (validated plain JSON: timezone, language, sign, display)."""

    scope: Scope
    rev: int
    iat: float
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkingKey:
    """A working key of the centre: its id, raw public key (32 bytes, hex) and the kinds it may sign."""

    kid: str
    public: str
    kinds: frozenset[Kind]


@dataclass(frozen=True, slots=True)
class Keys:
    scope: Scope
    rev: int
    iat: float
    keys: tuple[WorkingKey, ...]


ACTIONS = ("open", "mode", "identify", "selftest", "resync", "fire_reset", "restart", "erase", "pair")
MODES = ("normal", "hold_open", "lockdown")
OPEN_LIFETIME_S = 30.0
COMMAND_LIFETIME_S = 600.0
MODE_MAX_S = 31 * 86_400.0
"""A mode that ends further off than a month is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Command:
    """Published without retain, single use, short-lived. `unit` is an id, or `*` (for `mode` only)."""

    site: str
    scope: Scope
    id: str
    unit: str
    iat: float
    exp: float
    action: str
    args: Mapping[str, object]
    actor: str
    why: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """The centre's word that all facts of `epoch` up to `seq` (chain hash `head`, hex) are durable in its books.

    `now_utc` answers `batch`: a signed, fresh time sample. `digest` is over what this unit should have.
    """

    scope: Scope
    iat: float
    unit: str
    epoch: str
    seq: int
    head: str
    batch: str
    now_utc: float
    digest: str


Message = Notice | RosterPart | Settings | Keys | Command | Confirm
"""What the link hands to the core. `round` follows with the rounds."""


class Reason(StrEnum):
    """Why a command was refused (contract.md, Replies)."""

    RETAINED = "retained"
    UNKNOWN_KEY = "unknown_key"
    WRONG_KEY = "wrong_key"
    BAD_SIGNATURE = "bad_signature"
    NOT_MINE = "not_mine"
    EXPIRED = "expired"
    TOO_LONG = "too_long"
    REPLAYED = "replayed"
    RATE = "rate"
    CLOCK = "clock"
    LOCKDOWN = "lockdown"
    DEVICE = "device"
    STORAGE = "storage"
    ABANDONED = "abandoned"
    INTERNAL = "internal"
    MALFORMED = "malformed"
    """Signed, but not a message of the contract: a field is missing, or has a type or value it may not have."""


ALARM_KINDS = frozenset({"access.duress", "door.forced", "door.fire_release", "lock.fault", "device.tamper"})
"""Facts that also go ahead of the queue on `up/<unit>/alarm`."""
