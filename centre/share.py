"""A `serve`'s share of the units' messages, of several that each hear all: what comes of others' units is kept for a while, in case
their `serve` dies before it is in the books.

What the broker kept for one that was away was taken by the others meanwhile, and things have moved on: it is passed over, up to a mark
that each connection sends to itself. Only then this one joins, and takes a share. Who is alone takes everything.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping

from sqlalchemy.exc import SQLAlchemyError

from centre.books import Books
from centre.errors import TWIN, CentreError
from centre.intake import InboundMessage
from centre.leases import PARTITIONS, Leases
from centre.link import Arrived, Link
from centre.words import _
from contract.chain import Batch, parse_batch
from contract.topics import parse_up

LOOK_S = 0.25
"""How often it is looked at who else is there."""
KEPT_S = 15.0
"""How long messages of units that another `serve` has are kept: a lease moves within 5 s of a death."""
NAME_S = 12.0
"""How long it waits for its name: who had it before is gone by then, if it is not there (centre/engines.py: 5 s; leases.py: HUNG_S)."""
ABSENT_S = 3.0
"""Whoever has no connection to the broker for so long leaves its share to others, if there are any."""
MOST_KEPT = 20_000
MOST_BYTES = 256 * 1024 * 1024


class Share:
    """For the one thread of `serve`. With books at SQLite all is its own."""

    def __init__(self, books: Books, site: str, name: str | None = None) -> None:
        self.leases = Leases(books, site, name)
        self._nameless_mono: float | None = None
        self._passed: deque[tuple[float, Link, InboundMessage]] = deque()
        self._bytes = 0
        self._looked_mono = float("-inf")
        self._joined = self.leases.single
        self._marks: dict[Link, str] = {}
        self._words: dict[Link, bytes] = {}
        self._away: dict[Link, float] = {}
        self._drained: set[Link] = set()

    @property
    def may_be_others(self) -> bool:
        """Whether the books are such that several may share them."""
        return not self.leases.single

    @property
    def leads(self) -> bool:
        """Whether it does what one of all has to: publish desired state, move changes of keys on, hand alarms over."""
        return 0 in self.leases.held

    # --- the connections

    def watch(self, marks: Mapping[Link, str]) -> None:
        """The connections, none of which is up; a topic of each that it hears and nobody else."""
        self._marks = dict(marks)
        self._away = dict.fromkeys(marks, time.monotonic())

    def up(self, link: Link) -> None:
        """What is behind the mark is new."""
        self._away.pop(link, None)
        self._drained.discard(link)
        if self.leases.single:
            return
        self._words[link] = secrets.token_bytes(16)
        link.publish(self._marks[link], self._words[link], retain=False)

    def down(self, link: Link) -> None:
        self._away.setdefault(link, time.monotonic())

    def is_up(self, link: Link) -> bool:
        """For any thread."""
        return link not in self._away

    def passes_over(self, link: Link, message: InboundMessage) -> bool:
        """Whether it is the mark, or was kept for us while others took such messages. To be asked of each message, in order."""
        if message.topic == self._marks.get(link):
            if message.payload == self._words.get(link):
                self._drained.add(link)
            return True
        return not self._joined and link not in self._drained

    # --- the leases

    def enter(self, stopping: Callable[[], bool]) -> None:
        """Before anything connects: one of the same name would be pushed off the broker. Raises CentreError with TWIN where there is one."""
        while not stopping():
            try:
                if self._is_named(self.leases.take_name()):
                    return
            except SQLAlchemyError:
                return  # told by who connects next
            time.sleep(LOOK_S)

    def _is_named(self, named: bool) -> bool:
        """Raises CentreError where another has had the name for too long."""
        now = time.monotonic()
        if named:
            self._nameless_mono = None
        elif self._nameless_mono is None:
            self._nameless_mono = now
        elif now - self._nameless_mono > NAME_S:
            raise CentreError(
                _(
                    "another `serve` of this name works on these books: stop it, or give this one a name (`broker --serve NAME`, `serve --name NAME`)"
                ),
                TWIN,
            )
        return named

    def settle(self, say: Callable[[str], None], *, at_once: bool) -> bool:
        """Takes and gives up leases; says what changed. Returns whether some were gained: then `late` has what came of them meanwhile.

        Raises the database's errors.
        """
        now = time.monotonic()
        if now - self._looked_mono < LOOK_S and not at_once:
            return False
        self._looked_mono = now
        leases = self.leases
        if not self._stays(now):
            return False
        before = (leases.others, len(leases.held))
        gained = leases.settle()
        self._is_named(leases.named)
        if (gained or (leases.others, len(leases.held)) != before) and (before[0] or leases.others):
            say(
                _("takes {held} of {all} parts of the units; others beside it: {others}").format(
                    held=len(leases.held), all=PARTITIONS, others=leases.others
                )
            )
        return bool(gained)

    def _stays(self, now: float) -> bool:
        """Whether it takes part."""
        if self.leases.single:
            return True
        if not self._joined:
            self._joined = len(self._drained) == len(self._marks) or self.leases.count() == 0
        elif self.leases.others and any(now - since > ABSENT_S for since in self._away.values()):
            self._joined = False
            self._drained.clear()
            self.leases.close()
        return self._joined

    def leave(self) -> bool:
        """Gives up all, so that others may have it at once. Whether nobody else is there, or nobody can tell."""
        return self.leases.leave() == 0

    def late(self, link: Link) -> list[Arrived]:
        """What came by this link of units that are its own by now, oldest first; the rest is kept."""
        now, rest = time.monotonic(), deque[tuple[float, Link, InboundMessage]]()
        found = []
        for each in self._passed:
            at, by, message = each
            if by is link and self._is_ours(message):
                if now - at < KEPT_S and not _asks_only(message):
                    found.append(Arrived(message, False, 0, 0))
                self._bytes -= len(message.payload)
            else:
                rest.append(each)
        self._passed = rest
        return found

    def sort(self, link: Link, held: list[Arrived]) -> None:
        """Takes out of `held` what is of units that another `serve` has."""
        if self.leases.all_held:
            return
        now, ours = time.monotonic(), []
        for event in held:
            if self._is_ours(event.message):
                ours.append(event)
                continue
            self._passed.append((now, link, event.message))
            self._bytes += len(event.message.payload)
            link.ack(event)
        held[:] = ours
        while self._passed and (
            now - self._passed[0][0] >= KEPT_S or len(self._passed) > MOST_KEPT or self._bytes > MOST_BYTES
        ):
            self._bytes -= len(self._passed.popleft()[2].payload)

    def _is_ours(self, message: InboundMessage) -> bool:
        up = parse_up(message.topic)
        return self.leases.has(up.unit if up is not None else "")


def _asks_only(message: InboundMessage) -> bool:
    """Whether it only asks where the books stand; answered long since, and late it would say that the unit forgot what came after it."""
    batch = parse_batch(message.payload) if message.topic.endswith("/facts") else None
    return isinstance(batch, Batch) and batch.header.last < batch.header.first
