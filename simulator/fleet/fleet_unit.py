"""One unit of the fleet: what it does with what comes, and what it sends, as docs/contract.md says. No connection, no thread: both are the fleet's."""

from __future__ import annotations

import secrets
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from itertools import islice

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract import codec, topics
from contract.chain import build_alarm, build_receipt
from contract.commands import Command, Reason
from contract.enrolment import enrol_message
from contract.facts import (
    Fact,
    JournalRecovered,
    KeysApplied,
    NoticeEnded,
    NoticeReceived,
    NoticeShown,
    RosterApplied,
    SecretsApplied,
    SettingsApplied,
    StateRefused,
)
from contract.hpke import SealError
from contract.messages import Confirm, Keys, Kind, Notice, RosterPart, Secrets, Settings, StateMessage
from contract.plain import Presence, build_will, parse_presence
from contract.refusal import Refusal
from contract.scopes import Scope
from contract.sealing import open_secrets, seal_message, sealing_key
from contract.software import Software
from contract.strict_json import dumps
from contract.topics import Down
from simulator.fleet import obeying, updating
from simulator.fleet.desired import Desired, Trusted, checked, checked_once, takes_notice_key
from simulator.fleet.enlisted import Enlisted
from simulator.fleet.health import birth
from simulator.fleet.memory_journal import Cut, MemoryJournal

FLIGHT_MAX = 8
"""Batches sent and not yet confirmed, as the agent's."""
FIRST_FACTS = 50
"""Backlog on its way before the first confirm of a connection (docs/contract.md)."""
RECEIPTS_AHEAD, RECEIPTS_AHEAD_S = 4, 60.0
"""At most so many receipts go ahead of a backlog in this time."""
UNCONFIRMED_S, UNCONFIRMED_MAX_S = 30.0, 600.0
"""After so long what is unconfirmed is sent again; doubling (docs/contract.md)."""
REWIND_S = 1.0
STALE_S, ASK_STALE_S = 60.0, 300.0
"""A digest that differs for longer than the first is `stale`; such a unit asks again as often as the second says."""
SHOWN_S = 5.0
"""From a notice's coming to `notice.shown`: a page stands at least so long."""

Publish = Callable[[str, bytes, bool], None]
"""Topic's leaf, payload, retain."""


def _nothing() -> None:
    """Without a link there is nothing to read."""


_parse_down = lru_cache(maxsize=8192)(topics.parse_down)


