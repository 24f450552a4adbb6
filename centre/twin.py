"""One `serve` of a site at the broker, for books that are a file: whoever comes later, or comes back late, stops before it takes anything.

The broker has one place for the login `centre`, and who connects pushes off who is there, untold. So nobody connects before it has
looked, by another login, whether the place is another's: what is retained on the centre's topic says who came last (a session, new
at each start) and, by its will, whether that one is gone. Whoever holds the place answers a call on a topic that only the centre's
logins have. Two that looked at the same moment: what is retained is looked at again in the place, and who finds another's
session there goes away unheard. No clock but this machine's own running time counts.
"""

from __future__ import annotations

import random
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated

from centre.alarms import TWIN, Alarms, RaisedAlarm
from centre.books import Books
from centre.errors import CentreError
from centre.link import KEEPALIVE_S, Arrived, Link, LinkDown, NotYetError, Will
from centre.words import _
from contract import codec
from contract.bounds import Length
from contract.frozen import frozen
from contract.plain import Presence, Session, build_presence, parse_presence
from contract.refusal import Refusal, parsed
from contract.strict_json import dumps
from contract.topics import PREFIX, centre

MARK_S = 5.0
"""Our own call comes back behind all that is retained; where a broker does not let it through, nothing more is waited for."""
CALL_S = 2.0
"""Between calls to one that is announced and does not answer."""
GONE_S = 1.5 * KEEPALIVE_S + 10.0
"""Within this a broker has found out that a connection is dead. Who is announced for longer and never answers is not there."""
AWAY_S = (5.0, 8.0)
"""Two came at the same moment: the second waits so long, and the first is back in its place by then."""


@frozen
class Call:
    """To whoever holds the place, and its answer."""

    session: Session
    mark: Session
    """New in each."""
    holds: bool
    host: Annotated[str, Length(0, 255)]


def call_topic(site: str) -> str:
    """Below `down/`, where none but the centre's logins may write, and at no level that a unit reads."""
    return f"{PREFIX}/{site}/down/centre/{site}/call"


