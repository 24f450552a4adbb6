"""Card numbers and PINs of holders, kept sealed so that a roster can be hashed with another key: the books have the public half of the
key they are sealed to, the file `keys/holders.key` the private one. Who has that file and the books can read every number; nobody else can.

Owns the tables holder_keys and roster_numbers, and that file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from sqlalchemy import Connection, Row, and_, delete, insert, select

from centre import pins, state
from centre.books import insert_or_update
from centre.errors import CONFIGURATION, WRONG_USE, CentreError
from centre.folder import Folder, write_secret
from centre.roster_csv import HashKeys, NextPins, Numbers, owner_of
from centre.schema import holder_keys, roster_numbers
from centre.schema import state as state_table
from centre.signing import Signer
from centre.state import Signed
from centre.words import _
from contract import hpke
from contract.envelope import unverified_payload
from contract.messages import Holder, Kind, RosterPart
from contract.parse import parse
from contract.refusal import Refusal
from contract.scopes import Scope
from contract.topics import parse_down


def path_of(folder: Folder) -> Path:
    return folder.keys / "holders.key"


def public_key(conn: Connection, folder: Folder, now: float) -> bytes:
    """What to seal to. The key is made where there is none yet: the file first, so that nothing is sealed to a key nobody has."""
    known = conn.execute(select(holder_keys.c.public)).scalar()
    if known is not None:
        return bytes.fromhex(known)
    path = path_of(folder)
    if not path.exists():
        made = X25519PrivateKey.generate()
        write_secret(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = private_key(folder).public_key().public_bytes_raw()
    conn.execute(insert(holder_keys).values(public=public.hex(), made_utc=now))
    return public


def private_key(folder: Folder) -> X25519PrivateKey:
    """Raises CentreError (exit 78) where it is missing or no key."""
    path = path_of(folder)
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        raise CentreError(
            _("{path}: not here, and only it opens the numbers of holders").format(path=path), CONFIGURATION
        ) from None
    except (OSError, ValueError) as error:
        raise CentreError(f"{path}: {error}", CONFIGURATION) from None
    if not isinstance(key, X25519PrivateKey):
        raise CentreError(_("{path}: not an X25519 key").format(path=path), CONFIGURATION)
    return key


@dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """The numbers of one part, in the order of its holders."""

    numbers: tuple[Numbers, ...]

    def sealed(self, public: bytes, site: str, scope: str, name: str, part: int) -> bytes:
        value = {"cards": [each.card for each in self.numbers], "pins": [each.pin for each in self.numbers]}
        if any(each.duress is not None for each in self.numbers):
            value["duress"] = [each.duress for each in self.numbers]
        if any(each.profile is not None for each in self.numbers):
            value["profiles"] = [each.profile for each in self.numbers]
        if any(each.following is not None for each in self.numbers):
            value["next"] = [None if each.following is None else each.following.pin for each in self.numbers]
            value["next_duress"] = [None if each.following is None else each.following.duress for each in self.numbers]
        text = json.dumps(value).encode()
        return hpke.seal(public, _info(site, scope, name, part), text)

    def of(self, stay: Sequence[bool]) -> Sheet:
        """Of those holders for whom `stay` is true."""
        return Sheet(tuple(each for each, stays in zip(self.numbers, stay, strict=True) if stays))

    def under(self, keys: HashKeys, pin_key: str | None) -> Sheet:
        """As they are to be hashed with these keys: PINs that waited for another key than `pin_key` are in force."""
        if keys.pin is None or keys.pin[0] == pin_key:
            return self
        return Sheet(tuple(each.renewed for each in self.numbers))


def unsealed(private: X25519PrivateKey, site: str, row: Row[tuple[object, ...]]) -> Sheet:
    try:
        value = json.loads(hpke.unseal(private, _info(site, row.scope, row.id, row.part), row.sealed))
    except hpke.SealError as error:
        raise CentreError(
            _("roster {id} of {scope}: its numbers: {error}").format(id=row.id, scope=row.scope, error=error),
            CONFIGURATION,
        ) from None
    nothing = [None] * len(value["cards"])
    duress, profiles, pin, under = (
        value.get(name) or nothing for name in ("duress", "profiles", "next", "next_duress")
    )
    following = [None if each is None else NextPins(each, second) for each, second in zip(pin, under, strict=True)]
    columns = zip(value["cards"], value["pins"], duress, profiles, following, strict=True)
    return Sheet(tuple(Numbers(*each) for each in columns))


def _info(site: str, scope: str, name: str, part: int) -> bytes:
    return f"doorward-holders-1|{site}|{scope}|{name}|{part}".encode()


def keep(
    conn: Connection,
    folder: Folder,
    site: str,
    parts: Sequence[RosterPart],
    numbers: Sequence[Numbers],
    keys: HashKeys,
    now: float,
) -> None:
    """The numbers of a revision that was just committed, in place of those of the one before."""
    public, scope, name = public_key(conn, folder, now), str(parts[0].scope), parts[0].id
    forget(conn, scope, name)
    start = 0
    for part in parts:
        mine = tuple(numbers[start : start + len(part.holders)])
        start += len(mine)
        pins = keys.pin[0] if keys.pin is not None and any(each.pin is not None for each in mine) else None
        row = {"scope": scope, "id": name, "part": part.part, "card_key": keys.card[0], "pin_key": pins}
        sealed = Sheet(mine).sealed(public, site, scope, name, part.part)
        conn.execute(insert(roster_numbers).values(**row, sealed=sealed))


def forget(conn: Connection, scope: str, name: str | None = None) -> None:
    """Of one roster, or of all of a scope."""
    mine = roster_numbers.c.scope == scope
    conn.execute(delete(roster_numbers).where(mine if name is None else and_(mine, roster_numbers.c.id == name)))


@dataclass(frozen=True, slots=True)
class Roster:
    """A roster in place. `card_key`, `pin_key`: what it is hashed with; `card_key` None where its numbers are not kept."""

    scope: str
    id: str
    rev: int
    card_key: str | None
    pin_key: str | None


def rosters(conn: Connection) -> list[Roster]:
    """All that are in place."""
    s, n = state_table.c, roster_numbers.c
    same = and_(s.scope == n.scope, s.id == n.id, s.part == n.part)
    wanted = and_(s.kind == Kind.ROSTER.value, s.token.is_not(None))
    query = select(s.scope, s.id, s.rev, n.card_key, n.pin_key).select_from(state_table.outerjoin(roster_numbers, same))
    found: dict[tuple[str, str], Roster] = {}
    for row in conn.execute(query.where(wanted).order_by(s.scope, s.id, s.part)):
        known = found.get((row.scope, row.id))
        pins = row.pin_key if known is None else known.pin_key or row.pin_key
        found[row.scope, row.id] = Roster(row.scope, row.id, row.rev, row.card_key, pins)
    return list(found.values())


def hash_anew(conn: Connection, folder: Folder, signer: Signer, roster: Roster, keys: HashKeys, now: float) -> None:
    """A new revision of a roster whose numbers are kept, its holders hashed with these keys; committed, to be published."""
    scope, site = Scope(*roster.scope.split("/", 1)), signer.site
    private, public = private_key(folder), public_key(conn, folder, now)
    rev = state.next_rev(conn, Kind.ROSTER, scope, now, roster.id)
    signed, sheets = [], []
    for row, part in _parts(conn, site, roster):
        sheet = unsealed(private, site, row).under(keys, row.pin_key)
        people = tuple(map(keys.hashed, part.holders, sheet.numbers))
        made = replace(part, rev=rev, iat=round(now, 3), card_key=keys.card[0], holders=people)
        topic = state.topic_of(site, made, made.part)
        signed.append(Signed(topic, made, signer.sign_state(topic, made), made.part))
        sheets.append((row, sheet))
    title = conn.execute(
        select(state_table.c.title).where(
            state_table.c.kind == Kind.ROSTER.value, state_table.c.scope == roster.scope, state_table.c.id == roster.id
        )
    ).scalar()
    state.commit(conn, signed, now, title=title or "")
    for row, sheet in sheets:
        pin_key = keys.pin[0] if row.pin_key is not None and keys.pin is not None else None
        enter(conn, public, site, row, sheet, card_key=keys.card[0], pin_key=pin_key)


def _parts(conn: Connection, site: str, roster: Roster) -> Iterator[tuple[Row[tuple[object, ...]], RosterPart]]:
    """Each part in place with the row of its numbers."""
    s, n = state_table.c, roster_numbers.c
    mine = and_(s.kind == Kind.ROSTER.value, s.scope == roster.scope, s.id == roster.id, s.token.is_not(None))
    same = and_(s.scope == n.scope, s.id == n.id, s.part == n.part)
    query = select(roster_numbers, s.topic, s.token).select_from(state_table.join(roster_numbers, same))
    for row in conn.execute(query.where(mine).order_by(s.part)).all():
        down = parse_down(row.topic)
        assert down is not None
        part = parse(Kind.ROSTER, site, down, unverified_payload(row.token))
        if isinstance(part, Refusal) or not isinstance(part, RosterPart):
            raise CentreError(
                _("roster {id} of {scope}: cannot be read back: {part}").format(
                    id=roster.id, scope=roster.scope, part=part
                ),
                CONFIGURATION,
            )
        yield row, part


def enter(
    conn: Connection, public: bytes, site: str, row: Row[tuple[object, ...]], sheet: Sheet, **keys: str | None
) -> None:
    values = {"scope": row.scope, "id": row.id, "part": row.part, **keys}
    values["sealed"] = sheet.sealed(public, site, row.scope, row.id, row.part)
    conn.execute(insert_or_update(conn, roster_numbers, values))


@dataclass(frozen=True, slots=True, repr=False)
class NewPin:
    """For the list that is printed once. `duress`: a second one, which raises an alarm."""

    roster: str
    scope: str
    holder: Holder
    pin: str
    duress: str | None = None


def new_pins(conn: Connection, folder: Folder, site: str, now: float) -> list[NewPin]:
    """A fresh PIN for every holder who has one, kept sealed until the roster is hashed with the next PIN key. No two of a room are the same."""
    private, public = private_key(folder), public_key(conn, folder, now)
    made: list[NewPin] = []
    for roster in rosters(conn):
        if roster.card_key is None or roster.pin_key is None:
            continue
        used: dict[str, set[str]] = {}
        by_holder: dict[str, NextPins] = {}
        for row, part in _parts(conn, site, roster):
            sheet = unsealed(private, site, row)
            fresh: list[Numbers] = []
            for holder, numbers in zip(part.holders, sheet.numbers, strict=True):
                if numbers.pin is None:
                    fresh.append(numbers)
                    continue
                if holder.id not in by_holder:
                    mine = used.setdefault(owner_of(holder), set())
                    pin = pins.fresh(mine)
                    duress = None if numbers.duress is None else pins.fresh(mine, unlike=(pin,))
                    by_holder[holder.id] = NextPins(pin, duress)
                    made.append(NewPin(roster.id, roster.scope, holder, pin, duress))
                fresh.append(replace(numbers, following=by_holder[holder.id]))
            enter(conn, public, site, row, Sheet(tuple(fresh)), card_key=row.card_key, pin_key=row.pin_key)
    return made


def read_back(
    conn: Connection, folder: Folder, site: str, roster: Roster, keys: HashKeys
) -> list[tuple[Holder, Numbers]]:
    """All holders of a roster in place with their numbers, to be put again with these keys: PINs that wait for the next key go on waiting
    until that is what it is hashed with. Raises CentreError where numbers are not kept or can't be opened.
    """
    if roster.card_key is None:
        where = _("roster {id} of {scope}").format(id=roster.id, scope=roster.scope)
        what = _("{where}: its numbers are not kept; put it again from its file").format(where=where)
        raise CentreError(what, WRONG_USE)
    private = private_key(folder)
    found: list[tuple[Holder, Numbers]] = []
    for row, part in _parts(conn, site, roster):
        found += zip(part.holders, unsealed(private, site, row).under(keys, row.pin_key).numbers, strict=True)
    return found
