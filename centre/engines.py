"""How each database is connected to: SQLite and PostgreSQL, each so that what is committed is on the disk, and no wait is without end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, BigInteger, Connection, Engine, Integer, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

from centre.errors import CONFIGURATION, CentreError
from centre.words import _

BUSY_S = 10.0
"""How long a writer waits for another: `serve` holds a transaction for well under a second."""
CONNECT_S = 5
SILENT_S = 5
"""A PostgreSQL server that is not heard for so long (2 s idle, then three questions) is gone, and so is a client to the server."""
THREADS = 40
"""That answer the console's requests: none waits for a connection because others wait for a lock. One to SQLite costs little: as many as are asked for."""
READING = {"doorward_reading": True}
"""Execution options of a transaction that writes nothing."""
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",  # what is taken out, of somebody who is erased, is overwritten in the file
    f"busy_timeout={BUSY_S * 1000:.0f}",
)
_POSTGRESQL_READING = READING | {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_DRIVER = "postgresql+psycopg"

Number = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits everywhere: SQLite's INTEGER has them, PostgreSQL's has 32. For what counts up without a bound of its own, and for revisions."""


def engine_of(url: str, options: Mapping[str, Any]) -> Engine:
    """Connects to nothing yet. `options`: execution options of every connection. Raises CentreError (exit 78) where it is no URL of a database we know, or its driver is missing."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            engine = create_engine(parsed, execution_options=dict(options), max_overflow=-1)
            _settle_sqlite(engine)
            return engine
        if parsed.drivername != _DRIVER:
            raise CentreError(
                _("books: {drivername}: not {driver}://USER@HOST/DATABASE").format(
                    drivername=parsed.drivername, driver=_DRIVER
                ),
                CONFIGURATION,
            )
        return create_engine(
            parsed,
            pool_pre_ping=True,
            max_overflow=THREADS,
            connect_args=_postgresql_arguments(parsed),
            execution_options=dict(options),
        )
    except ImportError:
        raise CentreError(_("books: PostgreSQL wants the extra doorward[postgresql]"), CONFIGURATION) from None
    except SQLAlchemyError as error:
        raise CentreError(_("books: {error}").format(error=error), CONFIGURATION) from None


def reading_options(engine: Engine) -> dict[str, Any]:
    """Execution options of a transaction that sees one consistent state of the books and writes nothing.

    PostgreSQL: what writes is READ COMMITTED. What one writer must not do beside another is kept apart by a lock taken before
    anything is read (Books.changing, Books.alone); each statement after it sees all that was committed before it. So nothing has
    to be tried again, as it would by SERIALIZABLE.
    """
    return READING if engine.dialect.name == "sqlite" else _POSTGRESQL_READING


def _postgresql_arguments(url: URL) -> dict[str, Any]:
    """What the URL says itself goes first."""
    probe_s, probes = 1, SILENT_S - 2
    wanted = {
        "connect_timeout": CONNECT_S,
        "keepalives_idle": 2,
        "keepalives_interval": probe_s,
        "keepalives_count": probes,
        "tcp_user_timeout": SILENT_S * 1000,
        "application_name": "doorward",
    }
    server = {
        "synchronous_commit": "on",
        "lock_timeout": f"{BUSY_S * 1000:.0f}",
        "tcp_keepalives_idle": 2,
        "tcp_keepalives_interval": probe_s,
        "tcp_keepalives_count": probes,
        "tcp_user_timeout": SILENT_S * 1000,
    }
    given = url.query.get("options", "")
    options = " ".join(
        [*(f"-c {name}={value}" for name, value in server.items()), *([given] if isinstance(given, str) else given)]
    )
    return {name: value for name, value in wanted.items() if name not in url.query} | {"options": options}


def _settle_sqlite(engine: Engine) -> None:
    """Transactions begun by us (the driver would begin them late), writers at once, so that none fails in its middle."""

    @event.listens_for(engine, "connect")
    def connect(dbapi: Any, record: Any) -> None:
        dbapi.isolation_level = None
        for pragma in _PRAGMAS:
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        reading = conn.get_execution_options().get("doorward_reading")
        conn.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
