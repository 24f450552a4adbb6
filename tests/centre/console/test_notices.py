"""Notices on the console: listed, put up, followed door by door, withdrawn; and what must not be done, by whom."""

from __future__ import annotations

import re
import struct
from dataclasses import replace

import pytest

from centre import notices, scope_tree
from centre.accounts import Role
from centre.errors import CentreError
from centre.notices import Draft
from centre.units import parse_scope
from contract.messages import Category
from contract.plain import DeviceStatus
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk
from tests.centre.console.put_up import SCRIPT, YARD, put, yard
from tests.centre.unit import SITE, FakeUnit

pytestmark = ONE_ENGINE


def shows(web: WebDesk, unit: FakeUnit, notice: str) -> None:
    """It has the newest revision, and showed it."""
    rev = web.call("GET", f"/notices/{notice}")["line"]["rev"]
    for kind in ("notice.received", "notice.shown"):
        unit.fact(kind, scope=YARD, id=notice, rev=rev)
    web.desk.take(unit.batch(len(unit.lines) - 1))


def test_a_clerks_minute(web: WebDesk) -> None:
    units = yard(web)
    page = web.get("/notices/new?template=water").text
    assert "Water will be off" in page
    assert "{hours}" not in page.split("data-template-texts")[0]
    answer = web.post(
        "/notices/new", do="put", title="停水", text="8:00", category="service", scope=YARD, until="2099-01-01T10:00"
    )
    where = answer.headers["location"]
    assert "Published to 3 doors" in web.get(where).text
    notice = where.rpartition("/")[2]
    shows(web, units[0], notice)
    part = web.get(f"{where}/coverage").text
    assert "3 doors: 1 received, 1 shown" in part
    assert "y07-1" not in part
    assert "y07-2" in part
    assert "not sent yet" in part


def test_what_was_typed_stays_and_what_is_wrong_is_told_at_its_field(web: WebDesk) -> None:
    yard(web)
    typed = {"do": "put", "title": "x" * 201, "text": f"kept {SCRIPT}", "category": "service", "scope": YARD}
    for field, changes in (
        ("title", {}),
        ("title", {"title": ""}),
        ("scope", {"title": "t", "scope": ""}),
        ("until", {"title": "t", "until": "2020-01-01T00:00"}),
        ("until", {"title": "t", "until": "never"}),
        ("confirmed", {"title": "t", "category": "emergency"}),
        ("text", {"title": "t", "text": "x" * 20_001}),
        ("text", {"title": "t", "text": "off {hours}"}),
        ("scope", {"title": "t", "scope": "yard/none"}),
        ("category", {"title": "t", "category": "gossip"}),
    ):
        page = web.post("/notices/new", 422, **{**typed, **changes}).text
        assert f'href="#f-{field}"' in page, (field, changes)
        assert f'id="f-{field}"' in page
    page = web.post("/notices/new", 422, **typed).text
    assert "kept &lt;script&gt;" in page
    assert SCRIPT not in page
    assert f'value="{YARD}" data-count="3" checked' in page
    assert web.call("GET", "/notices")["notices"] == []


def test_a_form_that_is_sent_twice_puts_up_one_notice(web: WebDesk) -> None:
    yard(web)
    key = re.search(r'name="key" value="(\w+)"', web.get("/notices/new").text)
    assert key is not None
    form = {"do": "put", "title": "t", "category": "reminder", "scope": YARD, "key": key[1]}
    first, second = (web.post("/notices/new", **form).headers["location"] for _ in range(2))
    assert first == second
    [only] = web.call("GET", "/notices")["notices"]
    assert only["rev"] == web.call("GET", f"/notices/{only['notice']}")["revisions"][-1]["rev"]
    other = web.post("/notices/new", 422, **{**form, "title": "else"}).text
    assert "it was published already, as “t”" in other
    assert 'value="else"' in other


def test_an_emergency_says_what_it_does_and_is_confirmed(web: WebDesk) -> None:
    yard(web)
    form = {"do": "put", "title": "t", "category": "emergency", "scope": YARD}
    assert "before all other notices" in web.post("/notices/new", 422, **form).text
    web.post("/notices/new", **form, confirmed="true")
    assert put(web, category="emergency", confirmed=True)
    web.call("POST", "/notices", 422, scope=[YARD], title="t", category="emergency")


