"""Messages of the contract to events, effects to messages. Pure: no MQTT, no clock, no threads. Never raises on what a broker sends."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable

from agent.aside import Entry, entry_of, name_in, presence_name
from agent.core import effects
from agent.link.access import UnitKeys
from contract import codec, topics
from contract.chain import Header, build_alarm, build_batch, build_receipt
from contract.commands import Command, Reason
from contract.enrolment import enrol_message
from contract.envelope import KeyRing, verify
from contract.frozen import frozen
from contract.kinds import KINDS, Message
from contract.messages import MAX_MESSAGE_BYTES, Confirm, Kind
from contract.parse import parse
from contract.plain import Presence, Reply, ReplyState, parse_presence
from contract.refusal import Refusal
from contract.replies import build_reply
from contract.revs import build_revs
from contract.scopes import Scope
from contract.sealing import seal_message
from contract.strict_json import dumps

LEFT_ASIDE = "left aside: it was in hand at a crash"


@frozen
class AcceptedMessage:
    """A signed message that is of the contract and for this unit."""

    kind: Kind
    message: Message


@frozen
class RefusedMessage:
    """`id` only where the signature held: what has none is counted, not answered. `entry`: of desired state that is left aside."""

    kind: str
    refusal: Refusal
    entry: Entry | None = None
    until_utc: float | None = None


Reading = AcceptedMessage | RefusedMessage | Presence | None
"""None: nothing to tell (an empty payload, a topic or kind this version does not know)."""


class MessageReader:
    """What this unit makes of a message, given the keys in force. Cheap checks come first: a flood must cost little."""

    def __init__(self, site: str, unit: str, scopes: Iterable[Scope], aside: Container[str] = ()) -> None:
        self._aside = aside
        self._reading: tuple[str, bytes] | str | None = None
        self._site = site
        self._unit = unit
        self._scopes = frozenset(topics.unit_scopes(site, unit, scopes))
        self._centre = topics.centre(site)

    def read(self, topic: str, payload: bytes, ring: KeyRing, *, retained: bool) -> Reading:
        """The order is the contract's: size, retained, header, key, signature, then site, scope and unit."""
        if not payload:
            return None
        self._reading = (topic, payload)
        reading = self._read(topic, payload, ring, retained=retained)
        self._reading = None
        return reading

    @property
    def in_hand(self) -> str | None:
        """The name of the message being read, None between two: after an exception, of the one that made it."""
        return _raw_name(*self._reading) if isinstance(self._reading, tuple) else self._reading

    def _read(self, topic: str, payload: bytes, ring: KeyRing, *, retained: bool) -> Reading:
        if self._aside and _raw_name(topic, payload) in self._aside:
            return RefusedMessage("message", Refusal(Reason.INTERNAL, LEFT_ASIDE))
        if topic == self._centre:
            return self._presence(payload)
        down = topics.parse_down(topic)
        if down is None or down.kind not in KINDS:
            return None
        kind = down.kind
        if len(payload) > MAX_MESSAGE_BYTES:
            return RefusedMessage(kind, Refusal(Reason.TOO_LONG, "larger than 64 KiB"))
        if retained and not KINDS[kind].ADDRESS.retained:
            return RefusedMessage(kind, Refusal(Reason.RETAINED, "retained"))
        if down.site != self._site or down.scope not in self._scopes:
            return RefusedMessage(kind, Refusal(Reason.NOT_MINE, "a topic this unit does not read"))
        verified = verify(payload, kind, ring)
        if isinstance(verified, Refusal):
            return RefusedMessage(kind, verified)
        self._reading = name = name_in(down, verified)
        if name in self._aside:
            ident = verified.get("id") if kind is Kind.COMMAND else None
            refusal = Refusal(Reason.INTERNAL, LEFT_ASIDE, ident if topics.valid_id(ident) else None)
            until = verified.get("until")
            return RefusedMessage(kind, refusal, entry_of(name), until if type(until) in (int, float) else None)
        message = parse(kind, self._site, down, verified)
        if isinstance(message, Refusal):
            return RefusedMessage(kind, message)
        return self._mine(kind, message)

    def _presence(self, payload: bytes) -> RefusedMessage | Presence | None:
        presence = parse_presence(payload)
        if isinstance(presence, Refusal):
            return RefusedMessage("centre", presence)
        left = presence_name(online=presence.online, since=presence.since_utc) in self._aside
        return None if left else presence

    def _mine(self, kind: Kind, message: Message) -> AcceptedMessage | RefusedMessage:
        if isinstance(message, Command) and message.unit not in ("*", self._unit):
            return RefusedMessage(kind, Refusal(Reason.NOT_MINE, "unit: another one", message.id))
        if isinstance(message, Confirm) and message.unit != self._unit:
            return RefusedMessage(kind, Refusal(Reason.NOT_MINE, "unit: another one"))
        return AcceptedMessage(kind, message)


def _raw_name(topic: str, payload: bytes) -> str:
    """What a message is known by before its signature held."""
    return f"raw {hashlib.sha256(topic.encode() + payload).hexdigest()}"


@frozen
class OutboundMessage:
    """One message to publish. `ahead`: before what waits."""

    topic: str
    payload: bytes
    retain: bool = False
    ahead: bool = False


Sending = (
    effects.SendBatch
    | effects.SendAhead
    | effects.SendStatus
    | effects.SendReply
    | effects.SendEnrolment
    | effects.SendSealingKey
)


def revisions(effect: effects.SendRevs, keys: UnitKeys) -> list[OutboundMessage]:
    """The pages of the list, signed."""
    pages = build_revs(keys.private, keys.site, keys.unit, effect.answers, effect.applied_revisions, effect.refused)
    topic = topics.up(keys.site, keys.unit, "revs")
    return [OutboundMessage(topic, page) for page in pages]


def write(effect: Sending, keys: UnitKeys) -> OutboundMessage:
    """The message of an effect; batches, alarms and replies are signed here (about 40 µs on a PC, 400 µs on a small board)."""
    match effect:
        case effects.SendBatch(batch, epoch, first, last, prev, head, lines):
            header = Header(keys.unit, epoch, batch, first, last, prev, head)
            payload = build_batch(keys.private, keys.site, header, lines)
            return OutboundMessage(topics.up(keys.site, keys.unit, "facts"), payload)
        case effects.SendAhead(leaf, epoch, seq, line):
            build = build_alarm if leaf == "alarm" else build_receipt
            payload = build(keys.private, keys.site, keys.unit, epoch, seq, line)
            return OutboundMessage(topics.up(keys.site, keys.unit, leaf), payload, ahead=True)
        case effects.SendStatus(status):
            return OutboundMessage(topics.up(keys.site, keys.unit, "status"), dumps(codec.write(status)), retain=True)
        case effects.SendReply(command, state, reason, door, at_utc, detail, sealed):
            reply = Reply(command, ReplyState(state), at_utc, reason, door, detail, sealed)
            payload = build_reply(keys.private, keys.site, keys.unit, reply)
            return OutboundMessage(topics.up(keys.site, keys.unit, "reply"), payload, ahead=True)
        case effects.SendEnrolment():
            assert keys.token is not None
            enrol = enrol_message(keys.site, keys.unit, keys.private.public_key().public_bytes_raw(), keys.token)
            return OutboundMessage(topics.up(keys.site, keys.unit, "enrol"), enrol)
        case effects.SendSealingKey():
            seal = seal_message(keys.private, keys.site, keys.unit)
            return OutboundMessage(topics.up(keys.site, keys.unit, "seal"), seal)
