"""The signed messages that go down to units, each a frozen dataclass: its fields in the order of the wire, their bounds beside them.

Each says its kind and where it goes, in `message`; topics, tables, schemas and parsing follow from that. Commands are in commands.py,
the table of all kinds in kinds.py. codec.py reads and writes what is declared; parse.py checks that a message is meant for the place where it came.
Times named `*_utc` and `iat`, `exp` are seconds since 1970 in UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import field
from enum import StrEnum
from typing import Annotated, ClassVar, Final, TypeVar, cast, dataclass_transform

from contract.base64url import b64url, unb64url
from contract.bounds import (
    Always,
    ByName,
    Count,
    Hex32,
    Hex64,
    Id,
    Items,
    Length,
    Moment,
    OnlyKnown,
    Pattern,
    Range,
    Reading,
    Revision,
    Tagged,
    TextForm,
    WireName,
)
from contract.care import CareRule
from contract.frozen import frozen
from contract.hours import Hours, Profiles, TimesOfDoors, unnamed
from contract.people import DisplaySettings, ReportCodes
from contract.people import Sign as Sign  # noqa: PLC0414  # as part of this module
from contract.scopes import Scope, ScopeText
from contract.timezones import timezone_name

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
    VISITORS = "visitors"
    SETTINGS = "settings"
    SOFTWARE = "software"
    KEYS = "keys"
    SECRETS = "secrets"
    COMMAND = "command"
    CONFIRM = "confirm"


@frozen
class Address:
    """Where a kind of message goes, and in a few words what it is. `ids`: the topic's levels behind the kind, each by the name of its
    field's thing; `level`: the only level of scope it is for, where there is one. `retained`: the broker keeps it for who comes later.
    """

    words: str
    ids: tuple[str, ...] = ()
    level: str | None = None
    retained: bool = True


class Message:
    """What every signed message has."""

    __slots__ = ()
    KIND: ClassVar[Kind]
    ADDRESS: ClassVar[Address]
    scope: Scope
    iat: float


class StateMessage(Message):
    """Desired state: the broker retains it, the unit keeps it, a newer revision replaces an older one."""

    __slots__ = ()
    rev: int

    @property
    def ident(self) -> str:
        """Its id in its scope; empty where a scope has but one of the kind."""
        found: str = getattr(self, "id", "")
        return found


DECLARED: Final[dict[Kind, type[Message]]] = {}
M = TypeVar("M", bound=type[Message])


@dataclass_transform(frozen_default=True)
def message(kind: Kind, address: Address) -> Callable[[M], M]:
    """Declare the class below as this kind of message."""

    def declare(cls: M) -> M:
        cls.KIND, cls.ADDRESS = kind, address
        DECLARED[kind] = made = cast(M, frozen(cls))
        return made

    return declare


MAX_PARTS = 1000
MAX_SEALED_CHARS = 40_000
"""Of the sealed bytes in base64url: in a message, written so once more, they stay below 64 KiB."""
MAX_UNLOCK_S = 60.0
"""Rule D3: the hard cap of every unlock."""
ROOT_KID = "root"
"""The key id of the root key. It is pinned, signs `keys` and nothing else, and no working key may take its name."""

Name = Annotated[str, Length(1, 100)]
"""Of a person or a place of work, as the centre writes it."""


# --- notice


class Category(StrEnum):
    POLICY = "policy"
    SERVICE = "service"
    REMINDER = "reminder"
    EMERGENCY = "emergency"


class Per(StrEnum):
    """Who may answer a poll once."""

    HOLDER = "holder"
    ROOM = "room"
    ANYONE = "anyone"


@frozen
class Rating:
    """How well the report `report` was dealt with: answered 1 to 5."""

    TAG: ClassVar = "rating"
    report: Id
    by: Id | None = None
    """The holder who is asked. Absent: any resident."""


@frozen
class Poll:
    """One of `options`."""

    TAG: ClassVar = "poll"
    options: Annotated[tuple[Annotated[str, Length(1, 60)], ...], Items(2, 9)]
    per: Per = Per.ANYONE


Ask = Rating | Poll
"""A question answered at the panel."""


@message(Kind.NOTICE, Address("signed `notice`", ("notice",)))
class Notice(StateMessage):
    """What displays show."""

    scope: ScopeText
    id: Id
    """The topic's; ids are never used again."""
    rev: Revision
    """A newer one replaces an older one, never the other way round."""
    iat: Reading
    """When it was signed."""
    category: Category
    """党的政策, 便民信息, 温馨提示, 紧急"""
    title: Annotated[str, Length(0, 200)] = ""
    """At least one character, unless withdrawn."""
    text: Annotated[str, Length(0, 60_000), Always()] = ""
    from_utc: Annotated[Moment | None, WireName("from")] = None
    """Shown from then."""
    until_utc: Annotated[Moment | None, WireName("until")] = None
    """Shown until then."""
    priority: Annotated[int, Range(0, 9)] = 0
    """Higher first."""
    lang: Annotated[str, Length(2, 16)] = "zh-CN"
    ask: Annotated[Ask | None, Tagged("kind")] = None
    """`{"kind":"rating","report":id}`, answered 1 to 5 by the holder `by`, by default any resident; or `{"kind":"poll","options":[2 to 9 texts of 1 to 60 characters],"per":"holder"}`, also per `room` or, by default, `anyone`."""
    withdrawn: bool = False
    """True: a tombstone."""

    def faults(self) -> Iterator[str]:
        if not self.title and not self.withdrawn:
            yield "title: not 1 to 200 characters"


