"""What it takes to find out what is on a serial line: each protocol's harmless question, as values. Asks nothing itself, does no I/O.

A further protocol is one `Inquiry` (or, for a reader that only sends, one `Hearing`) beside its driver and one row in inquiries.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field

from contract.frozen import frozen
from drivers.wire import Parity

SPEEDS = (9600, 115200, 19200, 38400, 57600)
"""The usual ones, the most usual first."""


@frozen
class Sighting:
    """A device that was heard. `options`: its driver's keys as far as the answer tells them, beside driver and port, ready for the
    configuration. `sure` False: another make could answer the same, or `note` names what a person has to look at.
    """

    driver: str
    detail: str
    address: int | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    sure: bool = True
    note: str = ""
    parity: Parity = "none"
    """Of the line it was heard on."""


@frozen
class Question:
    """`frame` goes out; `read` is given all that came since, again with each portion: a Sighting, a further Question (whose answer
    is awaited in its turn), or None while it is no answer. Must change nothing at the device: reads only.

    `answer_bytes`: length of the longest answer. `think_s`: the longest time the device and its adapter may think.
    `silence`: what no answer in time means.
    """

    frame: bytes
    answer_bytes: int
    think_s: float
    read: Callable[[bytes], Sighting | Question | None]
    silence: Sighting | Question | None = None


@frozen
class Inquiry:
    """How one driver's devices are looked for. `questions(addresses)`: one for each address; a protocol without addresses ignores them.

    `shared`: several devices a line, so all addresses are asked even when one answered. `parity`: none or even.
    """

    driver: str
    questions: Callable[[Sequence[int]], Iterable[Question]]
    addresses: Sequence[int] = ()
    speeds: Sequence[int] = SPEEDS
    shared: bool = False
    parity: Parity = "none"


@frozen
class Hearing:
    """How a reader that only sends is known by what it sends. `hear` is given what came until the line fell quiet; the number in it is
    never part of the Sighting.
    """

    driver: str
    hear: Callable[[bytes], Sighting | None]
    speeds: Sequence[int] = SPEEDS
