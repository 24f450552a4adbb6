"""Orders to one unit carried out: judged, committed, signed, sent, and their course told step by step until it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select

from centre import commands, publisher, schema, units
from centre.errors import WRONG_USE, BadValueError, CentreError, MissingValueError
from centre.folder import DESKS
from centre.link import Link
from centre.opened import OpenCentre
from centre.words import _
from contract.commands import MODE_MAX_S, Mode, Open, Order, Say, SetMode
from contract.messages import Kind
from contract.plain import Reply, UnitState, parse_unit_presence
from contract.refusal import Refusal
from contract.scopes import Scope
from contract.topics import down, up, valid_id

MAX_SAY = 60
"""Characters of what is said at a door: what somebody reads who needs help."""
STATUS_S = 0.5
"""How long to wait for the status that the broker has of a unit; it gives it at once, where there is one."""


class Outcome(StrEnum):
    """What became of an order. `DONE`: all of it; of an open, that the door was opened, or unlocked where it has no contact to tell."""

    DONE = "done"
    REFUSED = "refused"
    NO_ANSWER = "no answer"
    """None, or none that ends it."""
    OFFLINE = "offline"
    """By its last word at the broker; nothing was sent."""
    NO_ENTRY = "no entry"
    UNKNOWN = "unknown"
    """The unit restarted in the middle."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a course. `answered`: whether anything was heard. `online`, `heard_utc`: of the unit, by its last word in the books."""

    outcome: Outcome
    answered: bool
    online: bool
    heard_utc: float | None


def set_mode(mode: Mode, until_utc: float | None, door: str | None, now: float) -> SetMode:
    """Each mode has an end, so that no door is forgotten; normal has none to name. Raises BadValueError."""
    _check_door(door)
    if mode is Mode.NORMAL:
        if until_utc is not None:
            raise BadValueError("until", _("normal has no end"))
        return SetMode(mode, round(now + commands.VALID_S, 3), door)
    if until_utc is None:
        raise MissingValueError("until", _("{mode} has an end").format(mode=mode.value))
    if until_utc <= now:
        raise BadValueError("until", _("is over already"))
    if until_utc - now > MODE_MAX_S:
        raise BadValueError("until", _("at most {days:.0f} days from now").format(days=MODE_MAX_S / 86_400))
    return SetMode(mode, round(until_utc, 3), door)


def say(text: str, seconds: int) -> Say:
    """Raises BadValueError."""
    if not text.strip() or len(text) > MAX_SAY or not text.isprintable():
        raise BadValueError("text", _("1 to {most} characters, on one line").format(most=MAX_SAY))
    return Say(text, seconds)


def carry_out(
    centre: OpenCentre,
    unit_id: str,
    order: Order,
    actor: str,
    why: str,
    *,
    wait: bool = False,
    desks: Sequence[str] = DESKS,
) -> Generator[Reply | Ended, None, None]:
    """Each reply as it is heard, and what came of it last. Nothing happens before the first is asked for. `desks`: the logins to take one of.

    A unit that is offline, by its status at the broker, is sent nothing, unless it is to be waited for as long as the command is valid.
    Connects first, so that nothing of the command's short life is lost to that; then commits, signs, sends, listens. Raises CentreError
    (wrong use) where the unit would not take it, by what the books know; (exit 69) where the broker can't be reached.
    """
    site = centre.site.site
    with centre.books.reading() as conn:
        goes_on = _judge(conn, site, unit_id, order)
    valid_s = commands.OPEN_VALID_S if isinstance(order, Open) else commands.VALID_S
    answers, status = up(site, unit_id, "reply"), up(site, unit_id, "status")
    with publisher.connected(centre.folder, centre.site, centre.keys, [answers, status], desks=desks) as link:
        if not wait and _is_offline(link, status):
            yield _ended(centre, unit_id, Outcome.OFFLINE, answered=False)
            return
        command = commands.make(site, unit_id, order, actor, why, valid_s, time.time())
        topic = down(site, command.scope, Kind.COMMAND)
        token = centre.signer.sign_state(topic, command)
        with centre.books.writing() as conn:
            commands.record(conn, command)
        link.publish(topic, token, retain=False)
        states = []
        for reply in commands.course(centre.books, link, command, goes_on=goes_on):
            states.append(reply.state)
            yield reply
    yield _ended(centre, unit_id, _outcome(states, goes_on=goes_on), answered=bool(states))


