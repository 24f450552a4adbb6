"""Everything that can happen, as past facts. The only things core.step takes. Plain values: they can be recorded and replayed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.core.effects import CheckedIn, KeptMode
from agent.core.time import LEFT_OUT, KnownTime, Trust
from contract.messages import Holder, Keys, Message, Notice, Reason, Secrets, Settings

# --- life


@dataclass(frozen=True, slots=True)
class Started:
    """First event of a run. `session` is random, new each start; `latched` are the doors the fire latch file names.

    `latch_known`: false where other doors may be latched too, for the file could not be read (yet): LatchRead follows, or does not.
    `card_keys`: ids of those of the enrolment.
    `door_only`: after three crashes in five minutes (rule D11); the shell then starts neither link nor calendar for `door_only_s`.
    `no_link`: why there is none, in plain words; empty where there is one.
    """

    session: str
    latched: frozenset[str]
    door_only: bool = False
    door_only_s: float = 0.0
    no_link: str = ""
    latch_known: bool = True
    card_keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LatchRead:
    """What the fire latch file names, read later than the start. `known`: false where it cannot be read for certain."""

    latched: frozenset[str]
    known: bool


@dataclass(frozen=True, slots=True)
class DoorOnlyEnded:
    """The ten minutes are over; link and calendar run again."""


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The deadline that `State.deadline` named has come (or the loop woke anyway)."""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """A signal (SIGTERM, SIGINT) asks for a clean stop."""

    why: str


@dataclass(frozen=True, slots=True)
class ClockStepped:
    """Trust in the clock changed, or it was set by `step_s` seconds."""

    trust: Trust
    step_s: float


@dataclass(frozen=True, slots=True)
class CalendarFired:
    """`job`: purge (nightly retention), midnight (the date on the screen)."""

    job: str


# --- door lane


@dataclass(frozen=True, slots=True)
class CardRead:
    """A card at a reader. `hashes`: its keyed hash under each card key the unit has (32 hex digits each).

    It was shown at some time from `not_before_mono` on; None stands for just now, in records from before this was kept.
    """

    reader: str
    hashes: tuple[str, ...]
    not_before_mono: float | None = None


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key of a reader's keypad: `0`-`9`, `*` or `#`. The record keeps digits as 0. `not_before_mono` as in CardRead."""

    reader: str
    key: str = field(repr=False, metadata={"secret": True})
    not_before_mono: float | None = None


@dataclass(frozen=True, slots=True)
class ContactChanged:
    door: str
    open: bool


@dataclass(frozen=True, slots=True)
class ExitChanged:
    door: str
    pressed: bool


@dataclass(frozen=True, slots=True)
class FireChanged:
    """The door's fire input; an open wire of a normally closed input is active."""

    door: str
    active: bool


@dataclass(frozen=True, slots=True)
class UnitInputChanged:
    """A further wired input by its configured name."""

    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class LockRead:
    """The lock's output as read back, in the lock's terms."""

    door: str
    unlocked: bool


@dataclass(frozen=True, slots=True)
class LockOrderSent:
    """The lock order went out and the device acknowledged it; the read-back follows as LockRead."""

    door: str
    order: int


@dataclass(frozen=True, slots=True)
class LockOrderFailed:
    """`reason`: late, silent, refused, lost."""

    door: str
    order: int
    reason: str


@dataclass(frozen=True, slots=True)
class DeviceBack:
    device: str
    detail: str


@dataclass(frozen=True, slots=True)
class DeviceGone:
    """`reason`: port, silent, wrong, hung, insecure."""

    device: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class TamperRead:
    """A device's own state: `what` is tamper (its case is open) or power (it fails)."""

    device: str
    what: str
    active: bool


@dataclass(frozen=True, slots=True)
class LineAttacked:
    """Somebody may be attacking this device's line; what was attempted was refused. `what` as in drivers/reports.py, `count` since last told."""

    device: str
    what: str
    count: int


@dataclass(frozen=True, slots=True)
class PageDrawn:
    """All of the page shown with `token` is on the display."""

    display: str
    token: int


# --- store


