"""Holders at the centre: who a card is, lost cards, organisations, erasure; each an act, and never a card number in books, journal or output."""

from __future__ import annotations

import csv
import json
import stat
import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, insert, select, update

from centre import acts, erasures, holder_desk, holders, orders, recipients, rosters, rotations, schema
from centre.errors import BadValueError, CentreError
from centre.recipients import RecipientKind
from centre.roster_csv import HashKeys, read_csv
from centre.rosters_in_place import places
from centre.schema_holders import erasures as erasures_table
from centre.schema_holders import recipients as recipients_table
from centre.schema_record import acts as schema_acts
from contract.commands import Erase, Say
from contract.messages import Holder
from contract.scopes import Scope
from tests.centre.conftest import Desk

UNIT, YARD, BUILDING = Scope("unit", "b12-u2"), Scope("yard", "y07"), Scope("building", "b12")
RESIDENTS = (
    "id,card,room,pin,flags\nli,0012345678,301,471100,care\nli,0000000111,301,471100,care\nanna,0000000222,402,,\n"
)
YARDERS = "id,card,role,until,org\nli,0012345678,,,\nmei,0012345678,,,\nsf1,0000000333,service,2027-01-31,sf\nsf2,0000000444,service,2027-06-30,sf\n"


def put(desk: Desk, scope: Scope = UNIT, name: str = "residents", text: str = RESIDENTS) -> rosters.PutRoster:
    return rosters.put(desk.office, scope, name, text.encode(), desk.now)


@pytest.fixture
def full(desk: Desk) -> Desk:
    desk.unit("b12-u2", "yard/y07", "building/b12")
    put(desk)
    rosters.put(desk.office, YARD, "yard", YARDERS.replace("mei,0012345678,,,\n", "").encode(), desk.now)
    put(desk, BUILDING, "others", "id,card\nmei,0012345678\n")
    return desk


def there(desk: Desk) -> list[tuple[str, str]]:
    """(roster, holder) of every entry in place, as units will read it."""
    with desk.books.reading() as conn:
        return [(place.id, holder.id) for place in places(conn, "badahu") for _key, holder in place.holders]


def journal(desk: Desk) -> list[acts.Act]:
    found = acts.check(
        desk.rows(
            select(schema_acts.c.n, schema_acts.c.line, schema_acts.c.h, schema_acts.c.sig).order_by(schema_acts.c.n)
        ),
        "badahu",
        public(desk),
    )
    return [act for act in found if isinstance(act, acts.Act)]


def public(desk: Desk) -> bytes:
    with desk.books.reading() as conn:
        own = acts.journal_of(conn)
    assert own is not None
    return own.public


def told(desk: Desk, what: str) -> list[dict[str, Any]]:
    return [dict(act.data) for act in journal(desk) if act.what == what]


def assert_proven(desk: Desk) -> None:
    """The journal tells of all that the books have."""
    unit = desk.unit("b77-u7")
    unit.fact("door.opened", door="main")
    desk.take(unit.batch())
    assert desk.run("verify").stderr == ""


def test_a_card_is_found_in_every_roster_however_it_is_printed(full: Desk) -> None:
    for card in ("0012345678", "188,24910", "00BC614E", "0x00bc614e"):
        entries = holder_desk.find(full.office, card)
        assert [(e.roster, e.holder.id) for e in entries] == [("others", "mei"), ("residents", "li"), ("yard", "li")]
    assert len(holder_desk.find(full.office, "li")) == 3, "two cards here, one there"
    shown = full.run("holder", "show", "li").stdout
    assert all(word in shown for word in ("room 301", "since"))
    assert "BC614E" not in shown
    values = [json.loads(line) for line in full.run("holder", "show", "0012345678", "--json").stdout.splitlines()]
    assert {value["id"] for value in values} == {"li", "mei"}
    assert all(not {"key", "pin", "duress"} & value.keys() for value in values)
    assert full.run("holder", "show", "0099999999", code=2).stderr == "centre: no roster has this holder or card\n"
    full.run("holder", "show", "王小明", code=2)


def test_a_number_that_is_an_id_and_a_card_is_asked_for(full: Desk) -> None:
    put(full, YARD, "odd", "id,card\n12345678,0000000555\n")
    with pytest.raises(CentreError, match="write the card as 0x"):
        holder_desk.revoke(full.office, "12345678", "li", "", full.now)
    assert [left.id for left in holder_desk.revoke(full.office, "0x00BC614E", "li", "", full.now)] == [
        "others",
        "residents",
        "yard",
    ]
    assert [left.id for left in holder_desk.revoke(full.office, "12345678", "li", "", full.now)] == ["odd"]


