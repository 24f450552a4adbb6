"""Somebody who is erased: afterwards no file of the centre and no table says their name, card, PIN or photo; their room stands in the units' own facts alone."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from centre import (
    acts,
    erasures,
    field_desk,
    holder_desk,
    reports_desk,
    rosters,
    schema,
    settings,
    written_about,
)
from centre.errors import CentreError
from centre.field_desk import Written
from centre.field_entries import What
from centre.reports_desk import Assignment
from centre.schema_record import acts as acts_table
from centre.schema_reports import field_entries
from centre.schema_reports import photos as photos_table
from centre.settings import Change
from contract.cards import card_hash, pin_hash
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.photo_bytes import png
from tests.centre.test_reports_desk import CODES, case, filed

NAME, ROOM, CARD, PIN, OTHER_CARD = "王秀兰", "7-2-1301", "2876543210", "48213976", "2876500001"
PEOPLE = (
    f"id,card,pin,room,flags\nh-1301,{CARD},{PIN},{ROOM},care\nh-1301,{OTHER_CARD},{PIN},{ROOM},care\n"
    "anna,0000000222,,B0402,\n"
)
PLACE = Scope("unit", "b12-u2")


@dataclass(frozen=True)
class Traces:
    """All that says who she is, by what it is."""

    found: dict[str, tuple[bytes, ...]]


def forms(text: str) -> tuple[bytes, ...]:
    """As a file, JSON, or the inside of a signed message may have it."""
    raw = text.encode()
    inside = (raw, json.dumps(text)[1:-1].encode())
    coded = [base64.urlsafe_b64encode(b"_" * at + each)[4 if at else 0 : -4] for each in inside for at in range(3)]
    return (*inside, *(each for each in coded if len(each) > 7))


def forms_of_bytes(data: bytes) -> tuple[bytes, ...]:
    return (data, data.hex().encode(), base64.b64encode(data)[:-4])


@pytest.fixture
def traces(desk: Desk) -> Traces:
    """A person of a list, with two cards, a PIN, a report that she filed, and one that somebody else filed and that names her."""
    unit = desk.unit("b12-u2", "yard/y07", "grid/g5")
    settings.put(desk.office, Scope("site", "badahu"), Change(codes=CODES), desk.now)
    rosters.put(desk.office, PLACE, "residents", PEOPLE.encode(), desk.now)
    filed(unit, "r1-1", by="h-1301", room=ROOM)
    filed(unit, "r1-2", by="wang")
    unit.fact("access.granted", door="main", by="h-1301", via="card")
    desk.take(unit.batch())
    photo = png(8, 8, (b"IDAT", os.urandom(70_000)))
    visit = Written("v" * 16, What.VISITED, "r1-1", f"{NAME}不在家，{ROOM}，邻居有钥匙", photo=photo)
    other = Written("w" * 16, What.NOTED, "r1-2", f"又是{NAME}家漏水", photo=png(8, 8, (b"IDAT", b"\x5a" * 4000)))
    field_desk.write(desk.office, visit, "zhang", desk.now)
    field_desk.write(desk.office, other, "zhang", desk.now)
    reports_desk.assign(desk.office, "r1-1", Assignment("sanitation"), "li", desk.now)
    reports_desk.answer(desk.office, "r1-1", f"{NAME}家的垃圾已清", "li", desk.now)
    reports_desk.close(desk.office, "r1-2", f"已通知{NAME}", "li", desk.now)
    keys = desk.office.keys
    card, pin = bytes.fromhex(keys.card_keys["c1"]), bytes.fromhex(keys.pin_keys["p1"])
    numbers = [f"{int(each):X}" for each in (CARD, OTHER_CARD)]
    found = {
        "name": forms(NAME),
        "room": forms(ROOM),
        "card": tuple(form for each in (CARD, OTHER_CARD, *numbers) for form in forms(each)),
        "card's hash": tuple(form for each in numbers for form in forms(card_hash(card, each))),
        "PIN": forms(PIN),
        "PIN's hash": forms(pin_hash(pin, ROOM, PIN)),
        "photo": tuple(form for at in range(500, 60_000, 1000) for form in forms_of_bytes(photo[at : at + 40])),
        "other photo": forms_of_bytes(b"\x5a" * 200),
    }
    return Traces(found)


def files(desk: Desk) -> Iterator[bytes]:
    """Every file of the centre's folder, as it is on the disk."""
    for path in sorted(desk.path.rglob("*")):
        if path.is_file():
            yield path.read_bytes()


def tables(desk: Desk, *, facts: bool = True) -> Iterator[bytes]:
    """Every value of every table; without `facts` those of the units' own lines are left out."""
    for table in schema.metadata.sorted_tables:
        if facts or table is not schema.facts:
            for row in desk.rows(select(table)):
                yield b"\n".join(each if isinstance(each, bytes) else str(each).encode() for each in row)


def said(found: Iterator[bytes], traces: Traces) -> set[str]:
    whole = b"\n".join(found)
    return {what for what, needles in traces.found.items() if any(needle in whole for needle in needles)}


BEFORE = {"name", "room", "card's hash", "PIN's hash", "photo", "other photo"}


