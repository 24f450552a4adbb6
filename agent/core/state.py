"""What the core knows, as frozen values. Mappings in here are never changed in place: each step makes new ones, so old states stay valid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agent.core.effects import CheckedIn, Page, SendReply
from agent.core.plan import DisplayPlan, DoorPlan, UnitPlan
from agent.core.time import LEFT_OUT, Now
from contract.messages import Command, Holder, Keys, Mode, Notice, Secrets, Settings


class Phase(StrEnum):
    """What rules a door now, strongest first: fire, then the commanded mode, then whether cards can be decided yet."""

    FIRE = "fire"
    LOCKDOWN = "lockdown"
    HELD = "held"
    STARTING = "starting"
    NORMAL = "normal"


@dataclass(frozen=True, slots=True)
class Lock:
    """A door's lock: what was ordered and what was read back. Times are monotonic."""

    lost: bool = False
    order: int | None = None
    """The order that was not answered yet."""
    order_pulse: bool = False
    order_s: float = 0.0
    order_at: float = 0.0
    """When it was given: a pulse cannot have begun before."""
    pulse_end: float | None = None
    """When the running pulse ends in the device."""
    read: bool | None = None
    """Unlocked as last read back."""
    first_read: bool | None = None
    """As read first in this run: what the run before left."""
    renew_until: float | None = None
    """How long somebody who asked while a pulse ran may pass: the pulse is renewed shortly before its end."""
    runs_until: float | None = None
    """Until when a pulse of ours may run, whatever became of its order."""
    left: bool | None = None
    """As read last before the device was lost, where nothing was on its way."""
    returned: bool = False
    """Back from a loss, and not read since."""
    strayed: str = ""
    """What somebody else did to the output, in words, until it reads right again."""
    misreads: int = 0
    faulted: bool = False
    told_at: float | None = None
    """When the last `lock.fault` was told; `untold` came since, the last of them is `untold_detail`."""
    untold: int = 0
    untold_detail: str = ""
    check_at: float | None = None
    """When the last read-back is compared again (a pulse should have ended, or a misread is looked at again)."""
    retry_at: float | None = None
    """When a lasting level that failed is ordered again."""


@dataclass(frozen=True, slots=True)
class Door:
    plan: DoorPlan
    lock: Lock = Lock()
    ready: bool = False
    """Cards can be decided: holders are loaded."""
    latched: bool = False
    """Released by fire until reset."""
    unsure: bool = False
    """Whether fire had released it before the start is not known: its lasting level is left as it is."""
    found_locked: bool = False
    """While unsure the lock has read locked: fire had not released it, and what reads released since is a pulse of ours."""
    reset: bool = False
    """Somebody has reset it since the start: what the latch file says of the time before is over."""
    exit_asked: float | None = None
    """Somebody pressed the exit button while neither latch nor lock were read yet."""
    fire_input: bool | None = None
    mode: Mode = Mode.NORMAL
    mode_until: float | None = None
    mode_utc: float | None = None
    """When a mode from before the start ends, as long as the clock could not say how soon that is."""
    lease_due: float | None = None
    """When the next pulse of a `hold_open` chain is due."""
    exit_since: float | None = None
    """Since when the exit button is pressed."""
    exit_stuck: bool = False
    open: bool | None = None
    opened_at: float | None = None
    granted_at: float | None = None
    grant_until: float | None = None
    """An opening up to then is not forced."""
    awaited: str | None = None
    """Whose entry is awaited (a holder or a command's actor); None after it, and for exits."""
    awaited_until: float | None = None
    warn_at: float | None = None
    held_at: float | None = None
    held_told: bool = False

    @property
    def id(self) -> str:
        return self.plan.id

    @property
    def phase(self) -> Phase:
        if self.latched:
            return Phase.FIRE
        if self.mode is Mode.LOCKDOWN:
            return Phase.LOCKDOWN
        if self.mode is Mode.HOLD_OPEN:
            return Phase.HELD
        return Phase.NORMAL if self.ready else Phase.STARTING

    @property
    def blind(self) -> bool:
        """Neither latch nor lock are read yet: a pulse could end a release by fire. A fraction of a second at a start, longer where the lock is silent."""
        return self.unsure and self.lock.read is None and not self.found_locked

    @property
    def rests_unlocked(self) -> bool:
        """The lasting level of the lock in this phase."""
        phase = self.phase
        if self.unsure:
            return self.lock.read is True and not self.found_locked
        return phase is Phase.FIRE or (phase is Phase.STARTING and self.plan.safe_state == "unlocked")


