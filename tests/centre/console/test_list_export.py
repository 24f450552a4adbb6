"""A list of people taken out of the console: who may, what stands in it, that it is entered, and that it comes back as it went."""

from __future__ import annotations

import csv
import io

import pytest

from centre import roster_export, rosters
from centre.accounts import Role
from centre.rosters_in_place import places
from contract.messages import Holder
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk
from tests.centre.unit import SITE

pytestmark = ONE_ENGINE
YARD = {"scope": "yard/y01", "roster": "residents"}
LIST = "id,card,room,hours,pin\nli,0012345678,=cmd|x,school,4711\nanna,0000000222,-1-302,,\n"
HOURS = "profile,days,hours\nschool,mon-fri,07:00-09:00\n"


@pytest.fixture
def town(web: WebDesk) -> WebDesk:
    for unit, yard in (("b1-u1", "y01"), ("b2-u1", "y02")):
        web.desk.unit(unit, f"yard/{yard}")
    web.call("POST", "/rosters", **YARD, csv=LIST, hours=HOURS)
    rosters.put(web.desk.office, Scope("yard", "y02"), "residents", b"id,card\nzzz,0000000999\n", web.desk.now)
    return web


def table(data: bytes | str) -> list[dict[str, str]]:
    text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    return list(csv.DictReader(io.StringIO(text)))


def people(web: WebDesk) -> list[Holder]:
    with web.desk.books.reading() as conn:
        return [holder for each in places(conn, SITE, ["yard/y01"]) for _key, holder in each.holders]


def entered(web: WebDesk) -> list[tuple[str, str]]:
    account, web.account = web.account, None
    web.become(Role.ADMINISTRATOR)
    found = [(each["by"], each["detail"]) for each in web.call("GET", "/acts")["acts"] if "exported" in each["what"]]
    web.account = account
    return found


def test_a_clerk_takes_a_list_to_read_and_no_card_number_goes_with_it(town: WebDesk) -> None:
    town.become(Role.OPERATOR, "yard/y01")
    page = town.get("/people/list/export?scope=yard/y01&roster=residents").text
    assert "Export 2 lines" in page
    assert "card numbers" not in page, "she is not asked what she may not have"
    answer = town.post("/people/list/export", 200, **YARD)
    assert answer.headers["content-disposition"] == 'attachment; filename="residents-yard-y01.csv"'
    assert answer.headers["cache-control"] == "no-store"
    rows = table(answer.content)
    assert [row["id"] for row in rows] == ["li", "anna"]
    assert "card" not in rows[0]
    assert "00BC614E" not in answer.text
    assert "4711" not in answer.text
    ((by, detail),) = entered(town)
    assert by == "li"
    assert '"yard/y01", "residents"' in detail
    assert "numbers=0" in detail
    town.post("/people/list/export", 403, **YARD, cards="true", why="x")
    town.call("POST", "/rosters/export", 403, **YARD, cards=True, why="x")
    assert len(entered(town)) == 1


def test_with_card_numbers_it_says_what_for_and_comes_back_as_it_went(town: WebDesk) -> None:
    assert "say what the card numbers are for" in town.post("/people/list/export", 422, **YARD, cards="true").text
    assert town.call("POST", "/rosters/export", 422, **YARD, cards=True, why=" ")["field"] == "why"
    assert entered(town) == []
    made = town.call("POST", "/rosters/export", **YARD, cards=True, why="换系统")
    assert (made["lines"], made["numbers"]) == (2, 2)
    rows = table(made["csv"])
    assert [row["card"] for row in rows] == ["0x00BC614E", "0x000000DE"]
    assert [row["room"] for row in rows] == ["'=cmd|x", "'-1-302"], "no spreadsheet works these out"
    assert "4711" not in made["csv"]
    assert table(town.post("/people/list/export", 200, **YARD, do="hours", why="x").content)[0]["profile"] == "school"
    before = people(town)
    assert before[0].room == "=cmd|x"
    town.call("POST", "/rosters", **YARD, csv=made["csv"], hours=made["hours"])
    assert people(town) == before
    assert [by for by, _detail in entered(town)] == ["zhang", "zhang"]


def test_a_list_of_elsewhere_is_not_there_and_a_viewer_has_none(town: WebDesk) -> None:
    town.become(Role.ADMINISTRATOR, "yard/y01")
    elsewhere = {"scope": "yard/y02", "roster": "residents"}
    town.get("/people/list/export?scope=yard/y02&roster=residents", 404)
    town.post("/people/list/export", 404, **elsewhere)
    town.call("POST", "/rosters/export", 404, **elsewhere, cards=True, why="x")
    town.become(Role.VIEWER, "yard/y01")
    town.post("/people/list/export", 403, **YARD)
    assert entered(town) == []


def test_what_cannot_be_entered_is_not_given_out(town: WebDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("centre.acts.ActJournal.enter", full)
    with pytest.raises(OSError, match="No space"):
        roster_export.export(town.desk.office, "residents", "yard/y01", "li", town.desk.now, cards=True)
    monkeypatch.undo()
    assert entered(town) == []
