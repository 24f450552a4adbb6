"""Facts on their way up, and signed time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from contract.frozen import frozen


@frozen
class InFlightBatch:
    """A batch on its way; `last` < `first` for an empty one."""

    batch: str
    first: int
    last: int
    sent: float


@frozen
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
    window: int | None = None
    """Facts of the backlog that may be on their way, by the centre's newest word; None: any number."""
    ahead_tokens: Mapping[int, tuple[tuple[int, str], ...]] = field(default_factory=dict)
    """By record token: which of its facts may go ahead of the queue, each as `alarm` or `receipt`."""
    receipts_at: tuple[float, ...] = ()
    """When the last receipts went ahead."""
    alarms: tuple[tuple[str, int, bytes], ...] = ()
    """(epoch, seq, line) of alarms that wait for the link."""
    digest: str | None = None
    digest_utc: float = 0.0
    """The centre's time in the confirm that said so."""
    """Of the newest confirm: over what this unit should have."""
    checkpoint: str | None = None
    """Digest of the centre's newest checkpoint, and when (monotonic) it was written down."""
    checkpoint_at: float | None = None
    differs_since: float | None = None
    stale: bool = False


@frozen
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
