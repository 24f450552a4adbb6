"""Why a card did not open a door: what the unit told of it, and what the lists of people say. Only reads.

The door decides by itself, by its own clock and the lists that it has; this is what the centre knows of that, each with the rule it rests on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from centre import conditions, holder_desk, lately, units
from centre import settings as settings_desk
from centre.holder_desk import RosterEntry
from centre.opened import OpenCentre
from centre.schema import applied
from centre.schema import units as units_table
from centre.sentences import DENIALS, named
from centre.units import Unit
from centre.words import _
from contract import codec
from contract.facts import AccessDenied, AccessGranted, AccessLate, Denial, names_of
from contract.hours import Hours
from contract.messages import Holder, Kind, Role

LATELY_S = 86_400.0
"""What the unit told of cards is looked at for so long."""
MOST = 20
KINDS = names_of(AccessDenied, AccessGranted, AccessLate)


class Weight(StrEnum):
    """What a ground means for the door."""

    AGAINST = "against"
    DOUBT = "doubt"
    FOR = "for"


@dataclass(frozen=True, slots=True)
class Ground:
    """`words`: as one reads it out on the telephone."""

    weight: Weight
    words: str


@dataclass(frozen=True, slots=True)
class CardShown:
    """A card or code that was shown at the unit. `mine`: whether it was this one; None where the unit does not know the card, so that nobody can tell."""

    at_utc: float
    door: str
    opened: bool
    reason: str
    mine: bool | None


@dataclass(frozen=True, slots=True)
class Explained:
    """`verdict` first, then the grounds; `shown`: of lately, the last first. `holders`: ids that the card stands for, in lists that reach this door."""

    verdict: str
    reasons: tuple[Ground, ...]
    shown: tuple[CardShown, ...]
    holders: tuple[str, ...]


def explain(centre: OpenCentre, unit_id: str, door: str, text: str, now: float) -> Explained:
    """`text`: a card as printed, or a holder's id. Raises CentreError (wrong use) where there is no such unit, or the text may be either."""
    with centre.books.reading() as conn:
        unit = units.one(conn, centre.site.site, unit_id)
        lists, entries = holder_desk.find_in(centre, conn, text, {str(scope) for scope in unit.scopes})
        here = {each.holder.id for each in entries}
        told = tuple(_told(conn, unit_id, door, here, now))
        reasons = [*_of_unit(conn, unit_id, door, entries), *_of_entries(conn, centre, unit, door, entries, now)]
    if not entries:
        words = _("The card is in none of the {count} lists of people that this door has: it is not registered here.")
        reasons.append(Ground(Weight.AGAINST, words.format(count=lists)))
    return Explained(_verdict(reasons, told), tuple(reasons), told, tuple(sorted(here)))


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """Somebody whom the unit did not let in. `holder`: None where it did not know the card."""

    at_utc: float
    door: str
    reason: str
    holder: str | None


def turned_away(centre: OpenCentre, unit_id: str, now: float) -> list[TurnedAway]:
    """Of the last day, the last first: to choose from."""
    with centre.books.reading() as conn:
        found = lately.of_unit(conn, unit_id, MOST, kinds=names_of(AccessDenied))
    facts = [(each.at_utc, json.loads(each.line)) for each in found if each.at_utc > now - LATELY_S]
    return [
        TurnedAway(at, str(fact.get("door")), named(DENIALS, fact.get("reason")), fact.get("by")) for at, fact in facts
    ]


def _verdict(reasons: Sequence[Ground], told: Sequence[CardShown]) -> str:
    sure = next((each for each in told if each.mine), None)
    if sure is not None and not sure.opened:
        return _("The door told the reason: {reason}.").format(reason=sure.reason)
    against = [each for each in reasons if each.weight is Weight.AGAINST]
    if against:
        return against[0].words
    doubts = [each for each in reasons if each.weight is Weight.DOUBT]
    if doubts:
        return doubts[0].words
    return _("By what the centre knows this card opens this door now.")


# --- what the unit told


def _told(conn: Connection, unit: str, door: str, holders: set[str], now: float) -> Iterator[CardShown]:
    for each in lately.of_unit(conn, unit, MOST, kinds=KINDS):
        fact = json.loads(each.line)
        if each.at_utc < now - LATELY_S or fact.get("door", door) != door:
            continue
        if each.kind in names_of(AccessLate):
            yield CardShown(each.at_utc, door, False, _("it came too late to count: shown again it does"), None)
            continue
        by, opened = fact.get("by"), each.kind in names_of(AccessGranted)
        if opened and by not in holders:
            continue
        reason = "" if opened else named(DENIALS, fact.get("reason"))
        mine = None if by is None and fact.get("reason") == Denial.UNKNOWN else by in holders
        if mine is not False:
            yield CardShown(each.at_utc, door, opened, reason, mine)


