"""What needs a person now, as the page and the API tell it, and taking it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from centre.accounts import Role
from centre.alarms import Alarms
from centre.health import Cause, Finding
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk
from tests.centre.unit import FakeUnit, door
from tests.waiting import eventually

pytestmark = [ONE_ENGINE, pytest.mark.usefixtures("listening")]
SCRIPT = "<script>alert(1)</script>"


def told(web: WebDesk, unit: FakeUnit, kind: str, **data: Any) -> None:
    unit.fact(kind, **data)
    web.desk.take(unit.alarm(len(unit.lines)))


def forced(web: WebDesk, name: str = "b12-u2", *scopes: str) -> FakeUnit:
    unit = web.desk.unit(name, *scopes)
    web.desk.take(unit.status(doors={"main": door()}))
    told(web, unit, "door.forced", door="main")
    return unit


def numbers(page: str) -> list[int]:
    return [int(each) for each in re.findall(r'href="/alarms/(\d+)/take"', page)]


def test_nothing_needs_anybody(web: WebDesk) -> None:
    assert "Nothing needs you now" in web.get("/").text


def test_an_alarm_is_in_the_list_with_its_unit_and_how_urgent_it_is(web: WebDesk) -> None:
    forced(web)
    page = web.get("/").text
    assert "A door was forced, b12-u2" in page
    assert 'class="state-urgent"' in page
    assert 'data-urgent="1"' in web.get("/overview/needs").text
    (need,) = [each for each in web.call("GET", "/needs")["needs"] if each["alarm"]]
    assert (need["about"], need["urgency"], need["unit"], need["door"]) == ("forced", "urgent", "b12-u2", "main")


def test_taking_it_says_who_and_why(web: WebDesk) -> None:
    forced(web)
    (number,) = numbers(web.get("/").text)
    assert "the caretaker" in web.get(f"/alarms/{number}/take").text
    web.post(f"/alarms/{number}/take", note="  on my way ", back="/")
    page = web.get("/").text
    assert "Taken, with your note." in page
    assert numbers(page) == []
    assert "zhang" in page
    assert "on my way" in page
    assert "Taken, with your note." not in web.get("/").text


def test_a_note_is_asked_for_and_what_was_typed_stays(web: WebDesk) -> None:
    forced(web)
    (number,) = numbers(web.get("/").text)
    page = web.post(f"/alarms/{number}/take", 422, note="   ", back="/").text
    assert "say in a few words what is done about it" in page
    long = web.post(f"/alarms/{number}/take", 422, note="x" * 501, back="/").text
    assert "x" * 501 in long
    assert web.call("POST", "/alarms/take", 422, alarms=[number], note=" ")["field"] == "note"


def test_of_two_who_take_it_the_second_hears_who_was_first(web: WebDesk) -> None:
    forced(web)
    (number,) = numbers(web.get("/").text)
    web.become(Role.OPERATOR)
    web.call("POST", "/alarms/take", alarms=[number], note="mine")
    web.become(Role.ADMINISTRATOR)
    told_second = web.post(f"/alarms/{number}/take", note="mine, too", back="/")
    assert told_second.headers["location"] == "/"
    assert "acknowledged already, by li" in web.get("/").text
    assert "acknowledged already, by li" in web.call("POST", "/alarms/take", 409, alarms=[number], note="x")["problem"]


def test_a_viewer_takes_nothing(web: WebDesk) -> None:
    forced(web)
    (number,) = numbers(web.get("/").text)
    web.become(Role.VIEWER)
    assert numbers(web.get("/").text) == []
    web.get(f"/alarms/{number}/take", 403)
    web.post(f"/alarms/{number}/take", 403, note="x")
    web.call("POST", "/alarms/take", 403, alarms=[number], note="x")


def test_a_clerk_sees_and_takes_what_is_in_her_scope_alone(web: WebDesk) -> None:
    forced(web, "a1", "yard/y07")
    forced(web, "a2", "yard/y08")
    with web.desk.books.writing() as conn:
        alarms = Alarms(conn)
        alarms.raise_own(conn, "", "centre.twin", "", 0, "another serve", web.desk.now)
        alarms.flush(conn)
    everything = numbers(web.get("/").text)
    assert len(everything) == 3
    web.become(Role.OPERATOR, "yard/y07")
    page = web.get("/").text
    (mine,) = numbers(page)
    assert "/unit/a2" not in page
    assert [each["unit"] for each in web.call("GET", "/needs")["needs"]] == ["a1"]
    for number in set(everything) - {mine}:
        web.get(f"/alarms/{number}/take", 404)
        web.call("POST", "/alarms/take", 404, alarms=[mine, number], note="x")
    web.call("POST", "/alarms/take", alarms=[mine], note="x")


@pytest.mark.parametrize("number", [0, 999_999, 2**70])
def test_an_alarm_that_is_none(web: WebDesk, number: int) -> None:
    web.get(f"/alarms/{number}/take", 404)
    web.call("POST", "/alarms/take", 404 if 0 < number < 2**53 else 422, alarms=[number], note="x")


def test_what_units_and_people_wrote_is_shown_and_never_obeyed(web: WebDesk) -> None:
    unit = forced(web)
    told(web, unit, "device.tamper", device=SCRIPT, detail=SCRIPT, value=True)
    told(web, unit, "help.called", door="main", via="key")
    first = numbers(web.get("/").text)[0]
    web.post(f"/alarms/{first}/take", note=SCRIPT, back="/")
    page = web.get("/").text
    assert SCRIPT not in page
    assert "&lt;script&gt;" in page


def test_a_street_without_power_is_one_line_more_and_not_a_thousand(web: WebDesk) -> None:
    for n in range(12):
        web.desk.unit(f"u{n}")
    page = web.get("/").text  # none of them was ever heard of, and the clock of the test is far behind
    assert page.count("it was never heard of") == 5
    assert 'href="/doors?about=offline">and 7 more' in page
    assert len(re.findall(r'href="/doors/unit/u\d+" data-drawer', web.get("/doors?about=offline").text)) == 12


def test_the_counts_lead_to_the_doors(web: WebDesk) -> None:
    forced(web)
    counted = web.get("/overview/counts").text
    assert re.search(r'href="/doors\?state=urgent"><b>1</b>', counted)
    assert "b12-u2" in web.get("/doors?state=urgent").text
    assert "b12-u2" not in web.get("/doors?state=well").text


def test_a_centre_that_is_cut_off_from_its_broker_says_so_first(web: WebDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("centre.health.of_centre", lambda _centre: iter([Finding(Cause.BROKER, "refused")]))
    eventually(lambda: "The broker cannot be reached" in web.get("/").text)
    assert 'data-urgent="1"' in web.get("/overview/needs").text
    web.become(Role.OPERATOR, "yard/y07")
    assert "The broker cannot be reached" not in web.get("/").text
