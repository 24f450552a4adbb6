"""What people and units wrote, in every field that takes a text: shown on all pages, run by none; no formula in a table, no line more in a metric."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select, update

from centre import account_desk, commands, consents, orders, places, sessions, settings
from centre.accounts import Account, Role
from centre.console import pages
from centre.console.call import CALLS
from centre.figures import FigureReader
from centre.metrics import Serving, Snapshot, text
from centre.permits import Doing
from centre.schema import alarms, facts, units
from centre.settings import Change
from contract import chain
from contract.facts import fact_of
from contract.plain import DeviceStatus, DoorStatus
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk
from tests.centre.console.payload import Read, payload, short
from tests.centre.console.payload import facts as told_facts
from tests.centre.console.test_matrix import filled
from tests.centre.unit import SITE, door

pytestmark = [ONE_ENGINE, pytest.mark.slow, pytest.mark.usefixtures("listening")]
CODE = "'\"><b onx=1>zqcozq"
"""As much as a code's words hold."""
WHOLE, YARD, UNIT = f"site/{SITE}", "yard/y07", "b12-u2"


class Written:
    """A centre whose people and unit wrote it everywhere. `ids`: by the name in an address."""

    def __init__(self, web: WebDesk, folder: Path) -> None:
        self.web, self.folder = web, folder
        self.ids: dict[str, Any] = {
            "unit": UNIT, "level": "yard", "place": "y07", "act": "open", "key": "0" * 32, "token": "a.b", "number": 1,
            "holder": "h1", "org": "org1", "course": "x", "language": "en", "name": "li", "id": "x", "template": "x",
        }  # fmt: skip
        self.unit = web.desk.unit(UNIT, YARD, "building/b12")
        self._by_unit()
        self._by_people()
        self._past_all_checks()

    def _by_unit(self) -> None:
        """A unit's own box, with its key: whatever it signs is kept."""
        unit, desk = self.unit, self.web.desk
        said = payload("status")
        devices = {payload("devname")[:100]: DeviceStatus(said, said, 1.0, (said,), said, said)}
        desk.take(
            unit.status(
                doors={"main": door(), short("doorname"): DoorStatus(said, None, None, said, held=True)},
                devices=devices, inputs={short("input"): True}, version=said, clock=said, storage=said, scopes=(said,),
                counts={short("count"): 1}, name=said, login=said,
            )
        )  # fmt: skip
        unit.at = time.time() - 3600
        for kind, data, _mark in told_facts():
            self._fact(kind, data)
        self._fact(short("kind"), {payload("field"): payload("value"), "more": [{"x": payload("deep")}]})
        unit.fact("report.filed", report="r1-1", code="21", by="h1", room=short("room")[:32], door="main")
        unit.fact("door.forced", door="main")
        desk.take(unit.alarm(len(unit.lines)))
        for batch in unit.batches(50):
            desk.take(batch)

    def _fact(self, kind: str, data: dict[str, Any]) -> None:
        unit = self.unit
        unit.at += 1.0
        line = chain.line(len(unit.lines) + 1, unit.at, "synced", 1, 1.5, kind, data)
        unit.lines.append(line)
        unit.h.append(chain.next_hash(unit.h[-1], line))

    def _by_people(self) -> None:
        web, office = self.web, self.web.desk.office
        settings.put(
            office,
            Scope("site", SITE),
            Change(codes={"21": {"words": {"zh-CN": CODE}, "to": "water"}}),
            time.time(),
        )
        notice = {"scope": [YARD], "title": payload("ntitle"), "text": payload("ntext"), "category": "service"}
        self.ids["notice"] = web.call("POST", "/notices", **notice)["notices"][0]
        web.call("POST", "/notice-templates", name=short("tname"), title=payload("ttitle"), text=payload("ttext"))
        options = [short("opta"), short("optb")]
        poll = {"scope": YARD, "title": payload("ptitle"), "text": payload("ptext"), "options": options}
        self.ids["poll"] = web.call("POST", "/polls", **poll, until_utc=time.time() + 9e5)["poll"]
        stop = {"unit": UNIT, "from": "08:00", "until": "09:00", "name": short("stop")}
        self.ids["round"] = web.call("POST", "/rounds", scope=YARD, title=payload("round"), stops=[stop])["id"]
        web.call("POST", "/recipients", id="water", name=short("recipient"), kind="partner")
        self.ids["recipient"] = "water"
        made = self._called("/field/reports", key="a" * 16, unit=UNIT, text=payload("freport"), code="21")
        self.ids["case"] = case = made["report"]
        web.call("POST", f"/cases/{case}/entries", key="b" * 16, text=payload("fentry"))
        web.call("POST", f"/cases/{case}/assignment", to="water")
        web.call("POST", f"/cases/{case}/answer", text=payload("answer"), tell=True)
        web.call("POST", f"/cases/{case}/end", text=payload("closed"))
        alarm = web.desk.rows(select(alarms.c.id))[-1][0]
        self.ids["alarm"] = alarm
        web.call("POST", "/alarms/take", alarms=[alarm], note=payload("note"))
        hook = "https://hook.example/" + payload("hook").replace(" ", "/")
        self.ids["id"] = web.call("POST", "/hooks", url=hook, scope=WHOLE)["id"]
        web.call("POST", f"/units/{UNIT}/visitors", door="main", note=payload("visitor"))
        self._ordered()
        account_desk.add(office, Account("li", payload("label"), Role.VIEWER, Scope("site", SITE)), "test", time.time())
        self._roster()
        self._consent()
        outline = {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [0, 0]]]}
        feature = {"type": "Feature", "properties": {"yard": "y07", "name": payload("outline")}, "geometry": outline}
        places.take(
            office, json.dumps({"type": "FeatureCollection", "features": [feature]}).encode(), "test", time.time()
        )

    def _ordered(self) -> None:
        """As if the broker were there."""
        office, now = self.web.desk.office, time.time()
        order = orders.say(short("say"), 60)
        with office.books.writing() as conn:
            commands.record(conn, commands.make(SITE, UNIT, order, "li", payload("why"), commands.VALID_S, now))

    def _called(self, path: str, **value: Any) -> Any:
        answer = self.web.client.post(f"/api/v1{path}", json=value, headers={"x-csrftoken": self.web.token})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _roster(self) -> None:
        sheet = self.folder / "roster.csv"
        with sheet.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows(
                [["id", "card", "room", "org"], ["h1", "0012345678", short("hroom")[:32], "org1"]]
            )
        self.web.desk.run("roster", "put", "--yes", "residents", str(sheet), "--scope", YARD)

    def _consent(self) -> None:
        office, now = self.web.desk.office, time.time()
        chief = Account("chief", "chief", Role.ADMINISTRATOR, Scope("site", SITE))
        account_desk.add(office, chief, "test", now)
        asked = (Doing.LOCKDOWN, Scope("yard", "y07"), "set_mode_everywhere", "{}", payload("cwords"), payload("cwhy"))
        consents.ask(office, chief, *asked, now)
        with office.books.writing() as conn:
            sessions.begin(conn, office.account_key, "li", "127.0.0.1", short("agent"), now)

    def _past_all_checks(self) -> None:
        """What a check of ours holds back today, as somebody else's hand, or an earlier version, may have left it in the books."""
        with self.web.desk.books.changing() as conn:
            conn.execute(update(units).values(name=payload("uname")))
            row = {"unit": UNIT, "kind": payload("akind"), "epoch": "e9", "seq": 1, "detail": payload("adetail")}
            conn.execute(alarms.insert().values(**row, taken_utc=time.time()))

    def gets(self) -> list[str]:
        declared = [path for page in pages.ALL for method, path in page.needs if method == "GET"]
        declared += [f"/api/v1{each.path}" for each in CALLS if each.method == "GET"]
        asked = [filled(path, self.ids) for path in declared]
        one = f"/doors/unit/{UNIT}"
        acts = [f"{one}/{act}" for act in ("hold", "lockdown", "say", "restart", "fire-reset", "explain")]
        lists = [f"/people/list?scope={YARD}&roster=residents", f"/record?unit={UNIT}", "/record/acts?everything=1"]
        lists += [
            f"/notices/new?copy={self.ids['notice']}",
            f"/notices/notice/{self.ids['poll']}",
            f"/people/visitors?unit={UNIT}",
        ]
        return [*asked, *acts, *lists, "/reports/case/r1-1", "/record/acts"]


