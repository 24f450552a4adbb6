"""The tables of journal.db and cache.db, as named steps from an empty file on (migrations.py). A released step is never changed; a change is a new one.

Small rows that steer us carry `sum`, a CRC over their values: SQLite's own checks find broken pages, not flipped bits in a number.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

from agent.store.database import Database, DatabaseKind
from agent.store.faults import DamagedError
from contract import chain

FACTS = """
CREATE TABLE {name} (
    seq INTEGER PRIMARY KEY,
    first INTEGER,
    utc INTEGER,
    rank INTEGER NOT NULL,
    line BLOB,
    h BLOB NOT NULL
)
"""
"""A fact, or (`line` NULL) the gap `first..seq` that dropped facts left. `h` is the chain's hash after `seq`. `utc` NULL: clock unknown."""


def m001_facts_and_epochs(db: Database) -> None:
    db.conn.execute(FACTS.format(name="facts"))
    db.conn.execute(
        "CREATE TABLE epochs (n INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE, utc REAL NOT NULL, "
        "prev_epoch TEXT NOT NULL, prev_head TEXT NOT NULL, sum INTEGER NOT NULL)"
    )
    # base: the last number no longer held; confirmed: the last the centre confirmed; each with the chain's hash after it
    db.conn.execute(
        "CREATE TABLE position (id INTEGER PRIMARY KEY CHECK (id = 1), confirmed INTEGER NOT NULL, confirmed_h BLOB NOT NULL, "
        "base INTEGER NOT NULL, base_h BLOB NOT NULL, sum INTEGER NOT NULL)"
    )
    db.conn.execute(
        "CREATE TABLE life (id INTEGER PRIMARY KEY CHECK (id = 1), boot INTEGER NOT NULL, clean INTEGER NOT NULL, "
        "floor REAL, sum INTEGER NOT NULL)"
    )


def m002_seen_commands(db: Database) -> None:
    db.conn.execute(
        "CREATE TABLE seen (id TEXT PRIMARY KEY, exp REAL NOT NULL, action TEXT NOT NULL, door TEXT, actor TEXT NOT NULL, "
        "pending INTEGER NOT NULL)"
    )


def m003_revisions_and_keys(db: Database) -> None:
    db.conn.execute("CREATE TABLE revs (name TEXT PRIMARY KEY, rev INTEGER NOT NULL, sum INTEGER NOT NULL)")
    db.conn.execute(
        "CREATE TABLE keys (id INTEGER PRIMARY KEY CHECK (id = 1), rev INTEGER NOT NULL, body BLOB NOT NULL, sum INTEGER NOT NULL)"
    )


def m004_modes(db: Database) -> None:
    db.conn.execute(
        "CREATE TABLE modes (door TEXT PRIMARY KEY, mode TEXT NOT NULL, until REAL NOT NULL, sum INTEGER NOT NULL)"
    )


def m005_signed_time(db: Database) -> None:
    """What signed messages say of the time. Of an older journal only facts dated by a set clock do; its `life.floor` may be a wrong system clock's."""
    db.conn.execute(
        "CREATE TABLE known (id INTEGER PRIMARY KEY CHECK (id = 1), confirmed REAL NOT NULL, floor REAL NOT NULL, doubt REAL, "
        "sum INTEGER NOT NULL)"
    )
    for (line,) in db.conn.execute(
        'SELECT line FROM facts WHERE instr(line, CAST(\'"clock":"synced"\' AS BLOB)) '
        'OR instr(line, CAST(\'"clock":"holdover"\' AS BLOB)) ORDER BY seq DESC'
    ):
        utc = _set_by_the_centre(line)
        if utc is not None:
            db.conn.execute("INSERT INTO known VALUES (1, ?, ?, NULL, ?)", (utc, utc, seal(utc, utc, None)))
            return


def m006_untold_check_ins(db: Database) -> None:
    db.conn.execute(
        "CREATE TABLE untold (stop TEXT NOT NULL, by TEXT NOT NULL, utc REAL NOT NULL, sum INTEGER NOT NULL, "
        "PRIMARY KEY (stop, by, utc))"
    )


def m007_secrets(db: Database) -> None:
    """Sealed, as they came: those in force, and earlier ones that a roster in force still needs a card key of."""
    db.conn.execute("CREATE TABLE secrets (rev INTEGER PRIMARY KEY, body BLOB NOT NULL, sum INTEGER NOT NULL)")


def m008_wrong_codes(db: Database) -> None:
    """By reader; `until` NULL: no lock-out."""
    db.conn.execute(
        "CREATE TABLE tries (reader TEXT PRIMARY KEY, wrong INTEGER NOT NULL, rounds INTEGER NOT NULL, until REAL, sum INTEGER NOT NULL)"
    )


def m009_used_visitor_codes(db: Database) -> None:
    db.conn.execute(
        "CREATE TABLE visited (door TEXT NOT NULL, day TEXT NOT NULL, serial INTEGER NOT NULL, sum INTEGER NOT NULL, "
        "PRIMARY KEY (door, day, serial))"
    )


def m010_rounds(db: Database) -> None:
    """Check-ins of the last days by the stops they may do; stops of a day that facts told of."""
    db.conn.execute(
        "CREATE TABLE visits (door TEXT NOT NULL, by TEXT NOT NULL, utc REAL NOT NULL, timed INTEGER NOT NULL, sum INTEGER NOT NULL)"
    )
    db.conn.execute("CREATE TABLE told_stops (round TEXT NOT NULL, key TEXT NOT NULL, sum INTEGER NOT NULL)")


