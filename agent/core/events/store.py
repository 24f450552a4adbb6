"""Of the store: what is on disk, what cannot be, and what was found there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from agent.core.effects import KeptHome, KeptMeter, KeptMode, KeptTries, UsedVisitor
from agent.core.marks import CheckedIn, PatrolVisit, ToldStop
from agent.core.time import KnownTime
from contract.frozen import frozen
from contract.messages import Holder, Keys, Secrets, StateMessage


@frozen
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


@frozen
class StoreOpened:
    """The journal is open. `next_seq` is the number of the next fact, `head` (hex) the chain hash of the last one, `confirmed` the last number the centre confirmed.

    `seen`: command ids already used with their `exp`; `revs`: highest revision seen by "kind scope id"; `epoch_utc`: when this epoch began (iat of commands must not be before).
    `recovered`: what was set aside and rebuilt, if anything ("journal", "cache"). `boot` counts starts. `known`: what signed messages said of the time up to the last start; None: nothing.
    `keys`: the newest working keys the root signed, None where only those of the enrolment are known. `modes`: what was commanded last and did not end by command.
    `tries`: wrong codes at each reader; `visitors`: the codes used lately. `secrets`: those that are kept, as they came, oldest first.
    `opens`: (door, `exp`) of the newest opens accepted before this start: they count for the rate. `unreported_checkins`: check-ins of which it is not sure that the person was told.
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
    unreported_checkins: tuple[CheckedIn, ...] = ()
    secrets: tuple[Secrets, ...] = ()
    tries: tuple[KeptTries, ...] = ()
    visitors: tuple[UsedVisitor, ...] = ()
    visits: tuple[PatrolVisit, ...] = ()
    """Check-ins of the last days, oldest first."""
    told_stops: tuple[ToldStop, ...] = ()
    homes: tuple[KeptHome, ...] = ()
    """Watched households."""
    meters: tuple[KeptMeter, ...] = ()


@frozen
class SecretsLoaded:
    """Ahead of the holders, where their rosters are hashed with card keys that the enrolment has not: what is kept, oldest first."""

    kept: tuple[Secrets, ...]


@frozen
class SecretsOpened:
    """`token` as in OpenSecrets; `card_keys`: ids of the keys inside."""

    token: int
    rev: int
    card_keys: frozenset[str]


@frozen
class SecretsRefused:
    """They cannot be opened: sealed to another unit or key, or not of the contract inside."""

    token: int
    rev: int


@frozen
class CardKeysAllowed:
    """No roster comes in force any more that is hashed with a key AllowCardKeys of this token did not name."""

    token: int


@frozen
class StoreFailed:
    """The journal cannot be opened or written for now; facts are held in memory. `mode`: full, read_only, failed."""

    mode: str
    detail: str


@frozen
class StoreMended:
    """Writing works again; what was held in memory is committed. `dropped`: facts that the memory could not hold."""

    dropped: int


@frozen
class StoreHangs:
    """The disk has not answered for `limits.STORE_HUNG_S` of the shells (`hangs`), or answers again."""

    hangs: bool


@frozen
class LatchSaved:
    """The fire latch is on disk as ordered last (`saved`), or the disk refuses it for now: `detail` says why, and it is kept in memory."""

    saved: bool
    detail: str = ""


@frozen
class FactsDropped:
    """The journal was full: so many facts that the centre has not confirmed were dropped to make room, each leaving a gap in the chain."""

    facts: int


@frozen
class Recorded:
    """The facts of `Record.token` are durable as `first..first+len(lines)-1`. `prev`, `head`: chain hash (hex) before and after them."""

    token: int
    first: int
    lines: tuple[bytes, ...]
    prev: str
    head: str


@frozen
class RecordRefused:
    """Not durable and will not be: a record asked with `durable_by` that passed while storage was failing, or one that memory could not hold.

    `facts`: how many facts are gone with it, where StoreMended does not count them.
    """

    token: int
    reason: str
    facts: int = 0


@frozen
class BatchLoaded:
    """Journal lines from `first` to `last` for sending. A gap line stands for facts dropped when full. Empty `lines`: nothing from `first` on."""

    first: int
    last: int
    prev: str
    head: str
    lines: tuple[bytes, ...]


@frozen
class FactsConfirmed:
    """The store has marked all up to `seq` as confirmed."""

    seq: int


@frozen
class HistoryDiffers:
    """The centre's `seq` or `head` is not this unit's history; a new epoch was started."""

    epoch: str
    epoch_utc: float
    next_seq: int
    head: str
    detail: str


@frozen
class HolderErased:
    """`why` not, in a few words; empty where nothing of the holder is left."""

    token: int
    why: str = ""


@frozen
class WatchedHome:
    """A household that a roster of the unit itself flags as watched. `living`: the holders of its room, or the holder alone where there is none."""

    holder: str
    room: str | None
    living: frozenset[str]


@frozen
class HoldersReplaced:
    """The whole index of holders by card hash, every roster in force merged (a person's rights in several rosters stay several entries).

    `applied`: the roster just applied, as (scope, id, rev), or None at start. Do not change the mapping: it is shared.
    """

    by_key: Mapping[str, tuple[Holder, ...]]
    applied: tuple[str, str, int] | None = None
    applied_revisions: tuple[tuple[str, str, str, int], ...] = ()
    """(kind, scope, id, rev) of every roster in force: part of the digest."""
    card_keys: frozenset[str] = frozenset()
    """Ids of the card keys they are hashed with."""
    by_pin: Mapping[str, tuple[Holder, ...]] = field(default_factory=dict)
    """Those with a PIN by its hash, and by that for duress."""
    watched: tuple[WatchedHome, ...] = ()


@frozen
class StateLoaded:
    """What the cache has of desired state but rosters, at start."""

    messages: tuple[StateMessage, ...] = ()


@frozen
class StateSaved:
    """A notice, settings, keys or secrets message, or a part of a roster, is durable; `token` is that of the message (0 where none)."""

    token: int
    kind: str
    scope: str
    id: str
    rev: int


@frozen
class StateNotKept:
    """A part of a roster was not kept: with it a unit would have more holders, or more of rosters, than the contract allows."""

    token: int
    kind: str
    scope: str
    id: str
    rev: int


@frozen
class CacheReset:
    """The cache was damaged and rebuilt empty: what the broker retains must be read again."""