class Place:
    """`enter` and `await_held` are for the threads of the two links, which may connect when they return; the rest is for the one of `serve`.

    `look`: a connection with a login that is not `serve`'s, subscribed to the topics it is given. `alone`: False where several
    serve the same books, and nobody is asked.
    """

    def __init__(
        self,
        site: str,
        look: Callable[[list[str]], AbstractContextManager[Link]],
        wake: Callable[[], None],
        *,
        alone: bool,
    ) -> None:
        self.session = secrets.token_hex(8)
        self.why_not: str | None = None
        """Set when this one has to stop."""
        self.lines: list[str] = []
        """For the operator."""
        self.since_utc = time.time()
        """Of the connection, in what is told of it."""
        self._presence, self._calls = centre(site), call_topic(site)
        self.topics = [self._presence, self._calls] if alone else []
        """To be subscribed to at the place, without acknowledgements: they pass what waits there, and none of them waits."""
        self._look, self._wake, self._alone = look, wake, alone
        self._host = socket.gethostname()[:255]
        self._closed = threading.Event()
        self._held = threading.Event()
        self.was_ours = False
        """At least once: before that, this one has nothing to say in the books either."""
        self._pushed = False
        self._found: str | None = None
        self._there: Presence | None = None
        self._mark = ""
        self._arrived_mono: float | None = None
        self._marked = False
        self._others: list[Call] = []
        self._told = ""
        self._missed = ""
        self._announced: int | None = None
        self._told_mono = 0.0

    @property
    def good_bye(self) -> Will:
        return Will(self._presence, build_presence(False, self.since_utc, self.session))

    @property
    def here(self) -> bytes:
        """What is retained while it is."""
        return build_presence(True, self.since_utc, self.session)

    # --- before a connection

    def enter(self) -> None:
        """Returns when no other holds the place. Raises NotYetError."""
        if not self._alone:
            return
        if self._pushed:
            self._pushed = self._closed.wait(random.uniform(*AWAY_S))  # noqa: S311
        try:
            with self._look(self.topics) as link:
                self._seek(link)
        except CentreError as error:
            raise NotYetError(str(error)) from None

    def _seek(self, link: Link) -> None:
        """Raises CentreError where the connection ends, NotYetError where the place is another's."""
        begun = called = time.monotonic()
        mark, marked, said = self._call(link, holds=False), False, False
        there: Presence | None = None
        while not self._closed.is_set():
            for event in link.take(0.1):
                if isinstance(event, LinkDown):
                    raise CentreError(event.reason)
                if not isinstance(event, Arrived):
                    continue
                link.ack(event)
                if event.message.topic == self._presence:
                    there = _presence(event.message.payload)
                elif (call := _call_of(event.message.payload)) is not None:
                    marked = marked or call.mark == mark
                    if call.holds and call.session != self.session:
                        self._stop(_("it answers from {host}").format(host=call.host or _("a machine without a name")))
            now = time.monotonic()
            if not marked and now - begun < MARK_S:
                continue
            if there is None or not there.online or there.session == self.session or now - begun >= GONE_S:
                self._found = None if there is None else there.session
                return
            if self.was_ours:
                self._stop(_("it took the place while this one was away"))
            if now - called < CALL_S:
                continue
            called = now
            self._call(link, holds=False)
            if not said:
                said = True
                left = GONE_S - (now - begun)
                line = _("another `serve` is announced at the broker and does not answer: {seconds} s for it")
                self.lines.append(line.format(seconds=round(left)))
                self._wake()
        raise NotYetError

    def _stop(self, how: str) -> None:
        why = _("another `serve` of this site is at the broker, {how}: this one stops, and took nothing from it")
        self.why_not = why.format(how=how)
        self._wake()
        raise NotYetError

    def await_held(self) -> None:
        """Returns when the place is ours. Raises NotYetError where it ends first."""
        self._held.wait()
        if self._closed.is_set():
            raise NotYetError

    def close(self) -> None:
        """Nobody waits any longer, for any thread."""
        self._closed.set()
        self._held.set()

    # --- in the place

    def arrived(self, link: Link) -> None:
        """Connected: what is retained now comes ahead of the mark."""
        self._there, self._marked, self._arrived_mono = None, False, time.monotonic()
        if self._alone:
            self._mark = self._call(link, holds=False)

    def heard(self, link: Link, arrived: Arrived) -> bool:
        """Whether this was for us, and for nobody else."""
        if arrived.message.topic not in self.topics:
            return False
        if arrived.message.topic == self._presence:
            self._there = _presence(arrived.message.payload)
        elif (call := _call_of(arrived.message.payload)) is not None:
            self._marked = self._marked or call.mark == self._mark
            if self._held.is_set() and call.session != self.session and not call.holds:
                self._call(link, holds=True)
                self._others.append(call)
        return True

    def announce(self, link: Link) -> None:
        """Once a connection, where nobody came in between: nothing is taken before the broker has it, so whoever comes later finds it.
        Goes away where somebody did.
        """
        if self._announced is not None and time.monotonic() - self._told_mono >= MARK_S:
            self._announced = None
            link.again()  # a broker that takes nothing
        if self._arrived_mono is None:
            return
        if self._alone and not self._marked and time.monotonic() - self._arrived_mono < MARK_S:
            return
        self._arrived_mono = None
        session = None if self._there is None else self._there.session
        if self._alone and self._there is not None and session not in (self._found, self.session):
            self._pushed = True
            self.lines.append(_("another `serve` of this site came at the same moment: it is left the place"))
            link.again()
            return
        self._missed = session or "" if self.was_ours and session != self.session else ""
        self.since_utc, self._told_mono = time.time(), time.monotonic()
        self._announced = link.publish(self._presence, self.here, retain=True)

    def holds(self, link: Link, mid: int) -> bool:
        """The broker has a message: whether it was our presence, and the place is ours from now on."""
        if link.urgent or mid != self._announced:
            return False
        self._announced = None
        self.was_ours = True
        self._held.set()
        return True

    def lost(self) -> None:
        """The connection ended."""
        self._arrived_mono = self._announced = None
        if not self._closed.is_set():
            self._held.clear()

    def alarms(self, books: Books, now: float) -> list[RaisedAlarm]:
        """Of others that were here or wanted to, new in the books. Raises the database's errors, and is told again then."""
        details = {
            other.session: f"another `serve` of this site was started on {other.host or 'a machine without a name'}: "
            "a copy of this folder? It was told to stop"
            for other in self._others
            if other.session != self._told
        }
        if self._missed:
            details[self._missed] = "another `serve` of this site was at the broker while this one was away"
        if not details:
            self._others = []
            return []
        with books.writing() as conn:
            alarms = Alarms(conn)
            counted = [each for each in details.values() if not alarms.raise_own(conn, "", TWIN, "", 0, each, now)]
            alarms.flush(conn)
        if self._others:
            self._told = self._others[-1].session
        self._others, self._missed = [], ""
        self.lines += counted
        return alarms.raised

    def _call(self, link: Link, *, holds: bool) -> str:
        mark = secrets.token_hex(8)
        link.publish(self._calls, dumps(codec.write(Call(self.session, mark, holds, self._host))), retain=False)
        return mark


def _presence(payload: bytes) -> Presence | None:
    found = parse_presence(payload)
    return None if isinstance(found, Refusal) else found


def _call_of(payload: bytes) -> Call | None:
    found = parsed(Call, payload)
    return None if isinstance(found, Refusal) else found
