"""Everything that can happen, as past facts. The only things core.step takes. Plain values: they can be recorded and replayed. By source, a module each."""

from __future__ import annotations

from agent.core.events.door import (
    CardRead,
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
    PageDrawn,
    TamperRead,
    UnitInputChanged,
)
from agent.core.events.life import CalendarFired, ClockStepped, LatchRead, Started, StopAsked, ThreadDied, TimePassed
from agent.core.events.link import CentrePresence, LinkDown, LinkUp, MessageReceived, MessageRefused
from agent.core.events.store import (
    BatchLoaded,
    CacheReset,
    CardKeysAllowed,
    FactsConfirmed,
    FactsDropped,
    HistoryDiffers,
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
    | ThreadDied
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
)
