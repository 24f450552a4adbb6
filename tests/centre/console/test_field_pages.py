"""In the field at the console: the day of a grid worker, what she files and notes, photos for whoever sees the report, help taken."""

from __future__ import annotations

import base64
import re
import time

import pytest
from sqlalchemy import text

from centre import reports_desk, settings
from centre.accounts import Role
from centre.photos import MAX_BYTES
from centre.reports_desk import Assignment
from centre.settings import Change
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk
from tests.centre.photo_bytes import exif, jpeg, png
from tests.centre.test_reports_desk import CODES, filed
from tests.centre.test_rounds import pair, put
from tests.centre.unit import FakeUnit

pytestmark = ONE_ENGINE
KEY = "0123456789abcdef"
GRID = "grid/g07"


@pytest.fixture
def door(web: WebDesk) -> FakeUnit:
    """Of her grid; another is elsewhere. A report of it is overdue."""
    one, _two = pair(web.desk)
    web.desk.unit("b9-u1", "grid/g09")
    settings.put(web.desk.office, Scope("site", "badahu"), Change(codes=CODES), 1_700_000_000.0)
    one.at = time.time() - 3 * 3600
    filed(one)
    web.desk.take(one.batch())
    web.become(Role.GRID_WORKER, GRID, holder="wang")
    return one


def count(web: WebDesk) -> int:
    return int(web.desk.rows(text("SELECT count(*) AS n FROM field_entries"))[0].n)


def photo_at(page: str) -> str:
    found = re.search(r'src="(/field/photos/[^"]+)"', page)
    assert found is not None
    return found[1]


def test_her_day_has_the_next_stop_and_what_waits(web: WebDesk, door: FakeUnit) -> None:
    put(web.desk, "unit,from,until\nb12-u1,00:00,23:59\n", now=time.time() - 86_400)
    assert web.call("GET", "/field")["tasks"] == [], "it is with the sanitation"
    reports_desk.assign(web.desk.office, "r1-1", Assignment("li"), "zhang", time.time())
    filed(door, "r1-2", "88")
    web.desk.take(door.batch(2))
    day = web.call("GET", "/field")
    assert (day["next"]["stop"]["unit"], day["next"]["number"], day["next"]["count"]) == ("b12-u1", 1, 1)
    assert [(each["id"], each["overdue"]) for each in day["tasks"]] == [("r1-1", False), ("r1-2", False)]
    page = web.get("/field").text
    assert "due until 23:59" in page
    assert "垃圾清运" in page
    assert "to be answered by" in web.get("/field/now").text
    assert 'href="/field"' in page


@pytest.mark.usefixtures("door")
def test_a_round_of_others_is_not_hers(web: WebDesk) -> None:
    put(web.desk, "unit,from,until\nb12-u1,00:00,23:59\n", now=time.time() - 86_400, staff=frozenset({"li"}))
    assert web.call("GET", "/field")["next"] is None
    assert "No round is planned for you today" in web.get("/field").text


@pytest.mark.usefixtures("door")
def test_a_report_with_a_photo_is_seen_by_whoever_sees_the_report(web: WebDesk) -> None:
    files = {"photo": ("a.jpg", jpeg(exif()), "image/jpeg")}
    answer = web.post("/field/report", key=KEY, unit="b12-u1", text="楼道灯不亮", files=files)
    page = web.get(answer.headers["location"]).text
    assert "楼道灯不亮" in page
    where = photo_at(page)
    got = web.get(where)
    assert b"39.9042" not in got.content
    assert got.headers["content-type"] == "image/jpeg"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"].startswith("inline; filename=")
    assert "sandbox" in got.headers["content-security-policy"]
    web.get(where.replace("/photos/", "/photos/x"), 404)
    web.get("/field/photos/r1-1/" + where.rpartition("/")[2], 404)
    web.become(Role.VIEWER, GRID)
    web.get(where)
    assert where in web.get(answer.headers["location"].replace("/field/task/", "/reports/case/")).text
    web.become(Role.ADMINISTRATOR, "grid/g09")
    web.get(where, 404)
    web.account = None
    web.get(where, 303)


@pytest.mark.usefixtures("door")
def test_a_visit_and_a_call_are_noted(web: WebDesk) -> None:
    web.post("/field/task/r1-1", key=KEY, what="called", text="已电话回访")
    done = web.call("GET", "/cases/r1-1")["entries"]
    assert [(each["what"], each["by"], each["text"]) for each in done] == [("called", "li", "已电话回访")]
    assert "已电话回访" in web.get("/field/task/r1-1").text
    assert "已电话回访" in web.get("/reports/case/r1-1").text


@pytest.mark.usefixtures("door")
def test_the_same_sent_again_is_once(web: WebDesk) -> None:
    value = {"key": KEY, "unit": "b12-u1", "text": "灯", "photo": base64.b64encode(png()).decode()}
    first = web.call("POST", "/field/reports", **value)
    assert web.call("POST", "/field/reports", **value) == first
    web.call("POST", "/field/reports", 409, **{**value, "text": "别的"})
    assert count(web) == 1


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.usefixtures("door")
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (SVG, "neither JPEG nor PNG"),
        (jpeg(size=(60_000, 60_000)), "too large"),
        (jpeg()[:-9], "take it again"),
        (jpeg() + b"\0" * MAX_BYTES, "more than 8 MB"),
    ],
    ids=["script", "huge", "cut off", "heavy"],
)
def test_a_photo_that_is_none_is_told_at_its_field_and_what_was_typed_stays(
    web: WebDesk, data: bytes, said: str
) -> None:
    files = {"photo": ("a.jpg", data, "image/jpeg")}
    for path, form in (("/field/report", {"unit": "b12-u1"}), ("/field/task/r1-1", {"what": "visited"})):
        page = web.post(path, 422, key=KEY, text="<script>x</script>", files=files, **form).text
        assert said in page
        assert 'href="#f-photo"' in page
        assert "&lt;script&gt;x" in page
        assert "<script>x" not in page
    assert count(web) == 0


