"""A card read at a named reader, to be enrolled: asked for, opened with a key that lives as long as the asking, held until somebody says whose it is.

The number is in memory alone, for some minutes, and shown to nobody; a list keeps it as it keeps those that were typed.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Connection, select

from centre import acts, orders, people
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.opened import OpenCentre
from centre.orders import Ended
from centre.people import LinesWanted, Seen
from centre.schema import commands, units
from centre.words import _
from contract.bounds import Id
from contract.card_reading import open_card
from contract.commands import READ_CARD_S, ReadCard
from contract.hpke import SealError
from contract.plain import Reply, ReplyState
from contract.topics import valid_id

HELD_S = 300.0
"""From when it was read until it is forgotten: time to ask whoever stands there."""


@dataclass(frozen=True, slots=True)
class Reader:
    """By the unit's last status. `there`: neither the reader nor the unit is away."""

    unit: str
    name: Id
    door: Id
    there: bool


@dataclass(frozen=True, slots=True)
class Owners:
    """Who has the card already: the ids of lists that may be looked at, and those of lists of elsewhere, which are named to nobody."""

    holders: tuple[str, ...] = ()
    elsewhere: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def anybody(self) -> bool:
        return bool(self.holders or self.elsewhere)


@dataclass(frozen=True, slots=True)
class HeldCard:
    """`check`: two digits that the unit's screen shows beside it."""

    check: str
    read_utc: float
    owners: Owners
    number: str = field(repr=False)


def readers(conn: Connection, names: frozenset[str] | None = None) -> list[Reader]:
    """Of these units, or of all: what reads cards there, as far as they have told. Units of an earlier version tell of none."""
    found = []
    for row in conn.execute(select(units.c.unit, units.c.online, units.c.status).order_by(units.c.unit)):
        if row.status is not None and (names is None or row.unit in names):
            found += _of_unit(row.unit, row.status, online=bool(row.online))
    return found


def last_used(conn: Connection, by: str) -> list[tuple[str, str]]:
    """(unit, reader) of the last cards that somebody had read, the newest first, each once."""
    c = commands.c
    mine = select(c.unit, c.args).where(c.action == ReadCard.TAG, c.actor == by).order_by(c.iat_utc.desc()).limit(10)
    found = [(row.unit, json.loads(row.args).get("reader", "")) for row in conn.execute(mine)]
    return list(dict.fromkeys(found))


def _of_unit(unit: str, text: str, *, online: bool) -> list[Reader]:
    told = json.loads(text).get("devices")
    devices = told.items() if isinstance(told, dict) else ()
    return [
        Reader(unit, name, each["door"], online and each.get("state") == "ok")
        for name, each in devices
        if isinstance(each, dict) and valid_id(each.get("door"))
    ]


class CardReading:
    """One command, from the asking to the giving. `seen`: which lists its asker may look at. `by`: who asks, for the record.

    `meant`: for whom the card is, as whoever asks keeps it. Raises BadValueError for a reader that the unit does not have.
    """

    def __init__(
        self,
        centre: OpenCentre,
        unit: str,
        reader: str,
        by: str,
        seen: Seen = lambda _scope: True,
        *,
        seconds: int = READ_CARD_S,
        meant: Mapping[str, str] | None = None,
    ) -> None:
        self.meant = dict(meant or {})
        self.unit = unit
        self.was_held = False
        """A card was read, and its number came."""
        self._centre = centre
        self._by = by
        self._seen = seen
        self._lock = threading.Lock()
        self._held: HeldCard | None = None
        self._private: X25519PrivateKey | None = X25519PrivateKey.generate()
        public = self._private.public_key().public_bytes_raw().hex()
        self.order = ReadCard(reader, public, seconds, self._door(reader))

    def _door(self, reader: str) -> str:
        with self._centre.books.reading() as conn:
            known = readers(conn, frozenset({self.unit}))
        door = next((each.door for each in known if each.name == reader), None)
        if door is not None:
            return door
        if not known:
            text = _("{unit} tells of no reader of cards: its program is older, or it was never heard of")
            raise BadValueError("reader", text.format(unit=self.unit))
        text = _("{unit} has no reader {reader!r}; it has {known}")
        names = ", ".join(each.name for each in known)
        raise BadValueError("reader", text.format(unit=self.unit, reader=reader, known=names))

    def steps(self, why: str, *, wait: bool = False) -> Generator[Reply | Ended, None, None]:
        """As orders.carry_out; once. With its end the key is gone that opens what was sealed."""
        try:
            for step in orders.carry_out(self._centre, self.unit, self.order, self._by, why, wait=wait):
                if isinstance(step, Reply) and step.state is ReplyState.DONE:
                    self._open(step)
                yield step
        finally:
            self._private = None

    def _open(self, reply: Reply) -> None:
        if self._private is None or reply.sealed is None:
            return
        try:
            read = open_card(self._private, self._centre.site.site, self.unit, reply.id, reply.sealed)
        except SealError:
            return
        number = f"0x{read.card:0>8}"
        self.was_held = True
        self._held = HeldCard(read.check, time.time(), self._owners(number), number)

    def _owners(self, number: str) -> Owners:
        """Whose card was looked up is entered, as for one that is typed."""
        hashes = people.hashes(self._centre, number)
        with self._centre.books.reading() as conn:
            there = people.parts(conn, self._centre.site.site)
        mine = list(people.entries(there, LinesWanted(cards=hashes)))
        found = tuple(sorted({each.holder.id for each in mine if self._seen(each.part.scope)}))
        if found:
            with self._centre.books.writing() as conn:
                for holder in found:
                    acts.note(conn, "looked", {"by": self._by, "holder": holder, "what": "card"}, time.time())
        return Owners(found, frozenset(each.holder.id for each in mine if not self._seen(each.part.scope)))

    def held(self) -> HeldCard | None:
        """None before one was read, once it was given, and after some minutes."""
        with self._lock:
            if self._held is not None and time.time() - self._held.read_utc > HELD_S:
                self._held = None
            return self._held

    def number_for(self, holder: str) -> str:
        """As it may be written into a list. Raises CentreError (wrong use)."""
        held = self.held()
        if held is None:
            raise CentreError(_("no card is held any more: read it again"), WRONG_USE)
        others = [name for name in held.owners.holders if name != holder]
        if others:
            raise CentreError(_("this card is {holder}'s already").format(holder=others[0]), WRONG_USE)
        if held.owners.elsewhere - {holder}:
            raise CentreError(
                _("this card is somebody's already, in a list outside what your account is for"), WRONG_USE
            )
        return held.number

    def given(self) -> None:
        """It is in a list, or is not wanted: forgotten here."""
        with self._lock:
            self._held = None
