"""What the broker retains, read back: in restored books, messages of ours that are newer than theirs are taken into them.

Only what our own keys signed counts. In books that are not known to be restored nothing is taken: whoever stole a key of ours could have
signed it, and what is in the books is signed again when that key is changed. It is told, and left for the operator to decide. What is cleared at the broker says nothing, and secrets are sealed to their unit: it is handed new ones.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from centre import holders, restored, rotation_rows, rotations, state
from centre.books import Books, note_change
from centre.errors import UNREACHABLE, CentreError
from centre.folder import DESKS, LOGIN, Folder, Site
from centre.keys import CentreKeys
from centre.link import Arrived, Link, LinkDown
from centre.publisher import connected
from centre.schema import state as state_table
from centre.state import Signed
from centre.words import N_, _
from contract import codec
from contract.envelope import KeyRing, key_ring, verify
from contract.kinds import Message
from contract.messages import ROOT_KID, Keys, Kind, Notice, RosterPart, Secrets, Settings, StateMessage
from contract.parse import parse
from contract.refusal import Refusal
from contract.rounds import Round
from contract.scopes import Scope
from contract.software import Software
from contract.strict_json import dumps
from contract.topics import PREFIX, down, parse_down

SILENT_S = 5.0
"""Without a word for so long the broker does not hand out what it retains."""
QUIET_S = 0.2
"""Behind the mark we send ourselves: for brokers that hand retained messages out beside their other work."""
SHOWN = 20
"""Things taken back that are told one by one."""
OLDER = N_("books older than the broker: restored?")


@dataclass(frozen=True, slots=True)
class Replayed:
    """Lines for the operator; `held`: topics where the broker has something newer that was not taken, and that nobody overwrites unasked."""

    lines: list[str]
    held: frozenset[str] = frozenset()


def replay(folder: Folder, site: Site, keys: CentreKeys, books: Books, desks: Sequence[str] = DESKS) -> Replayed:
    """Read and judge, by one of the logins `desks`; take what is newer where the books are known to be restored. Raises CentreError (exit 69) where the broker can't be read."""
    with books.reading() as conn:
        rows = conn.execute(select(state_table.c.topic, state_table.c.token).where(state_table.c.token.is_not(None)))
        known = {row.topic: hash(row.token) for row in rows}
    with connected(folder, site, keys, [f"{PREFIX}/{site.site}/down/#"], desks=desks) as link:
        other = {topic: token for topic, token in _retained(link, site.site) if known.get(topic) != hash(token)}
    now = time.time()
    with books.alone() as conn:
        found = sorted(
            newer(conn, site.site, keys, other), key=lambda each: each.topic
        )  # brokers hand out in any order
        if not restored.awaits_replay(conn):
            return Replayed(_strange(conn, found, now), frozenset(each.topic for each in found))
        lines = take_back(conn, keys, found, now)
        restored.mark_replayed(conn, now)
        note_change(conn)
    return Replayed(lines)


def _strange(conn: Connection, found: Sequence[Signed], now: float) -> list[str]:
    """Nobody but us signs, and what we sign is in the books first: they are an older copy, or a key of ours is in other hands."""
    for each in found:
        message = each.message
        restored.note_shown(conn, message.KIND.value, str(message.scope), message.ident, message.rev, now)
    if not found:
        return []
    what = _("the broker retains {found} messages newer than the books, as {named}").format(
        found=len(found), named=_named(found[0].message)
    )
    return [
        _("{what}: they are left as they are").format(what=what),
        _(
            "books older than the broker: restored? Then `restore --copied` and start again; if not, another signs with our keys: `keys rotate state`"
        ),
    ]


def _retained(link: Link, site: str) -> Iterator[tuple[str, bytes]]:
    """Ends behind a mark that comes back to us on a topic no unit reads."""
    mark = down(site, Scope("unit", LOGIN), Kind.CONFIRM)
    word = secrets.token_bytes(16)
    link.publish(mark, word, retain=False)
    marked = False
    while True:
        events = link.take(QUIET_S if marked else SILENT_S)
        if not events and marked:
            return
        if not events:
            raise CentreError(
                _("the broker hands out nothing that it retains: are its access file's rights of today?"), UNREACHABLE
            )
        for event in events:
            if isinstance(event, LinkDown):
                raise CentreError(_("broker: {reason}").format(reason=event.reason), UNREACHABLE)
            if isinstance(event, Arrived):
                link.ack(event)
                marked = marked or (event.message.topic, event.message.payload) == (mark, word)
                if event.retained and event.message.payload:
                    yield event.message.topic, event.message.payload


def newer(conn: Connection, site: str, keys: CentreKeys, found: Mapping[str, bytes]) -> list[Signed]:
    """What our keys signed and the books do not have; `keys` first, for the rest is judged by them."""
    ours = key_ring(bytes.fromhex(keys.root_public), keys.working)
    of_keys = down(site, Scope("site", site), Kind.KEYS)
    newest = _read(conn, site, of_keys, found.get(of_keys, b""), ours)
    first = [Signed(of_keys, newest, found[of_keys])] if isinstance(newest, Keys) else []
    if isinstance(newest, Keys):
        ring = key_ring(ours[ROOT_KID].public, newest.keys)
    else:
        ring = trusted(conn, site, of_keys, ours)
    rest = ((topic, token, _read(conn, site, topic, token, ring)) for topic, token in found.items() if topic != of_keys)
    return first + [Signed(topic, it, token, getattr(it, "part", 0)) for topic, token, it in rest if it is not None]


