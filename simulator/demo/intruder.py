"""Somebody who owns the broker, and for some tries even a key that is good for another thing: opens that must not open anything."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from centre import commands, publisher
from centre.folder import Folder
from centre.keys import CentreKeys, load_keys
from centre.link import Arrived, Link, Sent
from contract.base64url import b64url
from contract.commands import Command, Open
from contract.messages import Kind
from contract.parse import payload_of
from contract.plain import Reply, parse_reply
from contract.scopes import Scope
from contract.strict_json import dumps
from contract.topics import down, up
from simulator.demo.waiting import until


@dataclass(frozen=True, slots=True)
class Forgery:
    """A ready message. `id` is the command's, for its replies."""

    id: str
    token: bytes


class Intruder:
    """Listens on the unit's command topic and to its replies, and publishes what it likes."""

    def __init__(self, centre: Path, unit: str) -> None:
        self._folder = Folder(centre)
        self._site = self._folder.load()
        self._keys: CentreKeys = load_keys(self._folder)
        self._unit = unit
        self._stack = ExitStack()
        self._link: Link | None = None
        self.topic = down(self._site.site, Scope("unit", unit), Kind.COMMAND)
        self.overheard: list[bytes] = []
        """Commands the centre sent, byte for byte, since we listen."""
        self._replies: list[Reply] = []
        self._sent: set[int] = set()

    def __enter__(self) -> Self:
        topics: Sequence[str] = [self.topic, up(self._site.site, self._unit, "reply")]
        self._link = self._stack.enter_context(publisher.connected(self._folder, self._site, self._keys, topics))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def listen(self, wait_s: float = 0.0) -> None:
        assert self._link is not None
        for event in self._link.take(wait_s):
            if isinstance(event, Sent):
                self._sent.add(event.mid)
            if not isinstance(event, Arrived):
                continue
            if event.message.topic == self.topic:
                self.overheard.append(event.message.payload)
            else:
                reply = parse_reply(event.message.payload)
                if isinstance(reply, Reply):
                    self._replies.append(reply)
            self._link.ack(event)

    def latest(self) -> bytes | None:
        """The last command that went by."""
        self.listen(0.02)
        return self.overheard[-1] if self.overheard else None

    def publish(self, token: bytes, *, retain: bool = False) -> None:
        assert self._link is not None
        mid = self._link.publish(self.topic, token, retain=retain)

        def taken() -> bool:
            self.listen(0.05)
            return mid in self._sent

        until("the broker takes it", taken)

    def answers(self, name: str, wait_s: float = 0.01) -> list[str]:
        """`state` or `refused: reason` of each reply to the command of that id, in order."""
        self.listen(wait_s)
        return [f"{r.state}: {r.reason}" if r.reason else r.state for r in self._replies if r.id == name]

    # --- forging

    def fresh(self, *, ago_s: float = 0.0, valid_s: float = 20.0, unit: str | None = None) -> Command:
        """An open as the centre would make it, but older, or for another unit."""
        named = unit or self._unit
        now = time.time() - ago_s
        made = commands.make(self._site.site, named, Open("main"), "intruder", "let me in", valid_s, now)
        return replace(made, scope=Scope("unit", named))

    def signed(self, command: Command, kid: str = "command-1") -> Forgery:
        """Signed with the working key `kid`, whether it is good for commands or not."""
        header = {"alg": "EdDSA", "typ": f"doorward-{Kind.COMMAND.value}", "kid": kid}
        text = f"{b64url(dumps(header))}.{b64url(dumps(payload_of(command, self._site.site)))}".encode()
        signature = self._keys.private[kid].sign(text)
        return Forgery(command.id, text + b"." + b64url(signature).encode())


def flipped(forgery: Forgery) -> Forgery:
    """One bit of the payload is another."""
    header, payload, signature = forgery.token.split(b".")
    middle = len(payload) // 2
    other = b"A" if payload[middle : middle + 1] != b"A" else b"B"
    return Forgery(forgery.id, b".".join([header, payload[:middle] + other + payload[middle + 1 :], signature]))


def id_of(token: bytes) -> str:
    """The id inside a command token."""
    payload = token.split(b".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))["id"])
