"""PINs that were told when a change of their key began: they open once the roster is hashed with the new key, and whatever is done to the roster before then leaves them and those in force as they are."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from centre import holder_desk, holders, roster_changes, rosters, schema
from centre.keys import load_keys
from centre.pins import near
from centre.roster_changes import LineChange
from contract.cards import pin_hash
from contract.envelope import unverified_payload
from contract.messages import Kind
from contract.scopes import Scope
from tests.centre.changing import YARD, advance, roster, shows, tokens, told
from tests.centre.conftest import Desk
from tests.centre.unit import FakeUnit

CARDS = (
    "id,card,pin,duress,room\n"
    "h1,0012345678,471100,830000,101\n"
    "h1,0012345679,471100,830000,101\n"
    "h2,0x9ABCDEF1,920000,,102\n"
    "h3,0000000333,,,103\n"
    "h4,0000000444,560000,,104\n"
)
PLACE = Scope("yard", "y07")
MINE = LineChange(YARD, "r", "li")


@pytest.fixture
def box(desk: Desk) -> FakeUnit:
    """A unit that has not shown a key to seal to, so that a new PIN key has to wait for it."""
    made = desk.unit("a", YARD)
    roster(desk, CARDS)
    return made


def begin(desk: Desk, out: Path) -> dict[str, tuple[str, str]]:
    """PIN and PIN for duress of each, as they were told in the file."""
    desk.run("keys", "rotate", "pin", "--out", str(out))
    with out.open() as file:
        return {row["id"]: (row["pin"], row["duress"]) for row in csv.DictReader(file)}


def opens(desk: Desk, key: str, holder: str, room: str, pin: str, section: str = "pin") -> bool:
    """Whether a unit that has the roster takes this PIN, on every line of the holder."""
    secret = bytes.fromhex(load_keys(desk.office.folder).pin_keys[key])
    (token,) = tokens(desk, Kind.ROSTER).values()
    mine = [each for each in unverified_payload(token)["holders"] if each["id"] == holder]
    assert mine
    return all(each.get(section) == pin_hash(secret, room, pin) for each in mine)


def come_into_force(desk: Desk, box: FakeUnit) -> None:
    shows(desk, box)
    advance(desk)
    told(desk, box)
    advance(desk)
    assert set(load_keys(desk.office.folder).pin_keys) == {"p2"}


def _pin(desk: Desk) -> None:
    rosters.make_pin(desk.office, "r", "h4", desk.now)


def _duress(desk: Desk) -> None:
    rosters.make_pin(desk.office, "r", "h4", desk.now, duress=True)


def _add(desk: Desk) -> None:
    roster_changes.add(desk.office, MINE, {"id": "h5", "card": "0000000555", "room": "105"}, desk.now)


def _card(desk: Desk) -> None:
    roster_changes.add_card(desk.office, MINE, "h1", "0000000556", desk.now)


def _alter(desk: Desk) -> None:
    roster_changes.alter(desk.office, MINE, "h4", {"until": "2030-01-01"}, desk.now)


def _put(desk: Desk) -> None:
    lines = [line.split(",") for line in CARDS.splitlines()]
    rosters.put(desk.office, PLACE, "r", "\n".join(f"{a},{b},{e}" for a, b, _c, _d, e in lines).encode(), desk.now)


def _revoke(desk: Desk) -> None:
    holder_desk.revoke(desk.office, "h4", "li", "", desk.now)


@pytest.mark.parametrize("done", [_pin, _duress, _add, _card, _alter, _put, _revoke])
def test_whatever_is_done_to_the_roster_they_wait_and_those_in_force_open(
    desk: Desk, box: FakeUnit, tmp_path: Path, done: Callable[[Desk], None]
) -> None:
    told_then = begin(desk, tmp_path / "pins.csv")
    done(desk)
    done(desk) if done in {_pin, _duress, _put, _alter} else None
    assert opens(desk, "p1", "h1", "101", "471100"), "the PIN she knows, until the key has changed"
    assert opens(desk, "p1", "h1", "101", "830000", "duress")
    assert opens(desk, "p1", "h2", "102", "920000")
    come_into_force(desk, box)
    assert opens(desk, "p2", "h1", "101", told_then["h1"][0]), "then the one in her letter"
    assert opens(desk, "p2", "h1", "101", told_then["h1"][1], "duress")
    assert opens(desk, "p2", "h2", "102", told_then["h2"][0])
    (row,) = desk.rows(select(schema.roster_numbers))
    sheet = holders.unsealed(holders.private_key(desk.office.folder), desk.office.site.site, row)
    assert all(each.following is None for each in sheet.numbers)


def test_a_pin_made_meanwhile_opens_until_then_and_it_is_said(desk: Desk, box: FakeUnit, tmp_path: Path) -> None:
    told_then = begin(desk, tmp_path / "pins.csv")
    made = rosters.make_pin(desk.office, "r", "h2", desk.now)
    assert made.another
    assert opens(desk, "p1", "h2", "102", made.pin)
    assert "good until the PIN key has changed" in desk.run("roster", "pin", "r", "h2").stderr
    first = rosters.make_pin(desk.office, "r", "h3", desk.now)
    assert not first.another, "she had none, so none was told"
    come_into_force(desk, box)
    assert opens(desk, "p2", "h2", "102", told_then["h2"][0])
    assert opens(desk, "p2", "h3", "103", first.pin)
    assert not rosters.make_pin(desk.office, "r", "h2", desk.now).another
    assert "PIN key" not in desk.run("roster", "pin", "r", "h2").stderr


def test_one_for_duress_made_meanwhile_stays_and_is_like_neither(desk: Desk, box: FakeUnit, tmp_path: Path) -> None:
    told_then = begin(desk, tmp_path / "pins.csv")
    made = rosters.make_pin(desk.office, "r", "h2", desk.now, duress=True)
    assert not made.another
    assert not near(made.pin, told_then["h2"][0])
    come_into_force(desk, box)
    assert opens(desk, "p2", "h2", "102", told_then["h2"][0])
    assert opens(desk, "p2", "h2", "102", made.pin, "duress"), "else it would open nothing, and call nobody"


def test_who_moves_meanwhile_has_no_pin_of_the_old_room_then(desk: Desk, box: FakeUnit, tmp_path: Path) -> None:
    begin(desk, tmp_path / "pins.csv")
    roster_changes.alter(desk.office, MINE, "h2", {"room": "202"}, desk.now)
    come_into_force(desk, box)
    (token,) = tokens(desk, Kind.ROSTER).values()
    (mine,) = (each for each in unverified_payload(token)["holders"] if each["id"] == "h2")
    assert "pin" not in mine


def test_a_file_that_tells_pins_says_what_they_are(desk: Desk, box: FakeUnit, tmp_path: Path) -> None:
    begin(desk, tmp_path / "pins.csv")
    rosters.put(desk.office, PLACE, "r", CARDS.replace("920000", "920011").encode(), desk.now)
    come_into_force(desk, box)
    assert opens(desk, "p2", "h2", "102", "920011")
