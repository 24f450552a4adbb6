"""Patrol at the console: a day's rounds, one round, a worker's ways, rounds made and withdrawn."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from centre.accounts import Role
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk
from tests.centre.test_rounds import DAY, later, pair, put, say
from tests.centre.unit import FakeUnit

pytestmark = ONE_ENGINE
ON = DAY.date().isoformat()


@pytest.fixture
def walked(web: WebDesk) -> tuple[FakeUnit, FakeUnit]:
    """On the day one stop was late, and one missed."""
    one, two = pair(web.desk)
    put(web.desk)
    say(web.desk, one, "10:05")
    later(web.desk, one, "23:30")
    later(web.desk, two, "23:30")
    return one, two


@pytest.mark.usefixtures("walked")
def test_a_missed_stop_comes_first_in_words_and_shape(web: WebDesk) -> None:
    (found,) = web.call("GET", f"/patrol?day={ON}")["rounds"]
    assert (found["sign"], found["done"], found["missed"]) == ("urgent", 1, 1)
    assert [(each["state"], each["timing"]) for each in found["stops"]] == [("done", "late"), ("missed", None)]
    page = web.get(f"/patrol?day={ON}").text
    assert "1 missed" in page
    assert "#state-urgent" in page
    assert '<svg class="timeline"' in page
    assert "late" in web.get(f"/patrol/day?day={ON}").text


@pytest.mark.usefixtures("walked")
def test_a_round_with_a_stop_elsewhere_is_not_hers(web: WebDesk) -> None:
    web.desk.unit("b9-u1", "grid/g09")
    web.become(Role.OPERATOR, "grid/g09")
    assert web.call("GET", f"/patrol?day={ON}")["rounds"] == []
    web.call("GET", "/rounds/r1", 404)
    web.get("/patrol/round/r1", 404)
    web.get("/patrol/round/r1/change", 404)
    web.post("/patrol/round/r1/withdraw", 404)
    web.call("POST", "/rounds/r1/withdrawal", 404)
    stop = [{"unit": "b12-u1", "from": "08:00", "until": "09:00"}]
    web.call("POST", "/rounds", 403, scope="grid/g07", title="x", stops=stop)
    web.call("POST", "/rounds", 422, scope="grid/g09", title="x", stops=stop)


@pytest.mark.usefixtures("walked")
def test_a_viewer_looks_and_changes_nothing(web: WebDesk) -> None:
    web.become(Role.VIEWER)
    assert "1 missed" in web.get(f"/patrol?day={ON}").text
    assert "/patrol/new" not in web.get("/patrol").text
    web.get("/patrol/new", 403)
    web.post("/patrol/new", 403)
    web.get("/patrol/track?holder=wang", 403)
    web.call("POST", "/rounds/r1/withdrawal", 403)


@pytest.mark.usefixtures("walked")
def test_a_workers_ways_are_hers_or_entered(web: WebDesk) -> None:
    (point,) = web.call("GET", f"/patrol/track/wang?day={ON}")["points"]
    assert (point["unit"], point["timing"]) == ("b12-u1", None)
    assert next(each["what"] for each in web.call("GET", "/acts")["acts"]) == "looked at a person's facts"
    web.become(Role.GRID_WORKER, holder="wang")
    assert len(web.call("GET", f"/patrol/track/wang?day={ON}")["points"]) == 1
    web.call("GET", f"/patrol/track/li?day={ON}", 403)
    web.become(Role.ADMINISTRATOR)
    assert [each["by"] for each in web.call("GET", "/acts")["acts"]].count("li") == 0
    assert "b12-u1" in web.get(f"/patrol/track?holder=wang&day={ON}").text


def test_a_round_is_made_changed_and_withdrawn(web: WebDesk) -> None:
    pair(web.desk)
    form = {
        "title": "夜间巡查",
        "scope": "grid/g07",
        "stops": "b12-u1 20:00-21:00 东门\n\nb12-u2, 8:30，22：30",
        "week": ["mon", "fri"],
        "grace_min": "5",
        "ordered": "1",
    }
    answer = web.post("/patrol/new", **form)
    (found,) = list(web.desk.run("round", "list", "--json").output.splitlines())
    assert "夜间巡查" in found
    path = answer.headers["location"]
    assert "夜间巡查" in web.get(path).text
    values = web.get(f"{path}/change").text
    assert "b12-u1 20:00-21:00 东门" in values
    assert "b12-u2 08:30-22:30" in values
    web.post(f"{path}/change", **{**form, "title": "夜间巡查二"})
    assert "夜间巡查二" in web.get(path).text
    assert "Withdraw" in web.get(f"{path}/withdraw").text
    web.post(f"{path}/withdraw")
    web.get(path, 404)
    who = [each["by"] for each in web.call("GET", "/acts")["acts"] if each["what"] == "patrol round changed"]
    assert who == ["zhang"] * 3


def test_a_table_of_stops_tells_its_faults_by_line(web: WebDesk) -> None:
    pair(web.desk)
    form = {"title": "白天", "scope": "grid/g07", "stops": ""}
    table = "unit,from,until\nb12-u1,08:00,08:00\nB 12,9,10\n"
    page = web.post("/patrol/new", 400, **form, files={"file": ("stops.csv", table.encode())}).text
    assert "line 2" in page
    assert "line 3" in page
    assert 'value="白天"' in page
    good = "单元,开始,结束\nb12-u1,08:00,09:00\n"
    web.post("/patrol/new", **form, files={"file": ("stops.csv", good.encode())})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"stops": ""}, "stops"),
        ({"stops": "b12-u1 at eight"}, "stops"),
        ({"stops": "b12-u1 08:00-08:00"}, "stops"),
        ({"stops": "b12-u1 25:00-26:00"}, "stops"),
        ({"stops": "b77-u1 08:00-09:00"}, "stops"),
        ({"grace_min": "9999"}, "grace_min"),
        ({"holidays": "spring"}, "holidays"),
        ({"scope": "planet/earth"}, "scope"),
        ({"week": ["someday"]}, "week"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_lost(
    web: WebDesk, changes: dict[str, object], field: str
) -> None:
    pair(web.desk)
    form = {"title": "<script>x</script>", "scope": "grid/g07", "stops": "b12-u1 08:00-09:00"}
    page = web.post("/patrol/new", 400, **{**form, **changes}).text
    assert f'href="#f-{field}' in page
    assert "<script>x" not in page


@pytest.mark.parametrize("day", ["soon", "2026-02-30", "0001-01-01", "9999-12-31"])
def test_a_day_that_is_none_is_told(web: WebDesk, day: str) -> None:
    assert web.call("GET", f"/patrol?day={day}", 422)["field"] == "day"


def test_a_day_without_rounds_says_what_a_round_is(web: WebDesk) -> None:
    day = (date.today() + timedelta(1)).isoformat()  # noqa: DTZ011  # any day
    assert "A round is a list of doors" in web.get(f"/patrol?day={day}").text
