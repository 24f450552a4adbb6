"""The record: facts, who did what, and whether all of it holds."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from centre import acts, checkpoints, export, fact_export
from centre.checkpoints import Checkpoint
from centre.console.call import Nothing
from centre.console.calls import record as calls
from centre.console.calls.record import ActSearch, FactSearch
from centre.console.errors import NotThereError
from centre.console.page import Entry, Pages
from centre.console.pages.people import role_words
from centre.console.visit import Said, Visit
from centre.errors import BadValueError
from centre.permits import Doing
from centre.spool import Spool
from centre.words import N_, _
from contract.facts.declaration import KINDS

PAGES = Pages(Entry("/record", N_("Record"), "record", Doing.RECORD))
FAMILIES = (
    ("access", N_("Entries")),
    ("door", N_("Doors")),
    ("checkin", N_("Patrol")),
    ("fire", N_("Fire")),
    ("help", N_("Calls for help")),
    ("care", N_("Silent households")),
    ("notice", N_("Notices")),
    ("command", N_("Orders of the centre")),
    ("report", N_("Reports")),
    ("device", N_("Devices")),
    ("agent", N_("Starts of units")),
    ("clock", N_("Clocks")),
)
"""Kinds of fact that are looked for together, by the first part of their names."""


@PAGES.get("/record", Doing.RECORD)
def record(visit: Visit) -> Response:
    return _shown(visit)


def _shown(visit: Visit) -> Response:
    ask, wrong, page = FactSearch(), None, None
    try:
        ask = visit.ask(FactSearch)
        page = calls.find_facts(visit, ask)
    except BadValueError as error:
        wrong = error
    found = calls.record_state(visit, Nothing())
    asked = {name: value for name, value in visit.request.query_params.items() if name != "before"}
    families = [(name, _(words)) for name, words in FAMILIES if any(kind.startswith(f"{name}.") for kind in KINDS)]
    if ask.kind and ask.kind not in dict(families):
        families.append((ask.kind, ask.kind))
    return visit.page(
        "record.html",
        200 if wrong is None else 400,
        ask=ask,
        wrong=wrong,
        page=page,
        record=found,
        families=families,
        export=f"/record/facts.csv?{urlencode(asked)}",
        after=None if page is None or page.next is None else f"/record?{urlencode({**asked, 'before': page.next})}",
        begun=bool(ask.before),
        named=role_words,
    )


@PAGES.get("/record/state", Doing.RECORD)
def state(visit: Visit) -> Response:
    progress = visit.desk.verification.progress
    return visit.page("record_state_part.html", record=calls.record_state(visit, Nothing()), progress=progress)


@PAGES.get("/record/facts.csv", Doing.RECORD)
def facts_table(visit: Visit) -> Response:
    """Entered before the first byte is sent."""
    ask = visit.ask(FactSearch)
    search = calls.wanted(visit, ask)
    calls.note_look(visit, ask)
    said = {name: value for name, value in visit.request.query_params.items() if value}
    rows = _begun(visit, fact_export.rows(visit.centre.books, search, visit.centre.site.zone))
    _note_export(visit, {"what": "facts.csv", "asked": said})
    return _download(rows, "facts.csv", "text/csv; charset=utf-8")


@PAGES.get("/record/acts", Doing.RECORD)
def who_did_what(visit: Visit) -> Response:
    ask = visit.ask(ActSearch)
    page = calls.find_acts(visit, ask)
    more = {"everything": "1"} if ask.everything else {}
    after = None if page.next is None else f"/record/acts?{urlencode({**more, 'before': page.next})}"
    return visit.page("record_acts.html", ask=ask, page=page, after=after)


@PAGES.get("/record/checkpoints", Doing.RECORD)
def all_checkpoints(visit: Visit) -> Response:
    calls.of_whole_site(visit)
    with visit.centre.books.reading() as conn:
        kept = checkpoints.listed(conn)
    return visit.page("record_checkpoints.html", kept=kept, whole_record=visit.may(Doing.KEYS))


@PAGES.post("/record/checkpoints", Doing.CHECKPOINT)
def make_checkpoint(visit: Visit) -> Response:
    made = calls.make_checkpoint(visit, Nothing())
    words = _("Checkpoint {number} was made. Download it, and keep it where nobody of the centre can change it.")
    return visit.go("/record/checkpoints", Said("well", words.format(number=made.number)))


@PAGES.get("/record/checkpoints/{number:number}", Doing.RECORD)
def one_checkpoint(visit: Visit) -> Response:
    calls.of_whole_site(visit)
    number = visit.request.path_params["number"]
    with visit.centre.books.reading() as conn:
        _digest, body = checkpoints.kept(conn).get(number, ("", b""))
    if not body:
        raise NotThereError(_("checkpoint {number}: not kept, or none such").format(number=number))
    return _download(iter([body]), f"{visit.site}-checkpoint-{number}.txt", "text/plain; charset=utf-8")


@PAGES.post("/record/verify", Doing.RECORD)
def verify(visit: Visit) -> Response:
    """With the checkpoint that was handed over, where one was."""
    calls.of_whole_site(visit)
    given = _given(visit)
    visit.desk.verification.begin(given, visit.person.name, visit.catalogue)
    return visit.go("/record")


def _given(visit: Visit) -> list[Checkpoint]:
    if "checkpoint" not in visit.form:
        return []
    found = checkpoints.read(visit.upload("checkpoint"))
    if isinstance(found, str):
        raise BadValueError("checkpoint", found)
    return [found]


@PAGES.get("/record/export", Doing.KEYS)
def whole_record(visit: Visit) -> Response:
    """The record for somebody who has no keys; all that the facts say stands in it, so only for an administrator of the whole site."""
    calls.of_whole_site(visit)
    begun = _begun(visit, Spool(visit.centre.folder.path, lambda: _lines(visit)).read())
    _note_export(visit, {"what": "record"})
    return _download(begun, f"{visit.site}-record.txt", "text/plain; charset=utf-8")


def _lines(visit: Visit) -> Generator[bytes]:
    """One look at the books, for as long as the disk needs to take it all: not for as long as somebody's line does."""
    with visit.centre.books.reading() as conn:
        for line in export.lines(conn):
            yield line + b"\n"


def _begun(visit: Visit, parts: Iterator[bytes]) -> Iterator[bytes]:
    """Raises CentreError where too many are on their way."""
    return visit.desk.exports.begin(visit.person.name, parts)


def _note_export(visit: Visit, data: dict[str, Any]) -> None:
    with visit.centre.books.writing() as conn:
        acts.note(conn, "exported", {"by": visit.person.name, **data}, visit.now)


def _download(parts: Iterator[bytes], name: str, kind: str) -> Response:
    return StreamingResponse(parts, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})
