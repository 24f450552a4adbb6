"""Who deals with reports and services: the grid, the community, the street, the police, partner organisations, volunteers. Owns the table recipients."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select, update

from centre import acts, adopted
from centre.books import insert_or_update
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.opened import OpenCentre
from centre.schema_holders import recipients
from centre.words import _
from contract.topics import valid_id

MAX_NAME = 100


class RecipientKind(StrEnum):
    GRID = "grid"
    COMMUNITY = "community"
    STREET = "street"
    POLICE = "police"
    PARTNER = "partner"
    VOLUNTEER = "volunteer"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One that reports may be assigned to by its id."""

    id: str
    name: str
    kind: RecipientKind
    added_utc: float


def add(centre: OpenCentre, name: str, title: str, kind: RecipientKind, by: str, now: float) -> Recipient:
    """A new one, or another name and kind for one that is there. Raises BadValueError."""
    if not valid_id(name):
        raise BadValueError("id", _("{name!r} is no id (a-z, 0-9, - and _, at most 48)").format(name=name))
    if not title.strip() or len(title) > MAX_NAME or "\0" in title:
        raise BadValueError("name", _("1 to {most} characters").format(most=MAX_NAME))
    row = {"id": name, "name": title, "kind": kind.value, "added_utc": now, "removed_utc": None}
    with centre.books.changing() as conn:
        conn.execute(insert_or_update(conn, recipients, row))
        acts.note(conn, "recipient", {**adopted.recipient_data(row), "by": by}, now)
    return Recipient(name, title, kind, now)


def remove(centre: OpenCentre, name: str, by: str, now: float) -> None:
    """No report is to go there from now on; those that did keep the id. Raises CentreError (wrong use) where there is none."""
    with centre.books.changing() as conn:
        known = recipients.c.id == name
        row = conn.execute(select(recipients).where(known, recipients.c.removed_utc.is_(None))).first()
        if row is None:
            raise CentreError(_("{name}: no such recipient").format(name=name), WRONG_USE)
        conn.execute(update(recipients).where(known).values(removed_utc=now))
        acts.note(conn, "recipient", {**adopted.recipient_data(row._asdict() | {"removed_utc": now}), "by": by}, now)


def known(conn: Connection) -> dict[str, Recipient]:
    """Those that are not removed, by id."""
    rows = conn.execute(select(recipients).where(recipients.c.removed_utc.is_(None)).order_by(recipients.c.id))
    return {row.id: Recipient(row.id, row.name, RecipientKind(row.kind), row.added_utc) for row in rows}
