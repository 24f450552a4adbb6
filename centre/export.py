"""The record as a file that a stranger can check: what units and centre signed, line by line. docs/record.md says what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from centre import acts
from centre.errors import CentreError
from centre.schema import batches, epochs, facts, gaps, unit_keys
from centre.schema_record import signed_gaps
from centre.words import _
from contract.base64url import b64url
from contract.strict_json import dumps

FORMAT = "doorward-record-1"


def lines(conn: Connection) -> Iterator[bytes]:
    """From one look at the books. Each line is an object with one key, that says what it is. Raises CentreError where they hold what is no record."""
    try:
        yield from _lines(conn)
    except (AttributeError, TypeError, ValueError):
        raise CentreError(_("books: they hold what is no record: `verify` says where")) from None


def _lines(conn: Connection) -> Iterator[bytes]:
    journal = acts.own_journal(conn)
    yield dumps({"record": {"format": FORMAT, "site": journal.site, "key": journal.public.hex()}})
    for _n, line, _h, sig in acts.stored(conn):
        yield dumps({"act": {"line": line.decode(), "sig": b64url(sig)}})
    rows = conn.execute(select(unit_keys).order_by(unit_keys.c.unit, unit_keys.c.id)).all()
    for row in rows:
        yield dumps({"key": {"unit": row.unit, "public": row.public}})
    publics = {row.id: row.public for row in rows}
    known = conn.execute(select(epochs).order_by(epochs.c.unit, epochs.c.id)).all()
    names = {row.id: row.epoch for row in known}
    for row in known:
        yield dumps({"epoch": _place(row, names)})
    for row in known:
        yield from _history(conn, row, publics)


def _place(row: Row[Any], names: dict[int, str]) -> dict[str, Any]:
    """In the unit's history: from where to where its chain goes, and what it follows."""
    place: dict[str, Any] = {"unit": row.unit, "epoch": row.epoch, "base": row.base, "start": row.start.hex()}
    place |= {"link": row.link, "seq": row.seq, "head": row.head.hex()}
    if row.link == "linked":
        place |= {"previous": names.get(row.previous, ""), "previous_seq": row.previous_seq}
    return place


def _history(conn: Connection, row: Row[Any], publics: dict[int, str]) -> Iterator[bytes]:
    """Of one epoch: batches and gaps, then facts by their numbers."""
    yield dumps({"history": {"unit": row.unit, "epoch": row.epoch}})
    mine = signed_gaps.c.epoch_id == row.id
    marks = {each.last: each.marks for each in conn.execute(select(signed_gaps).where(mine))}
    for each in conn.execute(select(batches).where(batches.c.epoch_id == row.id).order_by(batches.c.id)):
        found = {"batch": each.batch, "first": each.first, "last": each.last}
        found |= {"prev": each.prev.hex(), "head": each.head.hex(), "sig": b64url(each.sig)}
        found |= {"key": publics.get(each.key_id, ""), "gaps": marks.get(each.last, "")}
        yield dumps({"batch": found})
    for each in conn.execute(select(gaps).where(gaps.c.epoch_id == row.id).order_by(gaps.c.first)):
        yield dumps({"gap": {"first": each.first, "last": each.last, "h": each.h.hex()}})
    stored = select(facts.c.line).where(facts.c.epoch_id == row.id).order_by(facts.c.seq)
    for (line,) in conn.execute(stored.execution_options(yield_per=1000)):
        yield dumps({"fact": line.decode()})
