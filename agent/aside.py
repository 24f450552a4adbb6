"""Messages that were in hand at a crash of ours: by what name they are known again, and which one it was.

A name is that of the message's revision or id, so that it holds whoever signs it again; a newer revision is another message.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from agent.core.effects import OpenSecrets, SaveState
from agent.core.events import Event
from agent.core.events.link import CentrePresence, MessageReceived
from agent.core.events.store import HoldersReplaced, StateLoaded
from contract.commands import Command
from contract.kinds import KINDS
from contract.messages import Confirm, Kind, StateMessage
from contract.topics import Down

Entry = tuple[str, str, str, int]
"""(kind, scope, id, rev) of desired state, as the digest has it."""

_OWN = ("agent.core", "agent.store", "contract")
"""Where a message is worked on: a message held by the loop or the inbox is not in hand."""
_STATE = frozenset(kind for kind, declared in KINDS.items() if issubclass(declared, StateMessage))


class Aside:
    """The names, for the link's thread to ask. `keep` is called with each new one, on the thread that adds it."""

    def __init__(self, names: Iterable[str] = (), keep: Callable[[str], None] | None = None) -> None:
        self._names = frozenset(names)
        self._keep = keep
        self._mutex = threading.Lock()

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __bool__(self) -> bool:
        return bool(self._names)

    @property
    def names(self) -> frozenset[str]:
        return self._names

    def learn(self, names: Iterable[str]) -> None:
        """What was kept before this start."""
        with self._mutex:
            self._names = self._names | frozenset(names)

    def add(self, name: str) -> None:
        with self._mutex:
            self._names = self._names | {name}
        if self._keep is not None:
            self._keep(name)


def state_name(kind: str, scope: str, ident: str, rev: int) -> str:
    """`notice yard/y07 n1 3`; settings, keys and secrets have `-` for an id."""
    return f"{kind} {scope} {ident or '-'} {rev}"


def entry_of(name: str) -> Entry | None:
    """The digest's entry of a name that is one of desired state."""
    kind, *rest = name.split(" ")
    if kind not in _STATE or len(rest) != 3:
        return None
    scope, ident, rev = rest
    return kind, scope, "" if ident == "-" else ident, int(rev)


def name_of(message: object) -> str | None:
    """None for what is no message."""
    match message:
        case StateMessage():
            return state_name(message.KIND, str(message.scope), message.ident, message.rev)
        case Command():
            return f"{Kind.COMMAND} {message.id}"
        case Confirm():
            return f"{Kind.CONFIRM} {message.epoch} {message.batch}"
        case CentrePresence(online, since):
            return presence_name(online=online, since=since)
        case MessageReceived():
            return name_of(message.message)
        case SaveState(_, kept) | OpenSecrets(_, kept):
            return name_of(kept)
    return None


def presence_name(*, online: bool, since: float) -> str:
    return f"centre {online} {since}"


def name_in(down: Down, payload: Mapping[str, Any]) -> str:
    """The name of a verified payload that is not parsed yet. Any payload is safe."""
    if down.kind in _STATE:
        rev = payload.get("rev")
        return state_name(down.kind, str(down.scope), down.id or "", rev if type(rev) is int else 0)
    if down.kind is Kind.CONFIRM:
        return f"{Kind.CONFIRM} {payload.get('epoch')} {payload.get('batch')}"
    return f"{down.kind} {payload.get('id')}"


def culprits(error: BaseException, event: Event | None = None) -> tuple[str, ...]:
    """What was in hand where `error` came from, by the innermost frame that holds a message; else what `event` brought."""
    found = next(_in_hand(error), None)
    if found is not None:
        return (found,)
    match event:
        case StateLoaded(messages):
            return tuple(each for each in map(name_of, messages) if each is not None)
        case HoldersReplaced(applied=(scope, ident, rev)):
            return (state_name(Kind.ROSTER, scope, ident, rev),)
    brought = name_of(event)
    return () if brought is None else (brought,)


def _in_hand(error: BaseException) -> Iterator[str]:
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    for frame in reversed(frames):
        if str(frame.f_globals.get("__name__", "")).startswith(_OWN):
            yield from (name for value in frame.f_locals.values() if (name := name_of(value)) is not None)
