"""The record: what was written down, by doors and at the centre, and whether it is whole."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec

from centre import act_words, acts, checkpoints, clips, scope_tree, searching, shown, verifying, who
from centre.console.call import Nothing, call
from centre.console.calls.people import parts
from centre.console.visit import Visit
from centre.errors import BadValueError, CentreError, ForbiddenError
from centre.fact_words import of_line
from centre.permits import Doing
from centre.reports import Entry, kinds_named
from centre.scope_tree import PlaceRoll
from centre.searching import Place, Search
from centre.words import _

PAGE = 50
_PLACE = re.compile(r"(-?\d{1,12}(?:\.\d{1,9})?)_(\d{1,18})", re.ASCII)
Text = Annotated[str, msgspec.Meta(max_length=64)]


class FactSearch(msgspec.Struct):
    """What is looked for; empty means any. Days as 2026-11-26, in the site's time zone, both included. `before`: as the answer before said."""

    unit: Text = ""
    kind: Text = ""
    door: Text = ""
    holder: Text = ""
    since: Text = ""
    until: Text = ""
    before: Annotated[str, msgspec.Meta(max_length=48)] = ""


class WhoseFact(msgspec.Struct):
    """Whom a fact names, as the lists in place that the asking person sees call them; who is in none stays an id."""

    holder: str
    role: str
    rooms: list[str]


class FoundFact(msgspec.Struct):
    """`number`: of the unit's journal, behind its epoch; `clip`: where a recorder has it; `fact`: as it was signed."""

    at_utc: float
    unit: str
    unit_name: str
    whose: WhoseFact | None
    kind: str
    words: str
    sign: str
    number: str
    clip: str | None
    fact: dict[str, Any]


class FactPage(msgspec.Struct):
    """Newest first. `next`: `before` of the next page, None at the end; `reached_utc`: how far back was looked so far."""

    facts: list[FoundFact]
    next: str | None
    reached_utc: float | None


def wanted(visit: Visit, ask: FactSearch) -> Search:
    """Within what the person sees. Raises BadValueError."""
    since, until = _day(visit, "since", ask.since), _day(visit, "until", ask.until)
    return Search(
        visit.units,
        ask.unit or None,
        kinds_named([ask.kind]) if ask.kind else None,
        ask.door or None,
        ask.holder or None,
        None if since is None else since.timestamp(),
        None if until is None else (until + timedelta(days=1)).timestamp(),
    )


def note_look(visit: Visit, ask: FactSearch) -> None:
    """Who looks for one person's comings and goings is entered: that person may ask who did."""
    if ask.holder:
        data = {"by": visit.person.name, "holder": ask.holder, "since": ask.since, "until": ask.until}
        with visit.centre.books.writing() as conn:
            acts.note(conn, "looked", data, time.time())


@call("GET", "/facts", doing=Doing.RECORD)
def find_facts(visit: Visit, ask: FactSearch) -> FactPage:
    """Facts of the doors, newest first."""
    search = wanted(visit, ask)
    before = _place(ask.before)
    note_look(visit, ask)
    with visit.centre.books.reading() as conn:
        found = searching.search(conn, search, PAGE, before)
        roll = scope_tree.roll(conn, visit.site)
    rest = None if found.next is None else f"{found.next[0]:.9f}_{found.next[1]}"
    facts = [json.loads(each.line) for each in found.entries]
    known = _called(visit, roll, found.entries, facts)
    made = [_found(visit, roll, known, each, fact) for each, fact in zip(found.entries, facts, strict=True)]
    return FactPage(made, rest, found.reached_utc)


def _called(
    visit: Visit, roll: PlaceRoll, entries: list[Entry], facts: list[dict[str, Any]]
) -> Mapping[str, who.Called]:
    """Whom these name, by the lists of their own doors that the person sees."""
    if not visit.may(Doing.PEOPLE):
        return {}
    places = {place for each in entries if each.unit in roll.units for place in roll.units[each.unit].places}
    mine = [each for each in parts(visit) if each.scope in places]
    return who.called(mine, {name for fact in facts for name in who.ids_of(fact)})


