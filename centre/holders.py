"""Card numbers and PINs of holders, kept sealed so that a roster can be hashed with another key: the books have the public half of the
key they are sealed to, the file `keys/holders.key` the private one. Who has that file and the books can read every number; nobody else can.

Owns the tables holder_keys and roster_numbers, and that file.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from sqlalchemy import Connection, Row, and_, delete, insert, select

from centre import state
from centre.books import insert_or_update
from centre.errors import CONFIGURATION, CentreError
from centre.folder import Folder, write_secret
from centre.roster_csv import HashKeys, Numbers
from centre.schema import holder_keys, roster_numbers
from centre.schema import state as state_table
from centre.signing import Signer
from centre.state import Signed
from contract import hpke
from contract.envelope import unverified_payload
from contract.messages import Holder, Kind, RosterPart
from contract.parse import parse
from contract.refusal import Refusal
from contract.scopes import Scope
from contract.topics import parse_down

NEW_PIN_DIGITS = 6


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
        raise CentreError(f"{path}: not here, and only it opens the numbers of holders", CONFIGURATION) from None
    except (OSError, ValueError) as error:
        raise CentreError(f"{path}: {error}", CONFIGURATION) from None
    if not isinstance(key, X25519PrivateKey):
        raise CentreError(f"{path}: not an X25519 key", CONFIGURATION)
    return key


@dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """The numbers of one part, in the order of its holders. `next_pins`: those that the next PIN key brings, None where none is due."""

    numbers: tuple[Numbers, ...]
    next_pins: tuple[str | None, ...] | None = None

    def sealed(self, public: bytes, site: str, scope: str, name: str, part: int) -> bytes:
        value = {"cards": [each.card for each in self.numbers], "pins": [each.pin for each in self.numbers]}
        text = json.dumps(value | {"next": self.next_pins}).encode()
        return hpke.seal(public, _info(site, scope, name, part), text)

    def renewed(self) -> Sheet:
        """With the next PINs in force."""
        if self.next_pins is None:
            return self
        return Sheet(tuple(replace(each, pin=pin) for each, pin in zip(self.numbers, self.next_pins, strict=True)))


def _unsealed(private: X25519PrivateKey, site: str, row: Row[tuple[object, ...]]) -> Sheet:
    try:
        value = json.loads(hpke.unseal(private, _info(site, row.scope, row.id, row.part), row.sealed))
    except hpke.SealError as error:
        raise CentreError(f"roster {row.id} of {row.scope}: its numbers: {error}", CONFIGURATION) from None
    numbers = tuple(Numbers(card, pin) for card, pin in zip(value["cards"], value["pins"], strict=True))
    return Sheet(numbers, None if value["next"] is None else tuple(value["next"]))


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
        sheet = _unsealed(private, site, row)
        if keys.pin is not None and keys.pin[0] != row.pin_key:
            sheet = sheet.renewed()
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
        _enter(conn, public, site, row, sheet, card_key=keys.card[0], pin_key=pin_key)


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
            raise CentreError(f"roster {roster.id} of {roster.scope}: cannot be read back: {part}", CONFIGURATION)
        yield row, part


def _enter(
    conn: Connection, public: bytes, site: str, row: Row[tuple[object, ...]], sheet: Sheet, **keys: str | None
) -> None:
    values = {"scope": row.scope, "id": row.id, "part": row.part, **keys}
    values["sealed"] = sheet.sealed(public, site, row.scope, row.id, row.part)
    conn.execute(insert_or_update(conn, roster_numbers, values))


@dataclass(frozen=True, slots=True, repr=False)
class NewPin:
    """For the list that is printed once."""

    roster: str
    scope: str
    holder: Holder
    pin: str


def new_pins(conn: Connection, folder: Folder, site: str, now: float) -> list[NewPin]:
    """A fresh PIN for every holder who has one, kept sealed until the roster is hashed with the next PIN key. No two of a room are the same."""
    private, public = private_key(folder), public_key(conn, folder, now)
    made: list[NewPin] = []
    for roster in rosters(conn):
        if roster.card_key is None or roster.pin_key is None:
            continue
        used: set[tuple[str, str]] = set()
        by_holder: dict[str, str] = {}
        for row, part in _parts(conn, site, roster):
            sheet = _unsealed(private, site, row)
            fresh = []
            for holder, numbers in zip(part.holders, sheet.numbers, strict=True):
                again = holder.id in by_holder
                pin = None if numbers.pin is None else by_holder.get(holder.id) or _pin(holder, used)
                if pin is not None and not again:
                    by_holder[holder.id] = pin
                    made.append(NewPin(roster.id, roster.scope, holder, pin))
                fresh.append(pin)
            sheet = Sheet(sheet.numbers, tuple(fresh))
            _enter(conn, public, site, row, sheet, card_key=row.card_key, pin_key=row.pin_key)
    return made


def _pin(holder: Holder, used: set[tuple[str, str]]) -> str:
    owner = holder.room or holder.id
    while True:
        pin = f"{secrets.randbelow(10**NEW_PIN_DIGITS):0{NEW_PIN_DIGITS}d}"
        if (owner, pin) not in used:
            used.add((owner, pin))
            return pin