@dataclass(frozen=True, slots=True)
class ScreenAnswer:
    """What the screen tells a person about what they just did; texts by catalogue key at drawing."""

    key: str
    fields: Mapping[str, str]
    tone: str
    until: float
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class TypedKeys:
    """Digits typed at a reader so far; `until`: forgotten then."""

    keys: str = field(default="", repr=False, metadata={"secret": True})
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Stay:
    """How long something could be read: `had_s` up to its last interruption, and since when it can be read now (monotonic)."""

    had_s: float = 0.0
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Late:
    """Cards and keys of one reader that were too old to count, since the last fact about them."""

    count: int = 0
    age_s: float = 0.0
    """Of the oldest."""
    due: float | None = None
    """When the next fact is to be written."""
    told_at: float | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    """One display: the page ordered last, and where it is in the turn of notices."""

    plan: DisplayPlan
    token: int = 0
    page: Page | None = None
    showing: tuple[str, str] | None = None
    """(scope, id) of the notice in turn; None: clock and sign."""
    pages: tuple[Page, ...] = ()
    index: int = 0
    last: tuple[str, str] | None = None
    last_urgent: tuple[str, str] | None = None
    last_calm: tuple[str, str] | None = None
    """The last emergency and the last other notice: each kind goes on where it was."""
    flip_at: float | None = None
    """When the next page of clock and sign, or of what is told, is due; None where it is one page."""
    turn_at: float | None = None
    stay: Stay = Stay()
    """Of the notice's page; between notices, of clock and sign."""
    idle: int = 0
    """Which page of clock and sign is in turn."""
    idle_stay: Stay = Stay()
    lost: bool = False
    begun: frozenset[tuple[str, str, int]] = frozenset()
    """Notices (scope, id, rev) put forward here since the display was found, whether or not it said that it drew them."""