@pytest.fixture
def written(web: WebDesk, tmp_path: Path) -> Written:
    return Written(web, tmp_path)


SHOWN = {
    "status", "devname", "doorname", "kind", "field", "value", "deep", "room", "co", "ntitle", "ntext", "tname", "ttitle",
    "ttext", "ptitle", "ptext", "opta", "round", "stop", "recipient", "freport", "fentry", "answer", "closed", "note", "visitor",
    "why", "label", "hroom", "cwords", "cwhy", "agent", "uname", "adetail",
}  # fmt: skip
"""Texts that some page must show: else this proves nothing of it."""


def test_what_is_written_anywhere_is_shown_and_runs_nowhere(written: Written) -> None:
    seen: set[str] = set()
    for path in written.gets():
        answer = written.web.client.get(path, headers={"x-fragment": "1"} if "part" in path else {})
        assert answer.status_code < 500, path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        kind = answer.headers.get("content-type", "")
        if kind.startswith("text/html"):
            page = Read(answer.text)
            assert page.runs == [], path
            seen |= page.marks
        elif "zq" in answer.text:
            assert kind.startswith("application/json") or "attachment" in answer.headers["content-disposition"], path
    assert seen >= SHOWN, SHOWN - seen


def test_what_is_asked_is_shown_and_runs_nowhere(written: Written) -> None:
    """Behind an address, in a form that is refused, in a name nobody has."""
    web, text = written.web, payload("asked")
    fields = {name for each in CALLS for name in each.asks.__struct_encode_fields__} | {"to", "back", "do", "open"}
    given = [
        dict.fromkeys(fields, text),
        *({name: text} for name in ("q", "place", "unit", "holder", "list", "kind", "to", "scope")),
    ]
    token, shown = web.token, 0
    for page in pages.ALL:
        for method, path in page.needs:
            asked = filled(path, written.ids | {"name": text.replace("/", "|"), "holder": text.replace("/", "|")})
            if method == "GET":
                answers = [web.client.get(asked, params=each) for each in given]
            else:
                answers = [web.client.post(asked, data={"csrftoken": token} | given[0])]
            for answer in answers:
                if answer.headers.get("content-type", "").startswith("text/html"):
                    read = Read(answer.text)
                    assert read.runs == [], path
                    shown += "asked" in read.marks
    assert shown > 10


