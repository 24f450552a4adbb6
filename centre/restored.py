"""Books restored from an older copy: what units showed that the books do not have, and which unit has still to be asked.

Owns the tables shown_revs and revs_heard, and the rows `restored` and `replayed` of meta. What lets somebody in by being shown does not
come back to life with a copy: it may have been taken back since.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, and_, delete, func, inspect, select, update

from centre import acts
from centre.alarms import BOOKS_BEHIND, Alarms
from centre.books import insert_or_update, note_change
from centre.schema import meta, revs_heard, sealing_keys, shown_revs, unit_keys, units
from centre.schema import state as state_table
from centre.schema_accounts import api_tokens, consents, invitations, sessions
from centre.units import Unit
from contract.bounds import MAX_CLOCK_UTC
from contract.kinds import KINDS
from contract.messages import Kind
from contract.revs import Entry
from contract.scopes import Scope
from contract.topics import valid_id

MOST_REV = int(MAX_CLOCK_UTC)
"""Revisions are times or little more: a higher one is no revision of ours, and a unit that invents it costs none."""
MOST_SHOWN = 10_000
"""Rows kept of what units show; a unit with a long invented list gets no further."""
_KINDS = {kind.value for kind in KINDS}


# --- the marks


def mark(conn: Connection, now: float, made_utc: float | None) -> None:
    """The books are known to be an older copy: the broker is to be read, and each unit to be asked what it has, once.

    Without comparing times: this machine's clock may be another one than that of the backup. `made_utc`: when the copy was made, where
    that is known; the centre's own journal goes on with this act, or begins with it once its key is here.
    """
    journal = acts.journal_of(conn)
    if journal is not None and journal.begun():
        acts.note(conn, "restored", {"made": made_utc}, now)
    else:
        conn.execute(insert_or_update(conn, meta, {"name": acts.RESTORED_UNTOLD, "value": int(made_utc or 0)}))
    conn.execute(delete(meta).where(meta.c.name == "replayed"))
    conn.execute(delete(revs_heard))
    for table in (sessions, invitations, api_tokens, consents):
        if inspect(conn).has_table(
            table.name
        ):  # books of an earlier program, which are brought up once their keys are here
            conn.execute(delete(table))
    conn.execute(insert_or_update(conn, meta, {"name": "restored", "value": int(now)}))


def mark_replayed(conn: Connection, now: float) -> None:
    """What the broker retains was read."""
    conn.execute(insert_or_update(conn, meta, {"name": "replayed", "value": int(now)}))


def awaits_replay(conn: Connection) -> bool:
    """Whether the broker's retained state has not been read since the books were restored."""
    marks = set(conn.execute(select(meta.c.name).where(meta.c.name.in_(("restored", "replayed")))).scalars())
    return marks == {"restored"}


def unlisted(conn: Connection) -> set[str]:
    """Units that have not given their list of revisions since the books were restored."""
    if not conn.execute(select(meta.c.value).where(meta.c.name == "restored")).first():
        return set()
    there = select(units.c.unit).join(unit_keys, unit_keys.c.unit == units.c.unit)
    live = set(conn.execute(there.where(units.c.revoked_utc.is_(None), unit_keys.c.retired_utc.is_(None))).scalars())
    return live - set(conn.execute(select(revs_heard.c.unit)).scalars())


# --- what is shown


def heard(conn: Connection, unit: Unit, have: Iterable[Entry], now: float) -> list[Entry]:
    """Keeps, of a unit's whole list whose signature held, what is newer than the books, and returns it."""
    conn.execute(insert_or_update(conn, revs_heard, {"unit": unit.unit, "heard_utc": now}))
    scopes = [str(scope) for scope in unit.scopes]
    table = state_table.c
    newest = select(table.kind, table.scope, table.id, func.max(table.rev)).where(table.scope.in_(scopes))
    rows = conn.execute(newest.group_by(table.kind, table.scope, table.id))
    known = {(kind, scope, name): rev for kind, scope, name, rev in rows}
    found = [each for each in have if _possible(each, scopes) and each[3] > known.get(each[:3], 0)]
    room = MOST_SHOWN - int(conn.execute(select(func.count()).select_from(shown_revs)).scalar_one()) if found else 0
    for kind, scope, name, rev in sorted(found, key=lambda each: each[0] == Kind.NOTICE.value)[: max(0, room)]:
        note_shown(conn, kind, scope, name, rev, now)
    return sorted(found)


def told(conn: Connection, alarms: Alarms, unit: Unit, have: Iterable[Entry], now: float) -> str | None:
    """As heard; what is newer raises an alarm, which is returned in words where it is new: no books of ours signed it, as far as these know."""
    newer = heard(conn, unit, have, now)
    if not newer:
        return None
    if any(each[0] == Kind.SECRETS.value for each in newer):
        note_change(conn)
    kind, scope, name, rev = newer[0]
    what = " ".join(part for part in (kind, scope, name) if part)
    more = f" and {len(newer) - 1} more" if len(newer) > 1 else ""
    detail = f"books older than unit {unit.unit}: restored, or another signs with our keys? It has {what} revision {rev}{more}"
    return detail if alarms.raise_own(conn, unit.unit, BOOKS_BEHIND, "", 0, detail, now) else None


def _possible(entry: Entry, scopes: list[str]) -> bool:
    kind, scope, name, rev = entry
    return kind in _KINDS and scope in scopes and 0 < rev <= MOST_REV and (not name or valid_id(name))


def note_shown(conn: Connection, kind: str, scope: str, name: str, rev: int, now: float) -> None:
    """A revision that is out there. The next one given is above it."""
    mine = and_(shown_revs.c.kind == kind, shown_revs.c.scope == scope, shown_revs.c.id == name)
    known = conn.execute(select(shown_revs.c.rev).where(mine)).scalar()
    if known is None or known < rev:
        row = {"kind": kind, "scope": scope, "id": name, "rev": rev, "shown_utc": now}
        conn.execute(insert_or_update(conn, shown_revs, row))
        if kind == Kind.SECRETS.value:  # which keys they hold nobody can tell any more: it is handed ours again
            mine = sealing_keys.c.unit == scope.removeprefix("unit/")
            conn.execute(update(sealing_keys).where(mine).values(content=""))


def scopes_of_notice(conn: Connection, name: str) -> list[Scope]:
    """Where units show a notice that the books do not have."""
    mine = and_(shown_revs.c.kind == Kind.NOTICE.value, shown_revs.c.id == name)
    found = conn.execute(select(shown_revs.c.scope).where(mine).order_by(shown_revs.c.scope)).scalars()
    return [Scope(*text.split("/", 1)) for text in found]


OTHER_SECRETS = select(shown_revs.c.rev).where(shown_revs.c.kind == Kind.SECRETS.value).exists()
"""Whether units hold secrets that the books know nothing of: they are to be handed those of the books."""
