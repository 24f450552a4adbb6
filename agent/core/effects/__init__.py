"""Everything the core can order done. Plain values; dispatch.py gives each to its shell, whose outcome comes back as an event."""

from __future__ import annotations

from dataclasses import field

from agent.core.effects.acceptance import (
    SheetTold as SheetTold,
)
from agent.core.effects.clock import (
    RaiseFloor as RaiseFloor,
)
from agent.core.effects.clock import (
    SetClock as SetClock,
)
from agent.core.effects.clock import (
    UseTimezone as UseTimezone,
)
from agent.core.effects.door import (
    ExpectCard as ExpectCard,
)
from agent.core.effects.door import (
    ExpectChoice as ExpectChoice,
)
from agent.core.effects.door import (
    ExpectPin as ExpectPin,
)
from agent.core.effects.door import (
    ForgetKeys as ForgetKeys,
)
from agent.core.effects.door import (
    Page as Page,
)
from agent.core.effects.door import (
    PulseLock as PulseLock,
)
from agent.core.effects.door import (
    SaveLatch as SaveLatch,
)
from agent.core.effects.door import (
    SetLock as SetLock,
)
from agent.core.effects.door import (
    ShowPage as ShowPage,
)
from agent.core.effects.door import (
    SoundTone as SoundTone,
)
from agent.core.effects.door import (
    UseVisitorDay as UseVisitorDay,
)
from agent.core.effects.kept import (
    KeptHome as KeptHome,
)
from agent.core.effects.kept import (
    KeptMeter as KeptMeter,
)
from agent.core.effects.kept import (
    KeptMode as KeptMode,
)
from agent.core.effects.kept import (
    KeptTries as KeptTries,
)
from agent.core.effects.kept import (
    UsedVisitor as UsedVisitor,
)
from agent.core.effects.software import (
    SoftwareEffect as SoftwareEffect,
)
from agent.core.marks import CheckedIn, RoundMarks
from agent.core.time import LEFT_OUT, KnownTime
from contract.facts import Fact
from contract.frozen import frozen
from contract.messages import Keys, Secrets, StateMessage
from contract.plain import Status

# --- store


@frozen
class DatedFact:
    """A fact and when it was made, before it has a number: the store adds that, and the start it belongs to."""

    fact: Fact
    utc: float
    clock: str
    mono: float


@frozen
class SeenCommand:
    """Goes into the same transaction as the fact of acceptance; `pending` until a Record names it in `finish`. One that is refused has `refused` for an action."""

    id: str
    exp: float
    action: str
    door: str | None
    actor: str
    pending: bool


@frozen
class SaveLockdown:
    """Write which doors are locked down, and until when: a file of its own, beside the fire latch, for the time until the next start's journal is open."""

    doors: tuple[KeptMode, ...]


@frozen
class AppendFacts:
    """Journal these facts in one transaction. Outcome: Recorded.

    `durable_by_mono`: where somebody waits for it (check-in, remote open): if it cannot be committed by then, drop it and answer RecordRefused. None: keep trying for ever.
    """

    token: int
    facts: tuple[DatedFact, ...]
    seen: SeenCommand | None = None
    finish: tuple[str, ...] = ()
    durable_by_mono: float | None = None
    modes: tuple[KeptMode, ...] = ()
    known: KnownTime | None = None
    """What is known of the time, to be kept with it; the newest word counts."""
    checkin: CheckedIn | None = None
    """Kept with its fact, until a Record names it in `reported_checkins`."""
    reported_checkins: tuple[CheckedIn, ...] = ()
    tries: KeptTries | None = None
    visitor: UsedVisitor | None = None
    rounds: RoundMarks | None = None
    homes: tuple[KeptHome, ...] = ()
    meters: tuple[KeptMeter, ...] = ()


@frozen
class LoadBatch:
    """Read journal lines from `first` on, at most `most` or 60 KiB. Outcome: BatchLoaded."""

    first: int
    most: int = 500


@frozen
class ConfirmFacts:
    """The centre holds all up to `seq`. Outcome: FactsConfirmed, or HistoryDiffers (a new epoch) where epoch, seq or head is not ours."""

    epoch: str
    seq: int
    head: str


@frozen
class SaveState:
    """Keep this desired state, as it was sent: keys and secrets beside the journal (precious), the rest in the cache.

    Outcome: StateSaved; for a part of a roster HoldersReplaced too when the revision is whole, or StateRefused.
    """

    token: int
    message: StateMessage
    signed: bytes = field(default=b"", repr=False, metadata=LEFT_OUT)
    """The message as it came; empty where it has to be written anew."""


@frozen
class DropNotices:
    """Take these (scope, id) out of the cache: ended or left the scope. Their revision stays known. `kind`: `notice`, or `round`."""

    ids: tuple[tuple[str, str], ...]
    kind: str = "notice"


