"""Verified payloads to typed messages and back: what stands where a message came must stand inside it too.

Judges form and address (site, scope, id), nothing that needs a clock, a revision or a configuration. Never raises on input.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract import codec
from contract.codec import FieldError
from contract.commands import Reason
from contract.kinds import KINDS, Message
from contract.messages import Kind
from contract.refusal import Refusal
from contract.topics import Down, valid_id


class _NotMineError(FieldError):
    """The payload is addressed elsewhere than the topic it came on."""


def parse(kind: Kind, site: str, down: Down, payload: Mapping[str, Any]) -> Message | Refusal:
    """The message of a payload that `verify` returned, come on the topic `down` of the unit's own `site`.

    Refusals: not_mine (site, scope, id, part or unit inside is not the topic's), malformed (a field is missing or not
    of its type). The refusal of a command carries its id, so that it can be answered.
    """
    command_id = payload.get("id") if kind is Kind.COMMAND and valid_id(payload.get("id")) else None
    declared = KINDS.get(kind)
    try:
        _check_address(kind, site, down, payload)
        if declared is None:
            return Refusal(Reason.MALFORMED, f"{kind.value}: not known to this version")
        return codec.read(declared, payload)
    except _NotMineError as error:
        return Refusal(Reason.NOT_MINE, str(error), command_id)
    except FieldError as error:
        return Refusal(Reason.MALFORMED, str(error), command_id)


def payload_of(message: Message, site: str) -> dict[str, Any]:
    """The payload to sign for a message: the inverse of parse."""
    return {"site": site, **codec.write(message)}


def _check_address(kind: Kind, site: str, down: Down, payload: Mapping[str, Any]) -> None:
    """Inside the signature, so that no broker can pass one message off as another."""
    if payload.get("site") != site or down.site != site:
        raise _NotMineError("site: not this one")
    if down.kind is not kind or payload.get("scope") != str(down.scope):
        raise _NotMineError("scope: not the topic's")
    if down.id is not None and payload.get("id") != down.id:
        raise _NotMineError("id: not the topic's")
    if down.part is not None and payload.get("part") != down.part and isinstance(payload.get("part"), int):
        raise _NotMineError("part: not the topic's")
    if down.scope.level == "unit" and hasattr(KINDS.get(kind), "unit"):
        unit = payload.get("unit")
        if valid_id(unit) and unit != down.scope.id:
            raise _NotMineError("unit: not the topic's")
