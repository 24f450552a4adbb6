"""Messages of the contract to events, effects to messages. Pure: no MQTT, no clock, no threads. Never raises on what a broker sends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.core import effects
from agent.link.access import UnitKeys
from contract import topics
from contract.envelope import KeyRing, verify
from contract.facts import Header, build_alarm, build_batch
from contract.messages import MAX_MESSAGE_BYTES, Command, Confirm, Kind, Message, Reason, Scope
from contract.parse import parse
from contract.plain import Presence, Reply, build_reply, parse_presence
from contract.refusal import Refusal
from contract.strict_json import dumps

_NEVER_RETAINED = frozenset({Kind.COMMAND, Kind.CONFIRM})


@dataclass(frozen=True, slots=True)
class Accepted:
    """A signed message that is of the contract and for this unit."""

    kind: Kind
    message: Message


@dataclass(frozen=True, slots=True)
class Refused:
    """`id` only where the signature held: what has none is counted, not answered."""

    kind: str
    refusal: Refusal


Reading = Accepted | Refused | Presence | None
"""None: nothing to tell (an empty payload, a topic or kind this version does not know)."""


class Reader:
    """What this unit makes of a message, given the keys in force. Cheap checks come first: a flood must cost little."""

    def __init__(self, site: str, unit: str, scopes: Iterable[Scope]) -> None:
        self._site = site
        self._unit = unit
        self._scopes = frozenset({*scopes, Scope("site", site), Scope("unit", unit)})
        self._centre = topics.centre(site)

    def read(self, topic: str, payload: bytes, ring: KeyRing, *, retained: bool) -> Reading:
        """The order is the contract's: size, retained, header, key, signature, then site, scope and unit."""
        if not payload:
            return None
        if topic == self._centre:
            presence = parse_presence(payload)
            return Refused("centre", presence) if isinstance(presence, Refusal) else presence
        down = topics.parse_down(topic)
        if down is None or down.kind is Kind.ROUND:
            return None
        kind = down.kind
        if len(payload) > MAX_MESSAGE_BYTES:
            return Refused(kind, Refusal(Reason.TOO_LONG, "larger than 64 KiB"))
        if retained and kind in _NEVER_RETAINED:
            return Refused(kind, Refusal(Reason.RETAINED, "retained"))
        if down.site != self._site or down.scope not in self._scopes:
            return Refused(kind, Refusal(Reason.NOT_MINE, "a topic this unit does not read"))
        verified = verify(payload, kind, ring)
        if isinstance(verified, Refusal):
            return Refused(kind, verified)
        message = parse(kind, self._site, down, verified)
        if isinstance(message, Refusal):
            return Refused(kind, message)
        return self._mine(kind, message)

    def _mine(self, kind: Kind, message: Message) -> Accepted | Refused:
        if isinstance(message, Command) and message.unit not in ("*", self._unit):
            return Refused(kind, Refusal(Reason.NOT_MINE, "unit: another one", message.id))
        if isinstance(message, Confirm) and message.unit != self._unit:
            return Refused(kind, Refusal(Reason.NOT_MINE, "unit: another one"))
        return Accepted(kind, message)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to publish. `ahead`: before what waits. `batch`: the batch's id where it is one."""

    topic: str
    payload: bytes
    retain: bool = False
    ahead: bool = False
    batch: str | None = None


Sending = effects.SendBatch | effects.SendAlarm | effects.SendStatus | effects.SendReply


def write(effect: Sending, keys: UnitKeys) -> Outgoing:
    """The message of an effect; batches and alarms are signed here (about 40 µs on a PC, 400 µs on a small board)."""
    match effect:
        case effects.SendBatch(batch, epoch, first, last, prev, head, lines):
            header = Header(keys.unit, epoch, batch, first, last, prev, head)
            payload = build_batch(keys.private, keys.site, header, lines)
            return Outgoing(topics.up(keys.site, keys.unit, "facts"), payload, batch=batch)
        case effects.SendAlarm(epoch, seq, line):
            payload = build_alarm(keys.private, keys.site, keys.unit, epoch, seq, line)
            return Outgoing(topics.up(keys.site, keys.unit, "alarm"), payload, ahead=True)
        case effects.SendStatus(status):
            return Outgoing(topics.up(keys.site, keys.unit, "status"), dumps(dict(status)), retain=True)
        case effects.SendReply(command, state, reason, door, at_utc, detail):
            reply = Reply(command, state, at_utc, reason, door, detail)
            return Outgoing(topics.up(keys.site, keys.unit, "reply"), build_reply(reply), ahead=True)