def test_a_lost_card_is_one_command_and_the_other_card_stays(full: Desk) -> None:
    before = {place.id: place.rev for place in _places(full)}
    out = full.run("holder", "revoke", "0012345678", "--why", "lost", "--by", "wang")
    assert there(full) == [("residents", "li"), ("residents", "anna"), ("yard", "sf1"), ("yard", "sf2")]
    assert len(holder_desk.find(full.office, "li")) == 1
    assert all(place.rev > before[place.id] for place in _places(full))
    assert "12345678" not in out.output
    assert "BC614E" not in out.output.upper()
    (act,) = told(full, "revoked")
    assert (act["holders"], act["by"], act["why"]) == (["li", "mei"], "wang", "lost")
    assert [roster[1] for roster in act["rosters"]] == ["others", "residents", "yard"]
    assert all("BC614E" not in str(each.data) for each in journal(full))
    full.run("holder", "revoke", "0012345678", code=2)
    assert_proven(full)


def _places(desk: Desk) -> list[Any]:
    with desk.books.reading() as conn:
        return places(conn, "badahu")


def test_what_stays_can_still_be_hashed_with_another_key(full: Desk) -> None:
    """The kept numbers stay in step with the holders: a new key gives each the hash of their own card."""
    holder_desk.revoke(full.office, "li", "wang", "", full.now)
    with full.books.changing() as conn:
        keys = rotations.hash_keys(conn, full.office.keys, UNIT)
        for roster in holders.rosters(conn):
            assert roster.card_key is not None
            holders.hash_anew(conn, full.office.folder, full.office.signer, roster, keys, full.now + 1)
    assert [entry.holder.id for entry in holder_desk.find(full.office, "0000000222")] == ["anna"]
    assert there(full) == [("others", "mei"), ("residents", "anna"), ("yard", "sf1"), ("yard", "sf2")]


def test_a_roster_of_another_hand_is_put_without_them_and_warned_of(full: Desk) -> None:
    with full.books.writing() as conn:
        conn.execute(delete(schema.roster_numbers).where(schema.roster_numbers.c.id == "residents"))
    (full.path / "keys" / "holders.key").rename(full.path / "away")
    out = full.run("holder", "revoke", "anna")
    assert "residents of unit/b12-u2 was put by another hand" in out.stderr
    assert ("residents", "anna") not in there(full)
    assert "holders.key" in full.run("holder", "revoke", "mei", code=78).stderr, "kept numbers are not thrown away"
    assert ("others", "mei") in there(full), "and nothing is done by halves"


def test_a_roster_of_many_parts_loses_one_holder_and_no_other(desk: Desk) -> None:
    lines = "".join(f"h-{n:04d},{n + 1}\n" for n in range(900))
    made = put(desk, YARD, "many", f"id,card\n{lines}")
    assert made.parts > 1
    (left,) = holder_desk.revoke(desk.office, "h-0450", "wang", "", desk.now)
    assert (left.count, left.kept) == (1, True)
    assert len(there(desk)) == 899
    assert [e.holder.id for e in holder_desk.find(desk.office, "900")] == ["h-0899"]
    exported = desk.path / "many.csv"
    desk.run("roster", "export", "many", str(exported))
    cards = {row["id"]: row["card"] for row in csv.DictReader(exported.open(encoding="utf-8-sig"))}
    assert (cards["h-0000"], cards["h-0899"]) == ("0x00000001", "0x00000384")


def test_an_organisation_is_revoked_as_one(full: Desk) -> None:
    (one,) = holder_desk.organisations(full.office)
    assert (one.id, one.holders, one.rosters) == ("sf", 2, ("yard/y07 yard",))
    assert "2 people" in full.run("org", "list").stdout
    full.run("org", "revoke", "sf", "--why", "contract ended")
    assert {holder for _roster, holder in there(full)} == {"li", "anna", "mei"}
    assert told(full, "revoked")[-1]["org"] == "sf"
    full.run("org", "revoke", "sf", code=2)
    assert full.run("org", "list").stdout == ""


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("c1,1,service,2027-01-31,", "org: missing"),
        ("c1,1,service,,sf", "until: missing"),
        ("c1,1,service,2027-01-31,顺丰", "org: no id"),
        ("c1,1,服务,,", "org: missing"),
    ],
)
def test_people_of_passage_have_an_organisation_and_an_end(line: str, wrong: str) -> None:
    data = f"id,card,role,until,org\n{line}\n".encode()
    reading = read_csv(data, HashKeys(("c1", b"k" * 32)), ZoneInfo("Asia/Shanghai"))
    assert any(wrong in str(fault) for fault in reading.faults)


