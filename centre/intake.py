"""What comes up from the units, taken into the books a group at a time, in one transaction; then, and only then, confirmed.

Decides what each message means; does no MQTT. A message that does not hold is counted, never an exception.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, update

from centre import handed, projections, restored, state, units
from centre.alarms import CLONED, OWN, SECOND_KEY, RaisedAlarm
from centre.books import Books, changes, insert_new, note_change
from centre.drains import Drains
from centre.history import Entered
from centre.kept import Kept, Register
from centre.limits import DAY_S
from centre.revisions import Revisions, differences
from centre.schema import refusals
from centre.turns import Turns
from centre.units import Unit
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

MAX_DETAILS = 64
"""Refused messages told one by one of each group; the rest are only counted."""
SILENT_S = 60.0
"""The same refusal of the same unit is told again after so long."""
MAX_TOLD = 10_000
"""Refusals remembered as told: names may be invented."""


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One message as it came."""

    topic: str
    payload: bytes


@dataclass(slots=True)
class IntakeOutcome:
    """What follows from a group once it is committed: what to send, and what to say."""

    confirms: list[Confirm] = field(default_factory=list)
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
    answers: dict[tuple[str, str], tuple[Entered, str]] = field(default_factory=dict)
    refused: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    details: dict[tuple[str, str, str], str] = field(default_factory=dict)


class Intake:
    """Used by one thread. After an exception out of `take` nothing was committed and the same group may be given again."""

    def __init__(self, books: Books, site: str, clock: Callable[[], float]) -> None:
        self._books = books
        self._site = site
        self._clock = clock
        self._register: Register | None = None
        self._kept_or_none: Kept | None = None
        self._drains = Drains(time.monotonic)
        self._sessions = Turns()
        self._told: dict[tuple[str, str, str], float] = {}
        self._revisions = Revisions()

    def take(self, messages: Sequence[InboundMessage]) -> IntakeOutcome:
        """Commits what the letters bring. Raises the database's errors (full, gone), with nothing taken."""
        group = _Group(self._clock())
        done = False
        try:
            with self._books.writing() as conn:
                register = self._refresh(conn)
                for message in messages:
                    self._one(conn, register, message, group)
                self._flush(conn, group)
            done = True
        finally:
            if not done:
                self._kept_or_none = self._register = None
        for (unit, epoch), (entered, batch) in group.answers.items():
            group.outcome.confirms.append(self._confirm(register, unit, epoch, entered, batch))
        return group.outcome

    @property
    def _kept(self) -> Kept:
        assert self._kept_or_none is not None, "read at the beginning of each group"
        return self._kept_or_none

    def _flush(self, conn: Connection, group: _Group) -> None:
        kept = self._kept
        self._count_refusals(conn, group)
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
            "facts": self._facts,
            "alarm": self._alarm,
            "status": self._status,
            "receipt": self._receipt,
            "reply": self._reply,
            "revs": self._revs,
            "enrol": self._enrol,
            "seal": self._seal,
        }
        refusal = take[up.leaf](conn, register, unit, message.payload, group)
        if refusal is not None:
            self._kept.limits.useless(up.unit, group.now)
            self._refuse(group, up.unit, up.leaf, refusal)
        return None

    def _facts(self, conn: Connection, register: Register, unit: Unit, payload: bytes, group: _Group) -> Refusal | None:
        batch = parse_batch(payload)
        if isinstance(batch, Refusal):
            return batch
        if batch.header.unit != unit.unit:
            return Refusal(Reason.NOT_MINE, "another unit's batch")
        key = register.pinned.get(unit.unit)
        if key is None:
            return Refusal(Reason.UNKNOWN_KEY, "not enrolled yet")
        entered = self._kept.history.take(conn, key, batch, payload, group.now)
        if isinstance(entered, Refusal):
            return entered
        self._drains.sent(unit.unit, len(batch.lines))
        group.outcome.new += entered.new
        group.outcome.known += entered.known
        if entered.epoch is not None:
            group.answers[unit.unit, batch.header.epoch] = (entered, batch.header.batch)
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
        self._kept.limits.forget(conn, unit.unit)
        if handed.forget(conn, unit.unit, group.now):
            note_change(conn)
        group.outcome.lines.append(f"{unit.unit}: enrolled")
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
        group.outcome.lines.append(f"{unit.unit}: showed a key to seal to")
        return None

    # --- around them

    def _refresh(self, conn: Connection) -> Register:
        """The register, read again only when a command changed it."""
        if self._kept_or_none is None:
            self._kept_or_none = Kept.read(conn, self._site)
        number = changes(conn)
        if self._register is None or self._register.changes != number:
            self._kept.alarms.look(conn)
            self._register = Register.read(conn, self._site, number)
        return self._register

    def _confirm(self, register: Register, unit: str, name: str, entered: Entered, batch: str) -> Confirm:
        epoch = entered.epoch
        assert epoch is not None
        now = self._clock()
        kept = register.digests.get(unit)
        if kept is None or kept[1] <= now:
            kept = register.digests[unit] = state.digest_of(register.due, register.units[unit].scopes, now)
        return Confirm(
            scope=Scope("unit", unit),
            iat=now,
            unit=unit,
            epoch=name,
            seq=epoch.seq,
            head=epoch.head.hex(),
            batch=batch,
            now_utc=now,
            digest=kept[0],
            window=self._drains.window(unit),
        )

    def _refuse(self, group: _Group, unit: str, leaf: str, refusal: Refusal) -> None:
        mark = (unit, leaf, str(refusal.reason))
        group.outcome.refused += 1
        group.refused[mark] += 1
        if mark not in group.details and len(group.details) < MAX_DETAILS:
            group.details[mark] = refusal.detail
            if group.now - self._told.get(mark, float("-inf")) >= SILENT_S:
                if len(self._told) > MAX_TOLD:
                    self._told.clear()
                self._told[mark] = group.now
                group.outcome.lines.append(f"{unit or '?'}: {leaf} refused: {refusal.reason}: {refusal.detail}")

    def _count_refusals(self, conn: Connection, group: _Group) -> None:
        for mark, count in group.refused.items():
            if mark not in group.details:
                continue  # a flood of invented names: told by their number, kept from filling the books
            unit, leaf, reason = mark
            row = {"unit": unit, "leaf": leaf, "reason": reason}
            fresh = {"count": 0, "detail": "", "first_utc": group.now, "last_utc": group.now}
            conn.execute(insert_new(conn, refusals).values(**row, **fresh))
            same = (refusals.c.unit == unit) & (refusals.c.leaf == leaf) & (refusals.c.reason == reason)
            more = {"count": refusals.c.count + count, "detail": group.details[mark], "last_utc": group.now}
            conn.execute(update(refusals).where(same).values(**more))