@pytest.mark.claim("F54")
def test_nothing_here_says_who_somebody_was_once_they_are_erased(desk: Desk, traces: Traces) -> None:
    assert said(tables(desk), traces) == BEFORE, "the test would see it"
    if desk.books.in_a_file:
        assert said(files(desk), traces) == BEFORE
    done = holder_desk.erase(desk.office, "h-1301", "li", "moved away", desk.now, ["r1-2"])
    assert (len(done.left), done.units, done.texts, done.photos) == (1, 1, 4, 2)
    assert said(tables(desk, facts=False), traces) == set()
    assert said(tables(desk), traces) == {"room"}, "in the unit's own fact, which is chained, until it goes with age"
    if desk.books.in_a_file:
        desk.books.close()
        assert said(files(desk), traces) == {"room"}
    assert desk.run("verify").stderr == "", "and the record holds"
    found = case(desk)
    assert [step.text for step in found.steps] == ["", ""]
    assert [(each.text, each.photo) for each in found.entries] == [("", None)]
    assert holder_desk.find(desk.office, "anna"), "nobody else is touched"


@ONE_ENGINE
def test_with_the_books_open_in_other_processes_it_is_gone_at_once(desk: Desk, traces: Traces) -> None:
    """Their connections are there, and read nothing at this moment."""
    with desk.books.reading() as conn:
        conn.execute(select(schema.meta)).all()
    holder_desk.erase(desk.office, "h-1301", "li", "moved away", desk.now, ["r1-2"])
    assert said(files(desk), traces) == {"room"}


@ONE_ENGINE
def test_a_long_reading_holds_up_nobody_and_serve_folds_the_wal_behind_it(desk: Desk, traces: Traces) -> None:
    with desk.books.reading() as conn:
        conn.execute(select(schema.meta)).all()
        began = time.monotonic()
        holder_desk.erase(desk.office, "h-1301", "li", "moved away", desk.now, ["r1-2"])
        assert time.monotonic() - began < 5, "it waits for no reading of minutes"
        assert "name" in said(files(desk), traces), "the reading still sees what was"
    erasures.Erasures("badahu", desk.books).look(None, desk.office.signer)  # type: ignore[arg-type]  # no unit is online
    assert said(files(desk), traces) == {"room"}


def test_what_was_written_of_others_stays(desk: Desk, traces: Traces) -> None:
    assert traces
    holder_desk.erase(desk.office, "h-1301", "li", "moved away", desk.now)
    with desk.books.reading() as conn:
        assert [each.report for each in written_about.naming(conn, [NAME])] == ["r1-2"]
    assert desk.count(photos_table) == 1
    assert desk.run("verify").stderr == ""


def test_what_a_patrol_filed_stays_when_its_worker_is_erased(desk: Desk, traces: Traces) -> None:
    assert traces
    assert holder_desk.erase(desk.office, "wang", "li", "left", desk.now).texts == 0


def test_a_report_that_is_none_undoes_all(desk: Desk, traces: Traces) -> None:
    assert traces
    with pytest.raises(CentreError, match="r9-9: no such report"):
        holder_desk.erase(desk.office, "h-1301", "li", "moved away", desk.now, ["r9-9"])
    assert holder_desk.find(desk.office, "h-1301")
    assert desk.count(erasures.erasures) == 0


def test_texts_are_found_by_name_or_room_and_taken_out_at_the_command_line(desk: Desk, traces: Traces) -> None:
    assert traces
    lines = [json.loads(each) for each in desk.run("holder", "texts", NAME, ROOM.upper(), "--json").stdout.splitlines()]
    assert [(each["report"], each["unit"], each["photos"]) for each in lines] == [
        ("r1-1", "b12-u2", 1),
        ("r1-2", "b12-u2", 1),
    ]
    assert desk.run("holder", "texts", "王").stdout == "", "one character is in every text"
    said_then = desk.run("holder", "erase", "h-1301", "--report", "r1-2", "--why", "asked").stdout
    assert "4 texts and 2 photos were taken out here" in said_then
    assert desk.run("holder", "texts", NAME, ROOM).stdout == ""
    assert "taken out" in desk.run("report", "show", "r1-1").stdout


def test_the_journal_cannot_be_asked_what_a_text_said(desk: Desk, traces: Traces) -> None:
    """Whoever guesses it has no salt any more to try it with."""
    assert traces
    marks = [
        json.loads(bytes(row.line))["said"]
        for row in desk.rows(select(acts_table.c.line))
        if b'"said"' in bytes(row.line)
    ]
    salts = {row.salt for row in desk.rows(select(field_entries.c.salt))}
    assert len(salts) == 2
    assert len({each for each in marks if each}) == 4
    holder_desk.erase(desk.office, "h-1301", "li", "moved away", desk.now, ["r1-2"])
    assert {row.salt for row in desk.rows(select(field_entries.c.salt))} == {""}


@ONE_ENGINE
@pytest.mark.parametrize("change", ["UPDATE field_entries SET text = '', salt = ''", "UPDATE case_steps SET text = ''"])
def test_a_text_that_was_taken_out_behind_the_journal_is_told(desk: Desk, traces: Traces, change: str) -> None:
    assert traces
    with desk.books.writing() as conn:
        conn.exec_driver_sql(change)
    assert "said: not what the journal tells" in desk.run("verify", code=1).stderr


def test_acts_of_before_had_the_text_itself_and_still_hold(desk: Desk, traces: Traces) -> None:
    """Books whose steps were entered by a program from before: no salt, and the words in the journal."""
    assert traces
    row = {"id": 9, "report": "r1-1", "what": "closed", "at_utc": desk.now, "by": "li", "recipient": None}
    row |= {"level": "grid", "due_utc": None, "text": "好了", "notice": None}
    with desk.books.writing() as conn:
        conn.execute(schema.metadata.tables["case_steps"].insert().values(**row))
        acts.note(conn, "case", row, desk.now)
    assert desk.run("verify").stderr == ""
    holder_desk.erase(desk.office, "h-1301", "li", "moved away", desk.now)
    assert desk.run("verify").stderr == ""