@frozen
class ForgetNotices:
    """Take all notices out of the cache, and their revisions out of what is remembered: they are read anew, by other keys."""


@frozen
class OpenSecrets:
    """Open this message with the unit's own key, and hold what is inside. Outcome: SecretsOpened or SecretsRefused."""

    token: int
    message: Secrets


@frozen
class UseCardKeys:
    """Hash cards with these from now on: (revision of the secrets they are of, id); revision 0 is the enrolment."""

    keys: tuple[tuple[int, str], ...]


@frozen
class AllowCardKeys:
    """Only rosters hashed with card keys of these ids come in force from now on; the others are kept, and wait.

    Outcome: HoldersReplaced for each that is whole and waited, then CardKeysAllowed.
    """

    token: int
    ids: frozenset[str]


@frozen
class UseLogin:
    """Log in at the broker as the secrets of this revision say, from the next connection on."""

    rev: int


@frozen
class KeepSecrets:
    """Of all secrets only those of these revisions are needed: the rest goes, from the disk too."""

    revs: tuple[int, ...]


@frozen
class EraseHolder:
    """Remove this holder from what is kept beside the journal: what rosters of before left in files, crash files, files set aside.

    Outcome: HolderErased.
    """

    token: int
    holder: str


@frozen
class Purge:
    """Nightly: drop confirmed facts older than the configured days before `utc`, in bounded slices."""

    utc: float


# --- link


@frozen
class Connect:
    """Start the link (it reconnects by itself from then on): once, when StoreOpened or StoreFailed told what revisions are known; after ten minutes where the start was door-only."""


@frozen
class AckMessage:
    """PUBACK for the message."""

    token: int


@frozen
class SendBatch:
    """Sign and publish on up/<unit>/facts. No lines: an empty batch that asks for a confirm. Outcome: the centre's Confirm; the broker's word is not the centre's."""

    batch: str
    epoch: str
    first: int
    last: int
    prev: str
    head: str
    lines: tuple[bytes, ...]


@frozen
class SendAhead:
    """A signed copy of one fact, ahead of the queue. `leaf`: alarm, or receipt (of a notice)."""

    leaf: str
    epoch: str
    seq: int
    line: bytes


@frozen
class SendStatus:
    """The whole status."""

    status: Status


@frozen
class SendReply:
    """The course of one command; `detail` in words where there is more to say. `sealed`: the card that was read for it, sealed to who asked."""

    id: str
    state: str
    reason: str | None
    door: str | None
    at_utc: float
    detail: str | None = None
    sealed: bytes | None = field(default=None, repr=False)


@frozen
class SendRevs:
    """Sign and publish the list of revisions: what is in force and what is refused, as (kind, scope, id, rev). `answers`: the command's id."""

    answers: str
    applied_revisions: tuple[tuple[str, str, str, int], ...]
    refused: tuple[tuple[str, str, str, int], ...]


@frozen
class SendEnrolment:
    """Publish the unit's own key, proven with the one-time token of its enrolment."""


@frozen
class SendSealingKey:
    """Sign and publish the key that secrets for this unit are sealed to."""


@frozen
class UseKeys:
    """Verify with these working keys from now on."""

    keys: Keys


@frozen
class Resubscribe:
    """Read the retained state again (command `resync`, cache rebuilt)."""


# --- the process


@frozen
class SpendToken:
    """Delete the one-time token of the enrolment: the centre has the unit's key. Where the disk refuses it is there again at the next start."""


@frozen
class Stop:
    """Stop the process in reverse order of start; the service manager starts it again, whatever the reason. `fault`: of ours (exit 70)."""

    fault: bool = False


@frozen
class WriteLog:
    """One line for the log, from a fixed set of messages; never a card number, a key or a name."""

    level: str
    text: str


Effect = (
    PulseLock
    | SetLock
    | SaveLatch
    | SaveLockdown
    | ShowPage
    | SoundTone
    | ExpectPin
    | ExpectCard
    | ExpectChoice
    | ForgetKeys
    | UseVisitorDay
    | AppendFacts
    | LoadBatch
    | ConfirmFacts
    | SaveState
    | DropNotices
    | ForgetNotices
    | OpenSecrets
    | UseCardKeys
    | AllowCardKeys
    | UseLogin
    | KeepSecrets
    | EraseHolder
    | Purge
    | Connect
    | AckMessage
    | SendBatch
    | SendAhead
    | SendStatus
    | SendReply
    | SendRevs
    | SendEnrolment
    | SendSealingKey
    | UseKeys
    | Resubscribe
    | SoftwareEffect
    | SpendToken
    | SheetTold
    | SetClock
    | RaiseFloor
    | UseTimezone
    | Stop
    | WriteLog
)
