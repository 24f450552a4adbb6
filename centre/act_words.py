"""The centre's own journal for people: who did what, when, newest first. What units and people wrote stands as it came. Only reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from centre import acts, shown
from centre.words import N_, _

KINDS: Mapping[str, str] = {
    "begun": N_("journal begun"),
    "restored": N_("books restored"),
    "unit": N_("unit changed"),
    "key": N_("key of a unit"),
    "state": N_("notice, roster, round or settings changed"),
    "cleared": N_("what a scope had was cleared"),
    "command": N_("order to a unit"),
    "reply": N_("reply of a unit"),
    "alarm": N_("alarm"),
    "ack": N_("alarm taken"),
    "case": N_("step of a report"),
    "field": N_("entry from the field"),
    "recipient": N_("who reports go to"),
    "poll": N_("poll"),
    "round": N_("patrol round changed"),
    "poll_end": N_("end of a poll"),
    "visitor": N_("visitor's code"),
    "people": N_("list, card, PIN or visitor's code by somebody"),
    "revoked": N_("lost card"),
    "lost": N_("lost card"),
    "again": N_("lost card given again"),
    "erasure": N_("erasure asked"),
    "erased": N_("erasure done"),
    "forgotten": N_("texts and photos taken out"),
    "acceptance": N_("unit accepted"),
    "bundle": N_("software added"),
    "roll": N_("software rolled out"),
    "rotation": N_("change of keys"),
    "checkpoint": N_("checkpoint"),
    "verified": N_("record verified"),
    "exported": N_("record exported"),
    "list_exported": N_("list of people exported"),
    "looked": N_("looked at a person's facts"),
    "account": N_("account changed"),
    "invited": N_("one-time link made"),
    "signed_in": N_("signed in"),
    "signed_out": N_("signed out"),
    "sessions_ended": N_("signed out by another"),
    "api_token": N_("token of a program"),
    "consent": N_("second person's consent"),
    "epoch": N_("history of a unit begun"),
    "gap": N_("gap in a unit's facts"),
    "fork": N_("second history of a unit"),
    "early": N_("receipts ahead of their facts"),
    "receipt": N_("receipt kept"),
    "limits": N_("unit over its limits"),
    "hook": N_("web hook"),
    "home_assistant": N_("Home Assistant let in or shut out"),
    "given_up": N_("old facts given up"),
    "retained": N_("old facts given up"),
}
"""What is entered, in a few words; a kind of a later version stands as it is called."""
BY_PEOPLE = frozenset(
    {"unit", "state", "command", "ack", "case", "field", "recipient", "poll", "round", "visitor", "people", "revoked", "lost", "again",
     "erasure", "forgotten", "acceptance", "bundle", "roll", "rotation", "checkpoint", "verified", "exported", "list_exported", "looked",
     "restored", "account", "invited", "signed_in", "signed_out", "sessions_ended", "api_token", "consent",
     "hook", "home_assistant"}
)  # fmt: skip
"""Kinds that somebody did, or had done; the rest is the centre's own bookkeeping."""
_WHO = ("by", "actor")
_SECRET = frozenset({"parts", "photo", "sealed", "sig", "key", "token", "line", "h", "digest", "said"})
"""Not for reading: long, and no help to anybody who reads."""
LATELY = 5000


@dataclass(frozen=True, slots=True)
class ReadAct:
    """`by`: who, empty where it was the centre itself; `detail`: the rest, name=value."""

    n: int
    at_utc: float
    what: str
    by: str
    why: str
    detail: str


def listed(
    conn: Connection,
    count: int,
    before: int | None = None,
    *,
    everything: bool = False,
    name_of: Callable[[str], str] = str,
) -> list[ReadAct]:
    """At most `count` ahead of number `before`, newest first. Not `everything`: only what people did, or had done. `name_of`: what people call a unit."""
    every = (value for value in acts.newest(conn, before) if everything or str(value.get("act")) in BY_PEOPLE)
    return [_read(value, name_of) for value in islice(every, count)]


def by_one(conn: Connection, name: str, count: int) -> list[ReadAct]:
    """What was entered under that name lately, newest first: of the last acts of all, not of years."""
    theirs = (
        value
        for value in islice(acts.newest(conn), LATELY)
        if name in (value.get("by"), value.get("actor"), value.get("second")) and value["act"] in BY_PEOPLE
    )
    return [_read(value) for value in islice(theirs, count)]


def _read(value: dict[str, Any], name_of: Callable[[str], str] = str) -> ReadAct:
    n, at_utc, what = int(value.pop("n")), float(value.pop("at")), str(value.pop("act"))
    by = next((str(value.pop(name)) for name in _WHO if value.get(name)), "")
    why = str(value.pop("why", "") or "")
    if "password" in value:  # a mark of it: that it is another one is all there is to see
        value["password"] = f"{str(value['password'])[:6]}…" if value["password"] else None
    rest = ((name, each) for name, each in value.items() if name not in _SECRET and each not in (None, "", [], {}))
    detail = " ".join(f"{name}={shown.value(each)}" for name, each in rest)
    unit = value.get("unit")
    if isinstance(unit, str) and name_of(unit) != unit:
        detail = f"{name_of(unit)} {detail}"
    kind = KINDS.get(what)
    return ReadAct(n, at_utc, what if kind is None else _(kind), shown.plain(by), shown.plain(why), shown.plain(detail))
