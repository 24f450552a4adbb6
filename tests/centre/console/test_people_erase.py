"""Somebody is erased at the console: what was written about them is found and goes with them, and nobody of another place reaches it."""

from __future__ import annotations

import pytest

from centre import field_desk, rosters, settings
from centre.accounts import Role
from centre.field_desk import Written
from centre.field_entries import What
from centre.settings import Change
from contract.scopes import Scope
from tests.centre.console.conftest import WebDesk
from tests.centre.photo_bytes import jpeg
from tests.centre.test_reports_desk import CODES, filed

LIST = b"id,card,room\nli,0012345678,301\nanna,0000000222,302\n"


@pytest.fixture
def written(web: WebDesk) -> WebDesk:
    """Li filed a report that was visited; another of the same yard names her, and one of another yard does."""
    desk = web.desk
    here, there = desk.unit("b1-u1", "yard/y01"), desk.unit("b2-u1", "yard/y02")
    settings.put(desk.office, Scope("site", "badahu"), Change(codes=CODES), desk.now)
    rosters.put(desk.office, Scope("yard", "y01"), "residents", LIST, desk.now)
    filed(here, "r1", "7", by="li", room="301")
    filed(here, "r2", by="wang")
    filed(there, "r3", by="wang")
    desk.take(here.batch(), there.batch())
    for number, (report, text) in enumerate({"r1": "李阿姨不在家", "r2": "李阿姨报修", "r3": "李阿姨来过"}.items()):
        entry = Written(f"{number}" * 16, What.VISITED, report, text, photo=jpeg() if report == "r1" else None)
        field_desk.write(desk.office, entry, "zhang", desk.now)
    return web


def texts(web: WebDesk) -> str:
    return "".join(each["text"] for case in ("r1", "r2", "r3") for each in web.call("GET", f"/cases/{case}")["entries"])


def test_what_she_filed_is_ticked_and_the_rest_is_found_by_name(written: WebDesk) -> None:
    page = written.get("/people/person/li/erase").text
    assert "李阿姨不在家" in page
    assert "photos: 1" in page
    assert "李阿姨报修" not in page
    found = written.post("/people/person/li/erase/texts", 200, words="李阿姨，999").text
    assert 'name="reports" value="r2"' in found
    assert 'value="r1"' not in found, "that one goes in any case"
    assert "No text has this" in written.post("/people/person/anna/erase/texts", 200, words="王大爷的名字").text
    assert "王大爷的名字".encode() not in written.desk.kept(), "what was looked for is kept nowhere"
    written.post("/people/person/li/erase", why="moved away", reports="r2")
    assert texts(written) == "李阿姨来过"
    assert "taken out: somebody was erased" in written.get("/reports/case/r1").text
    assert written.desk.run("verify").stderr == ""
    acts = [each["what"] for each in written.call("GET", "/acts")["acts"]]
    assert "texts and photos taken out" in acts


def test_without_a_reason_nothing_goes(written: WebDesk) -> None:
    assert "say why" in written.post("/people/person/li/erase", 422, reports="r2").text
    assert "李阿姨不在家" in texts(written)


def test_a_clerk_of_one_yard_takes_nothing_out_of_another(written: WebDesk) -> None:
    written.become(Role.ADMINISTRATOR, "yard/y01")
    found = written.call("POST", "/people/li/texts", words="李阿姨")["reports"]
    assert [(each["report"], each["own"]) for each in found] == [("r1", True), ("r2", False)]
    written.call("POST", "/people/li/erase", 404, why="x", reports=["r3"])
    written.call("POST", "/people/li/erase", 404, why="x", reports=["r9"])
    written.become(Role.OPERATOR, "yard/y01")
    written.call("POST", "/people/li/texts", 403, words="李阿姨")
    written.post("/people/person/li/erase/texts", 403, words="李阿姨")


def test_who_looked_is_entered(written: WebDesk) -> None:
    written.get("/people/person/li/erase")
    (act,) = (each for each in written.call("GET", "/acts")["acts"] if "what=texts" in each["detail"])
    assert act["by"] == "zhang"
    assert "holder=li" in act["detail"]
