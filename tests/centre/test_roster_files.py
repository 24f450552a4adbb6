"""Rosters' files that go and come: what is mostly not meant is said, what was revoked does not come back, an export goes back whole."""

from __future__ import annotations

import csv
import io
import stat
from datetime import datetime

import pytest
from sqlalchemy import update

from centre import rosters
from centre.errors import CentreError
from centre.schema_holders import lost as lost_table
from centre.sheet import Columns, guarded, lines
from contract.hours import Hours, Span
from contract.scopes import Scope
from tests.centre.conftest import Desk
from tests.centre.test_holder_desk import (
    RESIDENTS,
    UNIT,
    YARD,
    YARDERS,
    assert_proven,
    full,
    holders_in,
    put,
    there,
    told,
)

__all__ = ["full"]


def test_a_card_that_opens_nothing_and_one_under_two_ids_are_said(full: Desk) -> None:
    assert not any("pin_required" in each for each in put(full).doubts)
    found = put(full, name="more", text="id,card,pin_required\nwu,0000000555,yes\nxi,0000000222,\n").doubts
    assert "pin_required and no PIN: the card of wu opens nothing until `roster pin` makes one" in found
    assert "the same card under another id in roster residents of unit/b12-u2: xi = anna" in found
    full.unit("b99-u1")
    assert put(full, Scope("unit", "b99-u1"), "far", "id,card\nxi,0000000222\n").doubts == (), "they never meet"
    said = full.run("roster", "show", "more").stdout
    assert "PIN after the card  no PIN" in said
    said = full.run("roster", "show", "residents").stdout
    assert "flags care  has a PIN" in said
    assert "471100" not in said


# --- an export


def test_an_export_goes_back_with_its_profiles_and_their_names(desk: Desk) -> None:
    day = Hours(((Span(480, 1080),),) * 5 + ((),) * 2, frozenset({"2026-10-01", "2026-10-02"}), (Span(540, 600),))
    night = Hours(((Span(0, 360), Span(1320, 1440)),) * 7)
    text = "id,card,hours,pin,pin_required\nh1,1,edge,4711,yes\nh2,2,night,,\nh3,3,,,\n"
    rosters.put(desk.office, UNIT, "r", text.encode(), desk.now, profiles={"edge": day, "night": night})
    said = desk.run("roster", "export", "r", str(desk.path / "r.csv")).stdout
    assert "r.hours.csv: their weekly profiles, for --hours" in said
    assert stat.S_IMODE((desk.path / "r.hours.csv").stat().st_mode) == 0o600
    with pytest.raises(CentreError, match="no such profile"):
        rosters.put(desk.office, UNIT, "r", (desk.path / "r.csv").read_bytes(), desk.now)
    before = holders_in(desk, "r")
    args = ("--scope", "unit/b12-u2", "--yes", "--hours", str(desk.path / "r.hours.csv"))
    desk.run("roster", "put", "r", str(desk.path / "r.csv"), *args)
    assert holders_in(desk, "r") == before
    assert before[0].pin_required
    assert [row["hours"] for row in csv.DictReader((desk.path / "r.csv").open(encoding="utf-8-sig"))] == [
        "edge",
        "night",
        "",
    ]
    desk.run("roster", "export", "r", str(desk.path / "r.csv"), code=2)


@pytest.mark.parametrize("room", ["=1", "a =1", "＝1", "-B1", "+86", "@x", "'=1", "''=1", "'a", "a=1", "' =1"])
def test_a_cell_that_is_no_formula_in_a_spreadsheet_reads_as_it_was(room: str) -> None:
    """In a column of texts, which are kept as they were written."""
    text = io.StringIO()
    csv.writer(text).writerows([("name", "n"), (guarded(room), "1")])
    (cells,) = lines(text.getvalue().encode(), Columns({"name": (), "n": ()}, (), frozenset({"name"})), [])
    assert cells.read("name", str, "") == room
    assert not guarded(room).startswith(("=", "+", "-", "@", "＝"))


# --- what was revoked


def again(desk: Desk, code: int = 1, *more: str) -> str:
    file = desk.path / "old.csv"
    file.write_text(RESIDENTS)
    args = ("roster", "put", "residents", str(file), "--scope", "unit/b12-u2", *more)
    return desk.run(*args, code=code).stderr


def test_an_older_list_does_not_bring_a_lost_card_back(full: Desk) -> None:
    full.run("holder", "revoke", "0012345678", "--by", "wang", "--why", "lost")
    day = f"{datetime.now(full.office.site.zone):%Y-%m-%d}"
    assert f"old.csv:2: card: revoked on {day} by wang: lost; --again takes it in all the same" in again(full)
    assert [name for roster, name in there(full) if roster == "residents"] == ["li", "anna"]
    full.run("keys", "rotate", "card")
    assert "revoked on" in again(full), "whichever key it is hashed with"
    for number in (b"12345678", b"BC614E"):
        assert number not in full.kept()
    again(full, 0, "--again")
    assert [name for roster, name in there(full) if roster == "residents"] == ["li", "li", "anna"]
    (act,) = told(full, "again")
    assert (act["roster"], len(act["lost"])) == (["unit/b12-u2", "residents"], 1)
    again(full, 0)
    assert_proven(full)


def test_nor_a_holder_or_an_organisation(full: Desk) -> None:
    full.run("holder", "revoke", "anna")
    assert "old.csv:4: id: revoked on" in again(full)
    full.run("org", "revoke", "sf", "--by", "wang")
    with pytest.raises(CentreError, match="org: revoked on"):
        put(full, YARD, "yard", YARDERS.replace("mei,0012345678,,,\n", ""))
    assert_proven(full)
    with full.books.writing() as conn:
        conn.execute(update(lost_table).values(again_utc=1.0))
    assert "what was revoked 1" in full.run("verify", code=1).stderr
