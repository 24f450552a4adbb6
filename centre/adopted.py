"""What books from before the centre's own journal have, as the acts that would have been entered: its first lines.

What a row says to the journal is said here once, for those who enter it and those who prove it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from centre.schema import (
    acknowledgements,
    alarms,
    commands,
    courses,
    early,
    epochs,
    facts,
    forks,
    gaps,
    pruned,
    receipts,
    rotations,
    state,
    unit_keys,
    units,
)
from centre.schema_reports import setting_revs
from centre.schema_rounds import round_revs

Data = dict[str, Any]
_EPOCH = tuple(epochs.c[name] for name in ("id", "unit", "epoch", "base", "start", "link", "previous_seq"))
"""What is said of an epoch: books that are being upgraded may have other columns beside."""


def acts_of(conn: Connection) -> Iterator[tuple[str, Data]]:
    """All of them, each with its kind."""
    for row in conn.execute(select(units).order_by(units.c.added_utc, units.c.unit)).all():
        yield "unit", unit_data(row)
    for row in conn.execute(select(unit_keys).order_by(unit_keys.c.id)).all():
        yield "key", key_data(row.unit, row.public)
    for row in conn.execute(select(commands).order_by(commands.c.iat_utc)).all():
        yield "command", command_data(row._asdict())
    for name in state_names(conn):
        yield "state", state_data(conn, *name)
    for row in conn.execute(select(*_EPOCH).order_by(epochs.c.id)).all():
        yield "epoch", epoch_data(row._asdict())
    for row in conn.execute(select(gaps).order_by(gaps.c.id)).all():
        yield "gap", _gap(conn, row)
    names = {row.id: (row.unit, row.epoch) for row in conn.execute(select(*_EPOCH))}
    for row in conn.execute(select(forks).order_by(forks.c.id)).all():
        yield "fork", fork_data(*names[row.epoch_id], row._asdict())
    yield from _alarms_of(conn)
    ahead = {(row.unit, row.epoch, row.seq): line_mark(row.line) for row in conn.execute(select(early))}
    if ahead:
        yield "early", early_data(ahead)
    yield from _left_of_pruned(conn)
    for row in conn.execute(select(rotations).order_by(rotations.c.id)).all():
        yield "rotation", rotation_data(row)
    for row in conn.execute(select(courses).order_by(courses.c.heard_utc)).all():
        yield "reply", reply_data(row._asdict())


def _alarms_of(conn: Connection) -> Iterator[tuple[str, Data]]:
    known = {row.id: row._asdict() for row in conn.execute(select(alarms).order_by(alarms.c.id))}
    for each in known.values():
        yield "alarm", alarm_data(each)
    for row in conn.execute(select(acknowledgements).order_by(acknowledgements.c.alarm)).all():
        yield "ack", ack_data(known[row.alarm], row.by, row.why, row.at_utc)


def _left_of_pruned(conn: Connection) -> Iterator[tuple[str, Data]]:
    """Receipts of units whose older facts are gone: nothing else tells of them any more."""
    mine = select(epochs.c.unit).join(pruned, pruned.c.epoch_id == epochs.c.id)
    for row in conn.execute(select(receipts).where(receipts.c.unit.in_(mine)).order_by(receipts.c.unit)).all():
        yield "receipt", receipt_data(row)


def unit_data(row: Row[Any]) -> Data:
    return {
        "unit": row.unit,
        "name": row.name,
        "scopes": row.scopes,
        "added": row.added_utc,
        "revoked": row.revoked_utc,
    }


def key_data(unit: str, public: str) -> Data:
    return {"unit": unit, "public": public}


def command_data(row: Mapping[str, Any]) -> Data:
    names = ("id", "unit", "action", "args", "actor", "why", "iat_utc", "exp_utc")
    return {name: row[name] for name in names}


def state_names(conn: Connection) -> list[tuple[str, str, str]]:
    rows = conn.execute(select(state.c.kind, state.c.scope, state.c.id).distinct())
    return sorted((kind, scope, name) for kind, scope, name in rows)


def state_data(conn: Connection, kind: str, scope: str, name: str) -> Data:
    """The revision in place; `parts`: what its messages are, by their SHA-256."""
    mine = (state.c.kind == kind) & (state.c.scope == scope) & (state.c.id == name)
    rows = conn.execute(select(state).where(mine).order_by(state.c.part)).all()
    parts = {str(row.part): hashlib.sha256(row.token).hexdigest() for row in rows if row.token is not None}
    return {"kind": kind, "scope": scope, "id": name, "rev": rows[0].rev, "until": rows[0].until_utc, "parts": parts}


def notice_data(row: Mapping[str, Any]) -> Data:
    """A revision of a notice, and who made it."""
    names = ("notice", "rev", "scope", "by", "made_utc", "withdrawn", "category", "from_utc")
    return {**{name: row[name] for name in names}, "mark": line_mark(row["token"])}


def round_marks(conn: Connection) -> dict[tuple[str, str, int], str]:
    """By scope, id and revision: the SHA-256 of every round there ever was."""
    rows = conn.execute(select(round_revs)).all()
    return {(row.scope, row.id, row.rev): hashlib.sha256(row.token).hexdigest() for row in rows}


def setting_marks(conn: Connection) -> dict[tuple[str, str, int], str]:
    """Likewise of settings, which have no id."""
    rows = conn.execute(select(setting_revs)).all()
    return {(row.scope, "", row.rev): hashlib.sha256(row.token).hexdigest() for row in rows}


def epoch_data(row: Mapping[str, Any]) -> Data:
    """`base` and `start` as it began: they move where older facts are given up."""
    names = ("unit", "epoch", "base", "link", "previous_seq")
    return {**{name: row[name] for name in names}, "start": row["start"].hex()}


def _gap(conn: Connection, row: Row[Any]) -> Data:
    epoch = conn.execute(select(*_EPOCH).where(epochs.c.id == row.epoch_id)).one()
    before = row.first - 1
    h = epoch.start if before == epoch.base else None
    if h is None:
        mine = (facts.c.epoch_id == epoch.id) & (facts.c.seq == before)
        h = conn.execute(select(facts.c.h).where(mine)).scalar()
    if h is None:
        ends = (gaps.c.epoch_id == epoch.id) & (gaps.c.last == before)
        h = conn.execute(select(gaps.c.h).where(ends)).scalar()
    return gap_data(epoch.unit, epoch.epoch, (row.first, row.last), h.hex() if h else "", row.h.hex())


def gap_data(unit: str, epoch: str, span: tuple[int, int], before: str, after: str) -> Data:
    """`before`, `after`: the chain's hashes around it."""
    return {"unit": unit, "epoch": epoch, "first": span[0], "last": span[1], "before": before, "after": after}


