"""Notices on the console: who may do what where, and that no text of anybody is markup."""

from __future__ import annotations

from centre.accounts import Role
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk
from tests.centre.console.put_up import SCRIPT, YARD, put, yard
from tests.centre.unit import SITE

pytestmark = ONE_ENGINE


def test_a_viewer_only_looks(web: WebDesk) -> None:
    yard(web)
    name = put(web)
    web.become(Role.VIEWER)
    at = f"/notices/notice/{name}"
    assert "Withdraw" not in web.get(at).text
    assert "New notice" not in web.get("/notices").text
    for path in (
        "/notices/new",
        f"{at}/change",
        f"{at}/withdraw",
        f"{at}/again",
        "/notices/places",
        "/notices/polls/new",
    ):
        web.get(path, 403)
    for path in (
        "/notices/new",
        f"{at}/change",
        f"{at}/withdraw",
        f"{at}/again",
        "/notices/preview",
        "/notices/polls/new",
    ):
        web.post(path, 403, title="t", scope=YARD)
    for path, asked in (
        ("/notices", {"scope": [YARD], "title": "t"}),
        (f"/notices/{name}/change", {"title": "t"}),
        (f"/notices/{name}/again", {}),
        (f"/notices/{name}/withdraw", {}),
        ("/notice-templates", {"name": "n", "title": "t"}),
        ("/polls", {"scope": YARD, "title": "t", "options": ["a", "b"], "until_utc": 4e9}),
    ):
        web.call("POST", path, 403, **asked)
    assert web.call("GET", f"/notices/{name}")["line"]["state"] == "up"


def test_a_clerk_of_one_yard(web: WebDesk) -> None:
    yard(web)
    yard(web, 2, "y08")
    ours = put(web)
    theirs = put(web, scope=["yard/y08"], title="theirs")
    everywhere = put(web, scope=[f"site/{SITE}"], title="for all")
    web.become(Role.OPERATOR, YARD)
    assert {each["notice"] for each in web.call("GET", "/notices")["notices"]} == {ours, everywhere}
    assert "theirs" not in web.get("/notices").text
    web.call("GET", f"/notices/{theirs}", 404)
    web.get(f"/notices/notice/{theirs}", 404)
    web.get(f"/notices/notice/{theirs}/coverage", 404)
    web.post(f"/notices/notice/{theirs}/withdraw", 404)
    web.call("POST", f"/notices/{theirs}/withdraw", 404)
    line = web.call("GET", f"/notices/{everywhere}")["line"]
    assert line["units"] == 3
    assert "y08-1" not in web.get(f"/notices/notice/{everywhere}").text
    for what in ("withdraw", "again"):
        web.call("POST", f"/notices/{everywhere}/{what}", 403)
        web.post(f"/notices/notice/{everywhere}/{what}", 403)
    web.call("POST", f"/notices/{everywhere}/change", 403, title="t")
    for scope in ("yard/y08", "unit/y08-1", f"site/{SITE}"):
        web.call("POST", "/notices", 403, scope=[YARD, scope], title="t")
        assert (
            'href="#f-scope"'
            in web.post("/notices/new", 422, do="put", title="t", category="reminder", scope=scope).text
        )
        web.call("POST", "/polls", 403, scope=scope, title="t", options=["a", "b"], until_utc=4e9)
    places = web.call("GET", "/places")["places"]
    assert [each["scope"] for each in places] == [f"site/{SITE}"]
    assert not places[0]["whole"]
    assert "y08" not in web.get("/notices/new").text
    assert "y08" not in web.get("/notices/places?q=y").text
    web.get("/notices/places?in=yard/y08", 404)
    web.call("POST", f"/notices/{ours}/withdraw")


def test_no_text_of_people_or_units_is_markup(web: WebDesk) -> None:
    web.desk.unit("u1", YARD)
    with web.desk.books.changing() as conn:
        conn.exec_driver_sql("UPDATE units SET name = '<script>alert(2)</script>'")
    web.desk.run("poll", "put", YARD, SCRIPT, "--option", SCRIPT, "--option", "b", "--until", "2099-01-01", "--yes")
    name = put(web, title=SCRIPT, text=SCRIPT)
    web.call("POST", "/notice-templates", name=SCRIPT[:40], title=SCRIPT, text=SCRIPT)
    polls = web.call("GET", "/polls")["polls"]
    for path in (
        "/notices",
        f"/notices/notice/{name}",
        f"/notices/notice/{name}/coverage",
        f"/notices/notice/{name}/withdraw",
        f"/notices/notice/{name}/again",
        f"/notices/notice/{name}/change",
        f"/notices/new?copy={name}",
        "/notices/polls",
        f"/notices/notice/{polls[0]['poll']}",
        "/notices/places?q=u1",
    ):
        assert "<script>alert" not in web.get(path).text, path
