"""Polls on the console: put, listed and counted."""

from __future__ import annotations

from centre.accounts import Role
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk

pytestmark = ONE_ENGINE
YARD = "yard/y07"
FORM = {
    "title": "长椅放哪里",
    "options": "东边\n\n 西边 \n",
    "per": "anyone",
    "until": "2099-01-01T20:00",
    "scope": YARD,
}


def test_a_poll_is_put_and_counted_as_it_is_answered(web: WebDesk) -> None:
    unit = web.desk.unit("y07-1", YARD)
    assert "Nobody was asked anything yet" in web.get("/notices/polls").text
    assert "one answer a household" in web.get("/notices/polls/new").text
    where = web.post("/notices/polls/new", **FORM).headers["location"]
    page = web.get(where).text
    assert "1 东边: 0" in page
    assert "Open to anyone" in page
    poll = where.rpartition("/")[2]
    for value in (1, 1, 2):
        unit.fact("ask.answered", scope=YARD, notice=poll, rev=1, value=value, door="main")
    web.desk.take(unit.batch())
    found = web.call("GET", f"/polls/{poll}")
    assert (found["votes"], found["line"]["options"]) == ([2, 1], ["东边", "西边"])
    assert "1 东边: 2" in web.get(f"{where}/coverage").text
    assert "长椅放哪里" in web.get("/notices/polls").text


def test_what_is_wrong_is_told_at_its_field(web: WebDesk) -> None:
    web.desk.unit("y07-1", YARD)
    for field, changes in (
        ("title", {"title": " "}),
        ("options", {"options": "one"}),
        ("options", {"options": "\n".join("abcdefghij")}),
        ("options", {"options": f"a\n{'b' * 61}"}),
        ("options", {"options": "a\na"}),
        ("until", {"until": ""}),
        ("until", {"until": "2020-01-01T00:00"}),
        ("scope", {"scope": ""}),
        ("scope", {"scope": "yard/none"}),
        ("per", {"per": "everyone"}),
    ):
        page = web.post("/notices/polls/new", 422, **{**FORM, **changes}).text
        assert f'href="#f-{field}"' in page, (field, changes)
        assert f'id="f-{field}"' in page
    assert web.call("GET", "/polls")["polls"] == []


def test_polls_of_others_are_not_there(web: WebDesk) -> None:
    web.desk.unit("y07-1", YARD)
    web.desk.unit("y08-1", "yard/y08")
    asked = {"title": "t", "options": ["a", "b"], "until_utc": 4e9}
    theirs = web.call("POST", "/polls", scope="yard/y08", **asked)["poll"]
    web.become(Role.OPERATOR, YARD)
    assert web.call("GET", "/polls")["polls"] == []
    web.call("GET", f"/polls/{theirs}", 404)
    web.get(f"/notices/notice/{theirs}", 404)
    ours = web.call("POST", "/polls", scope=YARD, **asked)["poll"]
    assert [each["poll"] for each in web.call("GET", "/polls")["polls"]] == [ours]
    web.become(Role.VIEWER, YARD)
    assert web.call("GET", f"/polls/{ours}")["votes"] == [0, 0]
    assert "New poll" not in web.get("/notices/polls").text
    web.get("/notices/polls?first=x")
    web.get("/notices/polls?first=99999999999999999999")