def alarm_data(row: Mapping[str, Any], sig: str | None = None) -> Data:
    """`sig`: the unit's (hex), of one that came ahead of its fact."""
    line = row.get("line")
    found = {name: row[name] for name in ("unit", "kind", "epoch", "seq", "detail")}
    return {**found, "line": None if line is None else line_mark(line), "sig": sig}


def line_mark(line: object) -> str:
    """SHA-256 of a line, in hex; somebody's hand may have left a text in its place."""
    return hashlib.sha256(line if isinstance(line, bytes) else str(line).encode()).hexdigest()


def reply_data(row: Mapping[str, Any]) -> Data:
    return {name: row[name] for name in ("command", "state", "unit", "reason", "door", "at_utc")}


def receipt_data(row: Row[Any]) -> Data:
    """One whose facts are given up, some of them or all."""
    names = ("unit", "notice", "rev", "received_utc", "shown_utc", "ended_utc")
    return {name: getattr(row, name) for name in names}


def fork_data(unit: str, epoch: str, row: Mapping[str, Any]) -> Data:
    return {"unit": unit, "epoch": epoch, "first": row["first"], "last": row["last"], "head": row["head"].hex()}


def ack_data(alarm: Mapping[str, Any], by: str, why: str, at_utc: float) -> Data:
    """The alarm is named by what it says: its number may be given again."""
    named = {name: alarm[name] for name in ("unit", "kind", "epoch", "seq", "detail")}
    return {**named, "by": by, "why": why, "noted": at_utc}