def test_several_places_are_a_notice_each_and_no_door_shows_it_twice(web: WebDesk) -> None:
    yard(web)
    yard(web, 2, "y08")
    done = web.call("POST", "/notices", scope=[YARD, "yard/y08"], title="t")
    assert (len(done["notices"]), done["units"]) == (2, 5)
    refused = web.call("POST", "/notices", 422, scope=[YARD, "unit/y07-1"], title="t")
    assert refused["field"] == "scope"
    assert len(web.call("GET", "/notices")["notices"]) == 2


def test_two_withdraw_at_once(web: WebDesk) -> None:
    yard(web)
    name = put(web)
    at = f"/notices/notice/{name}"
    assert "Withdraw from 3 doors" in web.get(f"{at}/withdraw").text
    notices.withdraw(web.desk.office, name, web.desk.now, by="other")
    assert web.post(f"{at}/withdraw").headers["location"] == at
    page = web.get(at).text
    assert "it is down already" in page
    assert "no screen shows it any more" in page
    assert ", by other" in page
    web.call("POST", f"/notices/{name}/withdraw", 409)
    web.post(f"{at}/again")
    assert [each["withdrawn"] for each in web.call("GET", f"/notices/{name}")["revisions"]] == [True, False]


def test_pushed_again_it_is_a_new_revision_and_counted_anew(web: WebDesk) -> None:
    units = yard(web)
    name = put(web)
    shows(web, units[0], name)
    before = web.call("GET", f"/notices/{name}")["line"]
    web.post(f"/notices/notice/{name}/again")
    after = web.call("GET", f"/notices/{name}")["line"]
    assert (before["shown"], after["shown"]) == (1, 0)
    assert after["rev"] > before["rev"]


def test_changed_it_keeps_its_place_and_its_history(web: WebDesk) -> None:
    yard(web)
    name = put(web)
    at = f"/notices/notice/{name}/change"
    assert "停水通知" in web.get(at).text
    assert 'id="f-title-wrong"' in web.post(at, 422, title="").text
    web.post(at, title="停水延长", text="到 18:00", category="service")
    found = web.call("GET", f"/notices/{name}")
    assert (found["line"]["title"], found["line"]["scope"], found["text"]) == ("停水延长", YARD, "到 18:00")
    assert [each["title"] for each in found["revisions"]] == ["停水延长", "停水通知"]
    assert {each["by"] for each in found["revisions"]} == {"zhang"}


def test_what_ended_keeps_its_text_for_another(web: WebDesk) -> None:
    yard(web)
    name = put(web)
    web.post(f"/notices/notice/{name}/withdraw")
    assert "停水通知" in web.get(f"/notices/notice/{name}").text
    assert 'value="停水通知"' in web.get(f"/notices/new?copy={name}").text
    assert web.get(f"/notices/notice/{name}/change", 303).headers["location"] == f"/notices/notice/{name}"


def test_the_lists(web: WebDesk) -> None:
    yard(web)
    names = {
        "standing": put(web, title="stands"),
        "planned": put(web, title="comes", from_utc=4_000_000_000.0),
        "past": put(web, title="gone"),
    }
    web.call("POST", f"/notices/{names['past']}/withdraw")
    for which, name in names.items():
        assert [each["notice"] for each in web.call("GET", f"/notices?list={which}")["notices"]] == [name]
        assert name in web.get(f"/notices?list={which}").text
        assert name in web.get(f"/notices/list?list={which}").text
    assert web.call("GET", "/notices?q=STAN")["notices"]
    assert not web.call("GET", "/notices?q=%25")["notices"]
    assert not web.call("GET", "/notices?kind=policy")["notices"]
    assert "No notice matches" in web.get("/notices?kind=policy").text
    web.call("GET", "/notices?list=other", 422)
    web.call("GET", "/notices?after=x", 422)


