"""Patrol at the console: a day's rounds, one round, a worker's ways, rounds made and withdrawn."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest

from centre import rosters
from centre.accounts import Role
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk
from tests.centre.test_rounds import DAY, later, pair, put, say, utc
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


def test_stops_that_an_earlier_revision_had_elsewhere_are_not_told(web: WebDesk) -> None:
    """The round was a whole grid's in the morning, and is one yard's since noon."""
    hers = web.desk.unit("b1-u1", "grid/g07", "yard/y01")
    others = web.desk.unit("zzz-1", "grid/g07", "yard/y02")
    put(web.desk, "unit,from,until,name\nb1-u1,08:00,09:00,东门\nzzz-1,09:00,10:00,秘密\n")
    say(web.desk, others, "09:10", "zhao")
    put(web.desk, "unit,from,until,name\nb1-u1,08:00,09:00,东门\n", now=utc("12:00"))
    later(web.desk, hers, "23:30")
    wide = web.call("GET", f"/patrol?day={ON}")["rounds"]
    assert [each["unit"] for each in wide[0]["stops"]] == ["b1-u1", "zzz-1"]
    web.become(Role.OPERATOR, "yard/y01")
    for path in (f"/patrol?day={ON}", f"/rounds/r1?day={ON}"):
        found = web.call("GET", path)["rounds"][0]
        assert ([each["unit"] for each in found["stops"]], found["done"], found["unheard"]) == (["b1-u1"], 0, [])
    for path in (f"/patrol?day={ON}", f"/patrol/day?day={ON}", f"/patrol/round/r1?day={ON}", "/patrol/track"):
        page = web.get(path).text
        assert not any(word in page for word in ("zzz-1", "秘密", "zhao")), path


def test_whether_somebody_lives_elsewhere_is_not_told_by_who_walks_a_round(web: WebDesk) -> None:
    """The same answer for an id of another yard's list as for one that nobody has."""
    for unit, yard, name in (("b1-u1", "y01", "mine"), ("b2-u1", "y02", "anna")):
        web.desk.unit(unit, f"yard/{yard}")
        rosters.put(
            web.desk.office,
            Scope("yard", yard),
            "residents",
            f"id,card\n{name},001234567{yard[-1]}\n".encode(),
            time.time(),
        )
    web.become(Role.OPERATOR, "yard/y01")
    asked = {"scope": "yard/y01", "title": "巡", "stops": [{"unit": "b1-u1", "from": "08:00", "until": "09:00"}]}
    told = {
        name: web.call("POST", "/rounds", **asked, staff=[name])["unknown_staff"] for name in ("mine", "anna", "nobody")
    }
    assert told == {"mine": [], "anna": ["anna"], "nobody": ["nobody"]}
    form = {"title": "夜", "scope": "yard/y01", "stops": "b1-u1 08:00-09:00", "staff": "anna"}
    assert "In no list of yours: anna" in web.get(web.post("/patrol/new", **form).headers["location"]).text
    web.become(Role.OPERATOR)
    assert web.call("POST", "/rounds", 422, **asked, staff=["nobody"])["field"] == "staff"
    assert web.call("POST", "/rounds", **asked, staff=["anna"])["unknown_staff"] == []


@pytest.mark.usefixtures("walked")
def test_who_came_is_told_to_who_may_make_rounds_and_to_herself(web: WebDesk) -> None:
    def came() -> list[str | None]:
        return [each["by"] for each in web.call("GET", f"/patrol?day={ON}")["rounds"][0]["stops"]]

    assert came() == ["wang", None]
    web.become(Role.VIEWER)
    assert came() == [None, None]
    web.become(Role.GRID_WORKER, holder="wang")
    assert came() == ["wang", None]
    web.become(Role.GRID_WORKER, holder="li")
    assert came() == [None, None]


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