# --- roster


class Role(StrEnum):
    RESIDENT = "resident"
    STAFF = "staff"
    PATROL = "patrol"
    EMERGENCY = "emergency"
    SERVICE = "service"
    """Couriers, carers: people of an organisation who come and go, always with an end."""


@frozen
class Holder:
    """One person's rights in one roster."""

    id: Id
    """Opaque; never a name. The same id may appear again with another card."""
    role: Annotated[Role, Always(required=True)] = Role.RESIDENT
    key: Hex32 | None = None
    """The card: first 16 bytes of HMAC-SHA256(card key, normal form)."""
    pin: Hex32 | None = None
    """First 16 bytes of HMAC-SHA256(PIN key, room or holder id ‖ PIN)."""
    room: Annotated[str, Length(1, 32)] | None = None
    doors: Annotated[frozenset[Id], Items(0, 64)] | None = None
    """Absent: all doors of the scope."""
    from_utc: Annotated[Moment | None, WireName("from")] = None
    until_utc: Annotated[Moment | None, WireName("until")] = None
    hours: Annotated[Hours | None, ByName] = None
    """A profile of the same message, by its name. Absent: at any time."""
    unlock_s: Annotated[float, Range(1, MAX_UNLOCK_S)] | None = None
    """A longer opening, in seconds, for those who need it."""
    flags: Annotated[frozenset[Id], Items(0, 16)] = frozenset()
    """`care`, `fire_reset`, …"""
    org: Id | None = None
    """The organisation they come for; a centre wants one of `service`, and `until`."""
    duress: Hex32 | None = None
    """As `pin`, of a second PIN: it opens as the other does, and raises an alarm at the centre alone."""
    pin_required: bool = False
    """True: the card opens only with the PIN after it, and the PIN only after the card."""


@message(Kind.ROSTER, Address("signed `roster`; `{part}` counts from 1, without leading zeros", ("roster", "part")))
class RosterPart(StateMessage):
    """One part of one revision of a roster; applied when all are there, in place of the revision before."""

    TABLES: ClassVar = {"hours": Hours}
    scope: ScopeText
    id: Id
    rev: Revision
    iat: Reading
    part: Annotated[int, Range(1, MAX_PARTS)]
    """From 1, as in the topic."""
    parts: Annotated[int, Range(1, MAX_PARTS)]
    card_key: Id
    """The card key that each `key` is hashed with."""
    holders: Annotated[tuple[Holder, ...], Items(0, MAX_HOLDERS)]

    def faults(self) -> Iterator[str]:
        if self.part > self.parts:
            yield "parts: fewer than part"


# --- settings