def test_no_table_has_a_formula(written: Written) -> None:
    content = written.web.get("/record/facts.csv").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content)))
    assert len(rows) == written.web.desk.count(facts) + 1
    assert any("zqvaluezq" in cell for row in rows for cell in row)
    assert not [cell for row in rows for cell in row if re.match(r"\s*[=+\-@＝＋－＠]", cell)]


@pytest.mark.usefixtures("fresh")
def test_every_kind_of_fact_is_said_with_what_it_carries() -> None:
    """The facts above are what a unit of ours could have written, nearly all of them; what it could not is told as it came."""
    every = [(kind, data, mark) for kind, data, mark in told_facts() if mark.startswith("f")]
    sound = [kind for kind, data, _mark in every if _is_sound(kind, data)]
    assert len(sound) > 0.75 * len(every), sorted({kind for kind, _data, _mark in every} - set(sound))


def _is_sound(kind: str, data: dict[str, Any]) -> bool:
    try:
        return fact_of(kind, data) is not None
    except ValueError:
        return False


def test_a_metric_has_no_line_more(written: Written) -> None:
    office = written.web.desk.office
    figures = FigureReader(office.folder, SITE, office.books).read(time.time())
    said = text(Snapshot("1", Serving(SITE, True, True, True, True), time.time(), figures))
    families = list(text_string_to_metric_families(said))
    assert families
    assert not [each for each in families if "zq" in each.name]
