"""PINs and visitors' codes as the centre makes them: told once, kept sealed or not at all, sent as hashes, in the record."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from centre import pins
from centre.keys import load_keys
from centre.schema_people import visitors
from contract.cards import pin_hash
from contract.envelope import unverified_payload
from contract.messages import Kind
from contract.visitors import SERIALS, visitor_code, visitor_key
from tests.centre.changing import YARD, advance, secrets_of, shows, tokens, told
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.unit import SITE

PEOPLE = "id,card,room\nh1,12345678,302\nh2,188,303\nh3,0000000077,302\n".replace("188", "0000000188")


def put(desk: Desk, tmp_path: Path, text: str = PEOPLE, code: int = 0) -> None:
    file = tmp_path / "r.csv"
    file.write_text(text, encoding="utf-8")
    desk.run("roster", "put", "r", str(file), "--scope", YARD, "--yes", code=code)


def made(desk: Desk, *args: str) -> str:
    return desk.run("roster", "pin", "r", *args).stdout.splitlines()[0].partition(": ")[2]


def people(desk: Desk) -> dict[str, dict[str, object]]:
    (token,) = tokens(desk, Kind.ROSTER).values()
    return {each["id"]: each for each in unverified_payload(token)["holders"]}


def hashed(desk: Desk, owner: str, pin: str) -> str:
    key = list(load_keys(desk.office.folder).pin_keys.values())[-1]
    return pin_hash(bytes.fromhex(key), owner, pin)


def today(desk: Desk, days: int = 0) -> str:
    return (datetime.fromtimestamp(time.time(), desk.office.site.zone) + timedelta(days=days)).date().isoformat()


# --- PINs


def test_a_pin_is_told_once_and_kept_sealed_alone(desk: Desk, tmp_path: Path) -> None:
    put(desk, tmp_path)
    pin, under = made(desk, "h1"), made(desk, "h1", "--duress")
    there = people(desk)["h1"]
    assert (there["pin"], there["duress"]) == (hashed(desk, "302", pin), hashed(desk, "302", under))
    assert "pin" not in people(desk)["h2"]
    assert len(pin) == len(under) == pins.DIGITS
    assert not pins.near(pin, under)
    kept = desk.kept()
    assert pin.encode() not in kept
    assert under.encode() not in kept
    assert len(made(desk, "h2", "--digits", "8")) == 8
    assert people(desk)["h1"] == there
    again = made(desk, "h1")
    assert again != pin
    assert people(desk)["h1"]["duress"] == there["duress"]
    assert desk.run("verify").exit_code == 0


@ONE_ENGINE
def test_what_is_no_roster_or_holder_gets_none(desk: Desk, tmp_path: Path) -> None:
    put(desk, tmp_path)
    assert "no such roster" in desk.run("roster", "pin", "x", "h1", code=2).stderr
    assert "no holder h9" in desk.run("roster", "pin", "r", "h9", code=2).stderr
    assert "has no PIN yet" in desk.run("roster", "pin", "r", "h1", "--duress", code=2).stderr
    (tmp_path / "s.csv").write_text(PEOPLE)
    desk.run("roster", "put", "r", str(tmp_path / "s.csv"), "--scope", "grid/g1", "--yes")
    assert "--scope" in desk.run("roster", "pin", "r", "h1", code=2).stderr
    desk.run("roster", "pin", "r", "h1", "--scope", "grid/g1")


def test_a_file_without_pins_leaves_those_there_are(desk: Desk, tmp_path: Path) -> None:
    put(desk, tmp_path)
    pin = made(desk, "h1")
    made(desk, "h2")
    put(desk, tmp_path, PEOPLE.replace("303", "304"))
    assert people(desk)["h1"]["pin"] == hashed(desk, "302", pin)
    assert "pin" not in people(desk)["h2"], "in another room it is another's"
    put(desk, tmp_path, PEOPLE.replace("room\n", "room,pin\n").replace("302\n", "302,\n").replace("303\n", "303,\n"))
    assert "pin" not in people(desk)["h1"], "a column that is empty says that there is none"


@ONE_ENGINE
def test_columns_of_the_file(desk: Desk, tmp_path: Path) -> None:
    put(desk, tmp_path, "编号,卡号,房号,密码,胁迫密码,卡加密码\nh1,12345678,302,4711,9031,是\nh2,0000000188,303,,,\n")
    there = people(desk)["h1"]
    assert (there["pin"], there["duress"], there["pin_required"]) == (
        hashed(desk, "302", "4711"),
        hashed(desk, "302", "9031"),
        True,
    )
    assert "pin_required" not in people(desk)["h2"]
    bad = "id,card,room,pin,duress,pin_required\nh1,12345678,302,4711,4711,\nh2,0000000188,302,4711,,\nh3,77,303,,9031,\nh4,78,304,,,perhaps\n"
    (tmp_path / "bad.csv").write_text(bad)
    said = desk.run("roster", "put", "r", str(tmp_path / "bad.csv"), "--scope", YARD, "--yes", code=1).stderr
    assert said.count("the same as another PIN of this room") == 2
    assert "without a PIN" in said
    assert "neither yes nor no" in said


def test_pins_drawn_are_none_that_people_try_first() -> None:
    for trivial in ("0000", "1234", "4321", "9012", "1212", "777777", "123456", "890123"):
        assert pins.trivial(trivial)
    for good in ("4711", "1235", "9031", "112233"):
        assert not pins.trivial(good)
    used: set[str] = set()
    drawn = [pins.fresh(used, 4, unlike=("4711",)) for _ in range(3000)]
    assert len(set(drawn)) == 3000
    assert not any(pins.trivial(each) or pins.near(each, "4711") for each in drawn)


def test_a_change_of_the_pin_key_renews_both(desk: Desk, tmp_path: Path) -> None:
    box = desk.unit("a", YARD)
    shows(desk, box)
    put(desk, tmp_path)
    pin, under = made(desk, "h1"), made(desk, "h1", "--duress")
    out = tmp_path / "pins.csv"
    desk.run("keys", "rotate", "pin", "--out", str(out))
    (row,) = out.read_text().splitlines()[1:]
    *_, new_pin, new_under = row.split(",")
    assert len({pin, under, new_pin, new_under}) == 4
    there = people(desk)["h1"]
    assert (there["pin"], there["duress"]) == (hashed(desk, "302", new_pin), hashed(desk, "302", new_under))
    told(desk, box)
    advance(desk)
    assert set(load_keys(desk.office.folder).pin_keys) == {"p2"}


# --- visitors' codes


def code(desk: Desk, *more: str, unit: str = "a", door: str = "main") -> tuple[str, str]:
    """The code, and its day and number."""
    words = desk.run("visitor", "make", unit, door, *more).stdout.split()
    return words[0], words[-1]


def test_a_code_is_the_units_own_and_kept_nowhere(desk: Desk) -> None:
    box = desk.unit("a", YARD)
    (master,) = load_keys(desk.office.folder).visitor_keys.values()
    key = visitor_key(bytes.fromhex(master), SITE, "a")
    assert box.enrolment is not None
    assert dict(box.enrolment.visitor_keys) == {"v1": key.hex()}, "the box gets its own, and not the master"
    found, name = code(desk, "--for", "plumber")
    assert (found, name) == (visitor_code(key, "a", "main", today(desk), 0), f"{today(desk)}/0")
    assert code(desk)[1] == f"{today(desk)}/1"
    assert code(desk, door="cellar")[0] == visitor_code(key, "a", "cellar", today(desk), 0)
    assert code(desk, "--day", today(desk, 3))[1] == f"{today(desk, 3)}/0"
    kept = desk.kept()
    assert found.encode() not in kept
    assert master.encode() not in kept
    listed = [json.loads(line) for line in desk.run("visitor", "list", "a", "--json").stdout.splitlines()]
    assert [(each["door"], each["serial"], each["note"]) for each in listed[:2]] == [
        ("cellar", 0, ""),
        ("main", 0, "plumber"),
    ]
    assert found not in desk.run("visitor", "list", "a").stdout
    assert desk.run("verify").exit_code == 0


@ONE_ENGINE
def test_no_more_than_twenty_and_no_other_days(desk: Desk) -> None:
    desk.unit("a", YARD)
    found = {code(desk)[0] for _ in range(SERIALS)}
    assert len(found) == SERIALS
    assert "are given out" in desk.run("visitor", "make", "a", "main", code=2).stderr
    code(desk, door="cellar")
    for day in (today(desk, -1), today(desk, 32), "2026-2-3", "soon"):
        assert "--day" in desk.run("visitor", "make", "a", "main", "--day", day, code=2).stderr
    assert "no such unit" in desk.run("visitor", "make", "b", "main", code=2).stderr
    desk.run("unit", "revoke", "a")
    assert "revoked" in desk.run("visitor", "make", "a", "cellar", code=2).stderr


def test_what_is_revoked_goes_to_the_unit(desk: Desk) -> None:
    desk.unit("a", YARD)
    _, name = code(desk)
    code(desk)
    desk.run("visitor", "revoke", "a", "main", name)
    (token,) = tokens(desk, Kind.VISITORS).values()
    assert unverified_payload(token)["revoked"] == [{"door": "main", "day": today(desk), "serial": 0}]
    desk.run("visitor", "revoke", "a", "main", name)
    assert "no code" in desk.run("visitor", "revoke", "a", "main", f"{today(desk)}/7", code=2).stderr
    assert "not a day and a number" in desk.run("visitor", "revoke", "a", "main", "7", code=2).stderr
    assert desk.run("verify").exit_code == 0


def test_who_used_it_when_is_what_the_units_facts_say(desk: Desk) -> None:
    box = desk.unit("a", YARD)
    code(desk)
    code(desk)
    box.fact("visitor.used", door="main", day=today(desk), serial=1)
    box.fact("visitor.used", door="main", day="x", serial=10**9)
    desk.take(box.batch())
    listed = [json.loads(line) for line in desk.run("visitor", "list", "a", "--json").stdout.splitlines()]
    assert [each["used_utc"] for each in listed] == [None, box.at - 1.0]


def test_a_row_that_the_journal_does_not_tell_is_found(desk: Desk) -> None:
    desk.unit("a", YARD)
    code(desk)
    with desk.books.changing() as conn:
        conn.execute(update(visitors).values(note="somebody else"))
    assert "note: not what the journal tells" in desk.run("verify", code=1).output


def test_an_older_site_makes_its_key_and_hands_it_out(desk: Desk) -> None:
    box = desk.unit("a", YARD)
    shared = desk.office.folder.keys / "shared.json"
    values = json.loads(shared.read_text())
    del values["visitors"]
    shared.write_text(json.dumps(values))
    desk.office.read_keys_again()
    assert "keys rotate visitor" in desk.run("visitor", "make", "a", "main", code=78).stderr
    desk.run("keys", "rotate", "visitor")
    assert "has not been handed" in desk.run("visitor", "make", "a", "main", code=2).stderr
    shows(desk, box)
    desk.run("keys", "rotate", "visitor")
    assert "has not been handed" in desk.run("visitor", "make", "a", "main", code=2).stderr
    told(desk, box)
    advance(desk)
    (master,) = load_keys(desk.office.folder).visitor_keys.values()
    key = visitor_key(bytes.fromhex(master), SITE, "a")
    assert dict(secrets_of(desk, box).visitor_keys) == {"v1": key.hex()}
    assert code(desk)[0] == visitor_code(key, "a", "main", today(desk), 0)


@pytest.mark.parametrize("given", [True, False])
def test_an_old_key_stays_while_a_code_made_with_it_is_good(desk: Desk, given: bool) -> None:
    box = desk.unit("a", YARD)
    shows(desk, box)
    if given:
        code(desk)
    desk.run("keys", "rotate", "visitor")
    assert set(secrets_of(desk, box).visitor_keys) == {"v1", "v2"}
    told(desk, box)
    advance(desk)
    assert set(load_keys(desk.office.folder).visitor_keys) == ({"v1", "v2"} if given else {"v2"})
    if given:
        assert "are good until" in desk.run("keys", "show").stdout
        desk.run("visitor", "revoke", "a", "main", f"{today(desk)}/0")
        advance(desk)
        assert set(load_keys(desk.office.folder).visitor_keys) == {"v2"}
