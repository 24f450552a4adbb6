"""Who is signed in: a session begins at each sign-in with a token of its own and ends by itself, by its owner, or with what its owner may do. Owns the table sessions.

A session counts while the clock is between its beginning and its end: a clock that was set back, or was wrong when it began, ends it rather
than making it longer.
"""

from __future__ import annotations

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from centre import accounts, acts
from centre.account_key import AccountKey, Part, Token, new_token, read_token
from centre.accounts import Account
from centre.books import Books
from centre.schema_accounts import accounts as accounts_table
from centre.schema_accounts import sessions
from contract.frozen import frozen

IDLE_S = 12 * 3600.0
WHOLE_S = 7 * 86_400.0
SLACK_S = 300.0
"""A clock may be set back by so much, by those who keep it right, and nobody is signed out."""
TOUCH_S = 60.0
"""How exactly it is known when a session was last used: each time it is written down is a write to the disk."""
MOST = 20
"""Sessions of one account; with one more the oldest ends."""
MOST_AGENT = 200


@frozen
class Session:
    """`agent`: what the browser said it was; anybody's text."""

    id: str
    account: Account
    made_utc: float
    seen_utc: float
    ends_utc: float
    address: str
    agent: str


def begin(conn: Connection, key: AccountKey, account: str, address: str, agent: str, now: float) -> Token:
    """Raises nothing: whether they may is decided before."""
    token = new_token()
    seen = sessions.c.seen_utc
    over = or_(sessions.c.ends_utc <= now, seen <= now - IDLE_S, sessions.c.made_utc > now + SLACK_S)
    conn.execute(delete(sessions).where(over))
    mine = select(sessions.c.id).where(sessions.c.account == account).order_by(seen.desc(), sessions.c.id)
    surplus = conn.execute(mine.offset(MOST - 1)).scalars().all()
    conn.execute(delete(sessions).where(sessions.c.id.in_(surplus)))
    ends = now + WHOLE_S
    agent = "".join(each for each in agent[:MOST_AGENT] if each.isprintable())
    row = {"id": token.id, "account": account, "made_utc": now, "seen_utc": now, "ends_utc": ends}
    seal = key.seal(*_sealed(token.id, account, now, ends, address, agent, token.secret))
    conn.execute(insert(sessions).values(**row, address=address, agent=agent, seal=seal))
    return token


def find(conn: Connection, key: AccountKey, text: str, now: float) -> Session | None:
    """Whose token this is, where its session counts and the account does."""
    token = read_token(text)
    row = conn.execute(_WITH_ACCOUNT.where(sessions.c.id == token.id)).first()
    if row is None or not _counts(row, now):
        return None
    parts = (row.id, row.account, row.begun_utc, row.ends_utc, row.address, row.agent, token.secret)
    if not key.holds(row.session_seal, *_sealed(*parts)):
        return None
    found = _of(key, row)
    return found if found.account.enabled else None


def touch(books: Books, session: Session, now: float) -> None:
    """It is in use. Raises the database's errors."""
    if abs(now - session.seen_utc) >= TOUCH_S:
        with books.writing() as conn:
            conn.execute(update(sessions).where(sessions.c.id == session.id).values(seen_utc=now))


def listed(conn: Connection, key: AccountKey, now: float, account: str | None = None) -> list[Session]:
    """Those that count, the last used first; `account`: only this one's."""
    query = _WITH_ACCOUNT.order_by(sessions.c.seen_utc.desc(), sessions.c.id)
    rows = conn.execute(query if account is None else query.where(sessions.c.account == account))
    return [_of(key, row) for row in rows if _counts(row, now)]


def sign_out(books: Books, session: Session, now: float) -> None:
    """By its owner."""
    with books.writing() as conn:
        conn.execute(delete(sessions).where(sessions.c.id == session.id))
        acts.note(conn, "signed_out", {"account": session.account.name, "by": session.account.name}, now)


def end(books: Books, account: str, by: str, now: float, session: str | None = None) -> int:
    """All of an account's, or one, by somebody who may. Returns how many."""
    mine = sessions.c.account == account
    if session is not None:
        mine &= sessions.c.id == session
    with books.writing() as conn:
        count = len(conn.execute(delete(sessions).where(mine).returning(sessions.c.id)).all())
        acts.note(conn, "sessions_ended", {"account": account, "count": count, "by": by}, now)
    return count


def end_all(conn: Connection, account: str) -> None:
    conn.execute(delete(sessions).where(sessions.c.account == account))


_WITH_ACCOUNT = select(
    sessions.c.id,
    sessions.c.account,
    sessions.c.seal.label("session_seal"),
    sessions.c.made_utc.label("begun_utc"),
    sessions.c.seen_utc,
    sessions.c.ends_utc,
    sessions.c.address,
    sessions.c.agent,
    accounts_table,
).join(accounts_table, accounts_table.c.name == sessions.c.account)


def _counts(row: Row[tuple[object, ...]], now: float) -> bool:
    begun, seen, latest = row.begun_utc, row.seen_utc, now + SLACK_S
    return bool(begun <= latest and seen <= latest and now < row.ends_utc and now - seen < IDLE_S)


def _of(key: AccountKey, row: Row[tuple[object, ...]]) -> Session:
    account = accounts.of_row(key, row)
    return Session(row.id, account, row.begun_utc, row.seen_utc, row.ends_utc, row.address, row.agent)


def _sealed(*parts: Part) -> tuple[str, *tuple[Part, ...]]:
    return ("session", *parts)
