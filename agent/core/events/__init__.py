"""Everything that can happen, as past facts. The only things core.step takes. Plain values: they can be recorded and replayed. By source, a module each."""

from __future__ import annotations

from agent.core.events.door import (
    Approached,
    BadEntry,
    Cancelled,
    CardRead,
    Chosen,
    CodeEntered,
    Confirmed,
    ContactChanged,
    DeviceBack,
    DeviceGone,
    ExitChanged,
    FireChanged,
    KeyPressed,
    LineAttacked,
    LockOrderFailed,
    LockOrderSent,
    LockRead,
    MeterCounted,
    PageDrawn,
    PinEntered,
    TamperRead,
    Typed,
    UnitInputChanged,
    VisitorEntered,
)
from agent.core.events.life import (
    CalendarFired,
    ClockStepped,
    LatchRead,
    LockdownRead,
    SheetRead,
    Started,
    StopAsked,
    ThreadDied,
    TimePassed,
)
from agent.core.events.link import CentrePresence, LinkDown, LinkUp, MessageReceived, MessageRefused
from agent.core.events.software import BundleFailed, BundleFetched, UpdateRead
from agent.core.events.store import (
    BatchLoaded,
    CacheReset,
    CardKeysAllowed,
    FactsConfirmed,
    FactsDropped,
    HistoryDiffers,
    HolderErased,
    HoldersReplaced,
    LatchSaved,
    Recorded,
    RecordRefused,
    SecretsLoaded,
    SecretsOpened,
    SecretsRefused,
    StateLoaded,
    StateNotKept,
    StateSaved,
    StoreFailed,
    StoreHangs,
    StoreMended,
    StoreOpened,
)

DoorEvent = (
    CardRead
    | KeyPressed
    | Approached
    | Typed
    | PinEntered
    | VisitorEntered
    | CodeEntered
    | Chosen
    | Confirmed
    | Cancelled
    | BadEntry
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
    | LockdownRead
    | SheetRead
    | ThreadDied
    | TimePassed
    | StopAsked
    | ClockStepped
    | CalendarFired
    | DoorEvent
    | PageDrawn
    | MeterCounted
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
    | HolderErased
    | StateLoaded
    | StateSaved
    | StateNotKept
    | CacheReset
    | LinkUp
    | LinkDown
    | CentrePresence
    | MessageReceived
    | MessageRefused
    | UpdateRead
    | BundleFetched
    | BundleFailed
)