def test_more_than_a_page(web: WebDesk) -> None:
    yard(web)
    scope = parse_scope("unit/y07-1", SITE)
    for number in range(60):
        made = notices.put(web.desk.office, Draft(scope, f"t{number}", "x"), web.desk.now + number // 3)
        notices.withdraw(web.desk.office, made.id, web.desk.now + number // 3)
    found, after = [], ""
    while after is not None:
        page = web.call("GET", f"/notices?list=past{after and f'&after={after}'}")
        found += [each["notice"] for each in page["notices"]]
        after = page["after"]
    assert len(found) == len(set(found)) == 60
    assert "Next page" in web.get("/notices?list=past").text


# --- why a door does not show it


def test_each_door_that_is_missing_says_why(web: WebDesk) -> None:
    units = [*yard(web, 6), web.desk.unit("y07-7", YARD, enrolled=False), web.desk.unit("y07-8", YARD)]
    name = put(web)
    web.desk.run("unit", "revoke", "y07-8")
    with web.desk.books.writing() as conn:
        conn.exec_driver_sql(f"UPDATE state SET sent_utc = {web.desk.now}, sent_rev = rev WHERE kind = 'notice'")
    rev = web.call("GET", f"/notices/{name}")["line"]["rev"]
    for unit in units[1:5]:
        unit.fact("notice.received", scope=YARD, id=name, rev=rev)
        web.desk.take(unit.batch())
    web.desk.take(
        units[0].status(),
        units[1].status(),
        units[2].status(devices=_devices()),
        units[3].status(door_only=web.desk.now),
    )
    found = {each["unit"]: each["why"] for each in web.call("GET", f"/notices/{name}")["missing"]}
    assert found == {
        "y07-1": "not_taken",
        "y07-2": "its_turn",
        "y07-3": "device_lost",
        "y07-4": "door_only",
        "y07-5": "received_offline",
        "y07-6": "offline",
        "y07-7": "not_enrolled",
    }
    page = web.get(f"/notices/notice/{name}").text
    assert "Not counted: 1 revoked." in page
    assert "no answer from: panel" in page


def _devices(**panel: str) -> dict[str, DeviceStatus]:
    return {"panel": DeviceStatus("lost", "silent", 1_790_000_000.0, **panel), "card": DeviceStatus("ok")}  # type: ignore[arg-type]


def test_only_a_silent_screen_keeps_a_notice_from_being_seen(web: WebDesk) -> None:
    units = yard(web, 2)
    name = put(web)
    rev = web.call("GET", f"/notices/{name}")["line"]["rev"]
    card = {"panel": DeviceStatus("ok", panel="800x480 0 normal"), "card": DeviceStatus("lost", "silent", 1.79e9)}
    for unit, devices in zip(units, (card, _devices(panel="800x480 0 normal")), strict=True):
        unit.fact("notice.received", scope=YARD, id=name, rev=rev)
        web.desk.take(unit.batch(), unit.status(devices=devices))
    found = {each["unit"]: each["why"] for each in web.call("GET", f"/notices/{name}")["missing"]}
    assert found == {"y07-1": "its_turn", "y07-2": "device_lost"}


def test_it_is_drawn_on_the_smallest_screen_that_is_known_there(web: WebDesk) -> None:
    units = yard(web, 3)
    form = {"title": "停水", "text": "8:00", "category": "service", "scope": YARD}
    assert "no screen there has told its size" in web.post("/notices/preview", 200, **form).text
    for unit, told in zip(units, ("1024x600 0 normal", "800x480 90 large", "640x480 0 normal"), strict=True):
        web.desk.take(unit.status(devices={"panel": DeviceStatus("ok", panel=told)}))
    part = web.post("/notices/preview", 200, **form).text
    assert "7 inch: the smallest of the 2 screens that are known there" in part
    address = re.search(r'src="(/notices/picture/[0-9a-f]+/1)"', part)
    assert address is not None
    assert struct.unpack(">II", web.get(address[1]).content[16:24]) == (480, 800)
    chosen = web.post("/notices/preview", 200, **form, panel="480x272").text
    assert "4.3 inch" in chosen
    assert "write a headline" in web.post("/notices/preview", 200, **{**form, "title": ""}).text
    web.get(address[1].replace("/1", "/9"), 404)
    web.get("/notices/picture/0/1", 404)
    name = put(web)
    assert web.get(f"/notices/notice/{name}/drawn").content.startswith(b"\x89PNG")
    assert "pictures" in web.post("/notices/new", 200, **form, do="preview").text


def test_with_no_broker_it_is_kept_and_says_so(web: WebDesk) -> None:
    yard(web)
    name = put(web)
    with web.desk.books.writing() as conn:
        conn.exec_driver_sql("UPDATE state SET made_utc = made_utc - 60 WHERE kind = 'notice'")
    assert "as soon as the centre reaches its broker" in web.get(f"/notices/notice/{name}").text


def test_a_notice_of_before_authors_were_kept(web: WebDesk) -> None:
    yard(web)
    name = put(web)
    with web.desk.books.writing() as conn:
        conn.exec_driver_sql("DELETE FROM notice_revs")
    assert "停水通知" in web.get(f"/notices/notice/{name}").text
    assert name in web.get("/notices").text
    web.post(f"/notices/notice/{name}/withdraw")
    assert "停水通知" in web.get("/notices?list=past").text
    assert "is not kept" in web.get(f"/notices/notice/{name}").text


# --- templates


def test_a_sites_own_templates(web: WebDesk) -> None:
    yard(web)
    form = {"do": "save", "name": "义诊", "title": "社区义诊", "text": "{hours} 义诊", "category": "reminder"}
    assert "义诊" in web.post("/notices/new", 200, **form).text
    own = [each for each in web.call("GET", "/notice-templates")["templates"] if each["own"]]
    assert [each["name"] for each in own] == ["义诊"]
    assert "社区义诊" in web.get(f"/notices/new?template={own[0]['id']}").text
    assert 'href="#f-name"' in web.post("/notices/new", 422, **{**form, "name": ""}).text
    web.become(Role.OPERATOR, YARD)
    web.post(f"/notices/templates/{own[0]['id']}/remove", 403)
    web.post("/notices/templates/water/remove", 404)
    web.become(Role.ADMINISTRATOR)
    web.post(f"/notices/templates/{own[0]['id']}/remove")
    web.call("DELETE", f"/notice-templates/{own[0]['id']}", 404)


def test_a_template_is_filled_in_without_script(web: WebDesk) -> None:
    yard(web)
    form = {
        "do": "fill",
        "template": "water",
        "begin": "2026-11-27T09:00",
        "end": "2026-11-27T16:00",
        "title": "",
        "text": "",
    }
    page = web.post("/notices/new", 200, **form).text
    assert "11/27 09:00–16:00" in page
    assert 'name="until" type="datetime-local" value="2026-11-27T16:00"' in page


# --- places


def test_places_lie_in_each_other(web: WebDesk) -> None:
    for number in range(1, 5):
        web.desk.unit(f"b{number}-1", "community/c1", f"yard/y{number % 2}", f"building/b{number}")
    with web.desk.books.reading() as conn:
        known = scope_tree.roll(conn, SITE)
    [site] = known.tree(known.units)
    [community] = site.children
    assert [(each.scope, each.count) for each in community.children] == [("yard/y0", 2), ("yard/y1", 2)]
    assert [each.scope for each in community.children[0].children] == ["building/b2", "building/b4"]
    assert [each.scope for each in community.children[0].children[0].children] == ["unit/b2-1"]
    [seen] = known.tree({"b1-1"})
    assert (seen.count, seen.whole) == (1, False)


# --- the use cases themselves


def test_what_goes_out_again_must_stand(web: WebDesk) -> None:
    office, now = web.desk.office, web.desk.now
    made = notices.put(
        office, Draft(parse_scope(YARD, SITE), "t", "x", Category.POLICY, until_utc=now + 60, by="li"), now
    )
    assert notices.again(office, made.id, "li", now + 1) == replace(made, rev=made.rev + 1, iat=now + 1)
    with pytest.raises(CentreError, match="its time is over"):
        notices.again(office, made.id, "li", now + 61)
    with pytest.raises(CentreError, match="no such notice"):
        notices.again(office, "n9", "li", now)
    notices.withdraw(office, made.id, now + 2)
    with pytest.raises(CentreError, match="down already"):
        notices.again(office, made.id, "li", now + 3)
