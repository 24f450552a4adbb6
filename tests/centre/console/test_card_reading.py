"""A card read at a reader for a list, over a real broker: asked for in the browser, given once somebody looked, its number shown and kept nowhere."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from centre import people, rosters, schema
from centre.accounts import Role
from centre.intake import InboundMessage
from contract.base64url import b64url
from contract.card_reading import ReadOff, seal_card
from contract.cards import card_hash
from contract.plain import DeviceStatus, Reply, ReplyState, build_will
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.console.conftest import WebDesk
from tests.centre.console.test_orders import command
from tests.centre.site import Site
from tests.centre.unit import FakeUnit, door
from tests.centre.wire import Wire
from tests.waiting import eventually

pytestmark = [ONE_ENGINE, pytest.mark.usefixtures("listening")]
YARD = Scope("yard", "y07")
NEW, LIS, PRINTED = "BC614E", "6F", ("0012345678", "12345678", "188,24910", "00BC614E", "BC614E")
LIST = "id,card,room\nli,0000000111,301\nanna,0000000222,302\n"
READERS = {
    "panel": DeviceStatus("ok"),
    "r1": DeviceStatus("ok", door="main"),
    "r2": DeviceStatus("lost", "silent", 1.79e9, door="main"),
}


@pytest.fixture
def far(site: Site) -> Iterator[WebDesk]:
    made = WebDesk(site.desk)
    with made.client:
        yield made


@pytest.fixture
def unit(site: Site) -> tuple[FakeUnit, Wire]:
    unit, wire = site.unit(enrolled=True)
    told(site, unit)
    rosters.put(site.desk.office, YARD, "residents", LIST.encode(), site.desk.now)
    return unit, wire


def told(site: Site, unit: FakeUnit) -> None:
    site.desk.take(unit.status(doors={"main": door()}, devices=READERS))


def sealed(unit: FakeUnit, given: dict[str, Any], card: str, check: str = "47", **changed: str) -> bytes:
    name = changed.get("command", given["id"])
    return seal_card(bytes.fromhex(given["args"]["seal_to"]), "badahu", unit.name, name, ReadOff(card, check))


def replied(
    unit: FakeUnit, wire: Wire, given: dict[str, Any], state: str, box: bytes | None = None, why: str = ""
) -> None:
    wire.send(unit.reply(Reply(given["id"], ReplyState(state), time.time(), why or None, "main", None, box)))


def begin(web: WebDesk, holder: str = "li", at: str = "b12-u2~r1") -> str:
    form = web.get(f"/people/person/{holder}/card?scope=yard/y07&roster=residents").text
    once = re.search(r'name="once" value="([^"]+)"', form)
    assert once is not None
    sent = {"scope": "yard/y07", "roster": "residents", "at": at, "once": once[1]}
    return str(web.post(f"/people/person/{holder}/reading", **sent).headers["location"])


def until(web: WebDesk, address: str, words: str) -> str:
    return eventually(lambda: page if words in (page := web.get(f"{address}/part").text) else "")


def keys_of(desk: Desk, holder: str) -> list[str]:
    """The hashes of a person's cards, as units get them."""
    with desk.books.reading() as conn:
        found = people.person(people.parts(conn, "badahu"), holder)
    return [] if found is None else [each.holder.key or "" for each in found.entries]


def hashed(desk: Desk, card: str) -> str:
    (key,) = desk.office.keys.card_keys.values()
    return card_hash(bytes.fromhex(key), card)


def nowhere(site: Site, pages: list[str]) -> None:
    """Neither in any file of the centre, nor in what the books hold, nor on a page. What a list keeps, it keeps sealed."""
    kept = [file.read_bytes() for file in site.desk.path.rglob("*") if file.is_file()] + [site.desk.kept()]
    for printed in PRINTED:
        assert not any(printed.encode() in each for each in kept), printed
        assert not any(printed in page for page in pages), printed


