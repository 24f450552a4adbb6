"""What a roster says that is taken, and is mostly not meant: care that nobody gives, a PIN that is asked for and not made, one card under two ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from centre import known, rosters_in_place, units
from centre.schema import state as state_table
from centre.units import Unit
from centre.words import _
from contract.envelope import unverified_payload
from contract.messages import Holder, Kind
from contract.scopes import LEVELS, Scope

CARE = "care"
_NAMED = 5


def doubts(conn: Connection, site: str, scope: Scope, name: str, card_key: str, people: Sequence[Holder]) -> list[str]:
    """A line each. `people`: the roster as it was just committed, hashed with this card key."""
    mine = [each for each in units.listed(conn, site) if scope in each.scopes and not each.revoked]
    named = frozenset[str]().union(*(each.doors or () for each in people))
    text = _("{door}: no unit of {scope} has said so far that it has this door")
    strange = [
        text.format(door=door, scope=scope)
        for door in known.doors_nobody_has(conn, [each.unit for each in mine], named)
    ]
    return [
        *strange,
        *_care(conn, scope, mine, people),
        *_pins(people),
        *_cards(conn, site, (scope, name), card_key, mine, people),
    ]


def _care(conn: Connection, scope: Scope, mine: Sequence[Unit], people: Sequence[Holder]) -> Iterable[str]:
    count = len({holder.id for holder in people if CARE in holder.flags})
    if not count:
        return
    if scope.level != "unit":
        yield _("{count} with the flag `care` are watched by no unit: that takes a roster of level unit").format(
            count=count
        )
        return
    for unit in mine:
        if not _watches(conn, unit):
            text = _(
                "{count} with the flag `care` are not watched yet: {unit} has no hours of care (settings put --care-hours)"
            )
            yield text.format(count=count, unit=unit.unit)


def _watches(conn: Connection, unit: Unit) -> bool:
    """By the most specific scope whose settings say something of care."""
    names = [str(scope) for scope in unit.scopes]
    mine = (state_table.c.kind == Kind.SETTINGS.value) & state_table.c.token.is_not(None)
    found = {
        row.scope: unverified_payload(row.token).get(CARE)
        for row in conn.execute(select(state_table.c.scope, state_table.c.token).where(mine))
        if row.scope in names
    }
    having = [scope for scope, care in found.items() if care is not None]
    return bool(having) and bool(found[max(having, key=lambda each: LEVELS.index(each.partition("/")[0]))])


def _pins(people: Sequence[Holder]) -> Iterable[str]:
    without = list(dict.fromkeys(holder.id for holder in people if holder.pin_required and holder.pin is None))
    if without:
        text = _("pin_required and no PIN: the card of {holders} opens nothing until `roster pin` makes one")
        yield text.format(holders=_some(without))


def _cards(
    conn: Connection,
    site: str,
    roster: tuple[Scope, str],
    card_key: str,
    mine: Sequence[Unit],
    people: Sequence[Holder],
) -> Iterable[str]:
    """Where one unit has both rosters, whoever comes first is let in, and noted."""
    ids = {holder.key: holder.id for holder in people if holder.key is not None}
    meeting = {str(scope) for unit in mine for scope in unit.scopes}
    for place in rosters_in_place.places(conn, site, meeting):
        if (place.scope, place.id) == (str(roster[0]), roster[1]):
            continue
        twice = [
            f"{ids[holder.key]} = {holder.id}"
            for key, holder in place.holders
            if key == card_key and holder.key in ids and holder.key is not None and ids[holder.key] != holder.id
        ]
        if twice:
            text = _("the same card under another id in roster {id} of {scope}: {pairs}")
            yield text.format(id=place.id, scope=place.scope, pairs=_some(twice))


def _some(names: Sequence[str]) -> str:
    more = ", …" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
