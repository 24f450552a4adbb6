"""People's pages and calls: who is found and by whom, cards lost, what each door knows, and that no card number is written down or shown again."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import delete

from centre import rosters
from centre.accounts import Role
from centre.rosters_in_place import places
from centre.schema import roster_numbers
from contract.messages import Kind
from contract.scopes import Scope
from tests.centre.conftest import Desk
from tests.centre.console.conftest import WebDesk
from tests.centre.unit import SITE, FakeUnit

YARD, OTHER, UNIT = Scope("yard", "y01"), Scope("yard", "y02"), Scope("unit", "b1-u1")
CARD, NORMAL = "0012345678", "BC614E"
LI = f"id,card,room,until,flags,org,role\nli,{CARD},301,,care,,\nli,0000000111,301,,,,\nanna,0000000222,302,2026-09-30,,,\nsf1,0000000333,,2027-01-31,,sf,service\n"
MEI = "id,card,room\nmei,0000000444,301\n"


def put(desk: Desk, scope: Scope, name: str, text: str) -> rosters.PutRoster:
    return rosters.put(desk.office, scope, name, text.encode(), desk.now)


@pytest.fixture
def town(web: WebDesk) -> tuple[FakeUnit, FakeUnit, FakeUnit]:
    """Two yards: two units of one, one of the other, each yard with its list."""
    units = web.desk.unit("b1-u1", "yard/y01"), web.desk.unit("b1-u2", "yard/y01"), web.desk.unit("b2-u1", "yard/y02")
    put(web.desk, YARD, "residents", LI)
    put(web.desk, OTHER, "residents", MEI)
    return units


def takes(web: WebDesk, unit: FakeUnit, scope: Scope, name: str = "residents") -> None:
    """The unit says that it has the newest revision."""
    rev = web.desk.rev(Kind.ROSTER, str(scope), name)
    unit.fact("roster.applied", scope=str(scope), id=name, rev=rev)
    web.desk.take(unit.batch())


def there(web: WebDesk) -> set[tuple[str, str]]:
    with web.desk.books.reading() as conn:
        return {(place.scope, holder.id) for place in places(conn, SITE) for _key, holder in place.holders}


def acts_of(web: WebDesk, what: str) -> list[str]:
    return [each["detail"] for each in web.call("GET", "/acts")["acts"] if each["what"] == what]


# --- looked for


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("typed", [CARD, "188,24910", "00BC614E"])
def test_a_card_is_found_however_it_is_printed_and_its_number_stays_nowhere(web: WebDesk, typed: str) -> None:
    page = web.post("/people", 200, q=typed).text
    assert "/people/person/li" in page
    assert "has this card" in page
    assert typed not in page
    (found,) = web.call("POST", "/people/search", q=typed)["people"]
    assert (found["holder"], found["cards"]) == ("li", 2)
    assert f"/people/person/li?card={found['by_card']}" in page
    person = web.get(f"/people/person/li?card={found['by_card']}").text
    assert person.count("the one that was typed") == 1, "which of her two cards it is"
    assert "the one that was typed" not in web.get("/people/person/li").text
    kept = web.desk.kept()
    assert typed.encode() not in kept
    assert NORMAL.encode() not in kept


@pytest.mark.usefixtures("town")
def test_a_room_and_the_beginning_of_an_id_are_found(web: WebDesk) -> None:
    assert [each["holder"] for each in web.call("POST", "/people/search", q="301")["people"]] == ["li", "mei"]
    assert [each["holder"] for each in web.call("POST", "/people/search", q="30")["people"]] == ["li", "anna", "mei"]
    assert [each["holder"] for each in web.call("POST", "/people/search", q="AN")["people"]] == ["anna"]
    assert web.call("POST", "/people/search", q="  ")["people"] == []
    assert 'value="301"' in web.post("/people", 200, q="301").text


@pytest.mark.usefixtures("town")
def test_whose_card_was_looked_up_is_entered_and_an_unknown_one_is_not_shown_again(web: WebDesk) -> None:
    web.post("/people", 200, q=CARD)
    assert any("li" in each for each in acts_of(web, "looked at a person's facts"))
    page = web.post("/people", 200, q="0099999999").text
    assert "No list of yours has this card" in page
    assert "0099999999" not in page


@pytest.mark.usefixtures("town")
def test_a_change_of_a_list_is_seen_at_once(web: WebDesk) -> None:
    assert web.call("POST", "/people/search", q="neu")["people"] == []
    put(web.desk, UNIT, "more", "id,card\nneu,0000000999\n")
    assert [each["holder"] for each in web.call("POST", "/people/search", q="neu")["people"]] == ["neu"]
    put(web.desk, UNIT, "more", "id,card\nalt,0000000999\n")
    assert web.call("POST", "/people/search", q="neu")["people"] == []


# --- who may


def test_a_viewer_sees_nobody(web: WebDesk, town: object) -> None:
    web.become(Role.GRID_WORKER)
    for path in ("", "/ending", "/person/li", "/list?scope=yard/y01&roster=residents", "/import", "/visitors", "/lost"):
        web.get(f"/people{path}", 403)
    for path in ("", "/lost", "/person/li/leave", "/person/li/pin", "/import", "/visitors"):
        web.post(f"/people{path}", 403)
    for method, path in (
        ("POST", "/people/search"),
        ("GET", "/people/li"),
        ("GET", "/rosters"),
        ("GET", "/organisations"),
    ):
        web.call(method, path, 403)
    web.become(Role.OPERATOR)
    web.call("POST", "/people/li/erase", 403, why="left")
    web.get("/people/person/li/erase", 403)


@pytest.mark.usefixtures("town")
def test_a_scoped_clerk_meets_nobody_of_elsewhere(web: WebDesk) -> None:
    put(web.desk, Scope("site", SITE), "workers", "id,card\nli,0000000555\nmax,0000000666\n")
    web.become(Role.OPERATOR, "yard/y01")
    assert [each["holder"] for each in web.call("POST", "/people/search", q="301")["people"]] == ["li"]
    assert web.call("POST", "/people/search", q="0000000444")["people"] == []
    assert web.call("POST", "/people/search", q="max")["people"] == []
    assert [each["scope"] for each in web.call("GET", "/rosters")["lists"]] == ["yard/y01"]
    for path in ("/people/mei", "/people/max", "/rosters/people?scope=yard/y02&roster=residents"):
        web.call("GET", path, 404)
    for path in ("/person/mei", "/list?scope=yard/y02&roster=residents", "/visitors?unit=b2-u1"):
        web.get(f"/people{path}", 404)
    web.call("POST", "/people/mei/leave", 404)
    web.call("POST", "/people/lost-card", 422, number="0000000444")
    web.call("POST", "/rosters", 403, scope="yard/y02", roster="residents", csv=MEI)
    web.call("POST", "/rosters/preview", 403, scope="yard/y02", roster="residents", csv=MEI)
    web.call("POST", "/rosters/people", 404, scope="yard/y02", roster="residents", id="x", card="0000000777")
    web.call("POST", "/people/mei/pin", 404, scope="yard/y02", roster="residents")
    web.call("POST", "/people/li/change", 404, scope=f"site/{SITE}", roster="workers", room="1")
    web.call("POST", "/units/b2-u1/visitors", 404, door="main")
    seen = web.call("GET", "/people/li")
    assert {each["scope"] for each in seen["entries"]} == {"yard/y01"}
    assert seen["elsewhere"]
    before = there(web)
    web.call("POST", "/people/li/leave", 403, why="moved")
    assert there(web) == before
    card = seen["entries"][0]["card"]
    web.call("POST", "/people/li/lost", 200, card=card)
    assert there(web) == before, "of two cards one is left in the list"


def test_a_card_that_is_also_elsewhere_is_not_taken_out_by_half(web: WebDesk, town: object) -> None:
    put(web.desk, Scope("site", SITE), "workers", f"id,card\nli,{CARD}\n")
    web.become(Role.OPERATOR, "yard/y01")
    (card,) = {each["card"] for each in web.call("GET", "/people/li")["entries"]} & {
        each["card"] for each in web.call("GET", "/people/li")["entries"][:1]
    }
    web.call("POST", "/people/li/lost", 403, card=card)
    web.post("/people/person/li/lost", 403, card=card)
    web.call("POST", "/people/lost-card", 403, number=CARD)


# --- lost


def test_a_lost_card_goes_by_its_name_and_doors_are_told_of_until_all_have_it(
    web: WebDesk, town: tuple[FakeUnit, FakeUnit, FakeUnit]
) -> None:
    page = web.get("/people/person/li").text
    cards = re.findall(r"/people/person/li/lost\?card=([0-9a-f]{16})", page)
    assert len(cards) == 2
    asked = web.get(f"/people/person/li/lost?card={cards[0]}").text
    assert "refused at 2 doors" in asked
    assert "go on opening to it" in asked
    where = web.post("/people/person/li/lost", card=cards[0], why="bus").headers["location"]
    assert "0 of 2 doors have it" in web.get(where).text
    takes(web, town[0], YARD)
    half = web.get(where).text
    assert "1 of 2 doors have it" in half
    assert "b1-u2" in half
    takes(web, town[1], YARD)
    assert "All doors go by it now" in web.get(where).text
    assert [len(web.call("GET", "/people/li")["entries"])] == [1]
    web.get(f"/people/person/li/lost?card={cards[0]}", 404)
    (shown,) = [each for each in web.call("GET", "/acts")["acts"] if each["why"] == "bus" and "li" in each["detail"]]
    assert shown["by"] == "zhang"
    with pytest.raises(Exception, match="revoked"):
        put(web.desk, YARD, "residents", LI)


@pytest.mark.usefixtures("town")
def test_a_lost_card_by_its_number(web: WebDesk) -> None:
    wrong = web.post("/people/lost", 422, number="0000000999", why="gone")
    assert "no list has this card" in wrong.text
    assert "0000000999" not in wrong.text
    assert 'value="gone"' in wrong.text
    web.post("/people/lost", 422, number="not a card")
    web.post("/people/lost", 422)
    where = web.post("/people/lost", number="0000000444", why="gone").headers["location"]
    assert "444" not in where
    assert (f"{OTHER}", "mei") not in there(web)


def test_a_card_whose_number_is_not_kept_asks_for_it(web: WebDesk, town: object) -> None:
    card = web.call("GET", "/people/mei")["entries"][0]["card"]
    with web.desk.books.changing() as conn:
        conn.execute(delete(roster_numbers).where(roster_numbers.c.scope == str(OTHER)))
    page = web.post("/people/person/mei/lost", 422, card=card).text
    assert "Nothing was changed" in page
    assert "/people/lost" in page
    web.call("POST", "/people/mei/lost", 409, card=card)
    done = web.call("POST", "/people/lost-card", number="0000000444")
    assert [each["kept"] for each in done["lists"]] == [False]


@pytest.mark.usefixtures("town")
def test_who_leaves_and_who_is_erased_are_out_of_every_list(web: WebDesk) -> None:
    assert "All 2 cards" in web.get("/people/person/li/leave").text
    web.post("/people/person/li/leave", why="moved")
    assert not any(holder == "li" for _scope, holder in there(web))
    assert "say why" in web.post("/people/person/anna/erase", 422).text
    web.post("/people/person/anna/erase", why="asked for it")
    assert not any(holder == "anna" for _scope, holder in there(web))
    web.get("/people/person/anna", 404)


@pytest.mark.usefixtures("town")
def test_an_organisation_leaves_as_a_whole(web: WebDesk) -> None:
    assert [(each["org"], each["people"]) for each in web.call("GET", "/organisations")["organisations"]] == [("sf", 1)]
    web.post("/people/organisations/sf/leave", why="contract ended")
    assert not any(holder == "sf1" for _scope, holder in there(web))
    web.post("/people/organisations/sf/leave", 404)


# --- ending


@pytest.mark.usefixtures("town")
def test_who_ends_soon_is_listed_the_first_to_end_first(web: WebDesk) -> None:
    assert [each["holder"] for each in web.call("GET", "/people/ending?days=366")["people"]] == ["anna", "sf1"]
    page = web.get("/people/ending?days=366").text
    assert page.index("/people/person/anna") < page.index("/people/person/sf1")
    assert "ended 2026-09-30" in page
    web.call("GET", "/people/ending?days=0", 422)


# --- files


def test_a_file_is_looked_at_before_it_is_put(web: WebDesk, town: object) -> None:
    file = ("l.csv", b"id,card,room\nli,0012345678,301\nneu,0000000777,401\n", "text/csv")
    form = {"scope": "yard/y01", "roster": "residents"}
    before = there(web)
    page = web.post("/people/import", 200, do="look", files={"file": file}, **form).text
    assert "anna, sf1" in page.replace("、", ", ")
    assert there(web) == before
    mark = re.search(r'name="mark" value="([^"]+)"', page)
    assert mark
    other = ("l.csv", b"id,card\nli,0012345678\n", "text/csv")
    wrong = web.post("/people/import", 422, do="put", mark=mark[1], files={"file": other}, **form).text
    assert "another one than was looked at" in wrong
    assert there(web) == before
    web.post("/people/import", do="put", mark=mark[1], files={"file": file}, **form)
    assert {holder for scope, holder in there(web) if scope == str(YARD)} == {"li", "neu"}
    again = web.post("/people/import", 422, do="put", mark=mark[1], files={"file": file}, **form).text
    assert "another one than was looked at" in again


def test_faults_of_a_file_are_told_in_place_and_change_nothing(web: WebDesk, town: object) -> None:
    text = "编号,卡号,房间\nli,xyz,301\nx y,0000000888,<script>alert(1)</script>\n".encode()
    form = {"scope": "yard/y01", "roster": "residents"}
    before = there(web)
    for do in ("look", "put"):
        page = web.post("/people/import", 422, do=do, files={"file": ("l.csv", text, "text/csv")}, **form).text
        assert "<script>alert" not in page
        assert there(web) == before
        assert 'value="residents"' in page
    found = web.call("POST", "/rosters/preview", csv=text.decode(), **form)["faults"]
    assert {(each["line"], each["column"]) for each in found} == {(2, "卡号"), (3, "编号")}
    empty = web.post("/people/import", 422, do="look", **form).text
    assert "no file was chosen" in empty
    nobody = ("l.csv", b"id,card\n", "text/csv")
    assert "it holds nobody" in web.post("/people/import", 422, do="look", files={"file": nobody}, **form).text
    assert web.call("POST", "/rosters/preview", 422, scope="nowhere", roster="r", csv="")["field"] == "scope"
    assert web.call("POST", "/rosters/preview", 422, scope="yard/y01", roster="A B", csv="")["field"] == "name"


def test_hours_of_the_list_stay_with_a_new_file(web: WebDesk, town: object) -> None:
    hours = "profile,days,hours\nschool,mon-fri,07:00-09:00\n"
    text = "id,card,hours\nkid,0000000888,school\n"
    web.call("POST", "/rosters", scope="unit/b1-u1", roster="kids", csv=text, hours=hours)
    more = text + "kim,0000000889,school\n"
    assert web.call("POST", "/rosters/preview", scope="unit/b1-u1", roster="kids", csv=more)["added"] == ["kim"]
    web.call("POST", "/rosters", scope="unit/b1-u1", roster="kids", csv=more)
    assert all(each["has_hours"] for each in web.call("GET", "/people/kim")["entries"])


# --- lines


@pytest.mark.usefixtures("town")
def test_somebody_is_added_changed_and_given_a_second_card(web: WebDesk) -> None:
    where = {"scope": "yard/y01", "roster": "residents"}
    assert "Add somebody" in web.get("/people/add?scope=yard/y01&roster=residents").text
    wrong = web.post("/people/add", 422, id="Wang Fang", card="0000000777", room="401", **where).text
    assert 'value="Wang Fang"' in wrong
    assert "0000000777" not in wrong
    web.post("/people/add", id="wang", card="0000000777", room="401", until="2026-12-31", flags="care", **where)
    assert "is in this list already" in web.post("/people/add", 422, id="wang", card="0000000778", **where).text
    assert web.call("POST", "/rosters/people", 422, id="w2", card="0000000777", **where)["field"] == "card"
    web.post("/people/person/wang/card", card="0000000779", **where)
    web.post("/people/person/wang/card", 422, card="0000000779", **where)
    page = web.get("/people/person/wang/change?scope=yard/y01&roster=residents").text
    assert 'value="2026-12-31"' in page
    rev = re.search(r'name="rev" value="(\d+)"', page)
    assert rev
    web.post("/people/person/wang/change", rev=rev[1], role="resident", room="402", until="2027-06-30", **where)
    line = web.call("GET", "/people/wang")["line"]
    assert (line["rooms"], line["cards"], line["flags"]) == (["402"], 2, [])
    late = web.post("/people/person/wang/change", 422, rev=rev[1], role="resident", room="403", **where).text
    assert "changed by somebody else" in late
    assert 'value="403"' in late
    assert "wang" in " ".join(acts_of(web, "list, card, PIN or visitor's code by somebody"))


@pytest.mark.usefixtures("town")
def test_a_bad_cell_of_a_change_is_told_at_its_field(web: WebDesk) -> None:
    where = {"scope": "yard/y01", "roster": "residents", "role": "resident"}
    page = web.post("/people/person/anna/change", 422, until="soon", room="302", **where).text
    assert "#f-until" in page
    assert 'value="soon"' in page
    web.call("POST", "/people/anna/change", 422, scope="yard/y01", roster="residents", unlock_s="-1")


def test_lines_of_one_person_that_differ_keep_what_was_not_changed(web: WebDesk, town: object) -> None:
    put(web.desk, UNIT, "two", "id,card,doors,room\ntwo,0000000881,main,9\ntwo,0000000882,back,9\n")
    web.call("POST", "/people/two/change", scope="unit/b1-u1", roster="two", doors="main", room="9", until="2027-01-31")
    entries = web.call("GET", "/people/two")["entries"]
    assert [each["doors"] for each in entries] == [["main"], ["back"]]
    assert len({each["until_utc"] for each in entries}) == 1
    assert entries[0]["until_utc"] is not None


@pytest.mark.usefixtures("town")
def test_a_pin_is_shown_once_and_stays_with_the_room(web: WebDesk) -> None:
    where = {"scope": "yard/y01", "roster": "residents"}
    page = web.post("/people/person/li/pin", 200, **where).text
    made = re.search(r'<p class="once mono">(\d{6})</p>', page)
    assert made
    assert made[1] not in web.get("/people/person/li").text
    assert made[1].encode() not in web.desk.kept()
    assert web.call("GET", "/people/li")["line"]["has_pin"]
    web.call("POST", "/people/li/change", until="2027-01-31", room="301", **where)
    assert web.call("GET", "/people/li")["line"]["has_pin"]
    web.call("POST", "/people/li/change", room="999", **where)
    assert not web.call("GET", "/people/li")["line"]["has_pin"]


def test_a_visitors_code_is_shown_once_listed_and_revoked(web: WebDesk, town: object) -> None:
    web.desk.run("keys", "rotate", "visitor")
    page = web.post("/people/visitors", 200, unit="b1-u1", door="main", note="<b>aunt</b>").text
    made = re.search(r'<p class="once mono">(\d{4}) (\d{4}) #</p>', page)
    assert made
    listed = web.get("/people/visitors?unit=b1-u1").text
    assert "<b>aunt" not in listed
    assert "&lt;b&gt;aunt" in listed
    assert f"{made[1]}{made[2]}" not in listed
    code = web.call("GET", "/units/b1-u1/visitors")["codes"][0]
    web.post("/people/visitors/revoke", unit="b1-u1", door="main", day=code["day"], serial=code["serial"])
    assert web.call("GET", "/units/b1-u1/visitors")["codes"][0]["revoked_utc"] is not None
    assert "/people/visitors/revoke" not in web.get("/people/visitors?unit=b1-u1").text
    wrong = web.post("/people/visitors", 422, unit="b1-u1", door="main", day="1999-01-01", note="aunt").text
    assert "#f-day" in wrong or "f-day-wrong" in wrong
    assert 'value="aunt"' in wrong


@pytest.mark.parametrize(
    "path",
    [
        "/people/person/..%2F..%2Fetc",
        "/people/person/%3Cscript%3E",
        "/people/person/' OR 1=1",
        "/people/list?scope=yard/y01&roster=nothing",
        "/people/add?scope=x&roster=y",
        "/people/person/li/change?scope=yard/y02&roster=residents",
        "/people/organisations/none/leave",
    ],
)
@pytest.mark.usefixtures("town")
def test_what_is_not_there_is_not_found(web: WebDesk, path: str) -> None:
    web.get(path, 404)


@pytest.mark.usefixtures("town")
def test_a_course_of_bad_names_is_empty(web: WebDesk) -> None:
    web.get("/people/course?list=%00", 400)
    web.get("/people/course?list=a~b&list=yard/y01~residents~99999999999999999999&list=x~<script>~1")
