"""Web hooks: programs elsewhere that are sent alarms. Added, removed and listed here, with what each is still to be sent. Owns their tables.

Posting is hook_post.py's, and when it is done web_hooks.py's. An alarm that somebody took note of is for no program any more.
"""

from __future__ import annotations

import base64
import difflib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from centre import acts, units
from centre.alarms import OWN
from centre.books import insert_new
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.opened import OpenCentre
from centre.schema import acknowledgements, alarms
from centre.schema_hooks import hook_alarms, hooks
from centre.words import _
from contract.facts.declaration import KINDS
from contract.scopes import Scope

MOST = 16
"""Each has a thread in `serve`."""
MAX_URL = 2000
SETTLED_S = 3600.0
"""An alarm's number is committed well within this time of being given."""
ALARM_KINDS = frozenset(OWN | {name for name, each in KINDS.items() if each.alarm})


@dataclass(frozen=True, slots=True)
class Hook:
    """One address. `kinds`: of alarms, or families of them (`door`); empty for all. `secret`: what its messages are signed with."""

    id: int
    url: str
    kinds: frozenset[str]
    scope: Scope
    secret: str
    after: int
    added_utc: float
    by: str
    taken_utc: float | None
    failing_utc: float | None
    fault: str | None

    @property
    def shown(self) -> str:
        """Its address as it may be shown and kept."""
        return shown_url(self.url)


@dataclass(frozen=True, slots=True)
class ListedHook:
    """`waiting`: open alarms that it has not taken; `passed`: those given up because it refused what was in them."""

    hook: Hook
    waiting: int
    passed: int


