"""The centre's own journal: what its people and it itself did, chained and signed, so that it cannot be changed unseen.

Each act is one line of JSON, noted in the transaction that does it and entered as the last thing of that. The key is made for this journal
and lies in the folder: whoever has the books alone can forge nothing, and checkpoints show what whoever has both does. Owns the table acts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, delete, insert, select

from centre import adopted, keys
from centre.folder import Folder
from centre.schema import meta
from centre.schema_record import acts
from centre.words import _
from contract.envelope import signed
from contract.strict_json import dumps, load_object

RESTORED_UNTOLD = "restored_untold"
"""A row of meta: the books were restored where the journal's key was not, from a copy of then (0: nobody knows); it is the next act."""
OPTION = "doorward_journal"
"""The execution option by which a connection of the books knows their journal."""
_NOTED = "doorward_noted"
"""Where a connection has the acts that its transaction will enter."""
PAGE = 500
"""Acts read at once."""
_Noted = tuple[str, Mapping[str, Any], float]
"""Kind, data and time (UTC) of an act that has no number yet."""


@dataclass(frozen=True, slots=True)
class Act:
    """One line, read. `what`: its kind; `data`: all that it carries; `h`: the chain's hash after it."""

    n: int
    at_utc: float
    what: str
    data: Mapping[str, Any]
    h: bytes


class ActJournal:
    """Of one folder and site. `private`: made by `begin` at the first opening of the books, then read from the folder."""

    def __init__(self, folder: Folder, site: str) -> None:
        self.site = site
        self._folder = folder
        self._private: Ed25519PrivateKey | None = None

    @property
    def private(self) -> Ed25519PrivateKey:
        """Raises CentreError (exit 78) where its file is missing or damaged."""
        if self._private is None:
            self._private = keys.load_journal_key(self._folder)
        return self._private

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    def begun(self) -> bool:
        """Whether it has its key: from then on it is never begun again."""
        return keys.has_journal_key(self._folder)

    def begin(self, conn: Connection, now: float) -> None:
        """The first key; what the books already have is entered, so that from now on it cannot be changed. `begin_done` once committed."""
        if conn.execute(select(acts.c.n).limit(1)).first() is not None:
            return  # an earlier beginning was cut off behind its commit
        self._private = keys.make_journal_key(self._folder)
        begun: _Noted = ("begun", {"key": self.public.hex()}, now)
        self.enter(conn, [begun, *((what, data, now) for what, data in adopted.acts_of(conn))])

    def begin_done(self) -> None:
        keys.keep_journal_key(self._folder)

    def enter(self, conn: Connection, noted: Sequence[_Noted]) -> None:
        """At the end of the chain. Others enter theirs once this transaction has ended."""
        # SQLite's transaction shuts others out; elsewhere the row `version` does
        names = meta.c.name.in_(("version", RESTORED_UNTOLD))
        marks = {row.name: row.value for row in conn.execute(select(meta).where(names).with_for_update())}
        if RESTORED_UNTOLD in marks:
            conn.execute(delete(meta).where(meta.c.name == RESTORED_UNTOLD))
            noted = [("restored", {"made": marks[RESTORED_UNTOLD] or None}, noted[0][2]), *noted]
        last = conn.execute(select(acts.c.n, acts.c.h).order_by(acts.c.n.desc()).limit(1)).first()
        n, h = (0, act_start(self.site)) if last is None else (last.n, last.h)
        rows = []
        for what, data, at_utc in noted:
            n += 1
            line = dumps({"n": n, "at": round(at_utc, 3), "act": what, **data})
            h = next_act(h, line)
            rows.append({"n": n, "line": line, "h": h, "sig": self.private.sign(act_text(self.site, n, h))})
        conn.execute(insert(acts), rows)


