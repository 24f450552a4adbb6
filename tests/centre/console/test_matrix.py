"""Everything that can be asked of the console, by everybody who may not: made from what is declared, so that what comes later is in it by itself."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from centre import account_desk, notices, polls, recipients, rounds
from centre.accounts import Account, Role
from centre.console import calls as _declared  # noqa: F401  # so that all calls are known
from centre.console import pages
from centre.console.call import CALLS, Call
from centre.notices import Draft
from centre.permits import LEAST, Doing
from centre.polls import PollDraft
from centre.recipients import RecipientKind
from centre.schema import alarms, state
from centre.schema_record import acts
from contract.messages import Category, Per
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk
from tests.centre.test_reports_desk import filed
from tests.centre.unit import SITE, FakeUnit, door

pytestmark = [ONE_ENGINE, pytest.mark.slow, pytest.mark.usefixtures("listening")]
OWN, OTHER = "yard/y01", "yard/zzyard"
MARK = "zzz"
"""In every id of the other yard."""
WORDS = "秘密"
"""In every name and text of the other yard: it must not be told even to who guesses an id."""
HERE = {
    "level": "yard",
    "place": "zzyard",
    "act": "open",
    "number": "1",
    "key": "0" * 32,
    "token": "a.b",
    "language": "en",
    "org": "zzz",
}
FOR_ALL = {"template_saved", "template_removed", "search_people"}
"""What a clerk of a yard does for the whole site, or asks, which is entered."""
BODY: dict[str, Any] = {
    "door": "main", "card": "1234", "why": "w", "note": "n", "title": "t", "text": "t", "name": "n", "label": "l", "to": "water",
    "mode": "hold_open", "until": 4e9, "until_utc": 4e9, "options": ["a", "b"], "role": "viewer", "url": "https://a.example/b",
    "kind": "police", "roster": "zzzroster", "csv": "id,card\nzzzx,0012345670\n", "day": "2026-11-26", "serial": 0, "reader": "card",
    "stops": [{"unit": "zzz-1", "from": "08:00", "until": "09:00"}],
}  # fmt: skip


@pytest.fixture
def other(web: WebDesk, tmp_path: Path) -> dict[str, Any]:
    """Two yards; of the other one something of all that can be asked about, by the name of the field that asks."""
    web.desk.unit("b1-u1", OWN, "building/b1")
    unit = web.desk.unit("zzz-1", OTHER, "building/zzzb")
    with web.desk.books.changing() as conn:
        conn.exec_driver_sql(f"UPDATE units SET name = '{WORDS}楼' WHERE unit = 'zzz-1'")
    _told(web, unit)
    office, now = web.desk.office, time.time()
    recipients.add(
        office, "water", "水务", RecipientKind.PARTNER, "zhang", now
    )  # whom reports go to is the whole site's
    scope = Scope("yard", "zzyard")
    notice = notices.put(office, Draft(scope, f"{WORDS}通知", WORDS, Category.SERVICE, by="zzzclerk"), now)
    poll = polls.put(
        office, PollDraft(scope, f"{WORDS}问", WORDS, (f"{WORDS}甲", "乙"), Per.ROOM, now + 9e5), "zzzclerk", now
    )
    stops = rounds.stops_of(b"unit,from,until\nzzz-1,09:00,10:00\n")
    made = rounds.put(office, rounds.RoundDraft(scope, f"{WORDS}巡", stops), now, "zzzclerk")
    account_desk.add(office, Account("zzzclerk", f"{WORDS}员", Role.VIEWER, scope, "zzzholder"), "zhang", now)
    sheet = tmp_path / "roster.csv"
    sheet.write_text("id,card\nzzzholder,0012345678\nzzzanna,0012345679\n", "utf-8")
    web.desk.run("roster", "put", "--yes", "zzzroster", str(sheet), "--scope", OTHER)
    hook = web.call("POST", "/hooks", url="https://zzz.example/x", scope=OTHER)["id"]
    with web.desk.books.reading() as conn:
        alarm = conn.execute(select(func.max(alarms.c.id))).scalar()
    assert alarm
    ids = {
        "unit": "zzz-1",
        "scope": OTHER,
        "notice": notice.id,
        "poll": poll.id,
        "round": made.id,
        "case": "zzzr-1",
        "alarm": alarm,
    }
    ids |= {
        "holder": "zzzholder",
        "name": "zzzclerk",
        "id": hook,
        "course": "zzz",
        "template": "zzz",
        "recipient": "water",
        "alarms": [alarm],
    }
    return {**BODY, **HERE, **ids}  # fmt: skip


def _told(web: WebDesk, unit: FakeUnit) -> None:
    web.desk.take(unit.status(doors={"main": door()}))
    unit.at = time.time() - 3600
    filed(unit, "zzzr-1", by="zzzanna", room=f"{WORDS}301")
    unit.fact("patrol.checkin", by="zzzholder", round=None, stop="main")
    unit.fact("door.forced", door="main")
    web.desk.take(unit.alarm(len(unit.lines)), unit.batch())


def declared() -> Iterator[tuple[str, str, Doing | None]]:
    for page in pages.ALL:
        for (method, path), doing in page.needs.items():
            yield method, path, doing


def filled(path: str, values: dict[str, Any]) -> str:
    return re.sub(r"{(\w+)(?::\w+)?}", lambda found: str(values[found[1]]), path)


def body(each: Call, values: dict[str, Any]) -> dict[str, Any]:
    """What it wants at least; a new field wants a value here."""
    fields = msgspec.structs.fields(each.asks)
    return {
        field.encode_name: [OTHER] if (each.name, field.name) == ("notice_put", "scope") else values[field.name]
        for field in fields
        if field.name not in each.path_names and (field.required or field.name in values)
    }


def marks(web: WebDesk) -> tuple[Any, ...]:
    """What grows with everything that is done."""
    with web.desk.books.reading() as conn:
        return conn.execute(select(func.max(acts.c.n))).scalar(), conn.execute(
            select(func.count()).select_from(state)
        ).scalar()


def clerk(web: WebDesk, role: Role = Role.ADMINISTRATOR) -> None:
    web.become(role, OWN)


@pytest.mark.parametrize("role", [*Role, None], ids=str)
@pytest.mark.usefixtures("other")
def test_no_page_does_what_a_role_may_not(web: WebDesk, other: dict[str, Any], role: Role | None) -> None:
    """None: nobody is signed in. The page's token is good, so that nothing but the role stands in the way."""
    token, before = web.token, marks(web)
    if role is None:
        web.account = None
    else:
        web.become(role)
    for method, path, doing in declared():
        if doing is None or (role is not None and role >= LEAST[doing]):
            continue
        form = {"csrftoken": token, **{name: str(value) for name, value in other.items()}}
        sent = {"data": form} if method == "POST" else {}
        answer = web.client.request(method, filled(path, other), **sent)
        assert answer.status_code == (303 if role is None else 403), (path, answer.status_code)
        if role is None:
            assert answer.headers["location"].startswith("/sign-in")
    assert marks(web) == before


