"""`serve`: takes what the units send, confirms what is committed, keeps the broker's retained state as the books say.

One thread decides and writes; paho's only fill the queue. Two connections: what must not wait comes by one of its own, so that it
stands behind no backlog at the broker, and is taken and committed first. Ends on `stop`, or with an error of ours.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from sqlalchemy.exc import DataError, InterfaceError, InternalError

from centre import acknowledgements, polls, publisher, shown, state
from centre.alarm_hook import AlarmHook
from centre.alarms import RaisedAlarm
from centre.answers import Answer, Answers
from centre.backlog import Backlog
from centre.books import Books, OperationalError, changes, one_line
from centre.broker_watch import BrokerWatch
from centre.checker import Checker
from centre.current_keys import CurrentKeys
from centre.daily_checkpoint import DailyCheckpoint
from centre.erasures import Erasures
from centre.errors import TWIN, CentreError
from centre.folder import Folder, ServeLogins, Site
from centre.handover import Handover
from centre.intake import InboundMessage, Intake, IntakeOutcome
from centre.keys import CentreKeys
from centre.link import Arrived, Event, EventQueue, Link, LinkDown, LinkUp, Sent
from centre.metrics import Serving
from centre.outbox import Outbox
from centre.questions import Questions
from centre.read_back import ReadBack
from centre.roller import Roller
from centre.serve_links import everything, mark_topic, serve_links
from centre.share import Share
from centre.standing import Standing
from centre.twin import Place
from centre.words import _
from contract.messages import Kind
from contract.plain import Presence, parse_presence
from contract.topics import centre, down

TURN_S = 0.25
"""How often the books are looked at for what a command changed."""
TIDY_S = 30.0
"""How often ended notices are cleared from the broker."""
STRAYS_S = 3.0
"""After a connection everything is read for so long: what is retained where nothing belongs comes at once, or never."""
MENDING_S = 1.0
"""Between attempts to write while the books can't be written."""
PECULIAR = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, DataError)
"""What a fault of ours in reading one message would raise: that one is set aside, the rest goes on."""
AWAY = (OperationalError, InterfaceError, InternalError)
"""What the books raise that are full, locked, gone, starting, or for the moment read-only: it is tried again."""

Say = Callable[[str], None]