def take_back(conn: Connection, keys: CentreKeys, found: Sequence[Signed], now: float) -> list[str]:
    """Enters what is newer than the books. Returns a line for each thing, nothing where nothing is."""
    lines = list(_take(conn, keys, found, now))
    more = (
        [_("{older} and {lines} more").format(older=_(OLDER), lines=len(lines) - SHOWN)] if len(lines) > SHOWN else []
    )
    return [*lines[:SHOWN], *more]


def trusted(conn: Connection, site: str, topic: str, ours: KeyRing) -> KeyRing:
    """The keys that units trust by the newest `keys` of the books: one that was taken away signs nothing any more."""
    token = conn.execute(select(state_table.c.token).where(state_table.c.topic == topic)).scalar()
    message = _opened(site, topic, token or b"", ours)
    return key_ring(ours[ROOT_KID].public, message.keys) if isinstance(message, Keys) else ours


def _read(conn: Connection, site: str, topic: str, token: bytes, ring: KeyRing) -> StateMessage | None:
    """A message of desired state that our key signed for this topic and that is newer than the books'."""
    message = _opened(site, topic, token, ring)
    if not isinstance(message, StateMessage):
        return None
    known = state.newest_rev(conn, message.KIND, message.scope, message.ident)
    return message if known < message.rev <= restored.MOST_REV else None


def _opened(site: str, topic: str, token: bytes, ring: KeyRing) -> Message | None:
    """What was signed by one of these keys for this topic, as a unit reads it."""
    to = parse_down(topic)
    if to is None or not token:
        return None
    payload = verify(token, to.kind, ring)
    message = None if isinstance(payload, Refusal) else parse(to.kind, site, to, payload)
    return None if isinstance(message, Refusal) else message


def _take(conn: Connection, keys: CentreKeys, found: Sequence[Signed], now: float) -> Iterator[str]:
    rosters: dict[tuple[str, str], dict[int, list[Signed]]] = {}
    for each in found:
        message = each.message
        if isinstance(message, Keys):
            yield from _keys(conn, keys, each, now)
        elif isinstance(message, RosterPart):
            rosters.setdefault((str(message.scope), message.id), {}).setdefault(message.rev, []).append(each)
        elif isinstance(message, Secrets):
            restored.note_shown(conn, Kind.SECRETS.value, str(message.scope), "", message.rev, now)
            yield _("{older} secrets of {unit} revision {rev}: it is handed the keys that are here again").format(
                older=_(OLDER), unit=message.unit, rev=message.rev
            )
        else:
            state.commit(conn, [each], now, title=_title(message))
            yield _("{older} taken back: {named}").format(older=_(OLDER), named=_named(message))
    for by_rev in rosters.values():
        yield from _roster(conn, keys, by_rev[max(by_rev)], now)


def _roster(conn: Connection, keys: CentreKeys, parts: list[Signed], now: float) -> Iterator[str]:
    """Whole or not at all; where parts are missing its revision is kept, so that the next one is above it."""
    first = parts[0].message
    assert isinstance(first, RosterPart)
    if {each.part for each in parts} != set(range(1, first.parts + 1)):
        restored.note_shown(conn, Kind.ROSTER.value, str(first.scope), first.id, first.rev, now)
        yield _("{older} {named} is not whole at the broker: put it again from its file").format(
            older=_(OLDER), named=_named(first)
        )
        return
    state.commit(conn, sorted(parts, key=lambda each: each.part), now, title="taken back from the broker")
    holders.forget(conn, str(first.scope), first.id)
    if first.card_key not in keys.card_keys:
        _given(conn, "card", [first.card_key], now)
        yield _("{older} {named}: hashed with card key {card_key}, which is lost: put it again from its file").format(
            older=_(OLDER), named=_named(first), card_key=first.card_key
        )
    else:
        yield _("{older} taken back: {named}").format(older=_(OLDER), named=_named(first))


def _keys(conn: Connection, keys: CentreKeys, signed: Signed, now: float) -> Iterator[str]:
    message = signed.message
    assert isinstance(message, Keys)
    state.commit(conn, [signed], now)
    yield _("{older} taken back: {named}").format(older=_(OLDER), named=_named(message))
    trusted = {key.kid for key in message.keys}
    ours = {key.kid for key in keys.working}
    _given(conn, "working", sorted(trusted - ours), now)
    if ours - trusted:
        lost = " ".join(sorted(ours - trusted))
        yield _(
            "{older} units trust {lost} no longer: bring keys/root.pem, then `keys rotate state` and `keys rotate command`"
        ).format(older=_(OLDER), lost=lost)


def _given(conn: Connection, what: str, names: list[str], now: float) -> None:
    """Names of keys that are out there and not here: they are never given again."""
    ever = {name for each in rotations.listed(conn) if each.what == what for name in (*each.old, *each.new)}
    fresh = [name for name in names if name not in ever]
    if fresh:
        row = {"what": what, "old": "", "new": " ".join(fresh), "begun_utc": now, "done_utc": now}
        rotation_rows.enter(conn, row, now)


def _title(message: StateMessage) -> str:
    match message:
        case Notice() | Round():
            return message.title
        case Software():
            return message.version
        case Settings():
            values = codec.write(message)
            return dumps({key: value for key, value in values.items() if key not in {"scope", "rev", "iat"}}).decode()
        case _:
            return ""


def _named(message: StateMessage) -> str:
    name = f"{message.KIND} {message.ident}".rstrip()
    return _("{name} of {scope} revision {rev}").format(name=name, scope=message.scope, rev=message.rev)
