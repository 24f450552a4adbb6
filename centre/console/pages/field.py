"""In the field: a grid worker's phone. Her next stop, help called at her doors, her tasks, a report with a photo; what she writes without a line is kept by the browser."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from starlette.datastructures import UploadFile
from starlette.responses import Response

from centre import photos
from centre.console import csrf
from centre.console.call import Nothing
from centre.console.calls import doors as doors_call
from centre.console.calls import field as calls
from centre.console.calls import reports, watching
from centre.console.calls.field import FileReport, NoteCase
from centre.console.calls.reports import CaseName
from centre.console.calls.watching import Take
from centre.console.errors import NotThereError
from centre.console.look import STATIC
from centre.console.page import Entry, Pages
from centre.console.visit import Said, Visit
from centre.errors import BadValueError, CentreError
from centre.field_entries import WORDS, What
from centre.permits import Doing
from centre.words import N_, _

PAGES = Pages(Entry("/field", N_("In the field"), "field", Doing.FIELD))
CHOOSABLE = 60
"""Doors that fit a list to choose from; of more the id is typed."""
OFFERED = 300
FIELDS = {"case": "text", "key": "text", "at_utc": "text"}
"""Where a fault of what is in no field of the form is told."""
QUEUE_WORDS = {
    "waits": N_("not sent yet"),
    "count": N_(
        "{count} not sent yet. They go out by themselves when there is a line; closing this page loses nothing."
    ),
    "refused": N_("was refused"),
    "again": N_("Try again"),
    "drop": N_("Delete it"),
    "kept": N_("Kept on this phone. It goes out by itself as soon as there is a line."),
    "sent": N_("Sent: the centre has it."),
    "full": N_("This phone has no room for it: it was not kept. Leave out the photo, or free some room."),
    "strange": N_("There is no telling who you are: open this page once with a line. Nothing was kept."),
    "signed_out": N_("You are signed out: sign in again, then it is sent. Nothing is lost."),
    "sign_in": N_("Sign in"),
    "other": N_("{count} of another person wait until they sign in on this phone."),
    "photo_fault": N_("This photo cannot be read. Take it again."),
    "with_photo": N_("with a photo"),
}


@PAGES.get("/field", Doing.FIELD)
def field(visit: Visit) -> Response:
    return visit.page("field.html", **_day(visit))


@PAGES.get("/field/now", Doing.FIELD)
def now_part(visit: Visit) -> Response:
    return visit.page("field_now_part.html", **_day(visit))


def _day(visit: Visit) -> dict[str, Any]:
    return {"day": calls.field_day(visit, Nothing()), "name_of": _names(visit), **queue_words(visit)}


def _names(visit: Visit) -> dict[str, str]:
    return {each.unit: each.label for each in doors_call.seen_by(visit)}


def queue_words(visit: Visit) -> dict[str, Any]:
    """For the module that keeps what was not sent; and who writes, so that it goes out under no other name."""
    me = None if visit.account is None else visit.account.name
    return {"queue": {name: _(words) for name, words in QUEUE_WORDS.items()}, "me": me}


@PAGES.post("/field/help/{alarm:number}", Doing.ACKNOWLEDGE)
def go(visit: Visit) -> Response:
    """Only with a line: others are told that she goes."""
    watching.take(visit, Take([visit.request.path_params["alarm"]], _("On my way")))
    return visit.go("/field", Said("well", _("Everybody sees now that you are on your way.")))


# --- a report of her own


@PAGES.get("/field/report", Doing.FIELD)
def report_form(visit: Visit) -> Response:
    return _report(visit, {"unit": visit.request.query_params.get("unit", "")})


def _report(visit: Visit, kept: dict[str, str], wrong: BadValueError | None = None) -> Response:
    every = sorted((each.label, each.unit) for each in doors_call.seen_by(visit))
    return visit.page(
        "field_report.html",
        200 if wrong is None else 422,
        kept=kept,
        wrong=wrong,
        key=secrets.token_hex(16),
        units=[(unit, label) for label, unit in every[:OFFERED]],
        few=len(every) <= CHOOSABLE,
        codes=calls.codes(visit),
        **queue_words(visit),
    )


@PAGES.post("/field/report", Doing.FIELD)
def report(visit: Visit) -> Response:
    try:
        made = calls.file_report(visit, _with_photo(visit, FileReport))
    except (BadValueError, NotThereError) as error:
        return _report(visit, _kept(visit), _told(error, "unit"))
    return visit.go(f"/field/task/{made.report}", Said("well", _("Sent: the centre has it.")))


# --- a task


@PAGES.get("/field/task/{case}", Doing.FIELD)
def task(visit: Visit) -> Response:
    return _task(visit, {})


def _task(visit: Visit, kept: dict[str, str], wrong: BadValueError | None = None) -> Response:
    return visit.page(
        "field_task.html",
        200 if wrong is None else 422,
        found=reports.one_case(visit, CaseName(visit.request.path_params["case"])),
        name_of=_names(visit),
        what=[(each.value, _(words)) for each, words in WORDS.items() if each is not What.FILED],
        entry_words=entry_words,
        kept=kept,
        wrong=wrong,
        key=secrets.token_hex(16),
        **queue_words(visit),
    )


@PAGES.post("/field/task/{case}", Doing.FIELD)
def note(visit: Visit) -> Response:
    name = visit.request.path_params["case"]
    reports.mine(visit, name)
    try:
        calls.note_case(visit, _with_photo(visit, NoteCase, case=name))
    except BadValueError as error:
        return _task(visit, _kept(visit), _told(error, "text"))
    return visit.go(f"/field/task/{name}", Said("well", _("Sent: the centre has it.")))


def entry_words(what: str) -> str:
    return _(WORDS[What(what)])


def _with_photo(visit: Visit, kind: type[Any], **path: object) -> Any:
    """What was written, and the photo where one was chosen."""
    found = visit.form.get("photo")
    data = found.file.read(photos.MAX_BYTES + 1) if isinstance(found, UploadFile) and found.size else b""
    if len(data) > photos.MAX_BYTES:
        photos.clean(data)
    made = visit.ask(kind, **path)
    return msgspec.structs.replace(made, photo=data or None)


def _kept(visit: Visit) -> dict[str, str]:
    return {key: value for key, value in visit.form.items() if isinstance(value, str)}


def _told(error: CentreError, field: str) -> BadValueError:
    """At a field that the form has."""
    if isinstance(error, BadValueError):
        return BadValueError(FIELDS.get(error.name, error.name), error.text)
    return BadValueError(field, str(error))


# --- photos: for whoever sees the report that they belong to


@PAGES.get("/field/photos/{case}/{name}")
def photo(visit: Visit) -> Response:
    case, name = visit.request.path_params["case"], visit.request.path_params["name"]
    there = {each.photo for each in reports.mine(visit, case).entries}
    data = None
    if name in there:
        with visit.centre.books.reading() as conn:
            data = photos.load(conn, name)
    if data is None:
        raise NotThereError(_("no such photo here"))
    kind = photos.kind_of(data)
    ending = "png" if kind == photos.PNG else "jpg"
    headers = {
        "content-disposition": f'inline; filename="{name[:12]}.{ending}"',
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
    }
    return Response(data, media_type=kind, headers=headers)


# --- what the browser needs to keep and send what was written without a line


@PAGES.get("/field/token", None)
def token(visit: Visit) -> Response:
    """Who is signed in, and the token that posts of this session carry: asked for anew at each sending."""
    signed_in = visit.account is not None and visit.may(Doing.FIELD)
    value = (
        {"name": visit.person.name, "token": csrf.token(visit.request)} if signed_in else {"name": None, "token": ""}
    )
    return Response(msgspec.json.encode(value), media_type="application/json")


@PAGES.get("/field/offline", None)
def offline(visit: Visit) -> Response:
    """What is shown without a line: a form, and nothing of anybody."""
    return visit.page("field_offline.html", **{**queue_words(visit), "me": None})


@PAGES.get("/field-worker.js", None)
def worker(_visit: Visit) -> Response:
    """At the top, so that it may answer for /field."""
    text = (STATIC / "field_worker.js").read_bytes()
    return Response(text, media_type="text/javascript", headers={"cache-control": "no-cache"})
