"""Settings of a scope: changed key by key, signed and committed as a whole; and listed. Publishing is the caller's next step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from centre import state
from centre.errors import WRONG_USE, CentreError
from centre.names import explained
from centre.opened import OpenCentre
from centre.schema import state as state_table
from centre.state import Signed
from centre.words import _
from contract import codec
from contract.hours import Hours
from contract.messages import Kind, Settings
from contract.scopes import Scope

KEYS = ("timezone", "language", "sign", "doors", "report_codes", "care", "display", "accepted")


@dataclass(frozen=True, slots=True)
class Change:
    """What to set, None and empty for what stays. `sign`: of the sign's own keys, those to set. `codes`, `care`: the whole of it. `unset`: of KEYS, taken out again.

    `hours`: the profiles, in place of those before. `doors`: by door and key (`hours`, `hold_open`), the name of a profile, or none.
    """

    timezone: str | None = None
    language: str | None = None
    sign: Mapping[str, Any] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    codes: Mapping[str, Any] | None = None
    hours: Mapping[str, Hours] | None = None
    doors: Mapping[tuple[str, str], str] = field(default_factory=dict)
    care: Mapping[str, Any] | None = None
    letters: str | None = None
    """`normal` or `large`, on displays with designed pages."""
    accepted: str | None = None
    """The public key of a unit's box that was accepted (acceptance.py), or `any`."""

    def applied(self, before: Mapping[str, Any]) -> dict[str, Any]:
        values = dict(before)
        values |= {"timezone": self.timezone} if self.timezone else {}
        values |= {"language": self.language} if self.language else {}
        if self.sign:
            values["sign"] = {**values.get("sign", {}), **self.sign}
        values |= {} if self.codes is None else {"report_codes": dict(self.codes)}
        values |= {} if self.care is None else {"care": dict(self.care)}
        values |= {} if self.letters is None else {"display": {"size": self.letters}}
        values |= {"accepted": self.accepted} if self.accepted else {}
        if self.hours is not None:
            values["hours"] = {name: codec.write(profile) for name, profile in self.hours.items()}
        for (door, key), profile in self.doors.items():
            doors = values.setdefault("doors", {})
            kept = {name: each for name, each in doors.get(door, {}).items() if name != key}
            values["doors"] = {**doors, door: kept | ({key: profile} if profile else {})}
        gone = {*self.unset, *(("hours",) if "doors" in self.unset else ())}
        return {key: value for key, value in values.items() if key not in gone}


@dataclass(frozen=True, slots=True)
class ScopeSettings:
    """The settings of a scope in their newest revision: `values` by the keys of the message. `sent`: whether the broker had them."""

    scope: str
    rev: int
    values: Mapping[str, Any]
    sent: bool


def put(centre: OpenCentre, scope: Scope, wanted: Change, now: float) -> ScopeSettings:
    """Commit them as they are after the change. Raises CentreError (wrong use) where it changes nothing or a value is none."""
    with centre.books.changing() as conn:
        changed = change(centre, conn, scope, wanted, now)
    if changed is None:
        raise CentreError(_("nothing to change"), WRONG_USE)
    return changed


def change(centre: OpenCentre, conn: Connection, scope: Scope, wanted: Change, now: float) -> ScopeSettings | None:
    """As `put`, in the transaction of the caller; None where it changes nothing."""
    before = _current(conn, scope)
    values = wanted.applied(before)
    if values == before:
        return None
    message = _message(scope, state.next_rev(conn, Kind.SETTINGS, scope, now), now, values)
    topic = state.topic_of(centre.site.site, message)
    signed = Signed(topic, message, centre.signer.sign_state(topic, message))
    state.commit(conn, [signed], now, title=json.dumps(values, ensure_ascii=False))
    return ScopeSettings(str(scope), message.rev, values, sent=False)


def listed(centre: OpenCentre) -> list[ScopeSettings]:
    """Of each scope that ever had any."""
    mine = state_table.c.kind == Kind.SETTINGS.value
    with centre.books.reading() as conn:
        rows = conn.execute(select(state_table).where(mine).order_by(state_table.c.scope)).all()
    return [ScopeSettings(row.scope, row.rev, json.loads(row.title), row.sent_utc is not None) for row in rows]


def in_force(conn: Connection, places: Sequence[str]) -> dict[str, Any]:
    """For a unit with these scopes, the least specific first: of each key the most specific one's."""
    mine = (state_table.c.kind == Kind.SETTINGS.value) & state_table.c.scope.in_(places)
    rows = conn.execute(select(state_table.c.scope, state_table.c.title).where(mine, state_table.c.token.is_not(None)))
    found = {row.scope: json.loads(row.title or "{}") for row in rows}
    return {key: value for place in places for key, value in found.get(place, {}).items()}


def _current(conn: Connection, scope: Scope) -> dict[str, Any]:
    mine = (state_table.c.kind == Kind.SETTINGS.value) & (state_table.c.scope == str(scope))
    text = conn.execute(select(state_table.c.title).where(mine)).scalar()
    values: dict[str, Any] = json.loads(text) if text else {}
    if "size" not in values.get("display", {"size": ""}):  # of an earlier version, without effect
        del values["display"]
    return values


def _message(scope: Scope, rev: int, now: float, values: Mapping[str, Any]) -> Settings:
    try:
        return codec.read(Settings, {"scope": str(scope), "rev": rev, "iat": round(now, 3), **values})
    except codec.FieldError as error:
        raise CentreError(explained(str(error)), WRONG_USE) from None