def _of_unit(conn: Connection, unit: str, door: str, entries: Sequence[RosterEntry]) -> Iterator[Ground]:
    """The door's mode and clock, by the unit's last status."""
    row = conn.execute(select(units_table).where(units_table.c.unit == unit)).one()
    status = conditions.read_status(row.status)
    doors = status.get("doors")
    told = doors.get(door) if isinstance(doors, dict) else None
    mode = told.get("mode") if isinstance(told, dict) else None
    if not row.online:
        yield Ground(
            Weight.DOUBT,
            _("The unit is offline: it decides by what it had then, and what happened since is not known here."),
        )
    if mode == "lockdown" and not any(each.holder.role is Role.EMERGENCY for each in entries):
        yield Ground(Weight.AGAINST, _("The door is locked down: only emergency cards open it."))
    if isinstance(told, dict) and told.get("lock") in {"lost", "fault"}:
        yield Ground(Weight.AGAINST, _("The lock itself does not answer as it should: no card can open it."))
    clock = status.get("clock")
    if clock not in conditions.TRUSTED_CLOCKS and any(_limited(each.holder) for each in entries):
        yield Ground(
            Weight.DOUBT, _("The unit's clock is not right, and the card is limited in time: then it may refuse.")
        )


def _limited(holder: Holder) -> bool:
    return any(each is not None for each in (holder.from_utc, holder.until_utc, holder.hours))


# --- what the lists say


def _of_entries(
    conn: Connection, centre: OpenCentre, unit: Unit, door: str, entries: Sequence[RosterEntry], now: float
) -> Iterator[Ground]:
    """Any entry may open; where none does, what stands against each is told."""
    has, hours = _applied(conn, unit.unit), _doors_hours(centre, unit, door)
    against, doubts = [], []
    for each in entries:
        ground = _against(each.holder, door, centre.site.zone, hours, now)
        if ground is not None:
            against.append(Ground(Weight.AGAINST, ground))
        elif has.get((each.scope, each.roster), 0) < each.rev:
            words = _("The unit has not told yet that it has list {list} in its newest form, which has this card.")
            doubts.append(Ground(Weight.DOUBT, words.format(list=each.roster)))
        else:
            yield from _opens(each)
            return
    yield from dict.fromkeys(doubts or against)


def _opens(entry: RosterEntry) -> Iterator[Ground]:
    if entry.holder.pin_required:
        yield Ground(Weight.DOUBT, _("It opens only with its PIN after it."))
    yield Ground(Weight.FOR, _("List {list}: it is for this door, and its time is now.").format(list=entry.roster))


def _against(holder: Holder, door: str, zone: ZoneInfo, doors_hours: Hours | None, now: float) -> str | None:
    """What of an entry stands against it now, by the rules of the door; None where nothing does."""
    local = datetime.fromtimestamp(now, zone)
    if holder.doors is not None and door not in holder.doors:
        return _("The card is not for this door; it is for {doors}.").format(doors=", ".join(sorted(holder.doors)))
    if holder.role is Role.SERVICE and holder.until_utc is None:
        return _("A service card without an end opens nothing.")
    if holder.from_utc is not None and now < holder.from_utc:
        return _("Its time has not come: it begins {at}.").format(at=_at(holder.from_utc, zone))
    if holder.until_utc is not None and now >= holder.until_utc:
        return _("Its time is over: it ended {at}.").format(at=_at(holder.until_utc, zone))
    if holder.hours is not None and not _within(holder.hours, local):
        return _("It is outside the hours of this card.")
    if doors_hours is not None and holder.role in _RESIDENTS and not _within(doors_hours, local):
        return _("It is outside the hours that this door has for residents.")
    return None


_RESIDENTS = frozenset({Role.RESIDENT, Role.SERVICE})


def _at(utc: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(utc, zone):%Y-%m-%d %H:%M}"


def _within(hours: Hours, local: datetime) -> bool:
    day = local.date().isoformat()
    spans = hours.holiday if day in hours.holidays else hours.week[local.weekday()]
    minute = local.hour * 60 + local.minute
    return any(span.start <= minute < span.end for span in spans)


def _applied(conn: Connection, unit: str) -> dict[tuple[str, str], int]:
    mine = (applied.c.unit == unit) & (applied.c.kind == Kind.ROSTER.value)
    return {(row.scope, row.id): row.rev for row in conn.execute(select(applied).where(mine))}


def _doors_hours(centre: OpenCentre, unit: Unit, door: str) -> Hours | None:
    """For residents, by the most specific settings that have times of doors; None: at any time."""
    known = {each.scope: each.values for each in settings_desk.listed(centre)}
    for scope in units.most_specific(unit.scopes):
        values = known.get(str(scope), {})
        if "doors" in values:
            profile = values["doors"].get(door, {}).get("hours")
            return codec.read(Hours, values["hours"][profile]) if profile else None
    return None
