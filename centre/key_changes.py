"""Changes of keys as somebody orders them: begun, moved on, shown with what they wait for. The steps themselves are those of rotations.py."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from centre import handed, holders, rotations, units
from centre.errors import WRONG_USE, CentreError
from centre.opened import OpenCentre
from centre.rotations import Rotation, Rotor
from centre.words import _, reason_of
from contract.messages import Kind


@dataclass(frozen=True, slots=True)
class BegunCard:
    """`begun`: False where one was under way. `unkept`: rosters whose numbers are not kept; they are to be put again from their files."""

    begun: bool
    unkept: tuple[holders.Roster, ...]


@dataclass(frozen=True, slots=True)
class Advanced:
    """`done`: a line for each thing; where there is one, something is to be published. `troubles`: what kept it from a part."""

    done: tuple[str, ...]
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownKey:
    """`what`: card, pin, visitor or working. `since_utc` None: from the beginning."""

    what: str
    id: str
    since_utc: float | None


@dataclass(frozen=True, slots=True)
class OpenChange:
    """A change that is under way, and what it waits for, a line each."""

    rotation: Rotation
    waits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnitKeys:
    """Revisions that a unit told to have in force, 0: none that counts. `due`: its newest secrets. `seals`: it showed a key to seal to."""

    keys: int
    secrets: int
    due: int
    seals: bool
    login: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """All there is to know of keys; no secret. `units` by id."""

    keys: tuple[KnownKey, ...]
    open: tuple[OpenChange, ...]
    units: dict[str, UnitKeys]


def begin_working(centre: OpenCentre, kinds: Sequence[Kind], now: float) -> bool:
    """New working keys. False where these are being changed already. Raises CentreError where the root key is not here."""
    with centre.books.changing() as conn:
        return rotations.begin_working(conn, centre.folder, centre.site.site, kinds, now)


def begin_card(centre: OpenCentre, now: float) -> BegunCard:
    """A new card key."""
    with centre.books.changing() as conn:
        begun = rotations.begin_shared(conn, centre.keys, "card", now)
        unkept = [each for each in holders.rosters(conn) if each.card_key is None]
    return BegunCard(begun, tuple(unkept))


def begin_visitor(centre: OpenCentre, now: float) -> bool:
    """A new master key of visitors' codes. False where one is being changed already."""
    with centre.books.changing() as conn:
        return rotations.begin_shared(conn, centre.keys, "visitor", now)


def begin_pin(centre: OpenCentre, out: Path, now: float) -> int | None:
    """A new PIN key, and a new PIN for everybody who has one, told once in the file `out`, which is made. Returns how many; None where one
    was under way. Raises CentreError (wrong use) where the file is there or can't be made; nothing is begun then.
    """
    with centre.books.changing() as conn:
        if not rotations.begin_shared(conn, centre.keys, "pin", now):
            return None
        made = holders.new_pins(conn, centre.folder, centre.site.site, now)
        _write_once(out, made)
    return len(made)


def _write_once(out: Path, made: Sequence[holders.NewPin]) -> None:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("scope", "roster", "id", "room", "pin", "duress"))
    rows.writerows(
        (each.scope, each.roster, each.holder.id, each.holder.room or "", each.pin, each.duress or "") for each in made
    )
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text.getvalue())
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise CentreError(f"{out}: {reason_of(error)}", WRONG_USE) from None


def begin_login(centre: OpenCentre, unit_id: str, now: float) -> bool:
    """A second login. False where one is being changed already; where begun, the broker's files are to be written again."""
    if centre.site.mosquitto is None:
        raise CentreError(_("the broker's files are not written here (`broker`): no login can be added"), WRONG_USE)
    with centre.books.changing() as conn:
        unit = units.one(conn, centre.site.site, unit_id)
        return rotations.begin_login(conn, centre.folder, centre.keys, unit, now)


def advance(centre: OpenCentre, now: float) -> Advanced:
    """Move all that is begun on as far as it goes now; `serve` goes on with it."""
    rotor = Rotor(centre.folder, centre.site, centre.books)
    done = rotor.advance(now)
    centre.read_keys_again()
    return Advanced(tuple(done), tuple(rotor.troubles))


def waits(centre: OpenCentre, what: str, unit_id: str | None = None) -> tuple[str, ...] | None:
    """What a change waits for, a line each; None where it is done."""
    with centre.books.reading() as conn:
        rotation = rotations.is_open(conn, what, unit_id)
        return None if rotation is None else _waits(centre, conn, rotation)


def show(centre: OpenCentre) -> Shown:
    """Which keys there are and who waits for what."""
    with centre.books.reading() as conn:
        changes = rotations.listed(conn)
        under_way = [OpenChange(each, _waits(centre, conn, each)) for each in changes if each.done_utc is None]
        applied = _applied_keys(conn, centre.site.site)
    since = {name: each.begun_utc for each in changes for name in each.new}
    known = {what: list(centre.keys.shared(what)) for what in rotations.SECTIONS}
    known["working"] = [key.kid for key in centre.keys.working]
    keys = (KnownKey(what, name, since.get(name)) for what, names in known.items() for name in names)
    return Shown(tuple(keys), tuple(under_way), applied)


def _waits(centre: OpenCentre, conn: Connection, rotation: Rotation) -> tuple[str, ...]:
    return tuple(rotations.waits(conn, centre.keys, centre.site.site, rotation))


def _applied_keys(conn: Connection, site: str) -> dict[str, UnitKeys]:
    revs, sealing = handed.secrets_revs(conn), handed.sealing(conn)
    secrets, keys = handed.has_applied(conn, Kind.SECRETS), handed.has_applied(conn, Kind.KEYS)
    return {
        unit: UnitKeys(
            keys=keys.get((unit, f"site/{site}", ""), 0),
            secrets=secrets.get((unit, f"unit/{unit}", ""), 0),
            due=revs.get(unit, 0),
            seals=unit in sealing,
            login=handed.current_login(conn, unit),
        )
        for unit in handed.live(conn)
    }