class FleetUnit:
    """`later(seconds, what)` calls back; `postpone(unit, topic, token)` takes confirms, which the fleet hands to `confirm` when it has time."""

    def __init__(
        self,
        enlisted: Enlisted,
        later: Callable[[float, Callable[[], None]], None],
        postpone: Callable[[FleetUnit, Down, bytes], None],
    ) -> None:
        enrolment = enlisted.enrolment
        self.enlisted = enlisted
        self.site, self.name = enrolment.site, enrolment.unit
        self.login = (self.name, enrolment.password)
        self.session = secrets.token_hex(8)
        self.journal = MemoryJournal(self.site, self.name, enlisted.key, self.session)
        self.desired = Desired()
        self.refused: Counter[str] = Counter()
        """What did not hold, by reason."""
        self.shown_s = SHOWN_S
        self.software = updating.Installed(self, later)
        self.stale = self.centre_online = False
        self.seen: set[str] = set()
        """Ids of commands."""
        self.trusted = Trusted(self.site, bytes.fromhex(enrolment.root_key), enrolment.working_keys)
        self.will = (topics.up(self.site, self.name, "status"), build_will(self.session))
        self.subscriptions = topics.subscriptions(self.site, self.name, enlisted.scopes)
        self._presence = topics.centre(self.site)
        self._pending = not enlisted.pinned
        self._later, self._postpone = later, postpone
        self._publish: Publish | None = None
        self.read_again: Callable[[], None] = _nothing
        """Have the broker give all that is retained again."""
        self._since: float | None = None
        self._began = time.monotonic()
        self._retry_s = UNCONFIRMED_S
        self._window: int | None = FIRST_FACTS
        self._receipts: deque[float] = deque(maxlen=RECEIPTS_AHEAD)
        self._rewound = self._asked = float("-inf")
        self._differs_since: float | None = None
        self._alarms: list[bytes] = []
        self._seal = b""
        self._wanted_digest = ""

    # --- the link

    def connected(self, publish: Publish, resubscribe: Callable[[], None]) -> None:
        """In, and subscribed. `resubscribe`: all that is retained comes again."""
        self._publish, self.read_again = publish, resubscribe
        self.centre_online = False
        self.send_status()
        self._send_keys()
        for alarm in self._alarms:
            publish("alarm", alarm, False)
        self._alarms.clear()

    def disconnected(self) -> None:
        self._publish, self.read_again = None, _nothing
        self.centre_online = False
        self._land()

    def take(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """One message, as it came."""
        if topic == self._presence:
            self._heard_presence(payload)
            return
        down = _parse_down(topic)
        if down is None or not payload:
            return
        if down.kind in (Kind.CONFIRM, Kind.COMMAND) and retained:
            self.refused[Reason.RETAINED] += 1
        elif down.kind is Kind.CONFIRM:
            self._postpone(self, down, payload)
        elif down.kind is Kind.COMMAND:
            self._obey(checked(self.trusted, down, payload))
        else:
            message = checked_once(self.trusted, down, payload)
            if isinstance(message, StateMessage):
                self._apply(message)
            elif isinstance(message, Refusal):
                self.refused[message.reason] += 1

    def send(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        """Lost where there is no link."""
        if self._publish is not None:
            self._publish(leaf, payload, retain)

    def _heard_presence(self, payload: bytes) -> None:
        told = parse_presence(payload)
        if not isinstance(told, Presence) or (told.online, told.since_utc) == (self.centre_online, self._since):
            return
        self.centre_online, self._since = told.online, told.since_utc
        self.send_status()
        if told.online:
            self._send_keys()
            self.begin()
        else:
            self._land()

    def _send_keys(self) -> None:
        if self._pending:
            public = self.enlisted.key.public_key().public_bytes_raw()
            token = bytes.fromhex(self.enlisted.enrolment.token)
            self.send("enrol", enrol_message(self.site, self.name, public, token))
        if not self._seal:
            self._seal = seal_message(self.enlisted.key, self.site, self.name)
        self.send("seal", self._seal)

    def send_status(self) -> None:
        told = birth(self, time.time(), self._since)
        self.send("status", dumps(codec.write(told)), retain=True)

    # --- facts

    def write(self, *facts: Fact) -> None:
        """Journal them; they go out as soon as their turn comes."""
        journal = self.journal
        live = journal.uncut == 0 and self._flying() == len(journal.cuts) < FLIGHT_MAX
        for fact in facts:
            made = journal.write(fact, time.time(), self.uptime)
            if not live and isinstance(fact, NoticeReceived | NoticeShown):
                self._send_receipt(journal.last, made)
        if live and self.centre_online:
            journal.cut()
        self.pump()

    def _send_receipt(self, seq: int, made: bytes) -> None:
        """Ahead of the backlog."""
        now = time.monotonic()
        if not self.centre_online or (
            len(self._receipts) == RECEIPTS_AHEAD and now - self._receipts[0] < RECEIPTS_AHEAD_S
        ):
            return
        self._receipts.append(now)
        copy = build_receipt(self.enlisted.key, self.site, self.name, self.journal.epoch, seq, made)
        self.send("receipt", copy)

    @property
    def uptime(self) -> float:
        return round(time.monotonic() - self._began, 3)

    def alarm(self, fact: Fact) -> int:
        """Journal it, and send it ahead of the queue too. Returns its number."""
        made = self.journal.write(fact, time.time(), self.uptime)
        journal = self.journal
        message = build_alarm(self.enlisted.key, self.site, self.name, journal.epoch, journal.last, made)
        if self._publish is None:
            self._alarms.append(message)
        self.send("alarm", message)
        self.pump()
        return journal.last

    def begin(self) -> None:
        """From the first fact that is not confirmed on; with none, a confirm is asked for."""
        self._land()
        self._retry_s = UNCONFIRMED_S
        self._window = FIRST_FACTS
        self.pump()
        if not self.journal.backlog:
            self._ask()

    def pump(self, *, anyway: bool = False) -> None:
        """What may be on its way goes out. `anyway`: all of it, and with no centre to hear it: load made beforehand."""
        if self._publish is None or not (self.centre_online or anyway):
            return
        if anyway:
            self.journal.cut()
            for cut in islice(self.journal.cuts, self._flying(), None):
                self._send_cut(cut)
            return
        journal, flying = self.journal, self._flying()
        while flying < FLIGHT_MAX:
            on_way = sum(cut.last + 1 - cut.first for cut in islice(journal.cuts, flying))
            room = journal.batch_facts if self._window is None else self._window - on_way
            if flying == len(journal.cuts):
                if not journal.uncut or (flying and room < journal.batch_facts):
                    return
                journal.cut(min(max(1, room), journal.batch_facts))
            self._send_cut(journal.cuts[flying])
            flying += 1

    def _send_cut(self, cut: Cut) -> None:
        if not cut.message:
            self.journal.sign(cut)
        self.send("facts", cut.message)
        cut.message, cut.sent_mono = b"", time.monotonic()

    def prepare(self) -> None:
        """All that waits is cut into batches and signed now, so that sending it costs little."""
        self.journal.cut()
        for cut in self.journal.cuts:
            if not cut.message:
                self.journal.sign(cut)

    def _flying(self) -> int:
        count = 0
        for cut in self.journal.cuts:
            if cut.sent_mono is None:
                break
            count += 1
        return count

    def _land(self) -> None:
        for cut in self.journal.cuts:
            if cut.sent_mono is None:
                break
            cut.sent_mono = None
        self.journal.join()

    def _ask(self) -> None:
        self._asked = time.monotonic()
        self.send("facts", self.journal.nothing())

    def look(self, now: float) -> None:
        """Once a second: what was not confirmed for too long goes out again; a digest that differs for too long is told."""
        cuts = self.journal.cuts
        if cuts and (sent := cuts[0].sent_mono) is not None and now - sent >= self._retry_s:
            self._land()
            self._retry_s = min(2 * self._retry_s, UNCONFIRMED_MAX_S)
            self.pump()
        if self._differs_since is not None and self.centre_online:
            stale = now - self._differs_since >= STALE_S
            if stale is not self.stale:
                self.stale = stale
                self.send_status()
            if now - self._asked >= (ASK_STALE_S if stale else STALE_S) and not cuts:
                self._ask()

    # --- confirms

    def confirm(self, down: Down, token: bytes) -> None:
        """One that was postponed."""
        message = checked(self.trusted, down, token)
        if isinstance(message, Refusal):
            self.refused[message.reason] += 1
        elif isinstance(message, Confirm) and message.unit == self.name:
            self._confirmed(message)

    def _confirmed(self, message: Confirm) -> None:
        flight = next((cut for cut in self.journal.cuts if cut.batch == message.batch), None)
        if not self.journal.confirm(message.epoch, message.seq, message.head):
            self.journal.renew()
            self.write(JournalRecovered("new epoch: the centre has another history"))
            self.begin()
            return
        if message.batch.startswith(f"{self.session}-"):
            self._pending = False
        now = time.monotonic()
        if flight is not None and message.seq + 1 < flight.first and now - self._rewound >= REWIND_S:
            self._rewound = now
            self._land()
        self._retry_s, self._wanted_digest, self._window = UNCONFIRMED_S, message.digest, message.window
        self._judge()
        self.pump()

    def _judge(self) -> None:
        """What is here against what should be."""
        if self._wanted_digest == self.desired.digest(time.time()):
            self._differs_since = None
            if self.stale:
                self.stale = False
                self.send_status()
        elif self._differs_since is None:
            self._differs_since = time.monotonic()

    # --- desired state and commands

    def _apply(self, message: StateMessage) -> None:
        scope, name, rev = str(message.scope), message.ident, message.rev
        if isinstance(message, Secrets) and not self._open(message):
            return
        if not self.desired.take(message):
            return
        match message:
            case Notice(withdrawn=True):
                self.write(NoticeEnded(scope, name, rev))
            case Notice():
                self.write(NoticeReceived(scope, name, rev))
                self._later(self.shown_s, lambda: self.write(NoticeShown(scope, name, rev)))
            case RosterPart():
                self.write(RosterApplied(scope, name, rev))
            case Settings():
                self.write(SettingsApplied(scope, "", rev))
            case Software():
                self.software.take(message)
            case Keys(keys=keys):
                if takes_notice_key(self.trusted, message):
                    self.desired.forget_notices()
                    self.read_again()
                self.trusted = replace(self.trusted, working=keys)
                self.write(KeysApplied(scope, "", rev))
            case Secrets():
                self.write(SecretsApplied(scope, "", rev))
        if self._differs_since is not None:
            self._judge()

    def _open(self, message: Secrets) -> bool:
        try:
            inside = open_secrets(sealing_key(self.enlisted.key, self.site, self.name), self.site, message)
        except SealError:
            self.write(StateRefused(Kind.SECRETS.value, str(message.scope), "", message.rev, "sealed"))
            return False
        if inside.password is not None:
            self.login = (inside.login or self.name, inside.password)
        return True

    def _obey(self, message: object) -> None:
        if isinstance(message, Refusal) and message.id is None:
            self.refused[message.reason] += 1
        elif isinstance(message, Refusal | Command):
            obeying.obey(self, message, time.time())

    @property
    def differs(self) -> bool:
        """Whether it has not what it should have, by the digest of the newest confirm."""
        return self._differs_since is not None

    @property
    def key(self) -> Ed25519PrivateKey:
        """Its own, of its enrolment."""
        return self.enlisted.key

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """All it has."""
        return self.enlisted.scopes
