"""The unsigned messages: the centre's presence, a unit's status, replies to commands. Built and parsed here for both ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract import fields
from contract.facts import parse_rfc3339, rfc3339
from contract.messages import MAX_MESSAGE_BYTES, Reason
from contract.refusal import Refusal
from contract.strict_json import StrictJsonError, dumps, load_object

REPLY_STATES = ("accepted", "done", "opened", "no_entry", "unknown", "refused")
MAX_DETAIL = 500
"""Characters of a reply's `detail`."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether the centre is there, and since when (seconds since 1970, new at each of its connections)."""

    online: bool
    since_utc: float


def build_presence(online: bool, since_utc: float) -> bytes:
    return dumps({"online": online, "since": since_utc})


def parse_presence(data: bytes) -> Presence | Refusal:
    value = _object(data)
    if isinstance(value, Refusal):
        return value
    try:
        return Presence(fields.flag(value, "online"), fields.optional(fields.moment, value, "since") or 0.0)
    except StrictJsonError as error:
        return Refusal(Reason.MALFORMED, str(error))


@dataclass(frozen=True, slots=True)
class Status:
    """A unit's birth, health or death. `values` is the whole message, `state` and `session` included."""

    state: str
    session: str
    values: Mapping[str, Any]


def build_will(session: str) -> bytes:
    """What the broker publishes, retained, when the unit is lost; and the unit itself at a clean stop."""
    return dumps({"state": "offline", "session": session})


def parse_status(data: bytes) -> Status | Refusal:
    value = _object(data)
    if isinstance(value, Refusal):
        return value
    try:
        state, session = fields.text(value, "state", 16), fields.text(value, "session", 64, least=1)
    except StrictJsonError as error:
        return Refusal(Reason.MALFORMED, str(error))
    if state not in ("online", "offline"):
        return Refusal(Reason.MALFORMED, "state: neither online nor offline")
    return Status(state, session, value)


@dataclass(frozen=True, slots=True)
class Reply:
    """One step in the course of a command. `state` is one of REPLY_STATES; `reason` only with `refused`; `detail` in words."""

    id: str
    state: str
    at_utc: float
    reason: str | None = None
    door: str | None = None
    detail: str | None = None


def build_reply(reply: Reply) -> bytes:
    value: dict[str, Any] = {"id": reply.id, "state": reply.state, "at": rfc3339(reply.at_utc)}
    optional = {"reason": reply.reason, "door": reply.door, "detail": reply.detail}
    return dumps(value | {key: text for key, text in optional.items() if text is not None})


def parse_reply(data: bytes) -> Reply | Refusal:
    value = _object(data)
    if isinstance(value, Refusal):
        return value
    try:
        reply = Reply(
            id=fields.ident(value, "id"),
            state=fields.text(value, "state", 16),
            at_utc=parse_rfc3339(fields.text(value, "at", 24)),
            reason=fields.optional(fields.text, value, "reason", 32),
            door=fields.optional(fields.ident, value, "door"),
            detail=fields.optional(fields.text, value, "detail", MAX_DETAIL),
        )
    except ValueError as error:
        return Refusal(Reason.MALFORMED, str(error))
    return reply if reply.state in REPLY_STATES else Refusal(Reason.MALFORMED, "state: not one of the contract")


def _object(data: bytes) -> dict[str, Any] | Refusal:
    if len(data) > MAX_MESSAGE_BYTES:
        return Refusal(Reason.TOO_LONG, "larger than 64 KiB")
    try:
        return load_object(data)
    except StrictJsonError as error:
        return Refusal(Reason.MALFORMED, str(error))