def shown_url(url: str) -> str:
    """Where it goes. Many receivers are known by their path or query alone: whoever sees those can post there."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/{'…' if parts.path.strip('/') or parts.query else ''}"


def checked_url(url: str, *, plain: bool, here: bool = True) -> SplitResult:
    """Taken apart. `plain`: whether http is allowed to another machine; `here`: whether this one may be named. Raises BadValueError."""
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise BadValueError("url", _("at most {most} letters, digits and signs of ASCII").format(most=MAX_URL))
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError:
        raise BadValueError("url", _("not https://HOST[:PORT]/…")) from None
    if parts.scheme not in ("https", "http") or not host:
        raise BadValueError("url", _("not https://HOST[:PORT]/…"))
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadValueError("url", _("no user name, no password and no # in it: what is sent is signed"))
    if not here and (is_here(host) or not is_elsewhere(host)):
        raise BadValueError("url", _("names this machine: that is for whoever has it, by `hook add`"))
    if parts.scheme == "http" and not plain and not is_here(host):
        raise BadValueError("url", _("http to another machine shows alarms to everybody between: https, or --plain"))
    return parts


def is_here(host: str) -> bool:
    """Names this machine, as it stands."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_elsewhere(address: str) -> bool:
    """Not this machine, nor what only its own link knows: services there take whoever reaches them for one of theirs. A name is."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return True
    found = getattr(found, "ipv4_mapped", None) or found
    return not (found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast)


def add(
    centre: OpenCentre,
    url: str,
    kinds: Iterable[str],
    scope: Scope,
    by: str,
    now: float,
    *,
    plain: bool = False,
    here: bool = True,
) -> Hook:
    """For alarms from now on. Its secret is told here and nowhere else. Raises CentreError (wrong use)."""
    checked_url(url, plain=plain, here=here)
    wanted = sorted(dict.fromkeys(kinds))
    _check_kinds(wanted)
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    with centre.books.alone() as conn:
        if conn.execute(select(func.count()).select_from(hooks)).scalar_one() >= MOST:
            raise CentreError(_("there are {most} already: remove one").format(most=MOST), WRONG_USE)
        newest = conn.execute(select(func.max(alarms.c.id))).scalar() or 0
        row = {"url": url, "kinds": " ".join(wanted), "scope": str(scope), "secret": secret, "after": newest}
        number = conn.execute(insert(hooks).values(**row, added_utc=now, by=by).returning(hooks.c.id)).scalar_one()
        what = {"id": number, "url": shown_url(url), "kinds": wanted, "scope": str(scope), "by": by}
        acts.note(conn, "hook", what, now)
        return one(conn, number)


def _check_kinds(wanted: Sequence[str]) -> None:
    known = ALARM_KINDS | {name.partition(".")[0] for name in ALARM_KINDS}
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), 3, 0.3) or sorted(ALARM_KINDS)
            raise BadValueError(
                "kind", _("{name}: no kind of alarm; known: {names}").format(name=name, names=", ".join(near))
            )


def remove(centre: OpenCentre, number: int, by: str, now: float) -> Hook:
    """What it has not taken is sent to it no more. Raises CentreError (wrong use) where there is none."""
    with centre.books.alone() as conn:
        gone = one(conn, number)
        conn.execute(delete(hook_alarms).where(hook_alarms.c.hook == number))
        conn.execute(delete(hooks).where(hooks.c.id == number))
        acts.note(conn, "hook", {"id": number, "url": gone.shown, "removed": True, "by": by}, now)
    return gone


def one(conn: Connection, number: int) -> Hook:
    """Raises CentreError (wrong use) where there is none."""
    row = conn.execute(select(hooks).where(hooks.c.id == number)).first()
    if row is None:
        raise CentreError(_("{number}: no such hook").format(number=number), WRONG_USE)
    return _hook(row)


def all_of(conn: Connection) -> list[Hook]:
    return [_hook(row) for row in conn.execute(select(hooks).order_by(hooks.c.id))]


def listed(conn: Connection, site: str) -> list[ListedHook]:
    passed = select(hook_alarms.c.hook, func.count()).where(hook_alarms.c.passed).group_by(hook_alarms.c.hook)
    given_up = {row[0]: row[1] for row in conn.execute(passed)}
    return [ListedHook(each, len(waiting(conn, site, each)), given_up.get(each.id, 0)) for each in all_of(conn)]


def waiting(conn: Connection, site: str, hook: Hook) -> list[int]:
    """Numbers of open alarms for it that it has not taken, oldest first."""
    done = select(hook_alarms.c.alarm).where(hook_alarms.c.hook == hook.id)
    joined = alarms.outerjoin(acknowledgements, acknowledgements.c.alarm == alarms.c.id)
    query = select(alarms.c.id, alarms.c.unit, alarms.c.kind).select_from(joined).order_by(alarms.c.id)
    query = query.where(alarms.c.id > hook.after, acknowledgements.c.alarm.is_(None), alarms.c.id.not_in(done))
    found = [row for row in conn.execute(query) if _is_wanted(hook, row.kind)]
    if not found or hook.scope == Scope("site", site):
        return [row.id for row in found]
    reached = set(units.reach(conn, site, hook.scope).units)
    return [row.id for row in found if row.unit in reached]


def _is_wanted(hook: Hook, kind: str) -> bool:
    return not hook.kinds or kind in hook.kinds or kind.partition(".")[0] in hook.kinds


def note_done(conn: Connection, hook: Hook, numbers: Sequence[int], now: float, *, passed: bool = False) -> None:
    """It took these alarms, or `passed`: they are given up. Nothing where it was removed meanwhile."""
    if not numbers or not _is_there(conn, hook):
        return
    rows = [{"hook": hook.id, "alarm": number, "passed": passed} for number in numbers]
    conn.execute(insert_new(conn, hook_alarms), rows)
    if not passed:
        mine = update(hooks).where(hooks.c.id == hook.id)
        conn.execute(mine.values(taken_utc=now, failing_utc=None, fault=None))


def note_fault(conn: Connection, hook: Hook, fault: str, now: float) -> None:
    """It took nothing. Since when stays as it is."""
    since = func.coalesce(hooks.c.failing_utc, now)
    mine = update(hooks).where(hooks.c.id == hook.id, hooks.c.added_utc == hook.added_utc)
    conn.execute(mine.values(failing_utc=since, fault=fault))


def settle(conn: Connection, site: str, now: float) -> None:
    """Forgets alarm by alarm what the mark `after` says as well."""
    old = conn.execute(select(func.max(alarms.c.id)).where(alarms.c.taken_utc < now - SETTLED_S)).scalar() or 0
    for hook in all_of(conn):
        due = waiting(conn, site, hook)
        after = min(old, due[0] - 1) if due else old
        if after > hook.after:
            conn.execute(update(hooks).where(hooks.c.id == hook.id).values(after=after))
            gone = (hook_alarms.c.hook == hook.id) & (hook_alarms.c.alarm <= after) & hook_alarms.c.passed.is_(False)
            conn.execute(delete(hook_alarms).where(gone))


def _is_there(conn: Connection, hook: Hook) -> bool:
    same = (hooks.c.id == hook.id) & (hooks.c.added_utc == hook.added_utc)
    return conn.execute(select(hooks.c.id).where(same)).first() is not None


def _hook(row: Row[Any]) -> Hook:
    values = row._asdict() | {"kinds": frozenset(row.kinds.split()), "scope": Scope(*row.scope.split("/", 1))}
    return Hook(**values)