def _found(
    visit: Visit, roll: PlaceRoll, known: Mapping[str, who.Called], entry: Entry, fact: dict[str, Any]
) -> FoundFact:
    said = of_line(entry.kind, entry.line)
    template = visit.centre.site.clips
    clip = None if template is None else clips.clip(template, entry, entry.at_utc)
    name = next((each for each in who.ids_of(fact) if each in known), None)
    whose = None if name is None else WhoseFact(name, known[name].role.value, list(known[name].rooms))
    where = (entry.unit, roll.name_of(entry.unit), whose)
    kind, number = shown.plain(entry.kind), f"{entry.epoch}:{entry.seq}"
    return FoundFact(entry.at_utc, *where, kind, said.words, said.sign, number, clip, fact)


def _day(visit: Visit, name: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=visit.centre.site.zone)
    except (ValueError, OverflowError):
        raise BadValueError(name, _("not a day as 2026-11-26")) from None


def _place(text: str) -> Place | None:
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if found is None:
        raise BadValueError("before", _("not as the page before said"))
    return float(found[1]), int(found[2])


class ActSearch(msgspec.Struct):
    """`everything`: also the centre's own bookkeeping."""

    before: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    everything: bool = False


class FoundAct(msgspec.Struct):
    """`by`: the account; `label`: how people call whoever has it, empty where it is none."""

    n: int
    at_utc: float
    what: str
    by: str
    label: str
    why: str
    detail: str


class ActPage(msgspec.Struct):
    """Newest first. `next`: `before` of the next page, None at the end."""

    acts: list[FoundAct]
    next: int | None


@call("GET", "/acts", doing=Doing.RECORD)
def find_acts(visit: Visit, ask: ActSearch) -> ActPage:
    """Who did what at the centre, newest first; for whom the whole site is."""
    of_whole_site(visit)
    with visit.centre.books.reading() as conn:
        name_of = scope_tree.roll(conn, visit.site).name_of
        found = act_words.listed(conn, PAGE, ask.before or None, everything=ask.everything, name_of=name_of)
        label = who.labels(visit.centre, conn)
    made = [
        FoundAct(each.n, each.at_utc, each.what, each.by, label.get(each.by, ""), each.why, each.detail)
        for each in found
    ]
    return ActPage(made, found[-1].n if len(found) == PAGE else None)


def of_whole_site(visit: Visit) -> None:
    """Raises ForbiddenError."""
    if not visit.person.whole_site:
        raise ForbiddenError(_("only for accounts of the whole site"))


class RecordState(msgspec.Struct):
    """`broken`: places that do not hold, of the last proof; None where there was none. `checkpoint`: as it is read out."""

    checkpoint: str | None
    checkpoint_utc: float | None
    verified_utc: float | None
    verified_by: str | None
    broken: int | None
    running: bool


@call("GET", "/record", doing=Doing.RECORD)
def record_state(visit: Visit, ask: Nothing) -> RecordState:
    """Whether the record holds, by the last proof, and its last checkpoint."""
    with visit.centre.books.reading() as conn:
        newest, last = checkpoints.newest(conn), verifying.last(conn)
    progress = visit.desk.verification.progress
    running = progress is not None and progress.ended_utc is None
    return RecordState(
        None if newest is None else checkpoints.short(newest[1]),
        None if newest is None else newest[0],
        None if last is None else last.at_utc,
        None if last is None else last.by,
        None if last is None else last.broken,
        running,
    )


@call("POST", "/record/verification", doing=Doing.RECORD)
def verify_record(visit: Visit, ask: Nothing) -> RecordState:
    """Have the whole record verified; GET /record says what came of it."""
    of_whole_site(visit)
    visit.desk.verification.begin([], visit.person.name, visit.catalogue)
    return record_state(visit, ask)


class MadeCheckpoint(msgspec.Struct):
    number: int
    digest: str


@call("POST", "/record/checkpoints", doing=Doing.CHECKPOINT)
def make_checkpoint(visit: Visit, ask: Nothing) -> MadeCheckpoint:
    """A checkpoint of the record as it is now."""
    of_whole_site(visit)
    with visit.centre.books.changing() as conn:
        made = checkpoints.read(checkpoints.make(conn, time.time()))
    if isinstance(made, str):
        raise CentreError(made)
    return MadeCheckpoint(made.head.number, checkpoints.short(made.head.digest))
