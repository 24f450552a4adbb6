"""A unit of the fleet that turned on the centre: it has a key and a login, and sends what no honest unit sends."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import count

from contract.chain import Header, build_alarm, build_batch, chain_start, line, next_hash
from contract.facts import AccessGranted, DoorForced, Fact, Via
from contract.facts.declaration import data_of, kind_of
from contract.topics import LEAVES
from simulator.fleet.fleet_unit import FleetUnit
from simulator.fleet.memory_journal import BOOT


class Mischief(StrEnum):
    """What it sends."""

    GARBAGE = "garbage"
    """Random bytes on each of its topics."""
    FORKS = "forks"
    """Validly signed batches that tell its first facts otherwise, each time another way."""
    EPOCHS = "epochs"
    """Validly signed batches of one fact, each of a new epoch."""
    ALARMS = "alarms"
    """Validly signed alarms that no fact follows."""


def letters(unit: FleetUnit, mischief: Mischief, dice: random.Random) -> Iterator[tuple[str, bytes]]:
    """Leaf and payload, without end."""
    for n in count(1):
        match mischief:
            case Mischief.GARBAGE:
                yield LEAVES[n % len(LEAVES)], dice.randbytes(dice.randrange(1, 2000))
            case Mischief.FORKS:
                yield "facts", _told(unit, unit.journal.epoch, f"f{n}", 1)
            case Mischief.EPOCHS:
                yield "facts", _told(unit, secrets.token_hex(8), f"e{n}", 1)
            case Mischief.ALARMS:
                seq = unit.journal.last + n
                text = _line(seq, DoorForced("main"))
                yield "alarm", build_alarm(unit.key, unit.site, unit.name, unit.journal.epoch, seq, text)


def _told(unit: FleetUnit, epoch: str, by: str, seq: int) -> bytes:
    """A batch of one fact at the beginning of an epoch."""
    text = _line(seq, AccessGranted("main", by, Via.CARD))
    start = chain_start(unit.site, unit.name, epoch)
    header = Header(unit.name, epoch, secrets.token_hex(6), seq, seq, start.hex(), next_hash(start, text).hex())
    return build_batch(unit.key, unit.site, header, [text])


def _line(seq: int, fact: Fact) -> bytes:
    return line(seq, time.time(), "synced", BOOT, 1.0, kind_of(fact), data_of(fact))


class Flood:
    """So many letters a second out of `unit`, until `stop`. `later`: the fleet's."""

    def __init__(
        self,
        unit: FleetUnit,
        mischief: Mischief,
        a_second: float,
        later: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self.sent = 0
        self._unit, self._a_second, self._later = unit, a_second, later
        self._letters = letters(unit, mischief, random.Random(1))
        self._began = time.monotonic()
        self._stopped = False
        self._send()

    def stop(self) -> None:
        self._stopped = True

    def _send(self) -> None:
        if self._stopped:
            return
        due = int((time.monotonic() - self._began) * self._a_second) + 1
        for _ in range(due - self.sent):
            leaf, payload = next(self._letters)
            self._unit.send(leaf, payload)
            self.sent += 1
        self._later(min(0.1, 1 / self._a_second), self._send)