class Service:
    """`say` takes lines for the operator, with nothing in them that a terminal obeys; `hook` is stopped here. `run` returns after `stop`."""

    def __init__(
        self,
        folder: Folder,
        site: Site,
        keys: CentreKeys,
        books: Books,
        say: Say,
        hook: AlarmHook | None = None,
        name: str | None = None,
    ) -> None:
        """`name`: of several that share the books at PostgreSQL; None: the first, or the only one."""
        logins = ServeLogins.of(name)
        self._site = site.site
        self._books = books
        self._say_raw = say
        self._current = CurrentKeys(folder, site, keys, books, owns=name is None)
        self._share = Share(books, site.site, name)
        self._intake = Intake(books, site.site, time.time, self._share.leases)
        self._read_back = ReadBack(folder, site, books, logins.desks)
        self._checkpoint = DailyCheckpoint(books)
        self._events = EventQueue()
        self._handover = Handover(hook, books, site.site, self._events.wake)
        look = partial(publisher.connected, folder, site, keys, desks=logins.desks)
        self._place = Place(site.site, look, self._events.wake, alone=not self._share.may_be_others)
        self._early: list[tuple[Link, Arrived]] = []
        self._presence = centre(site.site)
        self._watch = BrokerWatch(folder, site.site, books)
        several = self._share.may_be_others
        self._link, self._urgent = serve_links(folder, site, keys, logins, self._events, self._place, several=several)
        self._backlog = Backlog(Checker(self._site, self._events.wake), self._intake.expect)
        self._share.watch(
            {self._link: mark_topic(self._site, logins.main), self._urgent: mark_topic(self._site, logins.urgent)}
        )
        self._up = False
        self._down_because = self._urgent_down_because = ""
        self._looking_mono: float | None = None
        self._stopping = self._troubled = False
        self._changes = -1
        self._looked_mono = self._tidied_mono = float("-inf")
        self._outbox = Outbox(books)
        self._standing = Standing(books, self._read_back, self._outbox, self._share)
        self._questions = Questions(self._site, books)
        self._answers = Answers()
        self._erasures = Erasures(self._site, books)
        self._roller = Roller(folder, site, books)
        self._arrived: deque[tuple[Link, Arrived]] = deque()
        self._held_urgent: list[Arrived] = []
        self._held: list[Arrived] = []

    def _say(self, line: str) -> None:
        self._say_raw(shown.plain(line))

    def stop(self) -> None:
        """For any thread, and for signals."""
        self._stopping = True
        self._events.wake()

    def serving(self) -> Serving:
        """For any thread."""
        up = [self._share.is_up(link) for link in (self._link, self._urgent)]
        return Serving(self._site, up[0] and self._up, up[1], not self._troubled, self._share.leads)

    def run(self) -> None:
        self._share.enter(lambda: self._stopping)
        self._link.start()
        self._urgent.start()
        try:
            while not self._stopping:
                self._turn()
        finally:
            self._place.close()
            self._backlog.close()
            self._urgent.stop()
            if self._up:
                self._answers.send(self._confirm, lambda: False)
            if self._up and self._looking_mono is not None:
                self._link.unsubscribe(everything(self._site))
            self._end()

    def _end(self) -> None:
        self._handover.stop()
        with suppress(*AWAY):
            self._handover.mark(self._say)
        self._link.stop(self._place.good_bye if self._share.leave() and self._up else None)

    def _turn(self) -> None:
        wait_s = MENDING_S if self._troubled else 0.0 if self._backlog.ready or self._answers else TURN_S
        events = self._events.take(wait_s, rest=not self._backlog.full)
        if self._place.why_not is not None:
            raise CentreError(self._place.why_not, TWIN)
        for link, event in events:
            self._heard(link, event)
        self._place.announce(self._link)
        try:
            self._settle()
            self._handover.begin()
            self._sort()
            self._take()
            if self._up:
                self._standing.look(self._say, self._current.keys)
            self._look()
            self._outbox.note_sent()
            self._handover.mark(self._say)
            self._handover.offer(leads=self._share.leads)
            self._tend()
        except AWAY as error:
            if not self._troubled:
                line = _("books: cannot be written, nothing is confirmed meanwhile: {error}")
                self._say(line.format(error=one_line(error)))
            self._troubled = True
        else:
            if self._troubled:
                self._say(_("books: can be written again"))
            self._troubled = False
        self._answer()
        if not self._share.leads:  # what another publishes by now may be newer
            self._outbox.lost()
            self._standing.all_due()
        elif self._up:
            self._outbox.send(self._link)

    def _heard(self, link: Link, event: Event) -> None:
        match event:
            case LinkUp() if not link.urgent:
                self._share.up(link)
                self._place.arrived(link)
            case LinkUp():
                self._share.up(link)
                if self._urgent_down_because:
                    self._say(_("connected again for alarms, replies and statuses"))
                self._urgent_down_because = ""
            case LinkDown(reason) if not link.urgent:
                self._share.down(link)
                self._lost(reason)
            case LinkDown(reason):
                self._share.down(link)
                if reason != self._urgent_down_because:
                    self._say(_("not connected for alarms, replies and statuses: {reason}").format(reason=reason))
                self._urgent_down_because = reason
            case Arrived() if self._place.heard(link, event):
                pass
            case Arrived() if event.message.topic == self._presence:
                link.ack(event)
                self._contradict(event.message.payload)
            case Arrived() if not self._up:
                self._early.append((link, event))
            case Arrived():
                self._arrived.append((link, event))
            case Sent(mid) if self._place.holds(link, mid):
                self._connected()
            case Sent(mid) if not link.urgent:
                self._outbox.acknowledged(mid)

    def _tend(self) -> None:
        """The second process, idle; others in our place; the broker: what it keeps that nobody should have left there, what it lost, how long its certificate holds."""
        self._backlog.tend()
        self._alarm(self._place.alarms(self._books, time.time()) + self._roller.alarms())
        if self._up:
            for topic in self._watch.strays(time.time()) if self._share.leads else ():
                self._link.publish(topic, b"", retain=True)
            raised, self._watch.raised = self._watch.raised, []
            self._alarm(raised)
            if self._looking_mono is not None and time.monotonic() - self._looking_mono >= STRAYS_S:
                self._link.unsubscribe(everything(self._site))
                self._looking_mono = None
                self._watch.leave_strays()
        told, self._place.lines = self._place.lines, []
        for line in (*told, *self._roller.lines(), *self._watch.lines()):
            self._say(line)

    # --- the connections

    def _connected(self) -> None:
        """And the place is ours."""
        self._up = True
        self._down_because = ""
        self._standing.all_due()
        self._outbox.lost()
        with suppress(*AWAY):  # then it is done, and said, once they are back
            self._settle()
            self._standing.look(self._say, self._current.keys)
        self._say(_("connected"))
        self._watch.connected()
        self._looking_mono = time.monotonic()
        early, self._early = self._early, []
        for link, event in early:
            self._heard(link, event)

    def _contradict(self, payload: bytes) -> None:
        """Another `serve` died, and its will says that nobody is there."""
        said = parse_presence(payload)
        if self._up and not self._stopping and isinstance(said, Presence) and not said.online:
            self._link.publish(self._presence, self._place.here, retain=True)

    def _lost(self, reason: str) -> None:
        if self._up or reason != self._down_because:
            self._say(_("not connected: {reason}").format(reason=reason))
        self._up, self._down_because = False, reason
        self._place.lost()
        self._answers.forget()
        self._early = [each for each in self._early if each[0].urgent]  # what is not acknowledged comes again
        self._outbox.lost()

    # --- what came

    def _settle(self) -> None:
        """Which units' messages are ours to take, of several `serve`; what came of those that are now."""
        if self._share.settle(self._say, at_once=self._troubled):
            self._intake.forget()
            self._held_urgent[:0] = self._share.late(self._urgent)
            self._held[:0] = self._share.late(self._link)

    def _sort(self) -> None:
        while self._arrived:
            link, event = self._arrived[0]
            if self._share.passes_over(link, event.message) or self._watch.takes(
                event.message, retained=event.retained
            ):
                link.ack(event)
            else:
                (self._held_urgent if link.urgent else self._held).append(event)
            self._arrived.popleft()
        self._share.sort(self._urgent, self._held_urgent)
        self._share.sort(self._link, self._held)

    def _take(self) -> None:
        """Each group in a transaction of its own, what is urgent first."""
        if self._held_urgent:
            self._take_group(self._urgent, self._held_urgent)
            self._held_urgent = []
        if self._held:
            self._backlog.add(self._held)
            self._held = []
        if self._backlog.ready:
            group = self._backlog.first()
            self._share.sort(self._link, group)  # leases may have gone elsewhere while it waited
            self._take_group(self._link, group)
            self._backlog.done()

    def _take_group(self, link: Link, group: list[Arrived]) -> None:
        """Raises the database's errors, with nothing taken."""
        if not group:
            return
        try:
            outcomes = [self._intake.take([event.message for event in group])]
        except PECULIAR:
            outcomes = [self._apart(event.message) for event in group]
        for outcome in outcomes:
            self._tell(outcome)
        for event in group:
            link.ack(event)

    def _apart(self, message: InboundMessage) -> IntakeOutcome:
        """One message of a group that could not be read; its bytes are not shown, they may hold anything."""
        try:
            return self._intake.take([message])
        except PECULIAR as error:
            line = _("set aside a message on {topic}: {error}").format(topic=message.topic, error=type(error).__name__)
            return IntakeOutcome(lines=[line], refused=1)

    def _tell(self, outcome: IntakeOutcome) -> None:
        """What was committed may be said: to the units, to the operator."""
        for line in outcome.lines:
            self._say(line)
        self._alarm(outcome.alarms)
        if outcome.moved:
            self._current.heard()
        if not self._up:
            return
        self._answers.add(outcome.answers)
        count = self._standing.lacking(outcome.stale)
        if count:
            line = _("published again for {scopes} scopes: a unit lacks some of its state")
            self._say(line.format(scopes=count))
        self._questions.add(outcome.ask)

    def _answer(self) -> None:
        """Unless there is more to take."""
        if self._up:
            busy = partial(self._events.waits, rest=not self._backlog.full)
            self._answers.send(self._confirm, lambda: self._backlog.ready or busy())

    def _confirm(self, answer: Answer) -> None:
        confirm = self._intake.confirm(answer)
        topic = down(self._site, confirm.scope, Kind.CONFIRM)
        self._link.publish(topic, self._current.signer.sign(Kind.CONFIRM, confirm), retain=False)

    def _alarm(self, raised: list[RaisedAlarm]) -> None:
        for line in acknowledgements.told(raised):
            self._say(line)
        if raised:
            self._handover.look_now()

    # --- what is to go out

    def _look(self) -> None:
        """Ended notices, and what commands committed and could not publish themselves."""
        self._questions.send(self._link if self._up else None, self._current.signer)
        now = time.monotonic()
        if now - self._looked_mono < TURN_S or not self._place.was_ours:
            return
        if self._up and not self._read_back.done and self._share.leads:
            return
        self._looked_mono = now
        if self._share.leads:
            self._tidy(now)
            if self._up:
                self._erasures.look(self._link, self._current.signer)
                self._roller.look(self._current.signer)
            for line in self._checkpoint.look():
                self._say(line)
        if self._share.leases.others:
            self._current.heard()  # by one of them, perhaps
        self._current.follow(self._say)
        with self._books.reading() as conn:
            number = changes(conn)
            if number == self._changes or not self._up or not self._share.leads:
                return
            fresh = state.unsent(conn)
        self._changes = number
        self._outbox.add_new(fresh)

    def _tidy(self, now: float) -> None:
        if now - self._tidied_mono < TIDY_S:
            return
        with self._books.reading() as conn:
            ended = state.has_ended(conn, time.time()) or polls.ending(conn, time.time())
        if ended:
            with self._books.changing() as conn:
                polls.keep_ends(conn, self._site, time.time())
                state.clear_ended(conn, time.time())
                state.forget_cleared_parts(conn, time.time())
        self._tidied_mono = now