@dataclass(frozen=True, slots=True)
class NoticeBoard:
    """Notices by (scope, id); what is saved and what was shown."""

    notices: Mapping[tuple[str, str], Notice] = field(default_factory=dict)
    shown: frozenset[tuple[str, str, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A check-in of a holder at a door: `at` monotonic, `utc` of the tap; `token` of its record until that is durable."""

    at: float
    utc: float
    token: int | None


@dataclass(frozen=True, slots=True)
class Access:
    by_key: Mapping[str, tuple[Holder, ...]] = field(default_factory=dict)
    have: tuple[tuple[str, str, str, int], ...] = ()
    loaded: bool = False
    card_keys: frozenset[str] | None = None
    """Ids of the card keys that the rosters in force are hashed with; None: not read yet."""
    last: Mapping[str, tuple[tuple[str, ...], float]] = field(default_factory=dict)
    """By reader: the last card's hashes and when it was last seen."""
    checkins: Mapping[tuple[str, str], CheckIn] = field(default_factory=dict)
    """By (holder, door), of the last minute."""
    told: tuple[CheckedIn, ...] = ()
    """Check-ins of which the person was told, until a record takes that along."""


@dataclass(frozen=True, slots=True)
class WaitingCommand:
    """A command whose acceptance is being committed."""

    command: Command
    message: int
    exp_mono: float
    give_up: float


@dataclass(frozen=True, slots=True)
class CommandProgress:
    """An open that was ordered: `stage` is ordered, sent or done."""

    id: str
    action: str
    actor: str
    door: str
    order: int
    stage: str
    until: float


@dataclass(frozen=True, slots=True)
class ResetProgress:
    """A `fire_reset` that was ordered (`again`: by the run before): `waits` are the doors not read back at their level yet."""

    id: str
    actor: str
    door: str | None
    waits: frozenset[str]
    until: float
    missed: Mapping[str, str] = field(default_factory=dict)
    """Doors that will not come any more, and why."""
    again: bool = False


@dataclass(frozen=True, slots=True)
class CutOff:
    """An open that a restart cut off, while the lock has not been read yet."""

    id: str
    actor: str
    door: str
    granted: bool
    exp: float
    until: float


@dataclass(frozen=True, slots=True)
class Commands:
    seen: Mapping[str, float] = field(default_factory=dict)
    waiting: Mapping[int, WaitingCommand] = field(default_factory=dict)
    """By the token of the record of acceptance."""
    courses: tuple[CommandProgress, ...] = ()
    resets: tuple[ResetProgress, ...] = ()
    cut_off: tuple[CutOff, ...] = ()
    opens: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """By door: when opens were accepted in the last minute."""
    opens_before: tuple[tuple[str, float], ...] = ()
    """(door, `exp`) of opens accepted before this start."""
    started: float | None = None
    """When the agent started, monotonic: a command signed well before that is none of this run's."""
    spent_utc: float = 0.0
    """Commands signed before this may have been refused before this start, in a flood that wrote down no ids."""
    spends_utc: float = 0.0
    """The same for the next start, as last written down."""
    replies: tuple[SendReply, ...] = ()
    """Replies that wait for the link."""
    restart_token: int | None = None
    restart_at: float | None = None
    refused: Mapping[str, int] = field(default_factory=dict)
    """Counts by reason since the last `refusals` fact."""
    refusals_at: float | None = None
    """Before this, no further `refusals` fact."""
    refused_here: int = 0
    """Refused commands with a fact of their own since `refused_from`."""
    refused_from: float | None = None


@dataclass(frozen=True, slots=True)
class InFlightBatch:
    """A batch on its way; `last` < `first` for an empty one."""

    batch: str
    first: int
    last: int
    sent: float


@dataclass(frozen=True, slots=True)
class Sync:
    link_up: bool = False
    centre_online: bool = False
    centre_since: float | None = None
    epoch: str = ""
    epoch_utc: float = 0.0
    """When the epoch began by signed time; 0.0: not known, then one that is new in this run is taken to begin with the opening."""
    opened_at: float = 0.0
    """When its journal was opened: monotonic."""
    is_new: bool = False
    """The journal began with this opening: what an older one knew of commands may be lost."""
    next_seq: int = 1
    head: str = ""
    confirmed: int = 0
    cursor: int = 1
    """The next number to send."""
    flights: tuple[InFlightBatch, ...] = ()
    loading: int | None = None
    """First number of the batch asked from the store."""
    load_at: float | None = None
    """Not before this (rate, or the store had nothing)."""
    level: float = 0.0
    level_at: float | None = None
    """Token bucket of the backlog, and when it was last filled."""
    retry_s: float = 30.0
    ask_at: float | None = None
    """When an empty batch is due."""
    rewound_at: float | None = None
    batches: int = 0
    sampled_at: float | None = None
    unsaved: int = 0
    """Facts handed to the store that are not on disk yet."""
    alarm_tokens: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """By record token: which of its facts are alarms."""
    alarms: tuple[tuple[str, int, bytes], ...] = ()
    """(epoch, seq, line) of alarms that wait for the link."""
    digest: str | None = None
    """Of the newest confirm: over what this unit should have."""
    differs_since: float | None = None
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Timekeeping:
    """What signed messages say of the time (timekeeping.py)."""

    confirmed: tuple[float, float] | None = None
    """(utc, mono): by the newest fresh confirm it is not before `utc` at `mono`, and runs on from there."""
    fresh: bool = False
    """That confirm came in this run."""
    doubt_utc: float | None = None
    """The confirm that leapt, as long as that is not proven by time."""
    kept_at: float | None = None
    """When it was last given to the journal, monotonic."""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A piece of desired state that is refused: its revision, why, and until when it would have been in force."""

    rev: int
    reason: str
    until_utc: float | None = None


@dataclass(frozen=True, slots=True)
class RefusedState:
    """Desired state that is not taken. `entries`: by (kind, scope, id); `newest` and `untold`: what the next fact tells."""

    entries: Mapping[tuple[str, str, str], NotTaken] = field(default_factory=dict)
    newest: tuple[str, str, str, int, str] | None = None
    untold: int = 0
    told_at: float | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """Secrets that a shell is opening."""

    message: Secrets
    signed: bytes = field(default=b"", repr=False, metadata=LEFT_OUT)


@dataclass(frozen=True, slots=True)
class SealedState:
    """Secrets by their revisions, and card keys by their ids. What is inside is known to a shell only."""

    enrolled: frozenset[str] = frozenset()
    """Card keys of the enrolment."""
    opened: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """Card keys of all secrets that are kept, or being saved, by revision."""
    opening: Mapping[tuple[int, int], Opening] = field(default_factory=dict)
    """By the message's token (0: it is kept already) and revision."""
    rev: int = 0
    """The newest in force."""
    allowed: frozenset[str] | None = None
    """Card keys that rosters may be hashed with to come in force, as the store was told last; `asked`: it has not answered yet."""
    asked: int | None = None
    used: tuple[tuple[int, str], ...] = ()
    """(revision, id) of the card keys in use; revision 0 is the enrolment."""


@dataclass(frozen=True, slots=True)
class DesiredState:
    """Desired state beside notices and rosters: revisions seen, settings, messages being saved."""

    revs: Mapping[str, int] = field(default_factory=dict)
    """Newest revision seen by "kind scope id"."""
    settings: Mapping[str, Settings] = field(default_factory=dict)
    keys_rev: int = 0
    keys: Keys | None = None
    """Those in force; None: those of the enrolment, which are not known here."""
    anew_rev: int = 0
    """Notices are taken that were judged by the keys of this revision or newer ones: it took a key for notices away."""
    saving: Mapping[int, object] = field(default_factory=dict)
    """By message token: what the store is saving."""
    refused: RefusedState = RefusedState()
    sealed: SealedState = SealedState()


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    found: bool = False
    lost: bool = False
    since_utc: float = 0.0
    reason: str = ""
    detail: str = ""
    told: str | None = None
    """The reason of the loss that was told last; None once its return was."""
    told_at: float | None = None
    """When a loss was told last, monotonic."""
    untold: int = 0


@dataclass(frozen=True, slots=True)
class Tamper:
    """One thing that a device says of itself (its case is open, its power fails)."""

    active: bool = False
    since_utc: float = 0.0
    told: bool = False
    """As told last: an end is told only where its beginning was."""
    told_at: float | None = None
    untold: int = 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Of storage: what it is by now, since when it is in trouble, and whether a fact said that it began."""

    mode: str
    since_utc: float
    detail: str
    told: bool


@dataclass(frozen=True, slots=True)
class Health:
    devices: Mapping[str, DeviceHealth] = field(default_factory=dict)
    tampers: Mapping[str, Tamper] = field(default_factory=dict)
    """By "device what"."""
    inputs: Mapping[str, bool] = field(default_factory=dict)
    storage: str = "opening"
    """opening, ok, full, read_only, failed or hung (it does not answer)."""
    storage_before: str = "opening"
    """What it was when it stopped answering."""
    trouble: Trouble | None = None
    """Of storage, as long as it lasts."""
    trouble_told_at: float | None = None
    troubles_untold: int = 0
    latch_unsaved: bool = False
    """The fire latch is kept in memory: the disk takes none."""
    dropped_told_at: float | None = None
    dropped_untold: int = 0
    boot: int | None = None
    sent_at: float | None = None
    dirty: bool = True
    told_backlog: int = 0
    """The backlog of the last status."""
    due: float | None = None
    taken_over: bool = False


@dataclass(frozen=True, slots=True)
class LinkState:
    """The link to the broker: `state` is off, connecting, up or down; `why` in plain words, empty where nothing is wrong."""

    state: str = "connecting"
    since: float = 0.0
    """Monotonic."""
    why: str = ""
    login: str = ""
    """The user name it is, or was last, at the broker by."""


@dataclass(frozen=True, slots=True)
class State:
    plan: UnitPlan
    now: Now
    doors: tuple[Door, ...]
    screens: tuple[Screen, ...]
    session: str = ""
    door_only: bool = False
    door_only_until: float | None = None
    """Monotonic."""
    stopping: bool = False
    latch_due: float | None = None
    """When doors whose fire latch is not known are decided by what their locks read; None where all are known."""
    counter: int = 0
    """Last number given to an order, a token or a page."""
    answer: ScreenAnswer | None = None
    entries: Mapping[str, TypedKeys] = field(default_factory=dict)
    """By reader, the last one used last."""
    late: Mapping[str, Late] = field(default_factory=dict)
    """By reader."""
    access: Access = Access()
    board: NoticeBoard = NoticeBoard()
    standing: DesiredState = DesiredState()
    commands: Commands = Commands()
    sync: Sync = Sync()
    timekeeping: Timekeeping = Timekeeping()
    health: Health = Health()
    connected: bool = False
    """The link was told to start."""
    link: LinkState = LinkState()
    no_link: str = ""
    """Why there is no link, where there is none."""
    language: str = "zh-CN"
    timezone: str = ""
    sign: Mapping[str, str] = field(default_factory=dict)
