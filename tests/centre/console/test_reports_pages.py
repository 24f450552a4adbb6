"""Reports at the console: the board, a case's whole course, where and when, whom they go to."""

from __future__ import annotations

import time
from typing import Any

import pytest

from centre import case_heat, recipients, settings
from centre.accounts import Role
from centre.recipients import RecipientKind
from centre.settings import Change
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk
from tests.centre.test_reports_desk import CODES, case, filed, rate
from tests.centre.unit import FakeUnit

pytestmark = ONE_ENGINE


@pytest.fixture
def unit(web: WebDesk) -> FakeUnit:
    """With a report of three hours ago, which is overdue, and a service of just now."""
    made = web.desk.unit("b12-u2", "yard/y07", "grid/g5")
    settings.put(web.desk.office, Scope("site", "badahu"), Change(codes=CODES), 1_700_000_000.0)
    made.at = time.time() - 3 * 3600
    filed(made)
    made.at = time.time() - 60
    filed(made, "r1-2", "7", by="anna", room="301")
    web.desk.take(made.batch())
    return made


@pytest.mark.usefixtures("unit")
def test_the_board_has_what_is_overdue_first(web: WebDesk) -> None:
    found = web.call("GET", "/cases")
    assert [(each["id"], each["overdue"], each["what"]) for each in found["cases"]] == [
        ("r1-1", True, "垃圾清运"),
        ("r1-2", False, "水管漏水"),
    ]
    assert found["count"] == 2
    page = web.get("/reports").text
    assert "overdue since" in page
    assert page.index("垃圾清运") < page.index("水管漏水")
    assert "垃圾清运" in web.get("/reports/board").text
    assert web.call("GET", "/cases?overdue=true")["count"] == 1
    assert "水管漏水" not in web.get("/reports/table?overdue=1").text


def test_a_case_goes_its_whole_course_and_the_rating_comes(web: WebDesk, unit: FakeUnit) -> None:
    recipients.add(web.desk.office, "police", "派出所", RecipientKind.POLICE, "zhang", time.time())
    web.post("/reports/case/r1-1/assign", to="police", days="2")
    assert "派出所" in web.get("/reports/case/r1-1").text
    web.post("/reports/case/r1-1/answer", text="已清走", tell="1")
    step = case(web.desk).steps[-1]
    assert (step.by, step.text) == ("zhang", "已清走")
    assert step.notice is not None
    rate(unit, step.notice, 5, "anna")
    web.desk.take(unit.batch(len(unit.lines)))
    assert web.call("GET", "/cases/r1-1")["case"]["ratings"] == [5]
    web.post("/reports/case/r1-1/close")
    page = web.get("/reports/case/r1-1").text
    assert "closed" in page
    assert "/close" not in page
    assert web.call("GET", "/cases-figures")["content"] == 1


@pytest.mark.usefixtures("unit")
def test_an_answer_to_what_was_closed_meanwhile_is_told_and_keeps_what_was_typed(web: WebDesk) -> None:
    web.post("/reports/case/r1-1/close")
    page = web.post("/reports/case/r1-1/answer", 400, text="已经处理").text
    assert "closed" in page
    assert web.call("POST", "/cases/r1-1/answer", 409, text="x")["problem"]
    assert len(case(web.desk).steps) == 1


@pytest.mark.usefixtures("unit")
@pytest.mark.parametrize(
    ("act", "form", "field"),
    [
        ("assign", {"to": "nobody"}, "to"),
        ("assign", {"to": "police", "days": "100"}, "days"),
        ("assign", {"to": "police", "days": "0.001"}, "due"),
        ("assign", {"to": "police", "level": "moon"}, "level"),
        ("answer", {"text": " "}, "text"),
        ("answer", {"text": ""}, "text"),
    ],
)
def test_what_is_wrong_stands_at_its_field(web: WebDesk, act: str, form: dict[str, Any], field: str) -> None:
    recipients.add(web.desk.office, "police", "派出所", RecipientKind.POLICE, "zhang", time.time())
    assert f'href="#f-{field}"' in web.post(f"/reports/case/r1-1/{act}", 400, **form).text
    assert case(web.desk).steps == ()


@pytest.mark.usefixtures("unit")
def test_a_clerk_of_elsewhere_has_none_of_them(web: WebDesk) -> None:
    web.desk.unit("b9-u1", "grid/g9")
    web.become(Role.OPERATOR, "grid/g9")
    assert web.call("GET", "/cases")["count"] == 0
    assert "垃圾清运" not in web.get("/reports").text
    assert web.call("GET", "/cases-heat")["places"] == []
    for path in ("assignment", "answer", "end"):
        web.call("POST", f"/cases/r1-1/{path}", 404, to="police", text="x")
    web.get("/reports/case/r1-1", 404)
    web.post("/reports/case/r1-1/close", 404)


@pytest.mark.usefixtures("unit")
def test_a_viewer_only_looks(web: WebDesk) -> None:
    web.become(Role.VIEWER)
    assert "<form" not in web.get("/reports/case/r1-1").text.partition("What was done")[2].partition("</main>")[0]
    web.post("/reports/case/r1-1/assign", 403, to="police")
    web.post("/reports/case/r1-1/answer", 403, text="x")
    web.get("/reports/recipients", 403)
    web.call("POST", "/recipients", 403, id="water", name="水务", kind="partner")
    web.become(Role.GRID_WORKER)
    web.post("/reports/case/r1-1/assign", 403, to="police")
    web.post("/reports/case/r1-1/answer", 303, text="已处理")


def test_what_people_wrote_is_never_obeyed(web: WebDesk, unit: FakeUnit) -> None:
    web.post("/reports/case/r1-1/answer", text="<script>alert(1)</script>")
    filed(unit, "r1-3", "99", by="<b>x</b>", room="<img src=x>")
    web.desk.take(unit.batch(len(unit.lines)))
    for path in ("/reports/case/r1-1", "/reports", "/reports/table", "/reports/heat"):
        page = web.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x>" not in page


@pytest.mark.usefixtures("unit")
def test_where_and_when_is_a_table_first(web: WebDesk) -> None:
    found = web.call("GET", "/cases-heat?place=yard&days=0")
    assert [(each["name"], each["total"]) for each in found["places"]] == [("yard/y07", 2)]
    assert {each["name"] for each in found["codes"]} == {"21", "7"}
    assert "heat-1" in web.get("/reports/heat?days=0").text
    assert web.call("GET", "/cases-heat?place=planet", 422)["field"] == "place"


@pytest.mark.usefixtures("fresh")
def test_the_most_is_darkest_and_none_is_blank() -> None:
    shades = [case_heat.Heat([], [], 40).shade(count) for count in (0, 1, 20, 40)]
    assert shades == [0, 1, 3, 5]


def test_whom_they_go_to_is_the_administrators(web: WebDesk) -> None:
    web.post("/reports/recipients", id="water", name="水务公司", kind="partner")
    assert "水务公司" in web.get("/reports/recipients").text
    assert "is no id" in web.post("/reports/recipients", 400, id="Wa ter", name="x", kind="partner").text
    web.post("/reports/recipients/water/remove")
    assert "水务公司" not in web.get("/reports/recipients").text
    web.call("POST", "/recipients/water/removal", 409)