@pytest.mark.usefixtures("door")
def test_twenty_megabytes_are_not_read(web: WebDesk) -> None:
    files = {"photo": ("a.jpg", jpeg() + b"\0" * 20 * 1024 * 1024, "image/jpeg")}
    web.post("/field/report", 413, key=KEY, unit="b12-u1", text="x", files=files)
    assert count(web) == 0


@pytest.mark.usefixtures("door")
@pytest.mark.parametrize(
    ("changes", "field"),
    [({"unit": ""}, "unit"), ({"unit": "b9-u1"}, "unit"), ({"unit": "../x"}, "unit"), ({"text": " "}, "text"),
     ({"text": ""}, "text"), ({"key": "x"}, "text")],
)  # fmt: skip
def test_what_is_wrong_stands_at_its_field(web: WebDesk, changes: dict[str, str], field: str) -> None:
    form = {"key": KEY, "unit": "b12-u1", "text": "灯", **changes}
    assert f'href="#f-{field}"' in web.post("/field/report", 422, **form).text
    assert count(web) == 0


@pytest.mark.usefixtures("door")
def test_a_code_that_is_none_is_told(web: WebDesk) -> None:
    form = {"csrftoken": web.token, "key": KEY, "unit": "b12-u1", "text": "灯", "code": "abc"}
    answer = web.client.post("/field/report", data=form)
    assert (answer.status_code, 'href="#f-code"' in answer.text) == (422, True)


@pytest.mark.usefixtures("door")
def test_what_people_wrote_is_never_obeyed(web: WebDesk) -> None:
    made = web.call("POST", "/field/reports", key=KEY, unit="b12-u1", text="<script>alert(1)</script><img src=x>")
    for path in ("/field", f"/field/task/{made['report']}", f"/reports/case/{made['report']}", "/reports", "/"):
        page = web.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x>" not in page


@pytest.mark.usefixtures("door")
@pytest.mark.parametrize(("role", "scope", "code"), [(Role.VIEWER, GRID, 403), (Role.GRID_WORKER, "grid/g09", 404)])
def test_a_viewer_and_a_worker_of_elsewhere_write_nothing(web: WebDesk, role: Role, scope: str, code: int) -> None:
    web.become(role, scope)
    web.call("POST", "/field/reports", code, key=KEY, unit="b12-u1", text="x")
    web.call("POST", "/cases/r1-1/entries", code, key=KEY, text="x")
    web.get("/field/task/r1-1", code)
    web.post("/field/task/r1-1", code, key=KEY, text="x")
    web.post("/field/report", 403 if code == 403 else 422, key=KEY, unit="b12-u1", text="x")
    if role is Role.VIEWER:
        for path in ("/field", "/field/now", "/field/report"):
            web.get(path, 403)
        web.call("GET", "/field", 403)
    else:
        assert web.call("GET", "/field")["tasks"] == []
    assert count(web) == 0


def alarm(web: WebDesk, unit: FakeUnit) -> int:
    unit.fact("help.called", door="main", via="key")
    web.desk.take(unit.alarm(len(unit.lines)))
    return int(web.desk.rows(text("SELECT max(id) AS n FROM alarms"))[0].n)


def test_help_at_her_doors_stands_first_and_she_takes_it(web: WebDesk, door: FakeUnit) -> None:
    number = alarm(web, door)
    page = web.get("/field").text
    assert f'action="/field/help/{number}"' in page
    assert page.index("I am going") < page.index("Next stop")
    web.become(Role.VIEWER, GRID)
    web.post(f"/field/help/{number}", 403)
    web.become(Role.GRID_WORKER, "grid/g09")
    assert "I am going" not in web.get("/field").text
    web.post(f"/field/help/{number}", 404)
    web.become(Role.GRID_WORKER, GRID)
    web.post(f"/field/help/{number}")
    (taken,) = web.desk.rows(text('SELECT "by", why FROM acknowledgements'))
    assert (taken.by, taken.why) == ("li", "On my way")
    answer = web.post(f"/field/help/{number}", back="/field")
    assert answer.headers["location"] == "/field"
    assert "flash failed" in web.get("/field").text, "somebody goes already: it is said"


@pytest.mark.usefixtures("door")
def test_what_a_phone_keeps_for_when_there_is_no_line_names_nobody(web: WebDesk) -> None:
    page = web.get("/field/offline").text
    for known in ("li", "李华", "b12-u1", "垃圾清运", "badahu", "csrftoken"):
        assert f'"{known}"' not in page
        assert f">{known}<" not in page
    web.account = None
    assert "No line" in web.get("/field/offline").text
    worker = web.get("/field-worker.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert web.get("/field/token").json() == {"name": None, "token": ""}


@pytest.mark.usefixtures("door")
def test_the_token_is_the_sessions_and_goes_to_nobody_elsewhere(web: WebDesk) -> None:
    found = web.get("/field/token").json()
    assert found == {"name": "li", "token": web.token}
    assert web.get("/field/token").headers["cross-origin-resource-policy"] == "same-origin"
    answer = web.client.post("/api/v1/field/reports", json={"key": KEY, "unit": "b12-u1", "text": "x"})
    assert answer.status_code == 403
    web.become(Role.VIEWER, GRID)
    assert web.get("/field/token").json()["name"] is None


def test_signing_out_wipes_what_the_phone_kept(web: WebDesk) -> None:
    assert web.post("/sign-out").headers["clear-site-data"] == '"cache", "storage"'
