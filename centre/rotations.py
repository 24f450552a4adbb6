"""Changing keys: begun by a command, moved on by `serve` and the commands as facts come, whole steps in one transaction each.

What is begun stands in the books before a key is made, and a step that was cut off is done again: every one may be. A roster is hashed
with a new key once all its units showed a sealing key; an old key goes once all applied what replaces it. Owns the table rotations.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Row, or_, select

from centre import broker_files, handed, holders, restored, state, units, visitor_codes
from centre.books import Books, note_change
from centre.errors import WRONG_USE, CentreError
from centre.folder import Folder, Site
from centre.keys import CentreKeys, delete_private, load_keys, load_root, make_working, retire_working, share
from centre.roster_csv import HashKeys
from centre.rotation_rows import enter
from centre.schema import rotations
from centre.schema import units as units_table
from centre.signing import Signer
from centre.state import Signed
from centre.words import _
from contract.enrolment import KEY_BYTES
from contract.messages import Keys, Kind
from contract.scopes import Scope
from contract.topics import down

SECTIONS = {"card": "cards", "pin": "pins", "visitor": "visitors"}
MOST_AT_ONCE = 15
"""Card keys a unit is handed beside a new one (contract.sealing: 16)."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """`old`, `new`: ids of keys, or names of logins. `rev`, `token`: of working keys."""

    id: int
    what: str
    unit: str | None
    old: tuple[str, ...]
    new: tuple[str, ...]
    rev: int | None
    token: bytes | None
    begun_utc: float
    done_utc: float | None

    @property
    def name(self) -> str:
        return f"{self.what} {self.unit}" if self.unit else self.what


def listed(conn: Connection) -> list[Rotation]:
    """All there ever were, the oldest first."""
    return [_rotation(row) for row in conn.execute(select(rotations).order_by(rotations.c.id))]


def is_open(conn: Connection, what: str, unit: str | None = None) -> Rotation | None:
    return next((each for each in _open(conn) if each.what == what and each.unit == unit), None)


def _open(conn: Connection) -> list[Rotation]:
    rows = conn.execute(select(rotations).where(rotations.c.done_utc.is_(None)).order_by(rotations.c.id))
    return [_rotation(row) for row in rows]


def _rotation(row: Row[tuple[object, ...]]) -> Rotation:
    old, new = tuple(row.old.split()), tuple(row.new.split())
    return Rotation(row.id, row.what, row.unit, old, new, row.rev, row.token, row.begun_utc, row.done_utc)


def hash_keys(conn: Connection, keys: CentreKeys, scope: Scope | str) -> HashKeys:
    """What a roster of this scope is hashed with now: the newest keys, but for the old one where a unit cannot be handed the new one yet."""
    return _Choice(conn, keys).of(str(scope))


class _Choice:
    """As hash_keys, of many rosters at once."""

    def __init__(self, conn: Connection, keys: CentreKeys) -> None:
        self._known = {"card": keys.card_keys, "pin": keys.pin_keys}
        self._open = {each.what: each for each in _open(conn)}
        self._there = handed.live(conn)
        self._sealing = handed.sealing(conn).keys()

    def of(self, scope: str) -> HashKeys:
        ready = all(unit in self._sealing for unit in handed.live_in(self._there, scope))
        card = self._chosen("card", ready=ready)
        assert card is not None
        return HashKeys(card, self._chosen("pin", ready=ready))

    def _chosen(self, what: str, *, ready: bool) -> tuple[str, bytes] | None:
        known, rotation = self._known[what], self._open.get(what)
        if not known:
            return None
        name = list(known)[-1]
        if rotation is not None and not ready:
            name = next((each for each in rotation.old if each in known), name)
        return name, bytes.fromhex(known[name])


# --- beginning


def begin_shared(conn: Connection, keys: CentreKeys, what: str, now: float) -> bool:
    """A new card, PIN or visitors' key. False where one is being changed already."""
    keys.kid_for(Kind.SECRETS)
    if is_open(conn, what) is not None:
        return False
    known = list(keys.shared(what))
    row = {"what": what, "old": " ".join(known), "new": _next(what[0], [*known, *_ever(conn, what)]), "begun_utc": now}
    enter(conn, row, now)
    return True


