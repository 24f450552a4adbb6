"""`serve`: takes what the units send, confirms what is committed, keeps the broker's retained state as the books say.

One thread decides and writes; paho's only fill the queue. Two connections: what must not wait comes by one of its own, so that it
stands behind no backlog at the broker, and is taken and committed first. Ends on `stop`, or with an error of ours.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from centre import acknowledgements, commands, shown, state
from centre.alarm_hook import AlarmHook
from centre.alarms import RaisedAlarm
from centre.books import Books, OperationalError, changes
from centre.broker import figures_of
from centre.broker_watch import BrokerWatch
from centre.errors import CentreError
from centre.folder import LOGIN, URGENT, Folder, Site
from centre.intake import InboundMessage, Intake, IntakeOutcome
from centre.keys import CentreKeys, load_keys
from centre.link import WINDOW, Arrived, Event, EventQueue, Link, LinkDown, LinkUp, Login, Sent, Will
from centre.read_back import ReadBack
from centre.rotations import Rotor
from centre.signing import Signer
from centre.state import RetainedMessage
from contract.commands import Resync
from contract.messages import Confirm, Kind
from contract.plain import build_presence
from contract.scopes import Scope
from contract.topics import PREFIX, centre, down

URGENT_LEAVES = ("alarm", "receipt", "reply", "status", "revs", "enrol", "seal")
OTHER_LEAVES = ("enrol", "facts")
"""A unit's key comes by both: facts follow it in order."""
TURN_S = 0.25
"""How often the books are looked at for what a command changed."""
TIDY_S = 30.0
"""How often ended notices are cleared from the broker."""
STALE_S = 10.0
"""A scope is published again at most so often, however many units say that they lack something."""
ASK_S = 600.0
"""A unit that says it is stale is asked for its list of revisions at most so often."""
KEYS_S = 1.0
"""What units tell moves a change of keys on at most so often: with 2,000 units a look takes 0.1 s."""
STRAYS_S = 3.0
"""After a connection everything is read for so long: what is retained where nothing belongs comes at once, or never."""
MENDING_S = 1.0
"""Between attempts to write while the books can't be written."""
PECULIAR = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What a fault of ours in reading one message would raise: that one is set aside, the rest goes on."""

MAX_ALARMS = 64
"""Alarms told one by one of each group; the rest are only counted."""

Say = Callable[[str], None]


class Service:
    """`say` takes lines for the operator, with nothing in them that a terminal obeys; `hook` is stopped here. `run` returns after `stop`."""

    def __init__(
        self, folder: Folder, site: Site, keys: CentreKeys, books: Books, say: Say, hook: AlarmHook | None = None
    ) -> None:
        self._site = site.site
        self._books = books
        self._say_raw = say
        self._hook = hook
        self._handed = 0
        self._folder = folder
        self._keys = keys
        self._signer = Signer(site.site, keys)
        self._rotor = Rotor(folder, site, books)
        self._moved = True
        self._rotated = -1
        self._rotated_mono = float("-inf")
        self._trouble: list[str] = []
        self._intake = Intake(books, site.site, time.time)
        self._read_back = ReadBack(folder, site, books)
        self._since = time.time()
        self._presence = centre(site.site)
        self._watch = BrokerWatch(folder, site.site, books)
        self._make_links(folder, site, keys)
        self._urgent_down_because = ""
        self._up = False
        self._down_because = ""
        self._looking_mono: float | None = None
        self._stopping = False
        self._changes = -1
        self._looked_mono = self._tidied_mono = float("-inf")
        self._outbox: deque[RetainedMessage] = deque()
        self._flying: dict[int, RetainedMessage] = {}
        self._stale_mono: dict[str, float] = {}
        self._asked_mono: dict[str, float] = {}
        self._held_urgent: list[Arrived] = []
        self._held: list[Arrived] = []
        self._sent: list[RetainedMessage] = []
        self._troubled = False

    def _make_links(self, folder: Folder, site: Site, keys: CentreKeys) -> None:
        """One for facts and for what goes out, one for what must not wait behind them; both tell into one queue."""
        ca = folder.ca if folder.ca.exists() else None
        login = Login(site.address, LOGIN, keys.logins[LOGIN], ca)
        will = Will(self._presence, build_presence(online=False, since_utc=self._since))
        self._events = EventQueue()
        own = f"{PREFIX}/{site.site}/up"
        wanted = [f"{own}/+/{leaf}" for leaf in OTHER_LEAVES]
        self._everything = f"{own}/#"
        further = [self._everything, *figures_of(site)]
        self._link = Link(
            login,
            wanted,
            will=will,
            persistent=True,
            events=self._events,
            unsubscribe=[self._everything],
            where_allowed=further,
        )
        login = Login(site.address, URGENT, keys.logins[URGENT], ca)
        wanted = [f"{own}/+/{leaf}" for leaf in URGENT_LEAVES]
        self._urgent = Link(login, wanted, will=None, persistent=True, events=self._events, urgent=True)

    def _say(self, line: str) -> None:
        self._say_raw(shown.plain(line))

    def stop(self) -> None:
        """For any thread, and for signals."""
        self._stopping = True
        self._events.wake()

    def run(self) -> None:
        self._link.start()
        self._urgent.start()
        if self._hook is not None:
            with self._books.writing() as conn:
                self._hook.offer(acknowledgements.not_handed(conn))
        try:
            while not self._stopping:
                self._turn()
        finally:
            self._urgent.stop()
            if self._up and self._looking_mono is not None:
                self._link.unsubscribe(self._everything)
            if self._hook is not None:
                self._hook.stop()
                with suppress(OperationalError):
                    self._note_handed(self._hook)
            self._link.stop(Will(self._presence, build_presence(online=False, since_utc=self._since)))

    def _turn(self) -> None:
        for link, event in self._events.take(MENDING_S if self._troubled else TURN_S):
            self._heard(link, event)
        try:
            self._take()
            self._look()
            self._note_sent()
            if self._hook is not None:
                self._note_handed(self._hook)
            self._tend()
        except OperationalError as error:
            if not self._troubled:
                self._say(f"books: cannot be written, nothing is confirmed meanwhile: {error.orig}")
            self._troubled = True
        else:
            if self._troubled:
                self._say("books: can be written again")
            self._troubled = False
        self._send()

    def _heard(self, link: Link, event: Event) -> None:
        match event:
            case LinkUp() if not link.urgent:
                self._connected()
            case LinkUp():
                self._urgent_down_because = ""
            case LinkDown(reason) if not link.urgent:
                self._lost(reason)
            case LinkDown(reason):
                if reason != self._urgent_down_because:
                    self._say(f"not connected for alarms, replies and statuses: {reason}")
                self._urgent_down_because = reason
            case Arrived() if self._watch.takes(event.message, retained=event.retained):
                link.ack(event)
            case Arrived():
                (self._held_urgent if link.urgent else self._held).append(event)
            case Sent(mid):
                if (item := self._flying.pop(mid, None)) is not None:
                    self._sent.append(item)

    def _tend(self) -> None:
        """The broker itself: what it keeps that nobody should have left there, what it lost, how long its certificate holds."""
        if self._up:
            for topic in self._watch.strays(time.time()):
                self._link.publish(topic, b"", retain=True)
            raised, self._watch.raised = self._watch.raised, []
            self._alarm(raised)
            if self._looking_mono is not None and time.monotonic() - self._looking_mono >= STRAYS_S:
                self._link.unsubscribe(self._everything)
                self._looking_mono = None
        for line in self._watch.lines():
            self._say(line)

    # --- the connections

    def _connected(self) -> None:
        self._up = True
        self._down_because = ""
        self._since = time.time()
        for line in self._read_back.read(self._keys):
            self._say(line)
        self._say("connected")
        self._watch.connected()
        self._looking_mono = time.monotonic()
        self._link.publish(self._presence, build_presence(online=True, since_utc=self._since), retain=True)
        self._publish_all()

    def _publish_all(self) -> None:
        """All desired state, unless it may be older than what the broker retains."""
        with self._books.reading() as conn:
            items = state.retained(conn, self._since)
        self._outbox, self._flying = deque(filter(self._read_back.may_publish, items)), {}

    def _lost(self, reason: str) -> None:
        if self._up or reason != self._down_because:
            self._say(f"not connected: {reason}")
        self._up, self._down_because = False, reason
        self._outbox, self._flying = deque(), {}

    # --- what came

    def _take(self) -> None:
        """Each group in a transaction of its own, what is urgent first."""
        for link, held in ((self._urgent, self._held_urgent), (self._link, self._held)):
            if not held:
                continue
            try:
                outcomes = [self._intake.take([event.message for event in held])]
            except PECULIAR:
                outcomes = [self._apart(event.message) for event in held]
            taken = held.copy()
            held.clear()
            for outcome in outcomes:
                self._tell(outcome)
            for event in taken:
                link.ack(event)

    def _apart(self, message: InboundMessage) -> IntakeOutcome:
        """One message of a group that could not be read; its bytes are not shown, they may hold anything."""
        try:
            return self._intake.take([message])
        except PECULIAR as error:
            return IntakeOutcome(lines=[f"set aside a message on {message.topic}: {type(error).__name__}"], refused=1)

    def _tell(self, outcome: IntakeOutcome) -> None:
        """What was committed may be said: to the units, to the operator."""
        for line in outcome.lines:
            self._say(line)
        self._alarm(outcome.alarms)
        self._moved = self._moved or outcome.moved
        if not self._up:
            return
        for confirm in outcome.confirms:
            self._confirm(confirm)
        now = time.monotonic()
        scopes = {str(scope) for scope in outcome.stale if self._may_repeat(scope, now)}
        if scopes:
            self._say(f"published again for {len(scopes)} scopes: a unit lacks some of its state")
            with self._books.reading() as conn:
                again = [item for item in state.retained(conn, time.time()) if item.scope in scopes]
            self._outbox.extend(again)
        self._ask(sorted(outcome.ask), now)

    def _alarm(self, raised: list[RaisedAlarm]) -> None:
        for alarm in raised[:MAX_ALARMS]:
            self._say(f"{alarm.unit}: ALARM {alarm.id} {alarm.kind} {acknowledgements.words(alarm)}".rstrip())
        if len(raised) > MAX_ALARMS:
            self._say(f"and {len(raised) - MAX_ALARMS} more alarms: see `alarms list`")
        if self._hook is not None:
            self._hook.offer(raised)

    def _note_handed(self, hook: AlarmHook) -> None:
        for line in hook.lines():
            self._say(line)
        if hook.handed > self._handed:
            handed = hook.handed
            with self._books.writing() as conn:
                acknowledgements.note_handed(conn, handed)
            self._handed = handed

    def _ask(self, units: list[str], now: float) -> None:
        """Units that differ are asked for their lists, signed: what they say is told by the intake."""
        due = [unit for unit in units if now - self._asked_mono.get(unit, float("-inf")) >= ASK_S]
        if not due:
            return
        utc = time.time()
        make, why = commands.make, "its state differs"
        orders = [make(self._site, unit, Resync(), "serve", why, commands.VALID_S, utc) for unit in due]
        with self._books.writing() as conn:
            for command in orders:
                commands.record(conn, command)
        for command in orders:
            self._asked_mono[command.unit] = now
            topic = down(self._site, command.scope, Kind.COMMAND)
            self._link.publish(topic, self._signer.sign(Kind.COMMAND, command), retain=False)

    def _confirm(self, confirm: Confirm) -> None:
        topic = down(self._site, confirm.scope, Kind.CONFIRM)
        self._link.publish(topic, self._signer.sign(Kind.CONFIRM, confirm), retain=False)

    def _may_repeat(self, scope: Scope, now: float) -> bool:
        if now - self._stale_mono.get(str(scope), float("-inf")) < STALE_S:
            return False
        self._stale_mono[str(scope)] = now
        return True

    # --- what is to go out

    def _look(self) -> None:
        """Ended notices, and what commands committed and could not publish themselves."""
        now = time.monotonic()
        if now - self._looked_mono < TURN_S:
            return
        self._looked_mono = now
        if self._up and not self._read_back.done:
            if not self._read_back.due():
                return
            for line in self._read_back.read(self._keys):
                self._say(line)
            self._publish_all()
        if now - self._tidied_mono >= TIDY_S:
            self._tidied_mono = now
            with self._books.reading() as conn:
                ended = state.has_ended(conn, time.time())
            if ended:
                with self._books.changing() as conn:
                    state.clear_ended(conn, time.time())
                    state.forget_cleared_parts(conn, time.time())
        self._rotate()
        with self._books.reading() as conn:
            number = changes(conn)
            if number == self._changes or not self._up:
                return
            fresh = state.unsent(conn)
        self._changes = number
        waiting = {(item.topic, item.token) for item in (*self._outbox, *self._flying.values())}
        self._outbox.extend(item for item in fresh if (item.topic, item.token) not in waiting)

    def _rotate(self) -> None:
        """Changes of keys are moved on by what came, and by what commands began; the signing keys are read again."""
        with self._books.reading() as conn:
            number = changes(conn)
        now = time.monotonic()
        if number == self._rotated and not (self._moved and now - self._rotated_mono >= KEYS_S):
            return
        self._rotated_mono = now
        trouble: list[str] = []
        try:
            for line in self._rotor.advance(time.time()):
                self._say(line)
            trouble = self._rotor.troubles
            keys = load_keys(self._folder)
            if keys.working != self._keys.working:
                self._keys, self._signer = keys, Signer(self._site, keys)
        except CentreError as error:
            trouble = [str(error)]
        for line in trouble:
            if line not in self._trouble:
                self._say(f"keys: {line}")
        self._rotated, self._moved, self._trouble = number, False, trouble

    def _send(self) -> None:
        while self._up and self._outbox and len(self._flying) < WINDOW:
            item = self._outbox.popleft()
            self._flying[self._link.publish(item.topic, item.token, retain=True)] = item

    def _note_sent(self) -> None:
        """Written in a transaction of their own, several at a time; told again after a crash, at worst."""
        if not self._sent or (self._outbox and len(self._sent) < WINDOW):
            return
        fresh, self._sent = self._sent, []
        with self._books.reading() as conn:
            unsent = {(item.topic, item.rev) for item in state.unsent(conn)}
        if any((item.topic, item.rev) in unsent for item in fresh):
            with self._books.writing() as conn:
                state.mark_sent(conn, fresh, time.time())
