"""Of the link: the connection, and the messages that came over it."""

from __future__ import annotations

from dataclasses import field

from agent.core.time import LEFT_OUT
from contract.commands import Reason
from contract.frozen import frozen
from contract.kinds import Message


@frozen
class LinkUp:
    """Connected and subscribed, by the user name `login`."""

    protocol: str
    login: str = ""


@frozen
class LinkDown:
    """`reason` in plain words; `taken_over` when another client used our id."""

    reason: str
    taken_over: bool = False


@frozen
class CentrePresence:
    online: bool
    since: float


@frozen
class MessageReceived:
    """A signed message that held up to and with its signature. `token` names it for AckMessage."""

    token: int
    message: Message
    retained: bool = False
    keys_rev: int | None = None
    """Of the `keys` it was judged by, 0 for those of the enrolment; None where that says nothing."""
    signed: bytes = field(default=b"", repr=False, metadata=LEFT_OUT)
    """The message as it came."""


@frozen
class MessageRefused:
    """A message that did not hold. Before the signature held `id` is None (only counted, no reply). `detail` names what is wrong.

    In a flood `count` of them come as one, already acknowledged, with token 0. `entry`: (kind, scope, id, rev) of desired state
    that is left aside, because it was in hand at a crash of ours; `until_utc`: when it would end by itself.
    """

    token: int
    kind: str
    reason: Reason | str
    id: str | None = None
    count: int = 1
    detail: str = ""
    entry: tuple[str, str, str, int] | None = None
    until_utc: float | None = None
