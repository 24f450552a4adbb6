"""Doors and units as the pages and the API tell them."""

from __future__ import annotations

import re
import time

import pytest
from sqlalchemy import update

from centre import rosters, schema
from centre.accounts import Role
from contract.plain import DeviceStatus, DoorStatus, build_will
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk
from tests.centre.unit import FakeUnit, door

pytestmark = [ONE_ENGINE, pytest.mark.usefixtures("listening")]
SCRIPT = "<img src=x onerror=alert(1)>"
ACTS = ("open", "hold", "lockdown", "normal", "identify", "restart", "resync", "say", "fire-reset")


def there(web: WebDesk, name: str = "b12-u2", *scopes: str) -> FakeUnit:
    unit = web.desk.unit(name, *scopes)
    web.desk.take(unit.status(doors={"main": door(), "back": door(None)}, version="0.13.1"))
    return unit


def names(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/doors/unit/([^"]+)"', page)


def test_no_unit_yet_says_what_to_do(web: WebDesk) -> None:
    assert "There is no unit yet" in web.get("/doors").text


def test_units_in_the_order_that_people_count_in(web: WebDesk) -> None:
    for name in ("b12", "b2", "b1", "a10"):
        there(web, name)
    assert names(web.get("/doors").text) == ["a10", "b1", "b2", "b12"]


def test_state_lock_and_leaf_in_words(web: WebDesk) -> None:
    unit = there(web)
    page = web.get("/doors/list").text
    assert "locked, shut" in page
    assert "locked, no contact" in page
    web.desk.now += 1
    web.desk.take(unit.status(doors={"main": DoorStatus("lockdown", True, None, "lost", held=True)}))
    page = web.get("/doors/list").text
    assert "no answer, standing open" in page
    assert "A lock is at fault" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=B1", ["b1", "b12"]),
        ("?place=yard/y07", ["b1"]),
        ("?state=away", ["b12"]),
        ("?state=well&place=yard/y08", ["b2"]),
        ("?q=%27%20OR%201=1--", []),
        ("?place=../../etc", []),
        ("?page=9999", ["b1", "b2", "b12"]),
    ],
)
def test_filters(web: WebDesk, query: str, found: list[str]) -> None:
    there(web, "b1", "yard/y07")
    there(web, "b2", "yard/y08")
    gone = there(web, "b12", "yard/y08")
    web.desk.take(gone.message("status", build_will("s1")))
    assert names(web.get(f"/doors{query}").text) == found


@pytest.mark.parametrize("query", ["?page=0", "?page=x", "?q=" + "x" * 81])
def test_a_filter_that_is_none_is_said_to_be(web: WebDesk, query: str) -> None:
    assert "That was not done" in web.get(f"/doors{query}", 400).text


def test_fifty_a_page(web: WebDesk) -> None:
    for n in range(53):
        web.desk.unit(f"u{n}", enrolled=False)
    page = web.get("/doors").text
    assert len(names(page)) == 50
    assert "1 to 50 of 53" in page
    assert names(web.get("/doors?page=2").text) == ["u50", "u51", "u52"]
    first = web.call("GET", "/units")
    assert (len(first["units"]), first["count"], first["next"]) == (50, 53, "u49")
    assert [each["unit"] for each in web.call("GET", "/units?after=u49")["units"]] == ["u50", "u51", "u52"]


def test_a_clerk_sees_the_units_of_her_scope_alone(web: WebDesk) -> None:
    there(web, "b1", "yard/y07", "community/c05")
    there(web, "b2", "yard/y08", "community/c05")
    web.become(Role.OPERATOR, "yard/y07")
    page = web.get("/doors").text
    assert names(page) == ["b1"]
    assert "y08" not in page
    assert [each["unit"] for each in web.call("GET", "/units")["units"]] == ["b1"]
    parts = ("", "/state", "/facts", "/orders", "/explain", *(f"/{act}" for act in ACTS))
    for name in ("b2", "nowhere", "..%2f..", "b1'--"):
        for part in parts:
            assert web.client.get(f"/doors/unit/{name}{part}").status_code == 404, (name, part)
        assert web.client.get(f"/api/v1/units/{name}").status_code in {404, 422}


def test_a_unit_tells_what_is_known_of_it(web: WebDesk) -> None:
    unit = there(web, "b12-u2", "yard/y07")
    lost = DeviceStatus("lost", "silent", web.desk.now)
    web.desk.take(unit.status(doors={"main": door()}, version="0.13.1", devices={"reader": lost}, clock="floor"))
    unit.fact("access.granted", door="main", by="h1", via="card")
    unit.fact("access.denied", door="main", by=None, via="card", reason="unknown")
    web.desk.take(unit.batch())
    page = web.get("/doors/unit/b12-u2").text
    for words in ("yard y07", "reader: lost", "not set for days", "0.13.1", "it is not registered", "opened by card"):
        assert words in page
    assert "it is not registered" in web.get("/doors/unit/b12-u2/facts").text
    view = web.call("GET", "/units/b12-u2")
    assert (view["sign"], view["version"], view["doors"][0]["door"]) == ("look", "0.13.1", "main")


def test_what_a_unit_lacks_is_told_until_it_has_it(web: WebDesk) -> None:
    there(web)
    assert "lacks" in web.get("/doors/unit/b12-u2/state").text  # the site's keys: it has not said that it has them


@pytest.mark.parametrize("role", [Role.VIEWER, Role.GRID_WORKER, Role.OPERATOR])
def test_what_a_role_may_not_is_neither_offered_nor_done(web: WebDesk, role: Role) -> None:
    there(web)
    allowed = {
        Role.VIEWER: set(),
        Role.GRID_WORKER: {"identify"},
        Role.OPERATOR: {"open", "hold", "lockdown", "normal", "identify", "say"},
    }[role]
    web.become(role)
    page = web.get("/doors/unit/b12-u2").text
    for act in ACTS:
        offered = f'href="/doors/unit/b12-u2/{act}"' in page
        assert offered is (act in allowed), act
        web.get(f"/doors/unit/b12-u2/{act}", 200 if act in allowed else 403)
        if act not in allowed:
            web.post(f"/doors/unit/b12-u2/{act}", 403, why="x", door="main", text="x")


def test_what_a_unit_or_an_installer_wrote_is_shown_and_never_obeyed(web: WebDesk) -> None:
    unit = there(web)
    with web.desk.books.writing() as conn:
        conn.execute(update(schema.units).values(name=SCRIPT))
    unit.fact("device.lost", device=SCRIPT, reason=SCRIPT, detail=SCRIPT, since="2026-09-21T10:00:00.000Z")
    unit.fact("access.denied", door="main", by=SCRIPT, via=SCRIPT, reason=SCRIPT)
    unit.fact(SCRIPT, note=SCRIPT)
    web.desk.take(unit.batch())
    web.desk.take(unit.status(doors={SCRIPT: door()}, devices={SCRIPT: DeviceStatus("lost", SCRIPT)}, version=SCRIPT))
    for path in ("/doors", "/doors/unit/b12-u2", "/doors/unit/b12-u2/open", "/doors/unit/b12-u2/explain", "/"):
        page = web.get(path).text
        assert SCRIPT not in page, path
    assert "&lt;img src=x" in web.get("/doors/unit/b12-u2").text


def test_a_box_is_accepted_or_said_why_not(web: WebDesk) -> None:
    web.desk.unit("b1", enrolled=False)
    unit = web.desk.unit("b2", enrolled=False)
    unit.enrolment = web.desk.enrolment("b2")
    web.desk.take(unit.enrol())
    assert "not accepted yet" in web.get("/doors/unit/b2").text
    page = web.post("/doors/unit/b2/accept", 422, why="looked at it", despite="").text
    assert "no acceptance sheet" in page
    assert "looked at it" in page
    web.post("/doors/unit/b2/accept", why="looked at it", despite="no display here")
    assert (
        "accepted today" in web.get("/doors/unit/b2/state").text or "accepted" in web.get("/doors/unit/b2/state").text
    )
    web.become(Role.OPERATOR)
    web.post("/doors/unit/b2/accept", 403, why="x", despite="x")
    web.call("POST", "/units/b2/accept", 403, why="x", despite="x")


def test_why_a_card_did_not_open_is_told_and_the_card_is_not(web: WebDesk) -> None:
    unit = there(web, "b12-u2", "yard/y07")
    rosters.put(web.desk.office, Scope("yard", "y07"), "yard", b"id,card,doors\nli,0012345678,back\n", web.desk.now)
    unit.at = time.time() - 60
    unit.fact("access.denied", door="main", by="li", via="card", reason="door")
    unit.fact("access.denied", door="main", by=None, via="card", reason="unknown")
    web.desk.take(unit.batch())
    page = web.get("/doors/unit/b12-u2/explain").text
    assert "it is not registered" in page
    assert 'name="card" value="li"' in page
    told = web.post("/doors/unit/b12-u2/explain", 200, door="main", card=" 0012345678 ").text
    assert "The door told the reason: it is not for this door." in told
    assert "The card is not for this door; it is for back." in told
    assert "0012345678" not in told.split('id="f-card-hint"')[0]
    found = web.call("POST", "/explain", unit="b12-u2", door="main", card="0000000999")
    assert found["verdict"].startswith("The card is in none of the 1 lists")
    assert [each["mine"] for each in found["shown"]] == [None]
    assert b"0012345678" not in web.desk.kept()


def test_who_may_not_know_people_is_told_nothing_of_cards(web: WebDesk) -> None:
    there(web, "b12-u2", "yard/y07")
    there(web, "b2", "yard/y08")
    assert 'id="f-card-wrong"' in web.post("/doors/unit/b12-u2/explain", 422, door="main", card="").text
    web.become(Role.GRID_WORKER)
    web.get("/doors/unit/b12-u2/explain", 403)
    web.post("/doors/unit/b12-u2/explain", 403, door="main", card="li")
    web.call("POST", "/explain", 403, unit="b12-u2", door="main", card="li")
    web.become(Role.OPERATOR, "yard/y07")
    web.post("/doors/unit/b2/explain", 404, door="main", card="li")
    web.call("POST", "/explain", 404, unit="b2", door="main", card="li")