@dataclass(frozen=True, slots=True)
class PendingCommand:
    """A command whose acceptance was committed and whose outcome was not, found at start.

    What the journal says of an open: `granted` that its unlock was ordered, `opened` that the door was opened after that in the same run.
    """

    id: str
    action: str
    door: str | None
    actor: str
    granted: bool = False
    opened: bool = False


@dataclass(frozen=True, slots=True)
class StoreOpened:
    """The journal is open. `next_seq` is the number of the next fact, `head` (hex) the chain hash of the last one, `confirmed` the last number the centre confirmed.

    `seen`: command ids already used with their `exp`; `revs`: highest revision seen by "kind scope id"; `epoch_utc`: when this epoch began (iat of commands must not be before).
    `recovered`: what was set aside and rebuilt, if anything ("journal", "cache"). `boot` counts starts. `known`: what signed messages said of the time up to the last start; None: nothing.
    `keys`: the newest working keys the root signed, None where only those of the enrolment are known. `modes`: what was commanded last and did not end by command.
    `secrets`: those that are kept, as they came, oldest first.
    `opens`: (door, `exp`) of the newest opens accepted before this start: they count for the rate. `untold`: check-ins of which it is not sure that the person was told.
    """

    boot: int
    epoch: str
    epoch_utc: float
    next_seq: int
    head: str
    confirmed: int
    pending: tuple[PendingCommand, ...]
    seen: Mapping[str, float]
    revs: Mapping[str, int]
    known: KnownTime | None = None
    keys: Keys | None = None
    recovered: tuple[str, ...] = ()
    modes: tuple[KeptMode, ...] = ()
    opens: tuple[tuple[str, float], ...] = ()
    untold: tuple[CheckedIn, ...] = ()
    secrets: tuple[Secrets, ...] = ()


@dataclass(frozen=True, slots=True)
class SecretsLoaded:
    """Ahead of the holders, where their rosters are hashed with card keys that the enrolment has not: what is kept, oldest first."""

    kept: tuple[Secrets, ...]


@dataclass(frozen=True, slots=True)
class SecretsOpened:
    """`token` as in OpenSecrets; `card_keys`: ids of the keys inside."""

    token: int
    rev: int
    card_keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class SecretsRefused:
    """They cannot be opened: sealed to another unit or key, or not of the contract inside."""

    token: int
    rev: int


@dataclass(frozen=True, slots=True)
class CardKeysAllowed:
    """No roster comes in force any more that is hashed with a key AllowCardKeys of this token did not name."""

    token: int


@dataclass(frozen=True, slots=True)
class StoreFailed:
    """The journal cannot be opened or written for now; facts are held in memory. `mode`: full, read_only, failed."""

    mode: str
    detail: str


@dataclass(frozen=True, slots=True)
class StoreMended:
    """Writing works again; what was held in memory is committed. `dropped`: facts that the memory could not hold."""

    dropped: int


@dataclass(frozen=True, slots=True)
class StoreHangs:
    """The disk has not answered for `limits.STORE_HUNG_S` of the shells (`hangs`), or answers again."""

    hangs: bool


@dataclass(frozen=True, slots=True)
class LatchSaved:
    """The fire latch is on disk as ordered last (`saved`), or the disk refuses it for now: `detail` says why, and it is kept in memory."""

    saved: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FactsDropped:
    """The journal was full: so many facts that the centre has not confirmed were dropped to make room, each leaving a gap in the chain."""

    facts: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """The facts of `Record.token` are durable as `first..first+len(lines)-1`. `prev`, `head`: chain hash (hex) before and after them."""

    token: int
    first: int
    lines: tuple[bytes, ...]
    prev: str
    head: str


@dataclass(frozen=True, slots=True)
class RecordRefused:
    """Not durable and will not be: a record asked with `durable_by` that passed while storage was failing, or one that memory could not hold.

    `facts`: how many facts are gone with it, where StoreMended does not count them.
    """

    token: int
    reason: str
    facts: int = 0


@dataclass(frozen=True, slots=True)
class BatchLoaded:
    """Journal lines from `first` to `last` for sending. A gap line stands for facts dropped when full. Empty `lines`: nothing from `first` on."""

    first: int
    last: int
    prev: str
    head: str
    lines: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class FactsConfirmed:
    """The store has marked all up to `seq` as confirmed."""

    seq: int


