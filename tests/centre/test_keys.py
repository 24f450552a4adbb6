"""Changing keys, step by step on real books and a real folder: what is begun, what it waits for, what goes when, and what a cut leaves."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import event, select

from centre import handed, holders, schema, state, units
from centre.broker import access, passwords
from centre.errors import CentreError
from centre.keys import STATE_KEYS, load_keys
from contract.base64url import b64url
from contract.cards import card_hash
from contract.envelope import unverified_payload, verify
from contract.messages import Kind
from contract.sealing import seal_message, sealing_key
from contract.strict_json import dumps
from tests.centre.changing import (
    YARD,
    advance,
    current_ring,
    hashes,
    hashes_of,
    online,
    parse_roster,
    roster,
    secrets_of,
    shows,
    tokens,
    told,
)
from tests.centre.conftest import Desk
from tests.centre.old_books import DUMPS, old_folder
from tests.centre.unit import SITE, FakeUnit

# --- sealing keys


def test_a_sealing_key_holds_only_with_the_units_own_signature(desk: Desk) -> None:
    box, other = desk.unit("a"), desk.unit("b")
    good = seal_message(box.key, SITE, "a")
    at = good.index(b'"sig":"') + 20
    flipped = good[:at] + (b"A" if good[at : at + 1] != b"A" else b"B") + good[at + 1 :]
    for payload in (
        seal_message(other.key, SITE, "a"),
        seal_message(box.key, "elsewhere", "a"),
        flipped,
        b"{",
    ):
        desk.take(box.message("seal", payload))
    desk.take(box.message("seal", seal_message(box.key, SITE, "b")))
    assert desk.count(schema.sealing_keys) == 0
    reasons = {row.reason: row.count for row in desk.rows(select(schema.refusals))}
    assert reasons == {"bad_signature": 3, "malformed": 1, "not_mine": 1}
    desk.take(box.message("seal", good), box.message("seal", good))
    with desk.books.reading() as conn:
        assert handed.sealing(conn) == {"a": sealing_key(box.key, SITE, "a").public_key().public_bytes_raw()}


def test_a_key_that_nothing_can_be_sealed_to_is_refused(desk: Desk) -> None:
    """Signed by the unit, and of small order: sealing to it would raise, in every change of keys from then on."""
    box = desk.unit("a")
    public = "00" * 32
    sig = box.key.sign(f"doorward-sealing-1|{SITE}|a|{public}".encode())
    desk.take(box.message("seal", dumps({"unit": "a", "public": public, "sig": b64url(sig)})))
    assert desk.count(schema.sealing_keys) == 0
    assert [row.reason for row in desk.rows(select(schema.refusals))] == ["malformed"]


def test_a_new_box_under_an_old_name_gets_nothing_that_was_sealed_to_the_first(desk: Desk) -> None:
    box = desk.unit("a", YARD)
    shows(desk, box)
    roster(desk)
    desk.run("keys", "rotate", "card")
    told(desk, box)
    advance(desk)
    first = tokens(desk, Kind.SECRETS)
    new = FakeUnit("a", desk.enrolment("a"))
    desk.take(new.enrol())
    assert first
    assert not tokens(desk, Kind.SECRETS)
    assert desk.count(schema.applied) == 0
    shows(desk, new)
    advance(desk)
    assert set(secrets_of(desk, new).card_keys) == {"c2"}


# --- cards


def test_a_card_key_goes_in_steps_and_the_old_one_last(desk: Desk) -> None:
    a, b = desk.unit("a", YARD), desk.unit("b", YARD)
    shows(desk, a)
    roster(desk)
    said = desk.run("keys", "rotate", "card").stdout
    assert "waits: b: has not shown a key to seal to" in said
    assert set(secrets_of(desk, a).card_keys) == {"c1", "c2"}
    assert hashes(desk)[0] == "c1", "b could not be handed the new key"
    shows(desk, b)
    advance(desk)
    keys = load_keys(desk.office.folder)
    want = {card_hash(bytes.fromhex(keys.card_keys["c2"]), card) for card in ("BC614E", "9ABCDEF1")}
    assert hashes(desk) == ("c2", want)
    told(desk, a)
    for kind in ("roster", "secrets"):
        advance(desk)
        assert set(load_keys(desk.office.folder).card_keys) == {"c1", "c2"}
        told(desk, b, kind)
    advance(desk)
    assert set(load_keys(desk.office.folder).card_keys) == {"c2"}
    assert {name for box in (a, b) for name in secrets_of(desk, box).card_keys} == {"c2"}
    assert "waits" not in desk.run("keys", "show").stdout
    assert desk.run("keys", "rotate", "card").stdout.startswith("begun")
    assert set(load_keys(desk.office.folder).card_keys) == {"c2", "c3"}


def test_rosters_put_by_an_earlier_program_are_named_and_left_alone(fresh_folder: Path, tmp_path: Path) -> None:
    desk = Desk(old_folder(fresh_folder, tmp_path / "c", DUMPS[-1]))
    before = tokens(desk, Kind.ROSTER)
    assert before
    said = desk.run("keys", "rotate", "card")
    assert said.stderr.count("put it again from its file") == len({topic.split("/")[-2] for topic in before})
    assert tokens(desk, Kind.ROSTER) == before
    assert "its numbers are not kept; put it again from its file" in desk.run("keys", "show").stdout
    desk.close()


def test_without_the_key_to_the_numbers_secrets_go_out_and_the_rosters_wait(desk: Desk, tmp_path: Path) -> None:
    box = desk.unit("a", YARD)
    shows(desk, box)
    path = holders.path_of(desk.office.folder)
    assert path.stat().st_mode & 0o777 == 0o600
    path.rename(tmp_path / "offline")
    roster(desk)
    said = desk.run("keys", "rotate", "card")
    assert "holders.key: not here, and only it opens the numbers of holders" in said.stderr
    assert set(secrets_of(desk, box).card_keys) == {"c1", "c2"}
    assert hashes(desk)[0] == "c1"
    (tmp_path / "offline").rename(path)
    desk.run("keys", "rotate", "card")
    assert hashes(desk)[0] == "c2"


def test_who_has_the_books_alone_reads_no_number(desk: Desk) -> None:
    roster(desk)
    (row,) = desk.rows(select(schema.roster_numbers))
    assert len(row.sealed) > 60
    raw = desk.kept()
    for word in ("BC614E", "12345678", "9ABCDEF1", *load_keys(desk.office.folder).card_keys.values()):
        assert word.encode() not in raw


# --- PINs


def test_pins_are_made_anew_and_told_once(desk: Desk, tmp_path: Path) -> None:
    box = desk.unit("a", YARD)
    shows(desk, box)
    roster(desk)
    (before,) = tokens(desk, Kind.ROSTER).values()
    out = tmp_path / "pins.csv"
    said = desk.run("keys", "rotate", "pin", "--out", str(out))
    assert out.stat().st_mode & 0o777 == 0o600
    heading, row = out.read_text().splitlines()
    assert heading == "scope,roster,id,room,pin,duress"
    assert re.fullmatch(r"yard/y07,r,h1,101,[0-9]{6},", row)
    assert row[-7:-1] not in said.output
    (after,) = tokens(desk, Kind.ROSTER).values()
    old, new = (unverified_payload(token)["holders"] for token in (before, after))
    assert old[0]["pin"] != new[0]["pin"]
    assert "pin" not in new[1]
    assert [each["key"] for each in old] == [each["key"] for each in new]
    assert "was begun already" in desk.run("keys", "rotate", "pin", "--out", str(tmp_path / "again")).stdout
    assert not (tmp_path / "again").exists()
    told(desk, box)
    advance(desk)
    assert set(load_keys(desk.office.folder).pin_keys) == {"p2"}
    assert secrets_of(desk, box).pin_keys == load_keys(desk.office.folder).pin_keys


# --- working keys


@pytest.mark.parametrize("what", ["command", "state"])
def test_working_keys_go_when_every_unit_has_the_new_ones(desk: Desk, what: str) -> None:
    a, b = desk.unit("a", YARD), desk.unit("b", YARD)
    roster(desk)
    desk.run("notice", "put", "--yes", "--scope", YARD, "--title", "x", "--text", "y", "--id", "n1")
    desk.run("keys", "rotate", what)
    (root := desk.path / "keys" / "root.pem").unlink()
    first = desk.office.signer.sign(Kind.ROSTER, parse_roster(desk))
    told(desk, a)
    advance(desk)
    assert state.kid_of(first).endswith("-1"), "signed by a key that all have"
    desk.take(b.batch(1) if b.lines else b.nothing())
    assert desk.rows(select(schema.rotations.c.done_utc)) == [(None,)]
    told(desk, b)
    advance(desk)
    keys = load_keys(desk.office.folder)
    kinds = {"command": {Kind.COMMAND}, "state": set(STATE_KEYS)}[what]
    assert {key.kid[-2:] for key in keys.working if key.kinds & kinds} <= {"-2", "-3", "-4"}
    assert not list((desk.path / "keys").glob(f"{next(iter(kinds)).value}-1.pem"))
    ring = current_ring(desk)
    for kind in (Kind.ROSTER, Kind.NOTICE):
        for token in tokens(desk, kind).values():
            assert isinstance(verify(token, kind, ring), dict)
    assert not root.exists()
    assert "the root key is not here" in desk.run("keys", "rotate", what, code=78).stderr


def test_a_site_of_before_makes_its_key_for_secrets_first(desk: Desk) -> None:
    public = json.loads((desk.path / "keys" / "public.json").read_text())
    public["working"] = [key for key in public["working"] if key["kinds"] != ["secrets"]]
    (desk.path / "keys" / "public.json").write_text(json.dumps(public))
    assert "`keys rotate state` makes one" in desk.run("keys", "rotate", "card", code=78).stderr
    desk.run("keys", "rotate", "state")
    assert desk.run("keys", "rotate", "card").stdout.startswith("begun")


# --- logins


def test_a_second_login_has_the_rights_of_the_first_and_takes_its_place(desk: Desk) -> None:
    box = desk.unit("a", YARD)
    assert "broker's files are not written here" in desk.run("keys", "rotate", "login", "a", code=2).stderr
    desk.run("broker")
    assert "has not shown a key to seal to" in desk.run("keys", "rotate", "login", "a", code=2).stderr
    shows(desk, box)
    assert "absent: the login of a unit that is away" in desk.run("keys", "rotate", "login", "a", code=2).stderr
    online(desk, box, "a")
    for old, new in (("a", "a_2"), ("a_2", "a")):
        assert "reload the broker" in desk.run("keys", "rotate", "login", "a").stdout
        both = {login: rights(desk, login) for login in (old, new)}
        assert both[old] == both[new] != []
        opened = secrets_of(desk, box)
        assert opened.login == new
        assert opened.password not in (desk.path / "broker" / "passwords").read_text()
        online(desk, box, old)
        assert advance(desk) == []
        online(desk, box, new)
        assert any("reload the broker" in line for line in advance(desk))
        assert not rights(desk, old)
        assert rights(desk, new)
    assert secrets_of(desk, box).login == "a"
    desk.run("unit", "add", "a_2")


def rights(desk: Desk, login: str) -> list[str]:
    """Of the access file, of a login that has a password."""
    known = (desk.path / "broker" / "passwords").read_text()
    blocks = (desk.path / "broker" / "access").read_text().split("\n\n")
    mine = [block.splitlines()[1:] for block in blocks if block.startswith(f"user {login}\n")]
    return mine[0] if mine and f"\n{login}:$7$" in known else []


def test_no_unit_gets_the_name_of_anothers_login(desk: Desk) -> None:
    desk.run("unit", "add", "a_2")
    box = desk.unit("a", YARD)
    desk.run("broker")
    shows(desk, box)
    online(desk, box, "a")
    desk.run("keys", "rotate", "login", "a")
    assert secrets_of(desk, box).login == "a_3"
    assert "the name of another unit's login" in desk.run("unit", "add", "a_3", code=2).stderr
    desk.enrolment("a")
    assert not rights(desk, "a_3"), "a new enrolment ends it"
    advance(desk)
    assert load_keys(desk.office.folder).unit_logins == {}
    assert secrets_of(desk, box).login is None
    assert "login" not in desk.run("keys", "show").stdout.partition("begun")[2]


# --- the stolen box


def test_a_revoked_unit_holds_nothing_up_and_nothing_stays_for_it(desk: Desk) -> None:
    a, stolen = desk.unit("a", YARD), desk.unit("stolen", YARD)
    shows(desk, a, stolen)
    roster(desk)
    roster(desk, name="own", scope="unit/stolen", text="id,card\nh9,0x77777777\n")
    desk.run("keys", "rotate", "card")
    told(desk, a)
    advance(desk)
    assert "waits: stolen" in desk.run("keys", "show").stdout
    desk.run("unit", "revoke", "stolen")
    assert set(secrets_of(desk, a).card_keys) == {"c1", "c2", "c3"}, "the stolen box has c2"
    assert hashes_of(desk, YARD) == "c3"
    told(desk, a)
    advance(desk)
    assert "waits" not in desk.run("keys", "show").stdout
    assert set(load_keys(desk.office.folder).card_keys) == {"c3"}
    left = desk.rows(select(schema.state).where(schema.state.c.scope == "unit/stolen"))
    assert left
    assert all(row.token is None and row.sent_rev == 0 for row in left), "their topics are to be cleared"
    shows(desk, stolen)
    advance(desk)
    assert not [topic for topic in tokens(desk, Kind.SECRETS) if "stolen" in topic]
    with desk.books.reading() as conn:
        known = units.listed(conn, SITE)
    assert "stolen" not in access(SITE, known) + passwords(known, {})


# --- small things


def test_nothing_is_written_where_nothing_changes(desk: Desk) -> None:
    """A site that never changed a key pays one read."""
    said: list[str] = []
    event.listen(desk.books.engine, "before_cursor_execute", lambda _, __, statement, *___: said.append(statement))
    assert advance(desk) == []
    assert [each for each in said if not each.startswith(("BEGIN", "PRAGMA"))] == [
        each for each in said if "SELECT" in each
    ]
    assert len([each for each in said if "SELECT" in each]) == 1


def test_a_name_for_a_second_login_is_an_id(desk: Desk) -> None:
    long = "u" * 48
    desk.unit(long)
    with desk.books.writing() as conn:
        assert handed.free_login(conn, long) == "u" * 45 + "_2"
        with pytest.raises(CentreError, match="no such unit"):
            units.one(conn, SITE, "nobody")
