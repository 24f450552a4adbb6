"""A unit for the centre's tests: its journal, batches, alarms and enrolment, with nothing but contract/. Can lie on demand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from centre.intake import InboundMessage
from contract import chain, codec, topics
from contract.chain import Header
from contract.enrolment import Enrolment, enrol_message
from contract.plain import DoorStatus, Reply, Status, UnitState
from contract.replies import build_reply
from contract.strict_json import dumps

SITE = "badahu"
HEALTHY = Status(
    state=UnitState.ONLINE,
    session="s1",
    link=None,
    door_only=None,
    boot=1,
    version="1",
    unit=None,
    name=None,
    scopes=(),
    clock="synced",
    stale=False,
    storage="ok",
    taken_over=False,
    doors={},
    devices={},
    inputs={},
    backlog=0,
    oldest=None,
    digest=None,
    counts={},
    refused=0,
    centre_since=None,
    at=1_790_000_000.0,
    login=None,
)


def door(open_: bool | None = False) -> DoorStatus:
    """As a status tells of it; None: nobody can see whether it is open."""
    return DoorStatus("normal", open_, False, "ok", held=False)


class FakeUnit:
    """`lines[n-1]` is fact n; `h[n]` the chain's hash after it."""

    def __init__(
        self, name: str, enrolment: Enrolment | None = None, *, epoch: str = "e1", after: tuple[str, str] = ("", "")
    ) -> None:
        self.name = name
        self.key = Ed25519PrivateKey.generate()
        self.enrolment = enrolment
        self.numbers = 0
        self.begin(epoch, after)

    def begin(self, epoch: str, after: tuple[str, str] = ("", "")) -> None:
        """A new journal."""
        self.epoch = epoch
        self.lines: list[bytes] = []
        self.h = [chain.chain_start(SITE, self.name, epoch, *after)]
        self.at = 1_790_000_000.0

    @property
    def head(self) -> str:
        return self.h[-1].hex()

    def enrol(self) -> InboundMessage:
        assert self.enrolment is not None
        public = self.key.public_key().public_bytes_raw()
        return self.message("enrol", enrol_message(SITE, self.name, public, bytes.fromhex(self.enrolment.token)))

    def fact(self, kind: str = "access.granted", count: int = 1, **data: Any) -> None:
        for _ in range(count):
            self.at += 1.0
            line = chain.line(len(self.lines) + 1, self.at, "synced", 1, len(self.lines) * 1.5, kind, data)
            self.lines.append(line)
            self.h.append(chain.next_hash(self.h[-1], line))

    def drop(self, first: int, last: int) -> None:
        """The journal was full: these are gone, a gap line stands for them."""
        self.lines[first - 1 : last] = [b""] * (last - first + 1)
        self.lines[first - 1] = chain.gap_line(first, last, self.h[last].hex())

    def header(self, first: int, last: int) -> Header:
        self.numbers += 1
        name = f"{self.epoch}-{self.numbers}"
        return Header(self.name, self.epoch, name, first, last, self.h[first - 1].hex(), self.h[last].hex())

    def batch(self, first: int = 1, last: int | None = None, **changed: Any) -> InboundMessage:
        """Facts `first` to `last` (all by default), signed; `changed` are fields of the header, before signing."""
        last = len(self.lines) if last is None else last
        header = replace(self.header(first, last), **changed)
        lines = [line for line in self.lines[first - 1 : last] if line]
        return self.message("facts", chain.build_batch(self.key, SITE, header, lines))

    def batches(self, size: int = 100) -> list[InboundMessage]:
        last = len(self.lines)
        return [self.batch(first, min(first + size - 1, last)) for first in range(1, last + 1, size)]

    def nothing(self) -> InboundMessage:
        """An empty batch: all there is was sent, please confirm."""
        return self.batch(len(self.lines) + 1)

    def alarm(self, seq: int, line: bytes | None = None) -> InboundMessage:
        line = self.lines[seq - 1] if line is None else line
        return self.message("alarm", chain.build_alarm(self.key, SITE, self.name, self.epoch, seq, line))

    def status(self, **changed: Any) -> InboundMessage:
        """That all is well, but for the fields `changed`."""
        return self.message("status", dumps(codec.write(replace(HEALTHY, unit=self.name, **changed))))

    def reply(self, reply: Reply) -> InboundMessage:
        return self.message("reply", build_reply(self.key, SITE, self.name, reply))

    def message(self, leaf: str, payload: bytes) -> InboundMessage:
        return InboundMessage(topics.up(SITE, self.name, leaf), payload)
