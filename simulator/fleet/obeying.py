"""What a unit of the fleet does with a signed command: judged, journaled, answered step by step, once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract.commands import (
    COMMAND_LIFETIME_S,
    OPEN_LIFETIME_S,
    Command,
    Erase,
    Open,
    Pair,
    ReadCard,
    Reason,
    Resync,
    Selftest,
    SetMode,
)
from contract.facts import (
    AccessGranted,
    CommandAccepted,
    CommandDone,
    CommandRefused,
    DoorMode,
    DoorOpened,
    Fact,
    Via,
)
from contract.plain import Reply, ReplyState
from contract.refusal import Refusal
from contract.replies import build_reply
from contract.revs import build_revs
from simulator.fleet.desired import Desired

SKEW_S = 5.0
"""`iat` may lie this far in the future."""


class _Obeying(Protocol):
    """What a command is done with."""

    @property
    def site(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def key(self) -> Ed25519PrivateKey: ...
    @property
    def seen(self) -> set[str]: ...
    @property
    def desired(self) -> Desired: ...
    def write(self, *facts: Fact) -> None: ...
    def read_again(self) -> None: ...
    def send(self, leaf: str, payload: bytes, *, retain: bool = False) -> None: ...


def obey(unit: _Obeying, message: Command | Refusal, now: float) -> None:
    """`now`: the unit's clock, seconds since 1970."""
    name = message.id
    assert name is not None  # where a refusal has none, nobody is to be answered
    reason = message.reason if isinstance(message, Refusal) else _judged(unit, message, now)
    order = message.order if isinstance(message, Command) else None
    door = order.door if order is not None else None
    unit.seen.add(name)
    if reason is not None or not isinstance(message, Command):
        unit.write(CommandRefused(name, str(reason), door=door))
        unit.send(
            "reply",
            build_reply(
                unit.key, unit.site, unit.name, Reply(name, ReplyState.REFUSED, now, reason=str(reason), door=door)
            ),
        )
        return
    unit.write(CommandAccepted(name, message.action, message.actor, door))
    unit.send("reply", build_reply(unit.key, unit.site, unit.name, Reply(name, ReplyState.ACCEPTED, now, door=door)))
    if isinstance(order, Resync):
        unit.read_again()
        have = list(unit.desired.entries(now))
        for page in build_revs(unit.key, unit.site, unit.name, name, have, ()):
            unit.send("revs", page)
    for state, fact in _done(message):
        unit.write(fact)
        if state is not None:
            unit.send("reply", build_reply(unit.key, unit.site, unit.name, Reply(name, state, now, door=door)))


def _judged(unit: _Obeying, command: Command, now: float) -> Reason | None:
    most = OPEN_LIFETIME_S if isinstance(command.order, Open) else COMMAND_LIFETIME_S
    if command.unit not in (unit.name, "*"):
        return Reason.NOT_MINE
    if not command.iat - SKEW_S <= now <= command.exp:
        return Reason.EXPIRED
    if command.exp - command.iat > most:
        return Reason.TOO_LONG
    if command.id in unit.seen:
        return Reason.REPLAYED
    return Reason.DEVICE if isinstance(command.order, Selftest | Erase | Pair | ReadCard) else None


def _done(command: Command) -> Iterator[tuple[ReplyState | None, Fact]]:
    order = command.order
    if isinstance(order, Open):
        yield None, AccessGranted(order.door, None, Via.REMOTE, command.id)
    if isinstance(order, SetMode):
        yield None, DoorMode(order.door or "main", order.mode.value, order.until_utc)
    yield ReplyState.DONE, CommandDone(command.id, command.action, command.actor, order.door)
    if isinstance(order, Open):
        yield ReplyState.OPENED, DoorOpened(order.door)