def note(conn: Connection, what: str, data: Mapping[str, Any], at_utc: float) -> None:
    """An act for the journal of these books, in this transaction, which is one of Books.writing."""
    noted: list[_Noted] | None = conn.info.get(_NOTED)
    assert noted is not None, "what is noted is entered by the transaction's end"
    noted.append((what, data, at_utc))


@contextmanager
def entered_last(conn: Connection) -> Iterator[None]:
    """Acts noted in this block are entered at its end, which is to be the transaction's.

    Whoever enters acts keeps all others from entering theirs until it commits: from then on it must wait for nobody.
    """
    info, noted = conn.info, list[_Noted]()
    info[_NOTED] = noted
    try:
        yield
        if noted:
            own_journal(conn).enter(conn, noted)
    finally:
        info.pop(_NOTED, None)  # of a connection that was lost all is gone


def own_journal(conn: Connection) -> ActJournal:
    """The journal of these books, which are opened with it."""
    journal = journal_of(conn)
    assert journal is not None, "books that are changed know their journal"
    return journal


def journal_of(conn: Connection) -> ActJournal | None:
    """The journal of the books that this connection is to; none where they were opened without."""
    return conn.get_execution_options().get(OPTION)


def act_start(site: str) -> bytes:
    """The chain's hash before the first act."""
    return hashlib.sha256(f"doorward-acts-1|{site}".encode()).digest()


def next_act(h: bytes, line: bytes) -> bytes:
    """The chain's hash after `line`."""
    return hashlib.sha256(h + line).digest()


def act_text(site: str, n: int, h: bytes) -> bytes:
    """What the signature of act `n` is over; `h`: the chain's hash after it."""
    return f"doorward-act-1|{site}|{n}|{h.hex()}".encode()


def stored(conn: Connection) -> Iterator[tuple[int, bytes, bytes, bytes]]:
    """Number, line, hash and signature of each act as it is stored."""
    columns = (acts.c.n, acts.c.line, acts.c.h, acts.c.sig)
    rows = conn.execute(select(*columns).order_by(acts.c.n).execution_options(yield_per=1000))
    yield from (tuple(row) for row in rows)


def newest(conn: Connection, before: int | None = None) -> Iterator[dict[str, Any]]:
    """What each act says, the newest first, ahead of number `before`; read piece by piece, so that whoever stops soon reads little."""
    while True:
        query = select(acts.c.n, acts.c.line).order_by(acts.c.n.desc()).limit(PAGE)
        rows = conn.execute(query if before is None else query.where(acts.c.n < before)).all()
        yield from (load_object(bytes(row.line)) for row in rows)
        if len(rows) < PAGE:
            return
        before = rows[-1].n


def check(rows: Iterable[tuple[int, bytes, bytes, bytes]], site: str, public: bytes) -> Iterator[Act | str]:
    """Each act in its place in the chain; a few words for each that is not, and at last where the newest signature does not hold.

    That one vouches for the whole chain before it: the rest are there for whoever has only the beginning.
    """
    h, due, newest = act_start(site), 1, b""
    for n, line, after, sig in rows:
        if n != due:
            yield _("act {due}: missing ({count} acts)").format(due=due, count=n - due)
        elif next_act(h, line) != after:
            yield _("act {n}: the line is not the one that was chained").format(n=n)
        else:
            yield _read(n, line, after)
        h, due, newest = after, n + 1, sig
    if due > 1 and not signed(public, newest, act_text(site, due - 1, h)):
        yield _("act {n}: signature does not hold: it, or one before it, is not what the centre did").format(n=due - 1)


def _read(n: int, line: bytes, after: bytes) -> Act | str:
    try:
        value = load_object(line)
        number, at_utc, what = value.pop("n"), float(value.pop("at")), str(value.pop("act"))
    except (ValueError, KeyError, TypeError):
        return _("act {n}: not the form of an act").format(n=n)
    return (
        Act(n, at_utc, what, value, after)
        if number == n
        else _("act {n}: says that it is number {number}").format(n=n, number=number)
    )