def begin_login(conn: Connection, folder: Folder, keys: CentreKeys, unit: units.Unit, now: float) -> bool:
    """A second login beside the unit's. False where one is being changed already. Raises CentreError where the unit could not be told."""
    keys.kid_for(Kind.SECRETS)
    if is_open(conn, "login", unit.unit) is not None:
        return False
    row = conn.execute(select(units_table).where(units_table.c.unit == unit.unit)).one()
    if unit.revoked:
        raise CentreError(_("{unit}: revoked; it has no login").format(unit=unit.unit), WRONG_USE)
    if unit.unit not in handed.live(conn) or unit.unit not in handed.sealing(conn):
        raise CentreError(
            _("{unit}: has not shown a key to seal to; nothing can be handed to it").format(unit=unit.unit), WRONG_USE
        )
    if not row.online:
        what = _(
            "absent: the login of a unit that is away is not changed, for it might never come back; revoke it if it is gone"
        )
        raise CentreError(f"{unit.unit}: {what}", WRONG_USE)
    old, new = [login for login, _password in unit.logins], handed.free_login(conn, unit.unit)
    share(folder, "units", {new: handed.add_login(conn, unit.unit, new, now)})
    values = {"what": "login", "unit": unit.unit, "old": " ".join(old), "new": new, "begun_utc": now}
    enter(conn, values, now)
    return True


def begin_working(conn: Connection, folder: Folder, site: str, kinds: Iterable[Kind], now: float) -> bool:
    """New working keys for these kinds, in `keys` that have the old ones too; and signed ahead, for the root is here now, those that
    have not. Joins a change that is under way. False where that has these kinds already. Raises CentreError where the root is not here.
    """
    keys, under_way, wanted = load_keys(folder), is_open(conn, "working"), list(kinds)
    of = {key.kid: key.kinds for key in keys.working}
    if under_way and any(set(wanted) & of.get(kid, frozenset()) for kid in under_way.new):
        return False
    root = load_root(folder)
    old = [key.kid for key in keys.working if key.kinds & set(wanted)]
    ever = [*of, *_ever(conn, "working")]
    made: list[tuple[str, Kind]] = []
    for kind in wanted:
        kid = _next(f"{kind.value}-", [*ever, *(name for name, _ in made)])
        made.append((kid, kind))
    make_working(folder, made)
    new = [kid for kid, _ in made]
    if under_way:
        old, new = [*under_way.old, *old], [*under_way.new, *new]
    keys = load_keys(folder)
    signer, scope = Signer(site, keys), Scope("site", site)
    topic, rev = down(site, scope, Kind.KEYS), state.next_rev(conn, Kind.KEYS, scope, now)
    both = Keys(scope, rev, round(now, 3), keys.working)
    after = Keys(scope, rev + 1, round(now, 3), tuple(key for key in keys.working if key.kid not in old))
    state.commit(conn, [Signed(topic, both, signer.sign_keys(root, topic, both))], now)
    row = {"what": "working", "old": " ".join(old), "new": " ".join(new), "rev": rev, "begun_utc": now}
    row["token"] = signer.sign_keys(root, topic, after)
    enter(conn, row, now, under_way.id if under_way else None)
    return True


def taken_along(conn: Connection, unit: str, now: float) -> list[str]:
    """A unit is about to be revoked, and may be in the wrong hands: a card key that is just being introduced, and was handed to it, is
    replaced by yet another. Returns what is left to the operator.
    """
    held = handed.held(conn, unit)
    lines = []
    for rotation in _open(conn):
        if rotation.what not in SECTIONS or rotation.new[0] not in held:
            continue
        if rotation.what == "card" and len(rotation.old) < MOST_AT_ONCE:
            new = _next("c", _ever(conn, "card"))
            row = {"old": " ".join((*rotation.old, *rotation.new)), "new": new, "begun_utc": now}
            enter(conn, row, now, rotation.id)
        else:
            lines.append(
                _("it holds {new} already: `keys rotate {what}` once more when this one is done").format(
                    new=rotation.new[0], what=rotation.what
                )
            )
    if held and not any(each.what == "card" for each in _open(conn)):
        lines.append(_("it holds the card and PIN keys: `keys rotate card` and `keys rotate pin` change them"))
    return lines


def _ever(conn: Connection, what: str) -> list[str]:
    """All names that were ever given."""
    return [name for each in listed(conn) if each.what == what for name in (*each.old, *each.new)]


def _next(prefix: str, known: Iterable[str]) -> str:
    """The name after the highest number ever given."""
    numbers = [int(found[1]) for each in known if (found := re.fullmatch(rf"{re.escape(prefix)}([0-9]{{1,9}})", each))]
    return f"{prefix}{max(numbers, default=0) + 1}"


