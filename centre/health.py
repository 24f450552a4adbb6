"""What is wrong at the centre or open to be looked at, for monitoring. Only looks; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from centre import acknowledgements, cases, hooks, publisher
from centre.cases import Level
from centre.errors import CentreError
from centre.names import named
from centre.opened import OpenCentre
from centre.schema import unit_keys, units
from centre.words import _
from contract.plain import Presence, parse_presence
from contract.topics import centre as presence_topic

AWAY_S = 86_400.0
"""A unit that was not heard of for longer is a finding."""
PRESENCE_S = 2.0
"""How long the broker may take to say whether `serve` is there: its word is retained."""


class Cause(StrEnum):
    """What a finding is about."""

    BOOKS = "books"
    BROKER = "broker"
    SERVE = "serve"
    UNIT = "unit"
    ALARM = "alarm"
    REPORT = "report"
    HOOK = "hook"


@dataclass(frozen=True, slots=True)
class Finding:
    """`unit` and `alarm` where it is about one; `since_utc` where the books know it."""

    cause: Cause
    text: str
    unit: str | None = None
    alarm: int | None = None
    since_utc: float | None = None
    happened_utc: float | None = None
    """Of an alarm, by the unit's clock; `since_utc` is when it came."""
    seen_utc: float | None = None
    """Of a watched household, when it showed itself again."""


def findings(centre: OpenCentre, now: float) -> Iterator[Finding]:
    """None where all is well. Raises CentreError only where there is no centre's folder."""
    try:
        books = centre.books
        with books.reading() as conn:
            found = [*_away(conn, now), *_overdue(conn, centre.site.site, now), *_open(centre), *_hooks(conn)]
    except (CentreError, DBAPIError) as error:
        found = [Finding(Cause.BOOKS, str(error.orig if isinstance(error, DBAPIError) else error))]
    yield from of_centre(centre)
    yield from found


def of_centre(centre: OpenCentre) -> Iterator[Finding]:
    """Of the broker, and of `serve` there. Takes up to some seconds where they do not answer."""
    try:
        there = _presence(centre)
    except CentreError as error:
        yield Finding(Cause.BROKER, str(error))
        return
    if there is None:
        yield Finding(
            Cause.SERVE,
            _("the broker has no word of it; where its files are of an earlier version, `broker` writes them anew"),
        )
    elif not there.online:
        yield Finding(Cause.SERVE, _("not running, or not connected to the broker"))


def _presence(centre: OpenCentre) -> Presence | None:
    """What the broker retains of `serve`, whose will says when it is gone; None where it never ran. Raises CentreError (exit 69)."""
    topic = presence_topic(centre.site.site)
    with publisher.connected(centre.folder, centre.site, centre.keys, [topic]) as link:
        presence = parse_presence(publisher.retained(link, [topic], PRESENCE_S).get(topic, b""))
    return presence if isinstance(presence, Presence) else None


def _away(conn: Connection, now: float) -> Iterator[Finding]:
    """Units that are enrolled, not revoked, and not there for long. One that is there says so every five minutes."""
    joined = units.join(unit_keys, unit_keys.c.unit == units.c.unit)
    wanted = select(units.c.unit, units.c.heard_utc, unit_keys.c.pinned_utc).select_from(joined)
    wanted = wanted.where(unit_keys.c.retired_utc.is_(None), units.c.revoked_utc.is_(None)).order_by(units.c.unit)
    for row in conn.execute(wanted):
        since = row.heard_utc if row.heard_utc is not None else row.pinned_utc
        if since < now - AWAY_S:
            days = int((now - since) // 86_400)
            yield Finding(Cause.UNIT, _("not heard of for {days} days").format(days=days), row.unit, None, since)


def _overdue(conn: Connection, site: str, now: float) -> Iterator[Finding]:
    """A line for each level that cases have climbed to."""
    late = [case for case in cases.all_of(conn, site) if case.overdue(now)]
    for level in Level:
        there = [case for case in late if case.level(now) is level]
        if there:
            worst = min(there, key=lambda case: case.due_utc)
            line = _("{count} overdue, and now of the {level}: see `report list --overdue`; longest {report}")
            words = {"count": len(there), "level": named(level.name.lower()), "report": worst.id}
            yield Finding(Cause.REPORT, line.format(**words), since_utc=worst.due_utc)


def _hooks(conn: Connection) -> Iterator[Finding]:
    """Web hooks that do not take what they are sent."""
    for each in hooks.all_of(conn):
        if each.failing_utc is not None and each.fault is not None:
            line = _("web hook {id}: {url} takes no alarms: {fault}")
            yield Finding(
                Cause.HOOK,
                line.format(id=each.id, url=each.shown, fault=_(each.fault)),
                since_utc=each.failing_utc,
            )


def _open(centre: OpenCentre) -> Iterator[Finding]:
    for each in acknowledgements.listed(centre):
        alarm = each.alarm
        more = _(", and {repeats} more").format(repeats=each.repeats) if each.repeats else ""
        text = f"{alarm.kind} {acknowledgements.words(alarm)}".rstrip()
        yield Finding(
            Cause.ALARM, f"{text}{more}", alarm.unit, alarm.id, alarm.taken_utc, each.happened_utc, each.seen_utc
        )