@message(Kind.SETTINGS, Address("signed `settings`"))
class Settings(StateMessage):
    """Of several scopes the most specific wins, for each key by itself."""

    scope: ScopeText
    rev: Revision
    iat: Reading
    timezone: Annotated[str, TextForm(timezone_name, str, "a name of the IANA database")] | None = None
    language: Annotated[str, Length(2, 16)] | None = None
    sign: Sign | None = None
    hours: Profiles | None = None
    """Named weekly profiles, for `doors` of the same message; they win and lose together."""
    doors: TimesOfDoors | None = None
    """By door, its times. A door that is not named has none."""
    report_codes: ReportCodes | None = None
    """By the code that is typed."""
    care: CareRule | None = None
    """Absent: nobody is watched."""
    display: DisplaySettings | None = None
    """`{"size":"normal"}` or `"large"`: of the letters on displays with designed pages."""
    accepted: Annotated[str, Pattern(r"any|[0-9a-f]{64}", "any or 64 lower-case hex digits")] | None = None
    """Which box's installation is accepted: the one with this public key, or `any` where none has to be. Only a box whose enrolment asks for it shows that it is not."""

    def faults(self) -> Iterator[str]:
        yield from unnamed(self.hours, self.doors)


# --- keys


@frozen
class WorkingKey:
    """A working key of the centre."""

    kid: Id
    public: Hex64
    """Raw Ed25519 public key, 32 bytes."""
    kinds: Annotated[frozenset[Kind], Items(0, 32), OnlyKnown]
    """What it may sign. Kinds a unit does not know are left out."""


@message(Kind.KEYS, Address("signed `keys`", level="site"))
class Keys(StateMessage):
    """The working keys, in place of those before."""

    scope: ScopeText
    rev: Revision
    iat: Reading
    keys: Annotated[tuple[WorkingKey, ...], Items(1, 32)]

    def faults(self) -> Iterator[str]:
        if any(count > 1 for count in Counter(key.kid for key in self.keys).values()):
            yield "keys: a kid appears twice"
        if any(key.kid == ROOT_KID or Kind.KEYS in key.kinds for key in self.keys):
            yield "keys: the root's name and the root's kind are the root's alone"
        if not any(Kind.COMMAND in key.kinds for key in self.keys):
            yield "keys: none may sign commands"


# --- secrets


def _sealed(text: str) -> bytes:
    """Raises ValueError for what is longer than MAX_SEALED_CHARS too."""
    made = unb64url(text.encode()) if len(text) <= MAX_SEALED_CHARS else None
    if not made:
        raise ValueError("not sealed bytes in base64url")
    return made


@message(Kind.SECRETS, Address("signed `secrets`, sealed to the unit", level="unit"))
class Secrets(StateMessage):
    """Keys and the way to the broker, sealed to one unit (sealing.py); in place of those before."""

    scope: ScopeText
    rev: Revision
    iat: Reading
    unit: Id
    """The topic's."""
    sealed: Annotated[
        bytes,
        TextForm(
            _sealed,
            b64url,
            "base64url, up to 40,000 characters",
            {"pattern": "^[A-Za-z0-9_-]+$", "maxLength": MAX_SEALED_CHARS},
        ),
    ] = field(repr=False)
    """The ephemeral public key (32 bytes) and the ciphertext, by RFC 9180."""


# --- confirm


@message(Kind.CONFIRM, Address("signed `confirm`", level="unit", retained=False))
class Confirm(Message):
    """The centre's word that all facts of `epoch` up to `seq` (chain hash `head`) are durable in its books."""

    scope: ScopeText
    iat: Reading
    unit: Id
    epoch: Id
    seq: Count
    """All facts of the epoch up to this one are durable in the books."""
    head: Hex64
    """The chain's hash at `seq`."""
    batch: Id
    """Which batch this answers."""
    now_utc: Annotated[Reading, WireName("now")]
    """The centre's clock when it signed: a fresh sample of the time, taken if the batch was sent at most 10 s ago."""
    digest: Hex64
    """Over the state this unit should have."""
    window: Annotated[int, Range(1, 1_000_000)] | None = None
    """So many facts of its backlog may be on their way from now on. Absent: any number."""
    checkpoint: Hex64 | None = None
    """Of the centre's newest checkpoint, its digest: a unit writes a new one down, and is a witness of it."""