# --- moving on


class Rotor:
    """Moves everything on that can be; used by `serve` and by the commands, one at a time by the books' lock."""

    def __init__(self, folder: Folder, site: Site, books: Books) -> None:
        self._folder = folder
        self._site = site
        self._books = books
        self.troubles: list[str] = []
        """What kept the last `advance` from a part of it."""

    def advance(self, now: float) -> list[str]:
        """What follows from what was heard since. Returns lines for the operator. Raises CentreError where a file is missing or cannot be written."""
        with self._books.reading() as conn:
            if not conn.execute(select(or_(select(rotations.c.id).exists(), restored.OTHER_SECRETS))).scalar():
                return []
        self.troubles = []
        with self._books.alone() as conn:
            lines = list(self._steps(conn, now))
            if lines:
                note_change(conn)
        for rotation in self._finished_working():
            delete_private(self._folder, rotation.old)
        return [line for line in lines if line]

    def _steps(self, conn: Connection, now: float) -> Iterator[str]:
        """A line for each thing that was done, empty where there is nothing to say."""
        for rotation in _open(conn):
            if rotation.what in SECTIONS:
                self._make_shared(conn, rotation)
        gone = load_keys(self._folder).unit_logins.keys() - handed.login_names(conn)
        if gone:  # by a new enrolment, a revocation, or a command that was cut off
            share(self._folder, "units", dict.fromkeys(gone))
        yield from self._hand_out(conn, now)
        for rotation in _open(conn):
            yield from getattr(self, f"_{rotation.what}")(conn, rotation, now)
        yield from self._hand_out(conn, now)

    def _make_shared(self, conn: Connection, rotation: Rotation) -> None:
        keys = load_keys(self._folder)
        if rotation.new[0] not in keys.shared(rotation.what):
            share(self._folder, SECTIONS[rotation.what], {rotation.new[0]: secrets.token_hex(KEY_BYTES)})

    def _hand_out(self, conn: Connection, now: float) -> Iterator[str]:
        keys = load_keys(self._folder)
        ca = self._folder.ca.read_text() if self._folder.ca.exists() else None
        count = handed.issue(conn, Signer(self._site.site, keys), keys, ca, now)
        if count:
            yield _("secrets for {count} units").format(count=count)

    def _shared(self, conn: Connection, rotation: Rotation, now: float) -> Iterator[str]:
        keys = load_keys(self._folder)
        signer = Signer(self._site.site, keys)
        choice = _Choice(conn, keys)
        for roster in holders.rosters(conn) if rotation.what != "visitor" else ():
            wanted = choice.of(roster.scope)
            if not _is_behind(roster, wanted, rotation):
                continue
            try:
                holders.hash_anew(conn, self._folder, signer, roster, wanted, now)
            except CentreError as error:
                self.troubles.append(str(error))  # the rest goes on: it may wait for this file for days
            else:
                yield _("roster {id} of {scope}: hashed with {card}").format(
                    id=roster.id, scope=roster.scope, card=wanted.card[0]
                )
        if not list(waits(conn, keys, self._site.site, rotation)):
            share(self._folder, SECTIONS[rotation.what], dict.fromkeys(rotation.old))
            yield self._done(conn, rotation, now)

    _card = _pin = _visitor = _shared

    def _working(self, conn: Connection, rotation: Rotation, now: float) -> Iterator[str]:
        keys = load_keys(self._folder)
        if list(waits(conn, keys, self._site.site, rotation)):
            return
        kept = [key for key in keys.working if key.kid not in rotation.old]
        signer = Signer(self._site.site, CentreKeys(tuple(kept), keys.private, keys.root_public, {}, {}, {}))
        count = state.sign_again(conn, rotation.old, signer.sign_again, now)
        scope = Scope("site", self._site.site)
        topic = down(self._site.site, scope, Kind.KEYS)
        assert rotation.rev is not None
        assert rotation.token is not None
        after = Keys(scope, rotation.rev + 1, now, tuple(kept))
        state.commit(conn, [Signed(topic, after, rotation.token)], now)
        # From here on they sign no more: the file first, since units know the new ones already.
        retire_working(self._folder, rotation.old)
        yield _("{count} messages signed again").format(count=count)
        yield self._done(conn, rotation, now)

    def _login(self, conn: Connection, rotation: Rotation, now: float) -> Iterator[str]:
        assert rotation.unit is not None
        if list(waits(conn, load_keys(self._folder), self._site.site, rotation)):
            return
        handed.drop_logins(conn, rotation.unit, rotation.old)
        site = self._folder.load()
        if site.mosquitto is not None:
            known = units.listed(conn, site.site)
            broker_files.write(self._folder, site, load_keys(self._folder), known, site.mosquitto)
            yield _("wrote {place} again: reload the broker (SIGHUP)").format(
                place=broker_files.place(self._folder, site.mosquitto)
            )
        share(self._folder, "units", dict.fromkeys(rotation.old))
        yield self._done(conn, rotation, now)

    def _done(self, conn: Connection, rotation: Rotation, now: float) -> str:
        enter(conn, {"done_utc": now, "token": None}, now, rotation.id)
        return _("{name}: {old} gone, {new} in force").format(
            name=rotation.name, old=" ".join(rotation.old), new=" ".join(rotation.new)
        )

    def _finished_working(self) -> list[Rotation]:
        """Those whose old keys' files are still here."""
        with self._books.reading() as conn:
            done = [each for each in listed(conn) if each.what == "working" and each.done_utc is not None]
        return [each for each in done if any((self._folder.keys / f"{kid}.pem").exists() for kid in each.old)]