def early_data(taken: Mapping[tuple[str, str, int], str]) -> Data:
    """Receipts that came ahead of their facts: by unit, epoch and number, each with the mark of its line."""
    return {"receipts": [[*name, mark] for name, mark in taken.items()]}


def rotation_data(row: Row[Any]) -> Data:
    """A change of keys, how far it got. No key: their ids."""
    names = ("id", "what", "unit", "old", "new", "rev", "begun_utc", "done_utc")
    return {name: getattr(row, name) for name in names}


def text_mark(salt: str | None, text: str) -> str:
    """Of a text about people, which must be able to go: once its salt is gone, nobody can try any more what it said. Empty of an empty one."""
    return hashlib.sha256(f"{salt or ''}\n{text}".encode()).hexdigest() if text else ""


def case_data(row: Mapping[str, Any]) -> Data:
    """A step in the course of a report."""
    names = ("id", "report", "what", "at_utc", "by", "recipient", "level", "due_utc", "notice")
    return {name: row[name] for name in names} | {"said": text_mark(row["salt"], row["text"])}


def field_data(row: Mapping[str, Any]) -> Data:
    """What somebody wrote on a round."""
    names = ("key", "report", "what", "unit", "code", "by", "photo", "at_utc", "taken_utc")
    return {name: row[name] for name in names} | {"said": text_mark(row["salt"], row["text"])}


def written_told(data: Data) -> Data:
    """The same, of an act; those of earlier programs have the text itself."""
    rest = {name: value for name, value in data.items() if name != "text"}
    return {"said": text_mark("", str(data["text"])), **rest} if "text" in data else rest


def recipient_data(row: Mapping[str, Any]) -> Data:
    return {name: row[name] for name in ("id", "name", "kind", "added_utc", "removed_utc")}


def erasure_data(row: Mapping[str, Any]) -> Data:
    """That a unit is to remove what it keeps of a holder, and whether it has."""
    return {name: row[name] for name in ("asked_utc", "by", "why", "done_utc")}


def acceptance_data(row: Mapping[str, Any]) -> Data:
    """Who accepted which box, and on what sheet."""
    names = ("id", "unit", "public", "sheet", "failed", "open", "by", "why", "despite", "at_utc")
    return {name: row[name] for name in names}


def lost_data(row: Mapping[str, Any]) -> Data:
    """What was revoked; of a card the SHA-256 of its sealed number."""
    names = ("id", "what", "name", "by", "why", "at_utc", "again_utc")
    sealed = row["sealed"]
    return {name: row[name] for name in names} | {"sealed": None if sealed is None else line_mark(sealed)}


def poll_data(row: Mapping[str, Any]) -> Data:
    names = ("notice", "scope", "title", "options", "per", "until_utc", "by", "made_utc")
    return {name: row[name] for name in names}


_ACCOUNT = ("name", "label", "role", "scope", "holder", "subject", "made_utc", "disabled_utc")


def account_data(row: Mapping[str, Any]) -> Data:
    """Who may do what where; of the password that it is another one, no more."""
    kept = row["password"]
    return {name: row[name] for name in _ACCOUNT} | {"password": None if kept is None else line_mark(kept)}


def account_told(data: Data) -> Data:
    """The same, of an act."""
    return {name: data[name] for name in (*_ACCOUNT, "password")}


def token_data(row: Mapping[str, Any]) -> Data:
    names = ("id", "name", "role", "scope", "account", "by", "made_utc", "ends_utc", "ended_utc")
    return {name: row[name] for name in names}


def consent_data(row: Mapping[str, Any]) -> Data:
    """An act that waits for a second person, or how it was decided."""
    names = ("id", "doing", "scope", "call", "words", "by", "why", "made_utc", "ends_utc", "state", "second")
    return {name: row[name] for name in (*names, "decided_utc")} | {"body": line_mark(row["body"])}