@dataclass(frozen=True, slots=True)
class HistoryDiffers:
    """The centre's `seq` or `head` is not this unit's history; a new epoch was started."""

    epoch: str
    epoch_utc: float
    next_seq: int
    head: str
    detail: str


@dataclass(frozen=True, slots=True)
class HoldersReplaced:
    """The whole index of holders by card hash, every roster in force merged (a person's rights in several rosters stay several entries).

    `applied`: the roster just applied, as (scope, id, rev), or None at start. Do not change the mapping: it is shared.
    """

    by_key: Mapping[str, tuple[Holder, ...]]
    applied: tuple[str, str, int] | None = None
    have: tuple[tuple[str, str, str, int], ...] = ()
    """(kind, scope, id, rev) of every roster in force: part of the digest."""
    card_keys: frozenset[str] = frozenset()
    """Ids of the card keys they are hashed with."""


@dataclass(frozen=True, slots=True)
class StateLoaded:
    """Notices and settings of the cache, at start."""

    notices: tuple[Notice, ...] = ()
    settings: tuple[Settings, ...] = ()


@dataclass(frozen=True, slots=True)
class StateSaved:
    """A notice, settings, keys or secrets message, or a part of a roster, is durable; `token` is that of the message (0 where none)."""

    token: int
    kind: str
    scope: str
    id: str
    rev: int


@dataclass(frozen=True, slots=True)
class StateNotKept:
    """A part of a roster was not kept: with it a unit would have more holders, or more of rosters, than the contract allows."""

    token: int
    kind: str
    scope: str
    id: str
    rev: int


@dataclass(frozen=True, slots=True)
class CacheReset:
    """The cache was damaged and rebuilt empty: what the broker retains must be read again."""


# --- link


@dataclass(frozen=True, slots=True)
class LinkUp:
    """Connected and subscribed, by the user name `login`."""

    protocol: str
    login: str = ""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """`reason` in plain words; `taken_over` when another client used our id."""

    reason: str
    taken_over: bool = False


@dataclass(frozen=True, slots=True)
class CentrePresence:
    online: bool
    since: float


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A signed message that held up to and with its signature. `token` names it for AckMessage."""

    token: int
    message: Message
    retained: bool = False
    keys_rev: int | None = None
    """Of the `keys` it was judged by, 0 for those of the enrolment; None where that says nothing."""
    signed: bytes = field(default=b"", repr=False, metadata=LEFT_OUT)
    """The message as it came."""


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """A message that did not hold. Before the signature held `id` is None (only counted, no reply). `detail` names what is wrong.

    In a flood `count` of them come as one, already acknowledged, with token 0. `entry`: (kind, scope, id, rev) of desired state
    that is left aside, because it was in hand at a crash of ours; `until_utc`: when it would end by itself.
    """

    token: int
    kind: str
    reason: Reason | str
    id: str | None = None
    count: int = 1
    detail: str = ""
    entry: tuple[str, str, str, int] | None = None
    until_utc: float | None = None


@dataclass(frozen=True, slots=True)
class BatchPublished:
    """The broker took the batch (its PUBACK came)."""

    batch: str


DoorEvent = (
    CardRead
    | KeyPressed
    | ContactChanged
    | ExitChanged
    | FireChanged
    | UnitInputChanged
    | LockRead
    | LockOrderSent
    | LockOrderFailed
    | DeviceBack
    | DeviceGone
    | TamperRead
    | LineAttacked
)
"""Events with their own lane in the inbox, never dropped behind the rest."""

Event = (
    Started
    | LatchRead
    | DoorOnlyEnded
    | TimePassed
    | StopAsked
    | ClockStepped
    | CalendarFired
    | DoorEvent
    | PageDrawn
    | StoreOpened
    | SecretsLoaded
    | SecretsOpened
    | SecretsRefused
    | CardKeysAllowed
    | StoreFailed
    | StoreMended
    | StoreHangs
    | LatchSaved
    | FactsDropped
    | Recorded
    | RecordRefused
    | BatchLoaded
    | FactsConfirmed
    | HistoryDiffers
    | HoldersReplaced
    | StateLoaded
    | StateSaved
    | StateNotKept
    | CacheReset
    | LinkUp
    | LinkDown
    | CentrePresence
    | MessageReceived
    | MessageRefused
    | BatchPublished
)