@pytest.mark.claim("F57")
@pytest.mark.parametrize("serving", [True, False])
def test_a_card_is_read_looked_at_and_given(
    site: Site, far: WebDesk, unit: tuple[FakeUnit, Wire], serving: bool, caplog: pytest.LogCaptureFixture
) -> None:
    if serving:
        site.serve()
    fake, wire = unit
    caplog.set_level("DEBUG")
    address = begin(far)
    given = command(site, fake, wire)
    assert (given["action"], given["actor"], given["exp"] - given["iat"]) == ("read_card", "zhang", 60)
    assert given["args"] | {"seal_to": ""} == {"reader": "r1", "seal_to": "", "door": "main"}
    replied(fake, wire, given, "accepted")
    until(far, address, "The reader waits for the card")
    before = keys_of(site.desk, "li")
    replied(fake, wire, given, "done", sealed(fake, given, NEW))
    page = until(far, address, "the screen there says 47")
    assert address in far.get(address.replace("/people/reading", "/courses")).text
    assert keys_of(site.desk, "li") == before, "nobody has said yet whose it is"
    far.post(address, do="give")
    assert keys_of(site.desk, "li") == [*before, hashed(site.desk, NEW)]
    assert "not held here any more" in far.get(address).text
    far.post(address, do="give", code=422)
    assert len(keys_of(site.desk, "li")) == 2, "given once"
    pages = [page, far.get(address).text, far.get("/people/person/li").text, far.get("/record").text]
    nowhere(site, [*pages, json.dumps(far.call("GET", "/acts")), caplog.text])
    told = {(each["what"], each["by"]) for each in far.call("GET", "/acts")["acts"]}
    assert {("order to a unit", "zhang"), ("list, card, PIN or visitor's code by somebody", "zhang")} <= told


@pytest.mark.claim("F57")
def test_whose_card_it_is_already_is_said_and_it_is_given_to_nobody_else(
    site: Site, far: WebDesk, unit: tuple[FakeUnit, Wire]
) -> None:
    fake, wire = unit
    address = begin(far, "anna")
    given = command(site, fake, wire)
    replied(fake, wire, given, "done", sealed(fake, given, LIS))
    page = until(far, address, "This card is li&#39;s already")
    assert 'value="give"' not in page
    assert "li&#39;s already" in far.post(address, do="give", code=422).text
    assert len(keys_of(site.desk, "anna")) == 1
    looked = [each for each in far.call("GET", "/acts")["acts"] if each["what"] == "looked at a person's facts"]
    assert looked, "that it was looked up stands in the record"


def test_a_card_of_elsewhere_is_said_to_be_somebodys_and_nobody_is_named(
    site: Site, far: WebDesk, unit: tuple[FakeUnit, Wire]
) -> None:
    fake, wire = unit
    site.desk.unit("b99-u1", "yard/y99")
    rosters.put(
        site.desk.office,
        Scope("yard", "y99"),
        "others",
        f"id,card\nsecret,{NEW}\n".encode(),
        site.desk.now,
    )
    far.become(Role.OPERATOR, "yard/y07")
    address = begin(far)
    given = command(site, fake, wire)
    replied(fake, wire, given, "done", sealed(fake, given, NEW))
    page = until(far, address, "in a list outside what your account is for")
    assert "secret" not in page
    assert "secret" not in far.post(address, do="give", code=422).text
    assert len(keys_of(site.desk, "li")) == 1


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("no_card", "nobody showed a card in time"),
        ("fire", "a door is released by fire"),
        ("lockdown", "the door is locked down"),
        ("busy", "it waits for another card already"),
        ("device", "the reader is not there"),
        ("rate", "waited for cards too long already"),
        ("abandoned", "something came between"),
        ("malformed", "its program is older and cannot do this"),
    ],
)
def test_each_refusal_ends_in_words(
    site: Site, far: WebDesk, unit: tuple[FakeUnit, Wire], reason: str, words: str
) -> None:
    fake, wire = unit
    address = begin(far)
    given = command(site, fake, wire)
    replied(fake, wire, given, "refused", why=reason)
    page = until(far, address, "No card was read")
    assert words in page
    assert "Read again" in page
    assert far.call("GET", f"/courses/{address.rpartition('/')[2]}/card")["state"] == "none"


def test_a_unit_that_is_offline_is_sent_nothing(site: Site, far: WebDesk, unit: tuple[FakeUnit, Wire]) -> None:
    fake, wire = unit
    address = begin(far)
    assert command(site, fake, wire)
    wire.publish(fake.message("status", b"").topic, build_will("s1"), retain=True)
    site.desk.take(fake.message("status", build_will("s1")))
    page = far.get("/people/person/li/card?scope=yard/y07&roster=residents").text
    assert "No reader can be reached now." in page
    again = far.post(address, do="again").headers["location"]
    assert "Nothing was sent" in until(far, again, "outcome")