def _is_behind(roster: holders.Roster, wanted: HashKeys, rotation: Rotation) -> bool:
    """Whether a roster whose numbers are kept is hashed with the old key, where its units can be handed the new one."""
    if roster.card_key is None:
        return False
    if rotation.what == "card":
        return roster.card_key in rotation.old and wanted.card[0] in rotation.new
    return roster.pin_key in rotation.old and wanted.pin is not None and wanted.pin[0] in rotation.new


# --- what it waits for


def waits(conn: Connection, keys: CentreKeys, site: str, rotation: Rotation) -> Iterator[str]:
    """What a change of keys that is open waits for, of which unit; nothing where it can be ended."""
    there = handed.live(conn)
    if rotation.what == "working":
        told = handed.has_applied(conn, Kind.KEYS)
        for unit in there:
            if told.get((unit, f"site/{site}", ""), 0) < (rotation.rev or 0):
                yield _("{unit}: has not applied keys revision {rev}").format(unit=unit, rev=rotation.rev)
        return
    if rotation.what == "login":
        row = conn.execute(select(units_table).where(units_table.c.unit == rotation.unit)).one()
        if rotation.unit in there and handed.said_login(row.status) != rotation.new[0]:
            yield _("{unit}: does not use {new} yet").format(unit=rotation.unit, new=rotation.new[0])
        return
    yield from _waits_for_secrets(conn, there, keys, rotation)
    if rotation.what == "visitor":
        yield from visitor_codes.waits(conn, rotation.old, rotation.new[0])
    else:
        yield from _waits_for_rosters(conn, there, rotation)


def _waits_for_secrets(
    conn: Connection, there: dict[str, frozenset[str]], keys: CentreKeys, rotation: Rotation
) -> Iterator[str]:
    sealing, revs, told = handed.sealing(conn), handed.secrets_revs(conn), handed.has_applied(conn, Kind.SECRETS)
    if rotation.new[0] not in keys.shared(rotation.what):
        yield _("the key {new}: is not made yet").format(new=rotation.new[0])
    for unit in there:
        if unit not in sealing:
            yield _("{unit}: has not shown a key to seal to").format(unit=unit)
        elif unit not in revs or told.get((unit, f"unit/{unit}", ""), 0) < revs[unit]:
            yield _("{unit}: has not applied its secrets").format(unit=unit)


def _waits_for_rosters(conn: Connection, there: dict[str, frozenset[str]], rotation: Rotation) -> Iterator[str]:
    told = handed.has_applied(conn, Kind.ROSTER)
    for roster in holders.rosters(conn):
        where = _("roster {id} of {scope}").format(id=roster.id, scope=roster.scope)
        if rotation.what == "pin" and roster.pin_key is None:
            continue
        if roster.card_key is None:
            yield _("{where}: its numbers are not kept; put it again from its file").format(where=where)
        elif (roster.card_key if rotation.what == "card" else roster.pin_key) not in rotation.new:
            yield _("{where}: not hashed anew yet").format(where=where)
        else:
            for unit in handed.live_in(there, roster.scope):
                if told.get((unit, roster.scope, roster.id), 0) < roster.rev:
                    yield _("{unit}: has not applied {where}").format(unit=unit, where=where)
