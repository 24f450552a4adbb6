"""What needs a person now, as one ordered list: open alarms, what units tell to be unwell, missed stops, cases overdue. Only reads.

What can be taken note of is an alarm; everything else goes by itself when it is over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Connection, select

from centre import acknowledgements, cases, conditions, lately, shown
from centre.acknowledgements import Acknowledgement, ListedAlarm
from centre.alarms import OWN, RaisedAlarm
from centre.conditions import About
from centre.fact_words import of_line
from centre.health import Cause
from centre.opened import OpenCentre
from centre.schema import alarms, epochs, facts, unit_keys, units
from centre.schema_rounds import OF_PATROL, facts_patrol
from centre.words import N_, _
from contract.chain import FactLine, parse_line
from contract.facts import DoorHeld, PatrolMissed, names_of
from contract.strict_json import StrictJsonError

MISSED_S = 86_400.0
"""So long a stop that nobody came to is in the list."""
HELD_LOOKED = 200
"""Facts of a unit that are looked at for when a door began to stand open."""
OFFLINE_S = 300.0
"""A unit that was gone for less needs nobody: it comes back by itself."""


class Urgency(Enum):
    """The two that a list has: somebody may be harmed, or something may be unwell."""

    URGENT = "urgent"
    LOOK = "look"


URGENT = frozenset(
    {About.DURESS, About.HELP, About.FIRE, About.GAS, About.SILENT, About.FORCED, About.TAMPER, About.LOCK}
)
OF_KIND = {
    "access.duress": About.DURESS,
    "help.called": About.HELP,
    "door.fire_release": About.FIRE,
    "input.alarm": About.GAS,
    "care.silent": About.SILENT,
    "door.forced": About.FORCED,
    "device.tamper": About.TAMPER,
    "lock.fault": About.LOCK,
    "input.blind": About.BLIND,
    "access.locked_out": About.CODES,
}
"""What an alarm is about, by its kind; one that is not here is of OTHER, one of the books' own of RECORD."""


@dataclass(frozen=True, slots=True)
class Need:
    """`since_utc` None where nobody knows. `alarm`: what can be taken note of. `words`: more than `title` says."""

    about: About
    unit: str
    since_utc: float | None
    title: str
    words: str = ""
    door: str | None = None
    alarm: int | None = None
    case: str | None = None
    round: str | None = None
    more: int = 0
    """Findings of the same cause that were counted after it."""
    over_utc: float | None = None
    """When it was over by itself: a household showed itself."""

    @property
    def urgency(self) -> Urgency:
        cut_off = self.about is About.CENTRE and self.alarm is None
        urgent = cut_off or (self.about in URGENT and self.over_utc is None)
        return Urgency.URGENT if urgent else Urgency.LOOK

    @property
    def order(self) -> tuple[bool, int, float]:
        """Most urgent first, the oldest first within."""
        return self.urgency is not Urgency.URGENT, list(About).index(self.about), self.since_utc or 0.0


@dataclass(frozen=True, slots=True)
class TakenNeed:
    """One that somebody took note of."""

    need: Need
    by: Acknowledgement


TITLES = {
    About.DURESS: N_("Somebody was made to open"),
    About.HELP: N_("Help was called"),
    About.FIRE: N_("Released by fire"),
    About.GAS: N_("Gas, smoke or water"),
    About.SILENT: N_("A household is silent"),
    About.FORCED: N_("A door was forced"),
    About.TAMPER: N_("Tampered with"),
    About.LOCK: N_("A lock is at fault"),
    About.HELD: N_("A door stands open"),
    About.BLIND: N_("An alarm input is lost"),
    About.CODES: N_("Too many wrong codes"),
    About.OTHER: N_("Alarm"),
    About.OFFLINE: N_("Offline"),
    About.DEVICE: N_("A device is lost"),
    About.STORAGE: N_("The disk is unwell"),
    About.ALONE: N_("Runs the door alone after crashes"),
    About.BACKLOG: N_("Facts wait to be sent"),
    About.CLOCK: N_("The clock is not right"),
    About.RECORD: N_("The record has a fault"),
    About.CENTRE: N_("The centre itself"),
    About.MISSED: N_("Nobody came to a stop"),
    About.OVERDUE: N_("A report is overdue"),
}


def of(centre: OpenCentre, now: float) -> list[Need]:
    """Of the whole site; whoever shows it leaves out what a person may not see. Raises CentreError, DBAPIError."""
    return in_order([*of_doors(centre, now), *due(centre, now)])


def in_order(found: Iterable[Need]) -> list[Need]:
    """The most urgent first, the oldest first within."""
    return sorted(found, key=lambda each: each.order)


def of_doors(centre: OpenCentre, now: float) -> list[Need]:
    """Open alarms, and what units tell to be unwell; a condition that an open alarm tells already is left out."""
    open_alarms = [_of_alarm(each) for each in acknowledgements.listed(centre)]
    known = {(each.about, each.unit, each.door) for each in open_alarms}
    with centre.books.reading() as conn:
        unwell = [*_of_units(conn, now)]
    return [*open_alarms, *(each for each in unwell if (each.about, each.unit, each.door) not in known)]


def due(centre: OpenCentre, now: float) -> list[Need]:
    """What somebody should have done by now. Looks through all reports: not for each fact that comes."""
    with centre.books.reading() as conn:
        return [*_missed(conn, now), *_overdue(conn, centre.site.site, now)]


def of_centre(causes: Iterable[Cause]) -> list[Need]:
    """That nothing may come any more: the broker or `serve` is away (health.of_centre finds it)."""
    return [
        Need(About.CENTRE, "", None, _(CUT_OFF[each][0]), _(CUT_OFF[each][1])) for each in causes if each in CUT_OFF
    ]


