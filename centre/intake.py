"""What comes up from the units, taken into the books a group at a time, in one transaction; then, and only then, confirmed.

Decides what each message means; does no MQTT. A message that does not hold is counted, never an exception.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from centre import handed, projections, restored, state, units
from centre.alarms import CLONED, OWN, SECOND_KEY, RaisedAlarm
from centre.answers import Answer
from centre.books import Books, hold_off, note_change, shut_out
from centre.drains import Drains
from centre.history import Epoch
from centre.kept import Kept, Register
from centre.leases import Leases
from centre.limits import DAY_S
from centre.opening import CheckedBatch, Expected
from centre.refused import RefusedMessages
from centre.revisions import Revisions, differences
from centre.turns import Turns
from centre.units import Unit
from centre.words import _
from contract import hpke
from contract.chain import check_alarm, check_receipt, parse_alarm, parse_batch, parse_receipt
from contract.commands import Reason
from contract.enrolment import check_enrol
from contract.messages import Confirm
from contract.plain import UnitState, parse_reply, parse_status, parse_unit_presence
from contract.refusal import Refusal
from contract.replies import check_reply
from contract.revs import check_revs, parse_revs
from contract.scopes import Scope
from contract.sealing import check_seal
from contract.topics import parse_up

CHANGING = ("/enrol", "/revs")
"""What may change units or desired state, or what all units share."""
NUL = "\0"
"""The one character that JSON can bring and PostgreSQL keeps in no text."""


@dataclass(slots=True)
class InboundMessage:
    """One message as it came. `checked`: what another process found of it already, where it is a batch."""

    topic: str
    payload: bytes
    checked: CheckedBatch | None = None


@dataclass(slots=True)
class IntakeOutcome:
    """What follows from a group once it is committed: what to send, and what to say."""

    answers: list[Answer] = field(default_factory=list)
    """At most one for an epoch of a unit."""
    stale: set[Scope] = field(default_factory=set)
    ask: set[str] = field(default_factory=set)
    """Units to be asked what they have."""
    lines: list[str] = field(default_factory=list)
    alarms: list[RaisedAlarm] = field(default_factory=list)
    """New ones, in the books now."""
    moved: bool = False
    """Something came that a change of keys may have waited for."""
    new: int = 0
    known: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Group:
    """What one transaction gathers."""

    now: float
    outcome: IntakeOutcome = field(default_factory=IntakeOutcome)
    answers: dict[tuple[str, str], tuple[Epoch, str]] = field(default_factory=dict)


class Intake:
    """Used by one thread. After an exception out of `take` nothing was committed and the same group may be given again."""

    def __init__(self, books: Books, site: str, clock: Callable[[], float], leases: Leases | None = None) -> None:
        """`leases`: by whose connection it writes; what it is given is not judged by them. None: any, and nobody else takes beside it."""
        self._writing = books.writing if leases is None else leases.writing
        self._site = site
        self._clock = clock
        self._register: Register | None = None
        self._doubted = False
        """Whether the register is to be read anew, whatever its number."""
        self._kept_or_none: Kept | None = None
        self._drains = Drains(time.monotonic)
        self._sessions = Turns()
        self._refused = RefusedMessages()
        self._revisions = Revisions()

    def take(self, messages: Sequence[InboundMessage]) -> IntakeOutcome:
        """Commits what the letters bring. Raises the database's errors (full, gone), with nothing taken."""
        group = _Group(self._clock())
        self._refused.begin()
        done = False
        try:
            with self._writing() as conn:
                register = self._refresh(conn, alone=any(message.topic.endswith(CHANGING) for message in messages))
                for message in messages:
                    self._one(conn, register, message, group)
                self._flush(conn, group)
            done = True
        finally:
            if not done:
                self.forget()
        for (unit, name), (epoch, batch) in group.answers.items():
            group.outcome.answers.append(Answer(unit, name, epoch.seq, epoch.head.hex(), batch))
        return group.outcome

    def forget(self) -> None:
        """What the books say is read anew: somebody else may have taken messages meanwhile."""
        self._kept_or_none, self._doubted = None, True

    @property
    def _kept(self) -> Kept:
        assert self._kept_or_none is not None, "read at the beginning of each group"
        return self._kept_or_none

    def _flush(self, conn: Connection, group: _Group) -> None:
        kept = self._kept
        self._refused.flush(conn, group.now)
        kept.flush(conn, group.now)
        group.outcome.lines += kept.history.outlived.values()
        group.outcome.ask.update(kept.history.outlived)
        kept.history.outlived = {}
        group.outcome.moved |= kept.history.moved
        kept.history.moved = False
        group.outcome.alarms, kept.alarms.raised = kept.alarms.raised, []

    # --- one message

    def _one(self, conn: Connection, register: Register, message: InboundMessage, group: _Group) -> None:
        up = parse_up(message.topic)
        if up is None or up.site != self._site:
            return self._refuse(group, "", "?", Refusal(Reason.NOT_MINE, "no topic of this site"))
        unit = register.units.get(up.unit)
        if unit is None:
            return self._refuse(group, up.unit, up.leaf, Refusal(Reason.UNKNOWN_KEY, "no such unit"))
        if unit.revoked:
            return self._refuse(group, up.unit, up.leaf, Refusal(Reason.WRONG_KEY, "the unit is revoked"))
        if not message.payload and up.leaf == "status":
            return None  # a retained status was cleared
        if self._kept.limits.shut(up.unit, group.now):
            return self._refuse(group, up.unit, "any", Refusal(Reason.RATE, "too much that brings nothing"))
        take = {
            "alarm": self._alarm,
            "status": self._status,
            "receipt": self._receipt,
            "reply": self._reply,
            "revs": self._revs,
            "enrol": self._enrol,
            "seal": self._seal,
        }
        if up.leaf == "facts":
            refusal = self._facts(conn, register, unit, message, group)
        else:
            refusal = take[up.leaf](conn, register, unit, message.payload, group)
        if refusal is not None:
            self._kept.limits.useless(up.unit, group.now)
            self._refuse(group, up.unit, up.leaf, refusal)
        return None

    def expect(self, unit: str) -> Expected | None:
        """How a unit's batches are to be checked, as far as is known without a look at the books; None too for one that is not listened to."""
        if self._register is None or self._kept_or_none is None or self._kept.limits.shut(unit, self._clock()):
            return None
        key = self._register.pinned.get(unit)
        return None if key is None else Expected(key.public, *self._kept.history.stands(unit))

    def _facts(
        self, conn: Connection, register: Register, unit: Unit, message: InboundMessage, group: _Group
    ) -> Refusal | None:
        key, checked = register.pinned.get(unit.unit), message.checked
        if key is None or checked is None or checked.public != key.public:
            checked = None  # it has another key by now
        batch = parse_batch(message.payload) if checked is None else checked.batch(message.payload)
        if isinstance(batch, Refusal):
            return batch
        if batch.header.unit != unit.unit:
            return Refusal(Reason.NOT_MINE, "another unit's batch")
        if key is None:
            return Refusal(Reason.UNKNOWN_KEY, "not enrolled yet")
        entered = self._kept.history.take(conn, key, batch, message.payload, group.now, checked)
        if isinstance(entered, Refusal):
            return entered
        self._drains.sent(unit.unit, len(batch.lines))
        group.outcome.new += entered.new
        group.outcome.known += entered.known
        if entered.epoch is not None:
            group.answers[unit.unit, batch.header.epoch] = (entered.epoch, batch.header.batch)
        return None

    def _alarm(self, conn: Connection, register: Register, unit: Unit, payload: bytes, group: _Group) -> Refusal | None:
        alarm = parse_alarm(payload)
        if isinstance(alarm, Refusal):
            return alarm
        key = register.pinned.get(unit.unit)
        if key is None:
            return Refusal(Reason.UNKNOWN_KEY, "not enrolled yet")
        if alarm.unit != unit.unit:
            return Refusal(Reason.NOT_MINE, "another unit's alarm")
        fact = check_alarm(alarm, self._site, key.public)
        if isinstance(fact, Refusal):
            return fact
        if NUL in fact.kind:
            return Refusal(Reason.MALFORMED, "kind: holds a NUL")
        if fact.kind in OWN:
            return Refusal(Reason.MALFORMED, "a kind of alarm that only the books raise")
        self._kept.history.flush(conn)
        if not self._kept.alarms.take(conn, alarm, fact, group.now):
            return Refusal(Reason.RATE, "too many alarms of this unit wait for their facts")
        return None

    def _receipt(
        self, conn: Connection, register: Register, unit: Unit, payload: bytes, group: _Group
    ) -> Refusal | None:
        """The receipt of a notice, ahead of its fact: counts at once, and once."""
        receipt = parse_receipt(payload)
        if isinstance(receipt, Refusal):
            return receipt
        key = register.pinned.get(unit.unit)
        if key is None:
            return Refusal(Reason.UNKNOWN_KEY, "not enrolled yet")
        if receipt.unit != unit.unit:
            return Refusal(Reason.NOT_MINE, "another unit's receipt")
        fact = check_receipt(receipt, self._site, key.public)
        if isinstance(fact, Refusal):
            return fact
        if self._kept.history.has(conn, receipt.unit, receipt.epoch, receipt.seq):
            return None
        new = self._kept.early.take(receipt, group.now)
        if isinstance(new, Refusal):
            return new
        if new:
            self._kept.history.understand(conn, unit.unit, fact, group.now)
        return None

    def _status(
        self, conn: Connection, register: Register, unit: Unit, payload: bytes, group: _Group
    ) -> Refusal | None:
        """Whether a unit is there rests on state and session alone; a status that is otherwise malformed is refused, and is one all the same."""
        there = parse_unit_presence(payload)
        if isinstance(there, Refusal):
            return there
        if NUL in there.session:
            return Refusal(Reason.MALFORMED, "session: holds a NUL")
        news = self._kept.presences.heard(unit.unit, there, payload, group.now)
        if there.state is UnitState.OFFLINE:
            return None
        status = parse_status(payload)
        if isinstance(status, Refusal):
            return status
        group.outcome.moved |= unit.unit in register.changing
        if status.at is not None and self._sessions.heard(unit.unit, status.session, status.at, group.now):
            detail = "two sessions of it speak in turns: another box has its identity"
            self._kept.alarms.raise_own(conn, unit.unit, CLONED, "", int(group.now), detail, group.now)
        if unit.unit in register.unlisted:
            group.outcome.ask.add(unit.unit)
        if news and status.stale:
            group.outcome.stale.update(unit.scopes)
            group.outcome.ask.add(unit.unit)
        return None

    def _reply(self, conn: Connection, register: Register, unit: Unit, payload: bytes, group: _Group) -> Refusal | None:
        reply = parse_reply(payload)
        if isinstance(reply, Refusal):
            return reply
        key = register.pinned.get(unit.unit)
        if key is None:
            return Refusal(Reason.UNKNOWN_KEY, "not enrolled yet")
        refusal = check_reply(reply, self._site, unit.unit, key.public)
        if refusal is None and not projections.heard(conn, unit.unit, reply, group.now):
            return Refusal(Reason.NOT_MINE, "no command to this unit")
        return refusal

    def _revs(self, conn: Connection, register: Register, unit: Unit, payload: bytes, group: _Group) -> Refusal | None:
        page = parse_revs(payload)
        if isinstance(page, Refusal):
            return page
        key = register.pinned.get(unit.unit)
        if key is None:
            return Refusal(Reason.UNKNOWN_KEY, "not enrolled yet")
        if page.unit != unit.unit:
            return Refusal(Reason.NOT_MINE, "another unit's list")
        refusal = check_revs(page, self._site, key.public)
        whole = self._revisions.take(page) if refusal is None else None
        if whole is not None:
            live = state.in_force(register.due, unit.scopes, group.now)
            due = {(item.kind, item.scope, item.id, item.rev) for item in live}
            group.outcome.lines += differences(unit.unit, *whole, due)
            register.unlisted.discard(unit.unit)
            said = restored.told(conn, self._kept.alarms, unit, whole[0] | whole[1], group.now)
            group.outcome.lines += [said] if said else []
        return refusal

    def _enrol(self, conn: Connection, register: Register, unit: Unit, payload: bytes, group: _Group) -> Refusal | None:
        """Pins the key that an unspent token proves; the same key again is the same word said twice."""
        known, unspent = register.pinned.get(unit.unit), register.tokens.get(unit.unit)
        if unspent is None:
            if known is not None and known.public.hex().encode() in payload:
                return None
            if known is not None:
                day = int(group.now // DAY_S)
                self._kept.alarms.raise_own(
                    conn, unit.unit, SECOND_KEY, "", day, "a token that is spent or none", group.now
                )
            return Refusal(Reason.REPLAYED, "no unspent token for this unit")
        token_id, token = unspent
        public = check_enrol(payload, self._site, unit.unit, token)
        if isinstance(public, Refusal):
            return None if known is not None and known.public.hex().encode() in payload else public
        register.pinned[unit.unit] = units.pin(conn, unit.unit, public, token_id, group.now)
        del register.tokens[unit.unit]
        register.sealing.pop(unit.unit, None)
        self._kept.limits.forget(conn, unit.unit, group.now)
        if handed.forget(conn, unit.unit, group.now):
            note_change(conn)
        group.outcome.lines.append(_("{unit}: enrolled").format(unit=unit.unit))
        return None

    def _seal(self, conn: Connection, register: Register, unit: Unit, payload: bytes, group: _Group) -> Refusal | None:
        """The key that secrets for this unit are sealed to, from now on; the same again is nothing new."""
        key = register.pinned.get(unit.unit)
        if key is None:
            return Refusal(Reason.UNKNOWN_KEY, "not enrolled yet")
        known = register.sealing.get(unit.unit)
        if known is not None and known.hex().encode() in payload:
            return None  # as each connection says it
        public = check_seal(payload, self._site, unit.unit, key.public)
        if isinstance(public, Refusal):
            return public
        try:
            hpke.seal(public, b"", b"")
        except ValueError:
            return Refusal(Reason.MALFORMED, "public: nothing can be sealed to it")
        handed.enter(conn, unit.unit, public, group.now)
        register.sealing[unit.unit] = public
        group.outcome.moved = True
        group.outcome.lines.append(_("{unit}: showed a key to seal to").format(unit=unit.unit))
        return None

    # --- around them

    def _refresh(self, conn: Connection, *, alone: bool) -> Register:
        """The register, read again only when a command changed it; none changes it until this transaction ends.

        What changes it too shuts others out from the start: two that hold changes off would wait for each other.
        """
        number = shut_out(conn) if alone else hold_off(conn)
        if self._kept_or_none is None:
            self._kept_or_none = Kept.read(conn, self._site)
        if self._register is None or self._doubted or self._register.changes != number:
            self._kept.alarms.look(conn)
            self._register = Register.read(conn, self._site, number)
            self._doubted = False
        return self._register

    def confirm(self, answer: Answer) -> Confirm:
        """As it is to be sent now: units set their clocks by it, and hold their state against its digest. Of an answer that `take` gave."""
        register, unit, now = self._register, answer.unit, self._clock()
        assert register is not None, "read before anything was taken"
        kept = register.digests.get(unit)
        if kept is None or kept[1] <= now:
            kept = register.digests[unit] = state.digest_of(register.due, register.units[unit].scopes, now)
        return Confirm(
            scope=Scope("unit", unit),
            iat=now,
            unit=unit,
            epoch=answer.epoch,
            seq=answer.seq,
            head=answer.head,
            batch=answer.batch,
            now_utc=now,
            digest=kept[0],
            window=self._drains.window(unit),
            checkpoint=register.checkpoint,
        )

    def _refuse(self, group: _Group, unit: str, leaf: str, refusal: Refusal) -> None:
        group.outcome.refused += 1
        line = self._refused.note(unit, leaf, refusal, group.now)
        group.outcome.lines += [line] if line else []