def carry_out_all(
    centre: OpenCentre, scope: Scope, order: SetMode, actor: str, why: str, *, wait: bool = False
) -> Iterator[tuple[str, Reply | Ended]]:
    """A mode for every unit of a scope at once: a command of its own for each, all committed and sent before the first answer is waited for.

    Each unit's replies as they are heard, and at the end what came of it at each. Units that are offline as in `carry_out`. Raises CentreError as that does.
    """
    site = centre.site.site
    with centre.books.reading() as conn:
        there = units.reach(conn, site, scope).units
    topics = {unit: up(site, unit, "status") for unit in there}
    with publisher.connected(
        centre.folder, centre.site, centre.keys, [up(site, unit, "reply") for unit in there] + list(topics.values())
    ) as link:
        told = {} if wait else publisher.retained(link, list(topics.values()), STATUS_S)
        away = {unit for unit, topic in topics.items() if _says_offline(told.get(topic, b""))}
        now = time.time()
        given = {
            command.id: command
            for command in (
                commands.make(site, unit, order, actor, why, commands.VALID_S, now)
                for unit in there
                if unit not in away
            )
        }
        with centre.books.writing() as conn:
            for command in given.values():
                commands.record(conn, command)
        for command in given.values():
            topic = down(site, command.scope, Kind.COMMAND)
            link.publish(topic, centre.signer.sign_state(topic, command), retain=False)
        states: dict[str, list[str]] = {command.unit: [] for command in given.values()}
        if given:
            for reply in commands.courses_of(centre.books, link, list(given.values()), goes_on=False):
                unit = given[reply.id].unit
                states[unit].append(reply.state)
                yield unit, reply
    for unit in there:
        heard = states.get(unit)
        outcome = Outcome.OFFLINE if heard is None else _outcome(heard, goes_on=False)
        yield unit, _ended(centre, unit, outcome, answered=bool(heard))


def reached(centre: OpenCentre, scope: Scope) -> tuple[str, ...]:
    """The units of a scope that orders go to."""
    with centre.books.reading() as conn:
        return units.reach(conn, centre.site.site, scope).units


def _ended(centre: OpenCentre, unit_id: str, outcome: Outcome, *, answered: bool) -> Ended:
    table = schema.units.c
    with centre.books.reading() as conn:
        row = conn.execute(select(table.online, table.heard_utc).where(table.unit == unit_id)).one()
    return Ended(outcome, answered, bool(row.online) and outcome is not Outcome.OFFLINE, row.heard_utc)


def _is_offline(link: Link, topic: str) -> bool:
    """What the broker has of the unit's status says so; none, or one that cannot be read, says nothing."""
    return _says_offline(publisher.retained(link, [topic], STATUS_S).get(topic, b""))


def _says_offline(status: bytes) -> bool:
    told = parse_unit_presence(status)
    return not isinstance(told, Refusal) and told.state is UnitState.OFFLINE


def _judge(conn: Connection, site: str, unit_id: str, order: Order) -> bool:
    """Whether something follows upon `done`: the unit can tell that the door was opened. Raises CentreError where it can't take it."""
    _check_door(order.door)
    if units.one(conn, site, unit_id).revoked:
        raise CentreError(_("{unit_id}: revoked").format(unit_id=unit_id), WRONG_USE)
    known = _doors(conn, unit_id)
    if known and order.door is not None and order.door not in known:
        raise BadValueError(
            "door",
            _("{unit_id} has no door {door!r}; it has {known}").format(
                unit_id=unit_id, door=order.door, known=", ".join(known)
            ),
        )
    return isinstance(order, Open) and _sees_opening(known, order.door)


def _check_door(door: str | None) -> None:
    if door is not None and not valid_id(door):
        raise BadValueError("door", _("{door!r} is no id").format(door=door))


def _doors(conn: Connection, unit_id: str) -> Mapping[str, object]:
    """The unit's doors by its last status; empty where none is known."""
    text = conn.execute(select(schema.units.c.status).where(schema.units.c.unit == unit_id)).scalar()
    doors = json.loads(text).get("doors") if text else None
    return doors if isinstance(doors, dict) else {}


def _sees_opening(known: Mapping[str, object], door: object) -> bool:
    """By the unit's last status, in which a door without contact has no level."""
    told = known.get(str(door))
    return not (isinstance(told, dict) and "open" in told and told["open"] is None)


def _outcome(states: Sequence[str], *, goes_on: bool) -> Outcome:
    if "refused" in states:
        return Outcome.REFUSED
    if "unknown" in states:
        return Outcome.UNKNOWN
    if "no_entry" in states:
        return Outcome.NO_ENTRY
    if "opened" in states or (not goes_on and "done" in states):
        return Outcome.DONE
    return Outcome.NO_ANSWER
