"""What `serve` sees of its broker beside messages: what it dropped, what is retained where nothing belongs, when its certificate ends.

Owns no connection: it is handed what came, and says what is to be cleared and told.
"""

from __future__ import annotations

import time
from collections import Counter

from centre import broker_files, certificates, units
from centre.alarms import STRAY, Alarms, RaisedAlarm
from centre.books import Books
from centre.broker import DROPPED
from centre.certificates import RENEW_DAYS
from centre.folder import Folder
from centre.intake import InboundMessage
from centre.words import _
from contract.topics import parse_up, valid_id

LOOK_S = 86_400.0
"""Between two looks at the certificate."""
READ_S = 1.0
"""The register is read again at most so often."""
RETAINED_LEAF = "status"
"""The only one a unit may leave retained."""


class BrokerWatch:
    """For the one thread of `serve`."""

    def __init__(self, folder: Folder, site: str, books: Books) -> None:
        self._folder = folder
        self._site = site
        self._books = books
        self._ours: frozenset[str] = frozenset()
        self._read_mono = float("-inf")
        self._dropped: int | None = None
        self._strays: list[str] = []
        self._cleared: set[str] = set()
        self._lines: list[str] = []
        self.raised: list[RaisedAlarm] = []
        """New alarms, in the books now; for whoever tells of them to take."""
        self._looked_mono = float("-inf")

    def connected(self) -> None:
        """All that is retained comes now: what an earlier connection had cleared, too, where it was not."""
        self._strays = []
        self._cleared = set()

    def takes(self, message: InboundMessage, *, retained: bool) -> bool:
        """Whether this is not for the books: the broker's own figure, or a stray and the echo of its clearing."""
        if message.topic == DROPPED:
            self._count(message.payload)
            return True
        if message.topic in self._cleared and (retained or not message.payload):
            return True  # what was there, by another subscription, or the echo of its clearing
        up = parse_up(message.topic)
        if not retained or (up is not None and up.leaf == RETAINED_LEAF and self._is_ours(up.unit)):
            return False
        if message.topic not in self._strays:  # it comes by each subscription that covers it
            self._strays.append(message.topic)
        return True

    def _is_ours(self, unit: str) -> bool:
        """By the register, read again where it does not know the unit: it may have been added since."""
        now = time.monotonic()
        if unit not in self._ours and now - self._read_mono >= READ_S:
            with self._books.reading() as conn:
                self._ours = frozenset(each.unit for each in units.listed(conn, self._site) if not each.revoked)
            self._read_mono = now
        return unit in self._ours

    def leave_strays(self) -> None:
        """Another `serve` clears them."""
        self._strays = []

    def strays(self, now: float) -> list[str]:
        """Topics to be cleared at the broker; told, and alarmed where they are a unit's of ours. Raises the database's errors."""
        if not self._strays:
            return []
        found = sorted(Counter(map(_owner, self._strays)).items())
        with self._books.alone() as conn:
            alarms = Alarms(conn)
            for (unit, leaf), _count in found:
                if self._is_ours(unit):
                    alarms.raise_own(conn, unit, STRAY, "", 0, f"retained: {leaf}", now)
            alarms.flush(conn)
            self.raised += alarms.raised
        for (unit, leaf), count in found:
            whose = f"{unit}: " if unit in self._ours else _("of no unit: ")
            self._lines.append(
                _("{whose}cleared {count} retained where nothing belongs ({leaf})").format(
                    whose=whose, count=count, leaf=leaf
                )
            )
        fresh, self._strays = self._strays, []
        self._cleared.update(fresh)
        return fresh

    def lines(self) -> list[str]:
        """What to tell the operator, once."""
        now = time.monotonic()
        if now - self._looked_mono >= LOOK_S:
            self._looked_mono = now
            self._lines += self._endings(time.time())
        told, self._lines = self._lines, []
        return told

    def _count(self, payload: bytes) -> None:
        text = payload[:20].decode("ascii", "replace")
        if not text.isdecimal():
            return
        count = int(text)
        before = self._dropped if self._dropped is not None and self._dropped <= count else 0  # else it started anew
        self._dropped = count
        if count > before:
            more = _("{count}, {all} in all").format(count=count - before, all=count) if before else str(count)
            self._lines.append(
                _("the broker dropped messages, for a queue was full: {more}; units send again").format(more=more)
            )

    def _endings(self, now: float) -> list[str]:
        """Of the certificate in the broker's files, where they are ours to read, and of the CA."""
        site = self._folder.load()
        wanted = site.mosquitto
        looked = [(_("CA"), self._folder.ca)] if self._folder.ca.exists() else []
        if wanted is not None and (name := broker_files.certificate_of(site, wanted)[0]) is not None:
            looked.append((_("broker"), broker_files.place(self._folder, wanted) / name))
        found = []
        for whose, path in looked:
            try:
                left = certificates.days_left(certificates.in_file(path), now)
            except (OSError, ValueError):
                continue
            if left < RENEW_DAYS:
                found.append(
                    _("the {whose}'s certificate ends in {left} days: `doorward centre check` says what to do").format(
                        whose=whose, left=left
                    )
                )
        return found


def _owner(topic: str) -> tuple[str, str]:
    """The unit below whose name it is and the leaf; nothing of a topic that is none of the contract's, for anybody may have made it up."""
    up = parse_up(topic)
    if up is not None:
        return up.unit, up.leaf
    parts = topic.split("/")
    unit = parts[4] if len(parts) > 4 and valid_id(parts[4]) else ""
    return unit, "another topic"
