"""Orders from a browser to a unit over a real broker: said what they do, told as they happen, ended in every case, and given once."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from centre import schema
from centre.accounts import Role
from contract.plain import Reply, ReplyState, build_will
from contract.topics import up
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.browser import Console
from tests.centre.console.conftest import WebDesk
from tests.centre.site import Site
from tests.centre.test_orders import command_of
from tests.centre.unit import FakeUnit, door
from tests.centre.wire import Wire
from tests.waiting import eventually

pytestmark = [ONE_ENGINE, pytest.mark.usefixtures("listening")]
OPEN = "/doors/unit/b12-u2/open"
FORM = {"door": "main", "why": "locked out"}


@pytest.fixture
def far(site: Site) -> Iterator[WebDesk]:
    """A console on a centre at a real broker."""
    made = WebDesk(site.desk)
    with made.client:
        yield made


def enrolled(site: Site, name: str = "b12-u2") -> tuple[FakeUnit, Wire]:
    unit, wire = site.unit(name, enrolled=True)
    site.desk.take(unit.status(doors={"main": door()}))
    return unit, wire


def once(web: WebDesk, address: str = OPEN) -> str:
    """The key of a form that is open."""
    found = re.search(r'name="once" value="([^"]+)"', web.get(address).text)
    assert found is not None
    return found[1]


def command(site: Site, unit: FakeUnit, wire: Wire, before: int = 0) -> dict[str, Any]:
    eventually(lambda: len(wire.payloads("/command")) > before)
    return command_of(site, unit, wire.payloads("/command")[-1])


def answer(unit: FakeUnit, wire: Wire, name: str, *states: str, reason: str | None = None) -> None:
    for state in states:
        wire.send(unit.reply(Reply(name, ReplyState(state), time.time(), reason, "main")))


def ended(web: WebDesk, address: str) -> str:
    """The part of the page that follows it, at its end."""
    return eventually(lambda: page if "outcome" in (page := page_of(web, address)) else "")


def page_of(web: WebDesk, address: str) -> str:
    return web.get(f"{address}/part").text


@pytest.mark.parametrize(
    ("states", "reason", "words"),
    [
        (("accepted", "done", "opened"), None, ("Received by the unit", "Unlocked", "The door was opened", "Opened")),
        (("accepted", "done", "no_entry"), None, ("Nobody came", "it is locked again")),
        (("refused",), "lockdown", ("Not opened", "the door is locked down")),
        (("refused",), "device", ("Not opened", "the lock does not answer")),
        (("accepted", "unknown"), None, ("Not known", "restarted in the middle")),
    ],
)
def test_each_course_is_told_to_its_end(
    site: Site, far: WebDesk, states: tuple[str, ...], reason: str | None, words: tuple[str, ...]
) -> None:
    unit, wire = enrolled(site)
    address = far.post(OPEN, **FORM, once=once(far)).headers["location"]
    assert "On the way to the door" in page_of(far, address)
    given = command(site, unit, wire)
    assert (given["action"], given["args"], given["actor"], given["why"]) == (
        "open",
        {"door": "main"},
        "zhang",
        "locked out",
    )
    for state in states:
        answer(unit, wire, given["id"], state, reason=reason)
    told = ended(far, address)
    assert all(each in told for each in words), told
    assert address in far.get("/courses").text
    assert address in far.get("/doors/unit/b12-u2").text
    assert "locked out" in far.get("/doors/unit/b12-u2/orders").text
    view = far.call("GET", f"/{address.removeprefix('/')}")
    assert [each["state"] for each in view["steps"]] == list(states)


def test_what_is_on_its_way_says_what_it_waits_for(site: Site, far: WebDesk) -> None:
    unit, wire = enrolled(site)
    address = far.post(OPEN, **FORM, once=once(far)).headers["location"]
    given = command(site, unit, wire)
    answer(unit, wire, given["id"], "accepted", "done")
    eventually(lambda: "Waiting for somebody to push the door" in page_of(far, address))
    answer(unit, wire, given["id"], "opened")
    ended(far, address)


def test_the_same_form_again_is_the_same_order(site: Site, far: WebDesk) -> None:
    """Double click, the way back, two tabs of one page; at the API likewise."""
    unit, wire = enrolled(site)
    key = once(far)
    first, again = (far.post(OPEN, **FORM, once=key).headers["location"] for _ in range(2))
    assert first == again
    answer(unit, wire, command(site, unit, wire)["id"], "accepted", "done", "opened")
    ended(far, first)
    assert far.post(OPEN, **FORM, once=key).headers["location"] == first
    assert far.call("POST", "/units/b12-u2/open", **FORM, once=key)["id"] in first
    assert len(wire.payloads("/command")) == 1
    assert site.desk.count(schema.commands) == 1


def test_another_persons_form_is_another_order_and_their_course_is_not_there(site: Site, far: WebDesk) -> None:
    unit, wire = enrolled(site)
    key = once(far)
    first = far.post(OPEN, **FORM, once=key).headers["location"]
    answer(unit, wire, command(site, unit, wire)["id"], "refused", reason="rate")
    ended(far, first)
    far.become(Role.OPERATOR)
    far.get(first, 404)
    far.get(f"{first}/part", 404)
    far.call("GET", first, 404)
    assert first not in far.get("/courses").text
    second = far.post(OPEN, **FORM, once=key).headers["location"]
    assert second != first
    answer(unit, wire, command(site, unit, wire, 1)["id"], "refused", reason="rate")
    ended(far, second)


def test_a_form_from_before_a_restart_does_nothing(site: Site, far: WebDesk) -> None:
    _unit, wire = enrolled(site)
    stale = once(far)
    other = WebDesk(site.desk)
    with other.client:
        other.post(OPEN, **FORM, once=stale, back="/doors/unit/b12-u2")
        assert "nothing was done" in other.get("/doors/unit/b12-u2").text
    assert not wire.payloads("/command")


def test_a_unit_that_is_offline_is_sent_nothing_and_that_is_said(site: Site, far: WebDesk) -> None:
    unit, wire = enrolled(site)
    wire.publish(unit.message("status", b"").topic, build_will("s1"), retain=True)
    site.desk.take(unit.message("status", build_will("s1")))
    assert "most likely nothing will be sent" in far.get(OPEN).text
    told = ended(far, far.post(OPEN, **FORM, once=once(far)).headers["location"])
    assert "Not sent" in told
    assert "no door moves later" in told
    assert not wire.payloads("/command")


@pytest.mark.slow
def test_no_answer_is_an_end_too(site: Site, far: WebDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("centre.commands.OPEN_VALID_S", 0.3)
    monkeypatch.setattr("centre.commands.ANSWER_S", 0.2)
    monkeypatch.setattr("centre.commands.OUTCOME_S", 0.3)
    unit, wire = enrolled(site)
    assert "No answer" in ended(far, far.post(OPEN, **FORM, once=once(far)).headers["location"])
    address = far.post(OPEN, **FORM, once=once(far)).headers["location"]
    answer(unit, wire, command(site, unit, wire, 1)["id"], "accepted", "done")
    assert "then nothing more was heard" in ended(far, address)


def test_a_broker_that_is_away_is_an_end(web: WebDesk) -> None:
    unit = web.desk.unit()
    web.desk.take(unit.status(doors={"main": door()}))
    told = ended(web, web.post(OPEN, **FORM, once=once(web)).headers["location"])
    assert "Not done" in told
    assert web.desk.count(schema.commands) == 0


YARD = "/doors/place/yard/y07/lockdown"


def test_a_whole_yard_is_told_unit_by_unit(site: Site, far: WebDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {name: enrolled(site, name) for name in ("b1", "b2", "b10")}
    its = there["b10"][1]
    its.publish(up("badahu", "b10", "status"), build_will("s1"), retain=True)
    monkeypatch.setattr("centre.console.course_view.MOST", 3)
    page = far.get(YARD).text
    assert "yard y07: 3 units" in page
    assert "Residents with cards and visitors cannot get in" in page
    address = far.post(YARD, why="somebody is in the yard", until=str(int(time.time()) + 3600), once=once(far, YARD))
    address = address.headers["location"]
    for name, state, reason in (("b1", "done", None), ("b2", "refused", "storage")):
        unit, wire = there[name]
        given = command(site, unit, wire)
        assert (given["action"], given["args"]["mode"]) == ("mode", "lockdown")
        if state == "done":
            answer(unit, wire, given["id"], "accepted")
            eventually(lambda: "Received by the unit" in page_of(far, address))
        answer(unit, wire, given["id"], state, reason=reason)
    told = ended(far, address)
    assert "1 of 3 units: done" in told
    assert re.findall(r'href="/doors/unit/([^"]+)"', told) == ["b2", "b10", "b1"]
    for words in ("its disk takes nothing", "Not sent"):
        assert words in told
    assert {row.unit for row in site.desk.rows(select(schema.commands))} == {"b1", "b2"}
    monkeypatch.setattr("centre.console.course_view.MOST", 2)
    assert "and 1 more" in page_of(far, address)


def test_what_was_typed_stays_where_something_is_wrong(web: WebDesk) -> None:
    unit = web.desk.unit("b12-u2", "yard/y07")
    web.desk.take(unit.status(doors={"main": door(), "back": door()}))
    page = web.post(OPEN, 422, door="back", why="  ").text
    assert "give a reason: nothing was done yet" in page
    assert '<option value="back" selected>' in page
    page = web.post("/doors/unit/b12-u2/lockdown", 422, why="stay", until="12").text
    assert "is over already" in page
    assert 'value="stay"' in page
    page = web.post("/doors/unit/b12-u2/say", 422, why="stay", text="a" * 61).text
    assert "a" * 61 in page
    assert web.desk.count(schema.commands) == 0


@pytest.mark.parametrize("until", ["", "x", "1e400", "-5", "99999999999999", "0"])
def test_an_end_that_is_none(web: WebDesk, until: str) -> None:
    unit = web.desk.unit("b12-u2", "yard/y07")
    web.desk.take(unit.status(doors={"main": door()}))
    for address in ("/doors/unit/b12-u2/hold", "/doors/place/yard/y07/hold"):
        assert 'id="f-until-wrong"' in web.post(address, 422, why="x", until=until).text
    assert web.desk.count(schema.commands) == 0


def test_a_clerk_orders_nothing_outside_her_scope(web: WebDesk) -> None:
    web.desk.unit("b1", "yard/y07", "community/c05")
    web.desk.unit("b2", "yard/y08", "community/c05")
    web.become(Role.OPERATOR, "yard/y07")
    web.get("/doors/unit/b2/open", 404)
    web.post("/doors/unit/b2/open", 404, door="main", why="x")
    web.call("POST", "/units/b2/open", 404, door="main", why="x")
    for place in ("yard/y08", "site/badahu", "yard/nowhere", "unit/b2"):
        code = web.client.get(f"/doors/place/{place}/lockdown").status_code
        assert code in {403, 404}, place
        later = time.time() + 600
        answer = web.client.post(
            "/api/v1/mode",
            json={"scope": place, "mode": "lockdown", "until": later, "why": "x"},
            headers={"x-csrftoken": web.token},
        )
        assert answer.status_code in {403, 404}, place
    web.get("/doors/place/community/c05/lockdown", 403)  # hers lies in it, and others do
    assert web.desk.count(schema.commands) == 0


@pytest.mark.parametrize("act", ["burn", "open/../..", "hold"])
def test_an_act_that_is_none(web: WebDesk, act: str) -> None:
    web.desk.unit("b1", "yard/y07")
    if act != "hold":
        web.get(f"/doors/unit/b1/{act}", 404)
    web.get("/doors/place/yard/y07/open", 404)
    web.get("/doors/place/house/y07/hold", 404)
    web.get("/doors/place/yard/a b/hold", 404)


def test_a_person_who_may_look_at_a_yard_orders_nothing_there(web: WebDesk) -> None:
    web.desk.unit("b1", "yard/y07")
    web.become(Role.GRID_WORKER)
    web.get(YARD, 403)
    web.post(YARD, 403, why="x", until="1")
    web.call("POST", "/mode", 403, scope="yard/y07", mode="lockdown", until=time.time() + 60, why="x")
    web.call("POST", "/units/b1/mode", 403, mode="hold_open", until=time.time() + 60, why="x")
    for act in ("restart", "resync", "fire-reset", "say"):
        web.call("POST", f"/units/b1/{act}", 403, why="x", **({"text": "x"} if act == "say" else {}))


# --- a second person


@pytest.mark.slow
def test_a_lockdown_waits_for_a_second_person_where_the_site_asks_for_it(site: Site) -> None:
    """In the name of who asked for it, and once."""
    unit, wire = enrolled(site)
    site.desk.run("account", "consent", "lockdown")
    office = site.desk.office
    office.save(office.folder.load())
    console = Console(site.desk)
    wang, li = (console.person(name, Role.OPERATOR, "yard/y07") for name in ("wang", "li"))
    address = "/doors/unit/b12-u2/lockdown"
    key = re.search(r'name="once" value="([^"]+)"', wang.get(address).text)
    assert key is not None
    form = {"why": "a fight in the yard", "until": str(int(time.time()) + 3600), "once": key[1]}
    assert wang.post(address, on=address, **form).headers["location"] == "/consents"
    (waiting,) = li.call("GET", "/consents")["waiting"]
    assert (waiting["doing"], waiting["scope"], waiting["by"]) == ("lockdown", "unit/b12-u2", "wang")
    assert "Residents with cards and visitors cannot get in" in waiting["words"]
    assert not wire.payloads("/command")
    li.post(f"/consents/{waiting['id']}/agree", on="/consents")
    given = command(site, unit, wire)
    assert (given["args"]["mode"], given["actor"]) == ("lockdown", "wang")
    answer(unit, wire, given["id"], "accepted", "done")
    eventually(lambda: "Done" in wang.get("/courses").text)
    assert len(wire.payloads("/command")) == 1
    assert "/courses/" not in li.get("/courses").text.split("<main")[1]
