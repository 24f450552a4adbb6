"""How the centre stands, in figures: of units, alarms, intake, notices, books, certificates and web hooks. Only reads; holds no id of a person."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, func, select

from centre import broker_files, certificates, hooks
from centre.books import Books
from centre.folder import Folder
from centre.schema import acknowledgements, alarms, facts, receipts, refusals, state, unit_keys, units
from contract.messages import Kind

NOTICES = 20
"""Of the notices that stand, the newest so many are told."""
ASKED = 500
"""Units that one question names."""


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """`unconfirmed`: facts that it had not got rid of, by its last status; None where it never told."""

    unit: str
    online: bool
    enrolled: bool
    heard_utc: float | None
    unconfirmed: int | None


@dataclass(frozen=True, slots=True)
class NoticeFigures:
    """Of how many `units`, those of its scope now, it got how far."""

    notice: str
    units: int
    received: int
    shown: int


@dataclass(frozen=True, slots=True)
class BookFigures:
    """`alarms`: open ones by kind. `refused`: messages that did not hold, by topic and reason. `certificates`: when each ends. `hooks`: alarms that wait for each."""

    units: tuple[UnitFigures, ...]
    alarms: Mapping[str, int]
    facts: int
    refused: Mapping[tuple[str, str], int]
    notices: tuple[NoticeFigures, ...]
    size: int
    certificates: Mapping[str, float]
    hooks: Mapping[int, int]


class FigureReader:
    """For one thread at a time. A unit's status is read again only when it was heard of since."""

    def __init__(self, folder: Folder, site: str, books: Books) -> None:
        self._folder, self._site, self._books = folder, site, books
        self._known: dict[str, tuple[float | None, int | None]] = {}

    def read(self, now: float) -> BookFigures:
        """Raises the database's errors."""
        with self._books.reading() as conn:
            rows = _registered(conn)
            self._look_at_statuses(conn, rows)
            enrolled = set(conn.execute(select(unit_keys.c.unit).where(unit_keys.c.retired_utc.is_(None))).scalars())
            found = tuple(
                UnitFigures(row.unit, bool(row.online), row.unit in enrolled, row.heard_utc, self._known[row.unit][1])
                for row in rows
            )
            newest = conn.execute(select(func.max(facts.c.n))).scalar() or 0
            waiting = {each.hook.id: each.waiting for each in hooks.listed(conn, self._site)}
            size = _size(conn, self._folder)
            told = tuple(_notices(conn, self._site, rows, now))
            return BookFigures(
                found, _open(conn), newest, _refused(conn), told, size, certificate_ends(self._folder), waiting
            )

    def _look_at_statuses(self, conn: Connection, rows: list[Row[Any]]) -> None:
        fresh = [row.unit for row in rows if self._known.get(row.unit, (-1.0, None))[0] != row.heard_utc]
        heard = {row.unit: row.heard_utc for row in rows}
        for start in range(0, len(fresh), ASKED):
            query = select(units.c.unit, units.c.status).where(units.c.unit.in_(fresh[start : start + ASKED]))
            self._known |= {row.unit: (heard[row.unit], _unconfirmed(row.status)) for row in conn.execute(query)}
        for gone in self._known.keys() - heard.keys():
            del self._known[gone]


def _unconfirmed(status: str | None) -> int | None:
    value = json.loads(status).get("backlog") if status else None
    return value if isinstance(value, int) else None


def _registered(conn: Connection) -> list[Row[Any]]:
    """All units that are not revoked."""
    columns = (units.c.unit, units.c.scopes, units.c.online, units.c.heard_utc)
    return list(conn.execute(select(*columns).where(units.c.revoked_utc.is_(None)).order_by(units.c.unit)))


def _open(conn: Connection) -> dict[str, int]:
    joined = alarms.outerjoin(acknowledgements, acknowledgements.c.alarm == alarms.c.id)
    query = select(alarms.c.kind, func.count()).select_from(joined).where(acknowledgements.c.alarm.is_(None))
    return {row[0]: row[1] for row in conn.execute(query.group_by(alarms.c.kind))}


def _refused(conn: Connection) -> dict[tuple[str, str], int]:
    query = select(refusals.c.leaf, refusals.c.reason, func.sum(refusals.c.count))
    rows = conn.execute(query.group_by(refusals.c.leaf, refusals.c.reason))
    return {(leaf, reason): int(count) for leaf, reason, count in rows}


def _notices(conn: Connection, site: str, rows: list[Row[Any]], now: float) -> list[NoticeFigures]:
    standing = (state.c.kind == Kind.NOTICE.value) & state.c.token.is_not(None) & state.c.withdrawn.is_(False)
    still = state.c.until_utc.is_(None) | (state.c.until_utc > now)
    query = select(state.c.id, state.c.rev, state.c.scope).where(standing, still)
    found = []
    for notice, rev, scope in conn.execute(query.order_by(state.c.made_utc.desc()).limit(NOTICES)).all():
        reached = {row.unit for row in rows if scope in (f"site/{site}", f"unit/{row.unit}", *row.scopes.split())}
        columns = (receipts.c.unit, receipts.c.received_utc, receipts.c.shown_utc)
        got = select(*columns).where(receipts.c.notice == notice, receipts.c.rev == rev)
        count = Counter[str]()
        for unit, received_utc, shown_utc in conn.execute(got):
            if unit in reached:
                count["shown"] += shown_utc is not None
                count["received"] += received_utc is not None or shown_utc is not None
        found.append(NoticeFigures(notice, len(reached), count["received"], count["shown"]))
    return found


def _size(conn: Connection, folder: Folder) -> int:
    """Bytes of the books, of what is still to go into their file too."""
    if conn.dialect.name == "postgresql":
        size: int = conn.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
        return size
    return sum(path.stat().st_size for path in folder.path.glob(f"{folder.books.name}*") if path.is_file())


def certificate_ends(folder: Folder) -> dict[str, float]:
    """When the certificates end that lie where we can read them: of the CA, the broker, the server of software."""
    site = folder.load()
    paths: dict[str, Path] = {"ca": folder.ca, "files": folder.files / "server.pem"}
    if site.mosquitto is not None and (shown := broker_files.certificate_of(site, site.mosquitto)[0]) is not None:
        paths["broker"] = broker_files.place(folder, site.mosquitto) / shown
    if site.files is not None and site.files.certificate is not None:
        paths["files"] = Path(site.files.certificate)
    found = {}
    for name, path in paths.items():
        try:
            found[name] = certificates.in_file(path).not_valid_after_utc.timestamp()
        except (OSError, ValueError):
            continue
    return found