@pytest.mark.claim("F57")
@pytest.mark.parametrize("what", ["another key", "another command", "no box", "junk", "another unit", "not a card"])
def test_what_does_not_open_is_said_to_be_lost_and_gives_nothing(
    site: Site, far: WebDesk, unit: tuple[FakeUnit, Wire], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("centre.commands.CARD_S", 0.3)
    fake, wire = unit
    address = begin(far)
    given = command(site, fake, wire)
    public = bytes.fromhex(given["args"]["seal_to"])
    box = {
        "another key": seal_card(bytes([9, *bytes(31)]), "badahu", fake.name, given["id"], ReadOff(NEW, "47")),
        "another command": sealed(fake, given, NEW, command="c-other"),
        "no box": None,
        "junk": bytes(80),
        "another unit": seal_card(public, "badahu", "b12-u3", given["id"], ReadOff(NEW, "47")),
        "not a card": seal_card(public, "badahu", fake.name, given["id"], ReadOff("../../x", "<b>")),
    }[what]
    replied(fake, wire, given, "done", box)
    assert "did not come here" in until(far, address, "outcome")
    far.post(address, do="give", code=422)
    assert len(keys_of(site.desk, "li")) == 1


@pytest.mark.claim("F57")
def test_a_reply_whose_card_was_exchanged_on_the_way_is_none(
    site: Site, far: WebDesk, unit: tuple[FakeUnit, Wire]
) -> None:
    """Whoever may write at the broker can seal to the key of the command too; only the unit can sign for it."""
    fake, wire = unit
    address = begin(far)
    given = command(site, fake, wire)
    right = Reply(given["id"], ReplyState.DONE, time.time(), None, "main", None, sealed(fake, given, NEW))
    told = json.loads(fake.reply(right).payload)
    for other in (sealed(fake, given, "ABCDEF"), None):
        changed = (
            {**told, "sealed": b64url(other)} if other is not None else {k: v for k, v in told.items() if k != "sealed"}
        )
        wire.send(InboundMessage(fake.reply(right).topic, json.dumps(changed).encode()))
    wire.send(fake.reply(right))
    until(far, address, "the screen there says 47")
    far.post(address, do="give")
    assert hashed(site.desk, NEW) in keys_of(site.desk, "li")


def test_somebody_new_is_added_with_a_card_that_was_read(site: Site, far: WebDesk, unit: tuple[FakeUnit, Wire]) -> None:
    fake, wire = unit
    typed = {"scope": "yard/y07", "roster": "residents", "room": "303", "do": "read", "at": "b12-u2~r1"}
    assert "is in this list already" in far.post("/people/add", id="li", code=422, **typed).text
    assert "choose a reader" in far.post("/people/add", id="mei", code=422, **{**typed, "at": ""}).text
    assert not wire.payloads("/command"), "nobody is asked to show a card for what cannot be added"
    address = str(far.post("/people/add", id="mei", **typed).headers["location"])
    given = command(site, fake, wire)
    replied(fake, wire, given, "done", sealed(fake, given, NEW))
    until(far, address, "the screen there says 47")
    rosters.put(site.desk.office, YARD, "residents", (LIST + "mei,0000000999,305\n").encode(), site.desk.now)
    assert "is in this list already" in far.post(address, do="give", code=422).text
    mend = f"/people/add?reading={address.rpartition('/')[2]}"
    assert 'value="303"' in far.get(mend).text
    del typed["at"], typed["do"]
    far.post("/people/add", id="mei-2", reading=address.rpartition("/")[2], **typed)
    assert keys_of(site.desk, "mei-2") == [hashed(site.desk, NEW)]


def test_another_person_and_a_viewer_meet_nothing_of_it(site: Site, far: WebDesk, unit: tuple[FakeUnit, Wire]) -> None:
    fake, wire = unit
    address = begin(far)
    command(site, fake, wire)
    far.become(Role.OPERATOR)
    far.get(address, 404)
    far.post(address, do="give", code=404)
    name = address.rpartition("/")[2]
    far.call("GET", f"/courses/{name}/card", 404)
    far.call("POST", "/people/li/cards", 404, scope="yard/y07", roster="residents", reading=name)
    far.become(Role.OPERATOR, "yard/y99")
    far.call("POST", "/units/b12-u2/read-card", 404, reader="r1")
    far.call("GET", "/units/b12-u2/readers", 404)
    for role in (Role.VIEWER, Role.GRID_WORKER):
        far.become(role)
        far.call("POST", "/units/b12-u2/read-card", 403, reader="r1")
    assert len(wire.payloads("/command")) == 1


def test_the_api_does_what_the_pages_do(site: Site, far: WebDesk, unit: tuple[FakeUnit, Wire]) -> None:
    fake, wire = unit
    found = far.call("GET", "/units/b12-u2/readers")["readers"]
    assert [(each["reader"], each["there"]) for each in found] == [("r1", True), ("r2", False)]
    for wrong in (
        {"reader": "panel"},
        {"reader": "attic"},
        {"reader": "r1", "seconds": 61},
        {"reader": "r1", "why": "a\nb"},
    ):
        far.call("POST", "/units/b12-u2/read-card", 422, **wrong)
    name = far.call("POST", "/units/b12-u2/read-card", reader="r1", seconds=10, why="she moved in")["id"]
    assert far.call("GET", f"/courses/{name}/card")["state"] == "waiting"
    given = command(site, fake, wire)
    assert (given["args"]["seconds"], given["why"]) == (10, "she moved in")
    far.call("POST", "/people/li/cards", 422, scope="yard/y07", roster="residents", reading=name)
    replied(fake, wire, given, "done", sealed(fake, given, NEW))
    eventually(lambda: far.call("GET", f"/courses/{name}/card")["state"] == "read")
    told = far.call("GET", f"/courses/{name}/card")
    assert told == {"state": "read", "check": "47", "holders": [], "elsewhere": False}
    far.call("POST", "/people/li/cards", 422, scope="yard/y07", roster="residents", reading=name, card="0000000777")
    far.call("POST", "/people/li/cards", 422, scope="yard/y07", roster="residents")
    far.call("POST", "/people/li/cards", scope="yard/y07", roster="residents", reading=name)
    assert far.call("GET", f"/courses/{name}/card")["state"] == "gone"
    assert hashed(site.desk, NEW) in keys_of(site.desk, "li")


def test_a_card_is_held_for_some_minutes_only(
    site: Site, far: WebDesk, unit: tuple[FakeUnit, Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, wire = unit
    address = begin(far)
    given = command(site, fake, wire)
    replied(fake, wire, given, "done", sealed(fake, given, NEW))
    until(far, address, "the screen there says 47")
    monkeypatch.setattr("centre.card_reading.HELD_S", 0.0)
    assert "not held here any more" in far.get(address).text
    assert "read it again" in far.post(address, do="give", code=422).text


def test_a_lost_card_is_not_given_again_by_a_tap(site: Site, far: WebDesk, unit: tuple[FakeUnit, Wire]) -> None:
    fake, wire = unit
    rosters.put(site.desk.office, YARD, "residents", (LIST + f"old,0x{NEW},\n").encode(), site.desk.now)
    site.desk.run("holder", "revoke", f"0x{NEW}", "--why", "lost in the street")
    address = begin(far)
    given = command(site, fake, wire)
    replied(fake, wire, given, "done", sealed(fake, given, NEW))
    until(far, address, "the screen there says 47")
    assert "lost" in far.post(address, do="give", code=422).text
    assert len(keys_of(site.desk, "li")) == 1


@pytest.mark.parametrize("yes", [True, False])
def test_the_command_line_reads_a_card_too(site: Site, unit: tuple[FakeUnit, Wire], yes: bool) -> None:

    fake, wire = unit
    args = [
        "holder",
        "read-card",
        "li",
        "--scope",
        "yard/y07",
        "--roster",
        "residents",
        "--unit",
        "b12-u2",
        "--reader",
        "r1",
    ]
    results = []
    thread = threading.Thread(
        target=lambda: results.append(
            site.desk.run(*args, *(["--yes"] if yes else []), code=0 if yes else 2, stdin="" if yes else "n\n")
        )
    )
    thread.start()
    given = command(site, fake, wire)
    replied(fake, wire, given, "accepted")
    replied(fake, wire, given, "done", sealed(fake, given, NEW))
    thread.join(15)
    assert "47" in results[0].output
    assert not any(printed in results[0].output for printed in PRINTED)
    assert (hashed(site.desk, NEW) in keys_of(site.desk, "li")) is yes


def test_the_command_line_says_which_readers_there_are(site: Site, unit: tuple[FakeUnit, Wire]) -> None:
    args = ["holder", "read-card", "li", "--scope", "yard/y07", "--roster", "residents", "--unit"]
    assert (
        "b12-u2 has no reader 'attic'; it has r1, r2"
        in site.desk.run(*args, "b12-u2", "--reader", "attic", code=2).stderr
    )
    site.desk.unit("b12-u9", "yard/y07")
    assert "its program is older" in site.desk.run(*args, "b12-u9", "--reader", "r1", code=2).stderr
    assert site.desk.count(schema.commands) == 0


def test_the_reader_used_last_comes_first(site: Site, far: WebDesk, unit: tuple[FakeUnit, Wire]) -> None:
    fake, wire = unit
    other, _its = site.unit("a1-u1", enrolled=True)
    site.desk.take(other.status(doors={"main": door()}, devices={"r9": DeviceStatus("ok", door="main")}))
    form = "/people/person/li/card?scope=yard/y07&roster=residents"
    assert re.findall(r'option value="([^"]+~[^"]+)"', far.get(form).text) == ["a1-u1~r9", "b12-u2~r1"]
    begin(far)
    command(site, fake, wire)
    assert re.findall(r'option value="([^"]+~[^"]+)"', far.get(form).text) == ["b12-u2~r1", "a1-u1~r9"]
    kept = site.desk.rows(select(schema.commands))[0]
    assert (kept.action, kept.actor) == ("read_card", "zhang")