def m011_watched_households(db: Database) -> None:
    """`at` NULL: the time was not known."""
    db.conn.execute(
        "CREATE TABLE homes (name TEXT PRIMARY KEY, holder TEXT NOT NULL, room TEXT, counted REAL NOT NULL, at REAL, "
        "silent INTEGER NOT NULL, sum INTEGER NOT NULL)"
    )


def m012_water_meters(db: Database) -> None:
    """`at` NULL: the time was not known; `quiet` NULL: nothing to compare with yet; `holder` NULL: nobody is watched there."""
    db.conn.execute(
        "CREATE TABLE meters (name TEXT PRIMARY KEY, litres INTEGER NOT NULL, at REAL, quiet REAL, told TEXT NOT NULL, "
        "holder TEXT, sum INTEGER NOT NULL)"
    )


def _set_by_the_centre(line: object) -> float | None:
    """The date of a fact that was written with a set clock. Damage is found and mended elsewhere."""
    if not isinstance(line, bytes):
        return None
    try:
        fact = chain.parse_line(line)
    except (ValueError, TypeError):
        return None
    if isinstance(fact, chain.Gap) or fact.clock not in {"synced", "holdover"}:
        return None
    return float(fact.at_utc)


def m001_notices_rosters_settings(db: Database) -> None:
    run = db.conn.execute
    run(
        "CREATE TABLE notices (scope TEXT NOT NULL, id TEXT NOT NULL, rev INTEGER NOT NULL, body BLOB NOT NULL, "
        "sum INTEGER NOT NULL, PRIMARY KEY (scope, id))"
    )
    run(
        "CREATE TABLE settings (scope TEXT PRIMARY KEY, rev INTEGER NOT NULL, body BLOB NOT NULL, sum INTEGER NOT NULL)"
    )
    run(
        "CREATE TABLE parts (scope TEXT NOT NULL, id TEXT NOT NULL, rev INTEGER NOT NULL, part INTEGER NOT NULL, "
        "parts INTEGER NOT NULL, body BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (scope, id, rev, part))"
    )
    # the revision in force; its parts stay in `parts`, so putting the next one in force is one small write
    run(
        "CREATE TABLE rosters (scope TEXT NOT NULL, id TEXT NOT NULL, rev INTEGER NOT NULL, parts INTEGER NOT NULL, "
        "sum INTEGER NOT NULL, PRIMARY KEY (scope, id))"
    )


EARLIER_MESSAGES = (("notice", "notices", "scope, id, rev, body"), ("settings", "settings", "scope, rev, body"))
"""Kind, table and columns of messages where each kind had a table of its own."""


def m002_one_table_for_all_kinds(db: Database) -> None:
    run = db.conn.execute
    run(
        "CREATE TABLE messages (kind TEXT NOT NULL, scope TEXT NOT NULL, id TEXT NOT NULL, rev INTEGER NOT NULL, "
        "body BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (kind, scope, id))"
    )
    for kind, table, columns in EARLIER_MESSAGES:
        for *values, sum_ in run(f"SELECT {columns}, sum FROM {table}").fetchall():  # noqa: S608  # names of ours
            unseal(sum_, *values)
            run("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)", message_row(kind, *values))
        run(f"DROP TABLE {table}")


def message_row(kind: str, scope: str, *rest: Any) -> tuple[Any, ...]:
    """The row of a message of (id, rev, body), or of (rev, body) where a scope has but one."""
    *ident, rev, body = rest
    values = (kind, scope, ident[0] if ident else "", rev, body)
    return (*values, seal(*values))


JOURNAL_STEPS: Final = (
    m001_facts_and_epochs,
    m002_seen_commands,
    m003_revisions_and_keys,
    m004_modes,
    m005_signed_time,
    m006_untold_check_ins,
    m007_secrets,
    m008_wrong_codes,
    m009_used_visitor_codes,
    m010_rounds,
    m011_watched_households,
    m012_water_meters,
)
CACHE_STEPS: Final = (m001_notices_rosters_settings, m002_one_table_for_all_kinds)
CACHE_CAP: Final = 128 * 1024 * 1024


def journal_kind(journal_mb: int) -> DatabaseKind:
    """A small page: one fact at a time costs a page a commit (5.9 KB a fact written at 1024 bytes a page, 9.0 KB at 4096; measured).

    The cap only stops a runaway: room.py keeps the file at `journal_mb`, and a new epoch may need it twice for a moment.
    """
    cap = (2 * journal_mb + 4) * 1024 * 1024
    steering = ("epochs", "position", "life", "seen", "revs", "keys", "modes", "known", "untold", "secrets")
    tables = ("facts", *steering, "tries", "visited", "visits", "told_stops", "homes", "meters")
    return DatabaseKind("journal", JOURNAL_STEPS, tables, page=1024, checkpoint=800, cap=cap)


CACHE_TABLES = ("messages", "parts", "rosters")
CACHE_KIND = DatabaseKind("cache", CACHE_STEPS, CACHE_TABLES, page=4096, checkpoint=200, cap=CACHE_CAP)


def seal(*values: object) -> int:
    """The `sum` of a row with these values."""
    return zlib.crc32(repr(values).encode())


def unseal(sum_: object, *values: object) -> None:
    """Raise DamagedError where the values are not those the row was written with."""
    if sum_ != seal(*values):
        raise DamagedError("a row does not match its checksum")
