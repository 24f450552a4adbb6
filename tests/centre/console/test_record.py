"""The record's pages: facts looked for, who did what, the proof, and what an export may not do."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import select, update

from centre import account_desk, holder_desk, rosters, searching
from centre.accounts import Account, Role
from centre.checkpoints import read
from centre.schema import facts, meta, units
from centre.searching import Search
from centre.sheet import guarded
from contract.scopes import Scope
from tests.centre.conftest import Desk
from tests.centre.console.conftest import WebDesk
from tests.centre.unit import SITE, FakeUnit
from tests.waiting import eventually


def filled(desk: Desk) -> tuple[FakeUnit, FakeUnit]:
    """Two units of two yards, each with entries and a refusal."""
    made = desk.unit("b1-u1", "yard/y01"), desk.unit("b2-u1", "yard/y02")
    for unit in made:
        unit.fact("access.granted", 3, door="main", via="card", by="h-402")
        unit.fact("access.denied", door="main", via="card", reason="unknown")
        desk.take(unit.batch())
    return made


def test_facts_are_found_newest_first_and_page_by_page(web: WebDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(web.desk)
    monkeypatch.setattr("centre.console.calls.record.PAGE", 3)
    met, before = [], ""
    while True:
        page = web.call("GET", f"/facts?before={before}")
        met += [(each["at_utc"], each["unit"], each["number"]) for each in page["facts"]]
        if page["next"] is None:
            break
        before = page["next"]
    assert len(met) == len(set(met)) == web.desk.count(facts)
    assert [at for at, _unit, _number in met] == sorted((at for at, _unit, _number in met), reverse=True)


def test_a_unit_a_kind_and_a_person_are_looked_for(web: WebDesk) -> None:
    filled(web.desk)
    assert {each["unit"] for each in web.call("GET", "/facts?unit=b1-u1")["facts"]} == {"b1-u1"}
    assert {each["kind"] for each in web.call("GET", "/facts?kind=access.denied")["facts"]} == {"access.denied"}
    found = web.call("GET", "/facts?holder=h-402&unit=b1-u1")["facts"]
    assert len(found) == 3
    (looked,) = [each for each in web.call("GET", "/acts")["acts"] if "h-402" in each["detail"]]
    assert looked["by"] == "zhang"


def test_a_look_that_went_far_enough_says_how_far_and_goes_on(desk: Desk) -> None:
    filled(desk)
    wanted = Search(frozenset({"b1-u1", "b2-u1"}), kinds=frozenset({"door.forced"}))
    with desk.books.reading() as conn:
        first = searching.search(conn, wanted, 10, looked=5)
        assert first.entries == []
        assert first.next is not None
        rest = searching.search(conn, wanted, 10, first.next)
    assert rest.next is None


def test_a_scoped_clerk_finds_nothing_outside_her_scope(web: WebDesk) -> None:
    filled(web.desk)
    web.become(Role.OPERATOR, "yard/y01")
    assert {each["unit"] for each in web.call("GET", "/facts")["facts"]} == {"b1-u1"}
    assert web.call("GET", "/facts?unit=b2-u1")["facts"] == []
    assert "b2-u1" not in web.get("/record").text
    assert b"b2-u1" not in web.get("/record/facts.csv").content
    web.call("GET", "/acts", 403)
    web.call("POST", "/record/verification", 403)
    web.call("POST", "/record/checkpoints", 403)
    web.get("/record/checkpoints", 403)
    web.get("/record/checkpoints/1", 403)
    web.get("/record/export", 403)
    web.post("/record/verify", 403)


def test_a_viewer_has_no_record(web: WebDesk) -> None:
    web.become(Role.VIEWER)
    for path in ("/record", "/record/acts", "/record/facts.csv", "/record/checkpoints"):
        web.get(path, 403)
    assert 'href="/record"' not in web.get("/").text


@pytest.mark.parametrize(
    "asked",
    [
        "since=soon",
        "until=2026-13-01",
        "before=x",
        "before=1_2_3",
        f"before=1_{2**70}",
        f"unit={'x' * 65}",
        "kind=nothing",
    ],
)
def test_what_cannot_be_looked_for_is_told_at_its_field(web: WebDesk, asked: str) -> None:
    name = asked.partition("=")[0]
    if name != "kind":
        assert web.call("GET", f"/facts?{asked}", 422)["field"] == name
        assert f"#f-{name}" in web.get(f"/record?{asked}", 400).text
    else:
        assert web.call("GET", f"/facts?{asked}")["facts"] == []


def test_what_a_unit_wrote_is_shown_and_never_obeyed(web: WebDesk) -> None:
    unit = web.desk.unit("b1-u1")
    unit.fact("strange.kind", detail="<script>alert(1)</script>")
    unit.fact("agent.started", reason="=HYPERLINK(1)")
    web.desk.take(unit.batch())
    page = web.get("/record").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    for row in csv.reader(io.StringIO(web.get("/record/facts.csv").content.decode("utf-8-sig"))):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


@pytest.mark.parametrize("cell", ["=1+1", " =1", "+1", "-1", "@SUM(A1)", "\t=1"])
@pytest.mark.usefixtures("fresh")
def test_no_cell_is_a_formula(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"


def test_the_record_is_proved_and_the_proof_is_an_act(web: WebDesk) -> None:
    filled(web.desk)
    assert web.call("GET", "/record")["broken"] is None
    web.post("/record/verify")
    found = eventually(lambda: (state := web.call("GET", "/record"))["verified_utc"] and state, 20)
    assert found["broken"] == 0
    assert found["verified_by"] == "zhang"
    assert "The record holds" in web.get("/record").text


def test_a_record_that_was_altered_is_said_to_be(web: WebDesk) -> None:
    filled(web.desk)
    (n, line) = web.desk.rows(select(facts.c.n, facts.c.line).where(facts.c.kind == "access.denied"))[0]
    with web.desk.books.writing() as conn:
        conn.execute(facts.update().where(facts.c.n == n).values(line=bytes(line).replace(b"unknown", b"expired")))
    web.post("/record/verify")
    state = eventually(lambda: (state := web.call("GET", "/record"))["verified_utc"] and state, 20)
    assert state["broken"] > 0
    assert "does not hold" in web.get("/record").text


def test_a_checkpoint_is_made_downloaded_and_held_against_the_record(web: WebDesk) -> None:
    filled(web.desk)
    web.post("/record/checkpoints")
    body = web.get("/record/checkpoints/1").content
    assert not isinstance(read(body), str)
    web.post("/record/verify", checkpoint="", files={"checkpoint": ("c.txt", body)})
    state = eventually(lambda: (state := web.call("GET", "/record"))["verified_utc"] and state, 20)
    assert state["broken"] == 0
    answer = web.post("/record/verify", back="/record/checkpoints", files={"checkpoint": ("c.txt", b"no checkpoint")})
    assert answer.headers["location"] == "/record/checkpoints"
    web.get("/record/checkpoints/2", 404)


def test_two_proofs_at_once_are_one(web: WebDesk) -> None:
    web.desk.unit("b1-u1")
    with web.desk.books.writing() as conn:  # the act cannot be entered before this ends
        conn.execute(select(meta).with_for_update())  # at PostgreSQL, where others write beside it
        web.post("/record/verify")
        assert web.post("/record/verify", 400).status_code == 400
    eventually(lambda: not web.call("GET", "/record")["running"], 20)


def test_an_export_is_entered(web: WebDesk) -> None:
    filled(web.desk)
    web.get("/record/facts.csv?unit=b1-u1")
    assert web.get("/record/export").content.startswith(b'{"record"')
    kinds = [each["what"] for each in web.call("GET", "/acts")["acts"]]
    assert kinds.count("record exported") == 2


def test_a_part_of_a_name_leads_to_its_page(web: WebDesk) -> None:
    filled(web.desk)
    hits = web.call("GET", "/find?q=b1")["hits"]
    assert [each["path"] for each in hits] == ["/doors/unit/b1-u1"]
    web.become(Role.VIEWER, "yard/y02")
    assert web.call("GET", "/find?q=b1")["hits"] == []
    assert "data-found" in web.get("/search?q=b2").text


def test_the_language_is_kept_and_nobody_is_led_elsewhere(web: WebDesk) -> None:
    answer = web.post("/language", language="zh-CN", back="/record")
    assert answer.headers["location"] == "/record"
    assert 'lang="zh-CN"' in web.get("/record").text
    for back in ("//evil.example", "https://evil.example", "/\\evil.example"):
        assert web.post("/language", language="en", back=back).headers["location"] == "/"
    web.post("/language", 400, language="xx")


def test_units_and_people_are_called_as_people_call_them(web: WebDesk) -> None:
    first, _second = filled(web.desk)
    with web.desk.books.changing() as conn:
        conn.execute(update(units).where(units.c.unit == "b1-u1").values(name="3号楼1单元"))
    rosters.put(web.desk.office, Scope("yard", "y01"), "residents", b"id,card,room\nh-402,1,3-402\n", web.desk.now)
    found = web.call("GET", "/facts?kind=access.granted")["facts"]
    assert {(each["unit"], each["unit_name"]) for each in found} == {("b1-u1", "3号楼1单元"), ("b2-u1", "b2-u1")}
    assert {each["unit"]: each["whose"] for each in found} == {
        "b1-u1": {"holder": "h-402", "role": "resident", "rooms": ["3-402"]},
        "b2-u1": {"holder": "h-402", "role": "resident", "rooms": ["3-402"]},
    }, "one id is one person, whichever door wrote it down"
    page = web.get("/record").text
    assert "3号楼1单元" in page
    assert "room 3-402" in page
    assert {each["unit"] for each in web.call("GET", "/facts?holder=h-402")["facts"]} == {"b1-u1", "b2-u1"}
    web.become(Role.OPERATOR, "yard/y02")
    assert [each["whose"] for each in web.call("GET", "/facts")["facts"]] == [None] * 4, (
        "a list of elsewhere tells nothing"
    )
    web.become(Role.ADMINISTRATOR)
    holder_desk.erase(web.desk.office, "h-402", "zhang", "asked", web.desk.now)
    assert [each["whose"] for each in web.call("GET", "/facts")["facts"]] == [None] * 8, "who was erased stays an id"
    assert "3-402" not in web.get("/record").text
    assert first.lines


def test_who_did_what_says_how_people_call_them(web: WebDesk) -> None:
    wang = Account("wang", "王芳", Role.OPERATOR, Scope("site", SITE))
    account_desk.add(web.desk.office, wang, "test", web.desk.now)
    web.desk.unit("b1-u1", "yard/y01")
    rosters.put(web.desk.office, Scope("yard", "y01"), "r", b"id,card\nli,1\n", web.desk.now, by="wang")
    rosters.put(web.desk.office, Scope("yard", "y01"), "r", b"id,card\nli,2\n", web.desk.now, by="<b>nobody")
    found = {each["by"]: each["label"] for each in web.call("GET", "/acts")["acts"]}
    assert found["wang"] == "王芳"
    assert found["<b>nobody"] == ""
    page = web.get("/record/acts").text
    assert "王芳" in page
    assert "<b>nobody" not in page
