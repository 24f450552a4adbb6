"""Orders of lately to a unit, whoever gave them, with how far each got. Only reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import get_args

from sqlalchemy import Connection, select

from centre.schema import commands, courses
from contract import codec
from contract.codec import FieldError
from contract.commands import Order
from contract.plain import Reply, ReplyState


@dataclass(frozen=True, slots=True)
class GivenOrder:
    """`order`: None where this version does not know it. `steps`: in the order of the unit's clock."""

    id: str
    action: str
    order: Order | None
    actor: str
    why: str
    at_utc: float
    steps: tuple[Reply, ...]


def to_unit(conn: Connection, unit: str, most: int) -> list[GivenOrder]:
    """The last so many, newest first."""
    newest = select(commands).where(commands.c.unit == unit).order_by(commands.c.iat_utc.desc()).limit(most)
    rows = conn.execute(newest).all()
    steps: dict[str, list[Reply]] = {}
    mine = courses.c.command.in_([row.id for row in rows])
    for row in conn.execute(select(courses).where(mine).order_by(courses.c.at_utc, courses.c.heard_utc)):
        steps.setdefault(row.command, []).append(
            Reply(row.command, ReplyState(row.state), row.at_utc, row.reason, row.door)
        )
    return [
        GivenOrder(
            row.id,
            row.action,
            _order(row.action, row.args),
            row.actor,
            row.why,
            row.iat_utc,
            tuple(steps.get(row.id, ())),
        )
        for row in rows
    ]


_BY_ACTION = {each.TAG: each for each in get_args(Order)}


def _order(action: str, args: str) -> Order | None:
    kind = _BY_ACTION.get(action)
    try:
        made: Order | None = None if kind is None else codec.read(kind, json.loads(args))
    except (FieldError, ValueError):
        return None
    return made