def test_rosters_are_listed_by_their_ends_shown_and_exported(full: Desk) -> None:
    soon = [entry.holder.id for entry in holder_desk.expiring(full.office, 1_801_500_000.0)]
    assert soon == ["sf1"]
    assert full.run("roster", "list", "--expiring", "2027-02-01").stdout.startswith("sf1  ")
    assert [
        json.loads(line)["id"] for line in full.run("roster", "show", "residents", "--json").stdout.splitlines()
    ] == [
        "li",
        "li",
        "anna",
    ]
    full.run("roster", "show", "nobody", code=2)
    file = full.path / "out.csv"
    full.run("roster", "export", "yard", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    rows = list(csv.DictReader(file.open(encoding="utf-8-sig")))
    assert [row["card"] for row in rows] == ["0x00BC614E", "0x0000014D", "0x000001BC"]
    assert rows[1]["org"] == "sf"
    before = holders_in(full, "yard")
    put(full, YARD, "yard", file.read_text(encoding="utf-8-sig"))
    assert holders_in(full, "yard") == before, "it comes back as it went"
    assert "is there already" in full.run("roster", "export", "yard", str(file), code=2).stderr
    assert "471100" not in full.run("roster", "export", "residents", str(full.path / "r.csv")).output
    assert "471100" not in (full.path / "r.csv").read_text()
    pins = [holder.pin for holder in holders_in(full, "residents")]
    put(full, text=(full.path / "r.csv").read_text(encoding="utf-8-sig"))
    assert [holder.pin for holder in holders_in(full, "residents")] == pins
    put(full, BUILDING, "residents")
    assert "say which by --scope" in full.run("roster", "show", "residents", code=2).stderr


def holders_in(desk: Desk, name: str) -> list[Holder]:
    return [holder for place in _places(desk) if place.id == name for _key, holder in place.holders]


def test_an_export_starts_no_formula(desk: Desk) -> None:
    put(desk, text="id,card,room\nh1,1,=cmd|x\n")
    desk.run("roster", "export", "residents", str(desk.path / "r.csv"))
    (row,) = csv.DictReader((desk.path / "r.csv").open(encoding="utf-8-sig"))
    assert row["room"] == "'=cmd|x"
    put(desk, text=(desk.path / "r.csv").read_text(encoding="utf-8-sig"))
    assert holders_in(desk, "residents")[0].room == "=cmd|x"


def test_a_watched_household_needs_a_roster_of_its_unit(full: Desk) -> None:
    assert any("b12-u2 has no hours of care" in line for line in put(full).doubts), "and hours of it"
    full.run("settings", "put", "--scope", "site/badahu", "--care-hours", "12")
    assert not any("care" in line for line in put(full).doubts)
    assert any("watched by no unit" in line for line in put(full, BUILDING, "residents").doubts)


# --- erasure


def reply(desk: Desk, command: str, unit: str, state: str, at: float) -> None:
    row = {"command": command, "state": state, "unit": unit, "at_utc": at, "heard_utc": at}
    with desk.books.writing() as conn:
        conn.execute(insert(schema.courses).values(**row))


class Wire:
    """What `serve` would send."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, bool]] = []

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        self.sent.append((topic, payload, retain))


def online(desk: Desk, *units: str) -> None:
    with desk.books.changing() as conn:
        conn.execute(update(schema.units).values(online=False))
        conn.execute(update(schema.units).where(schema.units.c.unit.in_(units)).values(online=True))


def ordered(desk: Desk) -> list[Any]:
    return desk.rows(
        select(schema.commands).where(schema.commands.c.action == Erase.TAG).order_by(schema.commands.c.iat_utc)
    )


def test_an_erasure_waits_for_each_unit_until_it_has_done_it(full: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    full.unit("b13-u1", "yard/y07")
    out = full.run("holder", "erase", "li", "--why", "moved away", "--by", "wang")
    assert "2 units are asked" in out.stdout
    assert all(holder != "li" for _roster, holder in there(full))
    serve, wire, clock = erasures.Erasures("badahu", full.books), Wire(), [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    online(full, "b12-u2")
    serve.look(wire, full.office.signer)  # type: ignore[arg-type]
    assert [(topic.rsplit("down/")[1], retain) for topic, _payload, retain in wire.sent] == [
        ("unit/b12-u2/command", False)
    ]
    clock[0] += 6
    serve.look(wire, full.office.signer)  # type: ignore[arg-type]
    assert len(wire.sent) == 1, "not again at once"
    clock[0] += 20
    online(full, "b12-u2", "b13-u1")
    serve.look(wire, full.office.signer)  # type: ignore[arg-type]
    assert len(wire.sent) == 3, "again, and the one that came back"
    (command, *_rest) = ordered(full)
    reply(full, command.id, "b12-u2", "done", time.time())
    clock[0] += 4000
    serve.look(wire, full.office.signer)  # type: ignore[arg-type]
    assert len(wire.sent) == 4, "the one that has done it is left alone"
    assert "1 of 2 units; not yet: b13-u1" in full.run("holder", "erasures").stdout
    online(full)
    clock[0] += 4000
    serve.look(wire, full.office.signer)  # type: ignore[arg-type]
    assert len(wire.sent) == 4, "who is away is not called"
    assert [act["unit"] for act in told(full, "erased")] == ["b12-u2"]
    assert [len(act["units"]) for act in told(full, "erasure")] == [2]


def test_a_done_of_another_holder_unit_or_time_is_none(full: Desk) -> None:
    now = time.time()
    holder_desk.erase(full.office, "li", "wang", "", now)
    online(full, "b12-u2")
    erasures.Erasures("badahu", full.books).look(Wire(), full.office.signer)  # type: ignore[arg-type]
    (command,) = ordered(full)
    reply(full, command.id, "b99-u9", "done", now)
    reply(full, command.id, "b12-u2", "accepted", now)
    with full.books.writing() as conn:
        assert erasures.note_done(conn, now) == 0
        conn.execute(delete(schema.courses))
    holder_desk.erase(full.office, "anna", "wang", "", now)
    holder_desk.erase(full.office, "li", "wang", "again", now + 60)
    reply(full, command.id, "b12-u2", "done", now)
    with full.books.writing() as conn:
        assert erasures.note_done(conn, now) == 0, "asked for since: that one has to be done too"
    assert [row.done_utc for row in full.rows(select(erasures_table))] == [None, None]


def test_somebody_in_no_roster_can_be_erased_and_a_card_cannot(full: Desk) -> None:
    done = holder_desk.erase(full.office, "long-gone", "wang", "", full.now)
    assert (done.left, done.units) == ((), 1)
    for name in ("0x00BC614E", "188,24910", "王"):
        with pytest.raises(BadValueError):
            holder_desk.erase(full.office, name, "wang", "", full.now)


def test_verify_sees_a_forged_erasure_and_a_forged_recipient(full: Desk) -> None:
    holder_desk.erase(full.office, "li", "wang", "", full.now)
    recipients.add(full.office, "gongan", "派出所", RecipientKind.POLICE, "wang", full.now)
    assert_proven(full)
    with full.books.writing() as conn:
        conn.execute(update(erasures_table).values(done_utc=full.now))
        conn.execute(update(recipients_table).values(name="我家"))
    err = full.run("verify", code=1).stderr
    assert "erasure li b12-u2" in err
    assert "recipient gongan" in err


# --- recipients, words at a door


def test_recipients_are_entered_changed_and_removed(desk: Desk) -> None:
    desk.run("recipient", "add", "blue-sky", "--name", "蓝天救援", "--kind", "volunteer")
    desk.run("recipient", "add", "blue-sky", "--name", "蓝天救援队", "--kind", "partner", "--by", "wang")
    (line,) = desk.run("recipient", "list", "--json").stdout.splitlines()
    value = json.loads(line)
    assert (value["id"], value["name"], value["kind"]) == ("blue-sky", "蓝天救援队", "partner")
    desk.run("recipient", "remove", "blue-sky")
    assert desk.run("recipient", "list").stdout == ""
    desk.run("recipient", "remove", "blue-sky", code=2)
    desk.run("recipient", "add", "No Good", "--name", "x", "--kind", "grid", code=2)
    desk.run("recipient", "add", "x", "--name", "", "--kind", "grid", code=2)
    desk.run("recipient", "add", "blue-sky", "--name", "蓝天", "--kind", "partner")
    assert "蓝天" in desk.run("recipient", "list").stdout
    assert_proven(desk)


@pytest.mark.parametrize("text", ["", " ", "x" * 61, "a\nb", "a\x1b[2J"])
def test_what_is_said_at_a_door_is_one_short_line(text: str) -> None:
    with pytest.raises(BadValueError):
        orders.say(text, 60)
    assert orders.say("马上就到", 60) == Say("马上就到", 60)


def test_care_is_set_by_options_and_taken_out_again(full: Desk) -> None:
    care = ("--care-hours", "12", "--care-quiet", "22:00-06:00", "--care-input", "water=301", "--care-door", "main")
    out = full.run("settings", "put", "--scope", "unit/b12-u2", *care, "--json").stdout
    assert json.loads(out.splitlines()[0])["care"] == {
        "silent_h": 12,
        "quiet": ["22:00-24:00", "00:00-06:00"],
        "inputs": {"water": "301"},
        "doors": ["main"],
    }
    for wrong in (("--care-quiet", "22:00-06:00"), ("--care-hours", "9", "--care-quiet", "x"), ("--care-hours", "0")):
        full.run("settings", "put", "--scope", "unit/b12-u2", *wrong, code=2)
    full.run("settings", "put", "--scope", "unit/b12-u2", "--unset", "care")
