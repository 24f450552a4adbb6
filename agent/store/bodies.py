"""What is kept of desired state: the signed message itself, as it was sent, so that a unit can prove what it shows. The contract's own codec reads it back.

A body without a signature is a payload that had to be written anew after damage. Reading raises DamagedError for anything but what writing made.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, TypeVar

from agent.store import earlier
from agent.store.faults import DamagedError
from contract import codec
from contract.kinds import KINDS
from contract.messages import Holder, RosterPart, StateMessage
from contract.strict_json import dumps

T = TypeVar("T")

_WRONG = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


STATE_KINDS: Mapping[str, type[StateMessage]] = {
    kind.value: declared for kind, declared in KINDS.items() if issubclass(declared, StateMessage)
}


def body_of(message: StateMessage, signed: bytes) -> bytes:
    """`signed` as it came; where there is none, the message's payload."""
    return signed or dumps(codec.write(message))


def load(kind: type[T], body: bytes) -> T:
    """The notice, settings, keys or secrets of a body."""
    try:
        if body.startswith(b"["):
            return codec.read(kind, earlier.payload(kind, json.loads(body)))
        return codec.read(kind, _payload(body))
    except _WRONG as error:
        raise DamagedError(f"a kept message cannot be read: {type(error).__name__}") from None


def load_message(kind: str, body: bytes) -> StateMessage:
    """The message of a body of this kind; a kind that this version does not know is damage."""
    declared = STATE_KINDS.get(kind)
    if declared is None:
        raise DamagedError(f"a kept message is of kind {kind}, which is not known here")
    return load(declared, body)


def holders_in(body: bytes) -> int:
    """How many holders a part has."""
    try:
        return len(json.loads(body)[3]) if body.startswith(b"[") else len(_payload(body)["holders"])
    except _WRONG as error:
        raise DamagedError(f"a kept message cannot be read: {type(error).__name__}") from None


def ids_in(body: bytes) -> frozenset[str]:
    """Ids of the holders of a part."""
    try:
        if body.startswith(b"["):
            return frozenset(str(each[0]) for each in json.loads(body)[3])
        return frozenset(str(each["id"]) for each in _payload(body)["holders"])
    except _WRONG as error:
        raise DamagedError(f"a kept message cannot be read: {type(error).__name__}") from None


def card_key_in(body: bytes) -> str:
    """The id of the card key that a part is hashed with."""
    try:
        found = json.loads(body)[0] if body.startswith(b"[") else _payload(body)["card_key"]
    except _WRONG as error:
        raise DamagedError(f"a kept message cannot be read: {type(error).__name__}") from None
    if not isinstance(found, str):
        raise DamagedError("a kept message names no card key")
    return found


class PartReader:
    """Reads the parts of rosters back into holders. Equal sets become one object, and so does a profile of one part: 20,000 holders share a few dozen."""

    def __init__(self) -> None:
        self._shared = codec.Shared()

    def holders(self, body: bytes, part: int = 1, parts: int = 1) -> tuple[Holder, ...]:
        return self.part(body, part, parts).holders

    def part(self, body: bytes, part: int = 1, parts: int = 1) -> RosterPart:
        """Of one kept before 0.2 only what holders needs is as it was: its holders, its card key."""
        try:
            old = body.startswith(b"[")
            payload = earlier.part_payload(json.loads(body), part, parts) if old else _payload(body)
            return codec.read(RosterPart, payload, self._shared)
        except _WRONG as error:
            raise DamagedError(f"a kept message cannot be read: {type(error).__name__}") from None


def _payload(body: bytes) -> dict[str, Any]:
    """As it was verified when it came; its row's checksum holds, so what only a stranger would try is not looked for again (half of the time)."""
    text = body if body.startswith(b"{") else base64.urlsafe_b64decode(body.split(b".")[1] + b"==")
    payload: dict[str, Any] = json.loads(text)
    return payload
