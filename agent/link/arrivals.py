"""From a message that arrived to the event it becomes, and whether it may be acknowledged at once. No MQTT, no clock of its own.

Holds what must be remembered between messages: the keys in force, the flood gate, the centre's presence. Link's thread only,
but for `use_keys`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from agent.aside import Aside
from agent.core.events.link import CentrePresence, MessageReceived, MessageRefused
from agent.link.access import UnitKeys
from agent.link.gate import Gate
from agent.link.translate import AcceptedMessage, MessageReader, RefusedMessage
from contract.envelope import key_ring
from contract.frozen import frozen
from contract.messages import WorkingKey
from contract.plain import Presence

PRESENCE_S = 0.2
"""The centre's presence is told at most so often; the newest always is."""

Told = CentrePresence | MessageReceived | MessageRefused


@frozen
class Arrival:
    """`event` None: nothing to tell. `token` 0: acknowledge at once; otherwise when AckMessage names it."""

    event: Told | None = None
    token: int = 0


class Arrivals:
    def __init__(self, keys: UnitKeys, aside: Aside | None = None) -> None:
        self._root = keys.root
        self._in_force = (key_ring(keys.root, keys.working), 0)
        self._aside = Aside() if aside is None else aside
        self._reader = MessageReader(keys.site, keys.unit, keys.scopes, self._aside)
        self._gate = Gate()
        self._numbers = itertools.count(1)
        self._presence: Presence | None = None
        self._presence_mono = float("-inf")
        self._held: Presence | None = None

    def use_keys(self, working: Iterable[WorkingKey], rev: int) -> None:
        """Verify with these, of this revision, from now on; any thread may say so (one reference is exchanged)."""
        self._in_force = (key_ring(self._root, working), rev)

    def connected(self) -> None:
        """A new connection: what is known of the centre's presence is old."""
        self._presence = self._held = None
        self._presence_mono = float("-inf")

    @property
    def holding(self) -> bool:
        """Whether something waits for `due` rather soon."""
        return self._held is not None

    def take(self, topic: str, payload: bytes, now: float, *, retained: bool) -> Arrival:
        """What to do about one message. `now` is monotonic."""
        ring, keys_rev = self._in_force
        match self._reader.read(topic, payload, ring, retained=retained):
            case AcceptedMessage(_, message):
                token = next(self._numbers)
                return Arrival(MessageReceived(token, message, retained, keys_rev, payload), token)
            case RefusedMessage(kind, refusal, entry, until):
                if refusal.id is None and entry is None and not self._gate.passes(kind, refusal.reason, now):
                    return Arrival()
                token = next(self._numbers)
                reason, detail = refusal.reason, refusal.detail
                told = MessageRefused(token, kind, reason, refusal.id, detail=detail, entry=entry, until_utc=until)
                return Arrival(told, token)
            case Presence() as presence:
                self._held = presence
                return Arrival(self._newest(now))
            case None:
                return Arrival()

    def tripped(self) -> None:
        """We tripped over the message we were reading: it is set aside for good."""
        name = self._reader.in_hand
        if name is not None:
            self._aside.add(name)

    def due(self, now: float) -> list[Told]:
        """What was held back and is to be told now."""
        told: list[Told] = [
            MessageRefused(0, kind, reason, None, count) for kind, reason, count in self._gate.drain(now)
        ]
        presence = self._newest(now)
        return told if presence is None else [*told, presence]

    def _newest(self, now: float) -> CentrePresence | None:
        if self._held is None or now - self._presence_mono < PRESENCE_S:
            return None
        held, self._held = self._held, None
        if held == self._presence:
            return None
        self._presence, self._presence_mono = held, now
        return CentrePresence(held.online, held.since_utc)