@pytest.mark.parametrize("role", Role, ids=str)
def test_no_call_does_what_a_role_may_not(web: WebDesk, other: dict[str, Any], role: Role) -> None:
    before = marks(web)
    for account in (
        Account("li", "李", role, Scope("site", SITE)),
        Account("li", "李", Role.ADMINISTRATOR, Scope("site", SITE), disabled_utc=1.0),
    ):
        token, web.account = web.token, account
        for each in CALLS:
            if account.enabled and role >= LEAST[each.doing]:
                continue
            answer = web.client.request(
                each.method,
                f"/api/v1{filled(each.path, other)}",
                json=body(each, other),
                headers={"x-csrftoken": token},
            )
            assert answer.status_code == 403, (each.name, answer.text)
    assert marks(web) == before


@pytest.mark.parametrize("role", Role, ids=str)
def test_no_page_tells_of_another_yard(web: WebDesk, other: dict[str, Any], role: Role) -> None:
    clerk(web, role)
    for method, path, _doing in declared():
        if method != "GET":
            continue
        for query in (
            "",
            "?q=zzz",
            f"?q={WORDS}",
            "?unit=zzz-1",
            f"?place={OTHER}",
            f"?in={OTHER}",
            f"?scope={OTHER}",
            f"?copy={other['notice']}",
        ):
            asked = filled(path, other) + query
            answer = web.client.get(asked, headers={"x-fragment": "1"})
            assert answer.status_code < 500, asked
            assert WORDS not in answer.text.replace(query[3:], "") if "?q=" in query else WORDS not in answer.text, (
                asked
            )
            if "{" not in path and not query:
                assert MARK not in answer.text, (asked, answer.text[max(0, answer.text.find(MARK) - 200) :][:400])


@pytest.mark.parametrize("role", Role, ids=str)
def test_no_call_tells_of_another_yard(web: WebDesk, other: dict[str, Any], role: Role) -> None:
    clerk(web, role)
    for each in CALLS:
        if each.method != "GET":
            continue
        answer = web.client.get(f"/api/v1{filled(each.path, other)}")
        assert answer.status_code < 500
        assert WORDS not in answer.text, each.name
        if not each.path_names:
            assert MARK not in answer.text, each.name


def test_nothing_is_done_in_another_yard(web: WebDesk, other: dict[str, Any]) -> None:
    clerk(web)
    headers = {"x-csrftoken": web.token}
    for each in CALLS:
        if each.method == "GET" or each.name in FOR_ALL:
            continue
        before = marks(web)
        answer = web.client.request(
            each.method, f"/api/v1{filled(each.path, other)}", json=body(each, other), headers=headers
        )
        assert answer.status_code in (403, 404, 409, 422), (each.name, answer.text)
        assert WORDS not in answer.text, each.name
        assert marks(web) == before, each.name


def test_no_form_does_anything_in_another_yard(web: WebDesk, other: dict[str, Any]) -> None:
    clerk(web)
    form = {"csrftoken": web.token, **{name: str(value) for name, value in other.items()}}
    for method, path, doing in declared():
        if method != "POST" or doing is None:
            continue
        before = marks(web)
        answer = web.client.post(filled(path, other), data=form)
        assert answer.status_code < 500, path
        assert WORDS not in answer.text, path
        assert marks(web) == before, path