CUT_OFF = {
    Cause.BROKER: (
        N_("The broker cannot be reached"),
        N_(
            "Nothing comes from any door until it is back, and nothing goes to one. Tell whoever looks after the centre's machine."
        ),
    ),
    Cause.SERVE: (
        N_("The centre does not listen to its units"),
        N_("Its service is not running: alarms do not come. Tell whoever looks after the centre's machine."),
    ),
}


def units_of_alarms(centre: OpenCentre, numbers: Iterable[int]) -> dict[int, str]:
    """Whose each is, empty of the centre's own; what is no alarm is left out."""
    with centre.books.reading() as conn:
        rows = conn.execute(select(alarms.c.id, alarms.c.unit).where(alarms.c.id.in_(set(numbers)))).all()
    return {row.id: row.unit or "" for row in rows}


def taken(centre: OpenCentre, since_utc: float, most: int) -> list[TakenNeed]:
    """What somebody took note of lately, the last first."""
    return [
        TakenNeed(_of_alarm(each), each.noted)
        for each in acknowledgements.noted_since(centre, since_utc, most)
        if each.noted is not None
    ]


def _of_alarm(listed: ListedAlarm) -> Need:
    alarm = listed.alarm
    own = About.RECORD if alarm.unit else About.CENTRE
    about = OF_KIND.get(alarm.kind, own if alarm.kind in OWN else About.OTHER)
    fact = acknowledgements.fact_of(alarm)
    door = fact.get("door")
    words = shown.plain(alarm.detail) if alarm.line is None else _words(about, alarm, fact)
    since = listed.happened_utc if listed.happened_utc is not None else alarm.taken_utc
    return Need(
        about,
        alarm.unit,
        since,
        _(TITLES[about]),
        words,
        door if isinstance(door, str) else None,
        alarm=alarm.id,
        more=listed.repeats,
        over_utc=listed.seen_utc,
    )


def _words(about: About, alarm: RaisedAlarm, fact: Mapping[str, Any]) -> str:
    """What the title does not say: which door or device, and whose."""
    if about is About.OTHER and alarm.line is not None:
        return of_line(alarm.kind, alarm.line).words
    told = [_("door {door}").format(door=fact["door"])] if fact.get("door") else []
    whose = "room" if fact.get("room") else "holder"
    told += [str(fact[name]) for name in ("device", "input", "by", whose, "detail") if fact.get(name)]
    return shown.plain(_(", ").join(told))


def _of_units(conn: Connection, now: float) -> Iterator[Need]:
    """Of units that are enrolled and not revoked."""
    columns = (units.c.unit, units.c.online, units.c.heard_utc, units.c.status, unit_keys.c.pinned_utc)
    joined = units.join(unit_keys, unit_keys.c.unit == units.c.unit)
    live = select(*columns).select_from(joined).where(unit_keys.c.retired_utc.is_(None), units.c.revoked_utc.is_(None))
    for row in conn.execute(live.order_by(units.c.unit)):
        since = row.heard_utc if row.heard_utc is not None else row.pinned_utc
        if not row.online:
            if now - since > OFFLINE_S:
                words = "" if row.heard_utc is not None else _("it was never heard of")
                yield Need(About.OFFLINE, row.unit, since, _(TITLES[About.OFFLINE]), words)
            continue
        for each in conditions.of_status(row.status):
            begun = _held_since(conn, row.unit, each.door) if each.about is About.HELD else each.since_utc
            yield Need(each.about, row.unit, begun, _(TITLES[each.about]), each.words, each.door)


def _held_since(conn: Connection, unit: str, door: str | None) -> float | None:
    """When the unit said so of this door; None where that is long ago, or has not come yet."""
    for each in lately.of_unit(conn, unit, 10, kinds=names_of(DoorHeld), looked=HELD_LOOKED):
        if json.loads(each.line).get("door") == door:
            return each.at_utc
    return None


def _missed(conn: Connection, now: float) -> Iterator[Need]:
    """As the doors told; where a check-in comes late it is the round's page that has the last word."""
    joined = facts.join(epochs, facts.c.epoch_id == epochs.c.id)
    kinds = facts.c.kind.in_(names_of(PatrolMissed))
    lately = (facts.c.at_utc > now - MISSED_S) & facts.c.again.is_(False)
    query = select(epochs.c.unit, facts.c.line).select_from(joined).where(OF_PATROL, kinds, lately)
    for unit, line in conn.execute(query.with_hint(facts, f"INDEXED BY {facts_patrol.name}", "sqlite")):
        try:
            read = parse_line(line)
            fact = read.fact if isinstance(read, FactLine) else None
        except StrictJsonError:
            continue
        if isinstance(fact, PatrolMissed):
            words = _("round {round}").format(round=fact.round)
            yield Need(About.MISSED, unit, fact.until_utc, _(TITLES[About.MISSED]), words, fact.stop, round=fact.round)


def _overdue(conn: Connection, site: str, now: float) -> Iterator[Need]:
    for case in cases.all_of(conn, site):
        if case.overdue(now):
            words = _("report {report}, with {to}").format(report=case.id, to=shown.plain(case.to or "-"))
            yield Need(About.OVERDUE, case.filed.unit, case.due_utc, _(TITLES[About.OVERDUE]), words, case=case.id)


def by_unit(needs: Iterable[Need]) -> dict[str, list[Need]]:
    """In their order."""
    found: dict[str, list[Need]] = {}
    for each in needs:
        found.setdefault(each.unit, []).append(each)
    return found
