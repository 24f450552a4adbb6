"""A street's day through real processes: three stairwells, forty people, eight hours. What the books say of it is what people did, counted by themselves."""

from __future__ import annotations

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from centre import reports
from centre.books import Books
from centre.folder import Folder
from simulator.demo.bureau import SITE
from tests.system.street import CODES, Home, Street
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.needs("mosquitto")]

RESIDENTS, FIRST, EXPIRED = 36, 1_000_000, 1_000_036
MORNING, AFTERNOON = 1_000_040, 1_000_041
HALF_HOURS = tuple(f"{hour:02}:{minute:02}" for hour in range(8, 16) for minute in (0, 30))


def pin_of(number: int) -> str:
    return f"{7300 + 13 * number:04}"


def roster() -> str:
    rows = [f"r-{n},resident,{FIRST + n:010d},{101 + n},{pin_of(n)}," for n in range(RESIDENTS)]
    rows += [f"r-old,resident,{EXPIRED:010d},401,,2020-01-01"]
    rows += [f"w-a,patrol,{MORNING:010d},,,", f"w-b,patrol,{AFTERNOON:010d},,,", "s-1,staff,0001000042,,,"]
    return "\n".join(["id,role,card,room,pin,until", *rows, ""])


@dataclass
class Day:
    """The script: what happens when. `often`: how many come to each door in a half hour."""

    street: Street
    often: int
    dice: random.Random
    filed: dict[str, float] = field(default_factory=dict)
    done: dict[str, dict[str, float]] = field(default_factory=dict)
    poll: str = ""

    def begins(self) -> None:
        street = self.street
        street.do("settings", "put", "--yes", "--scope", "grid/g21", "--codes", street.file("codes.csv", CODES))
        street.do("roster", "put", "--yes", "residents", street.file("people.csv", roster()), "--scope", "building/b12")
        put = (
            "notice",
            "put",
            "--yes",
            "--scope",
            f"site/{SITE}",
            "--id",
            "water",
            "--title",
            "停水",
            "--text",
            "八点到十点",
        )
        street.do(*put, "--until", "2d")
        self.rounds = [
            self._round("早巡", "09:00,09:30", "09:30,10:00", "10:00,10:30"),
            self._round("午巡", *["14:00,15:00"] * 3),
        ]
        eventually(lambda: len({each.unit for each in street.bureau.facts(kind="roster.applied")}) == 3, 60, 0.1)
        eventually(lambda: len(street.bureau.facts(kind="state.applied", state="round")) == 6, 60, 0.1)
        eventually(lambda: len({each.unit for each in street.bureau.facts(kind="settings.applied")}) == 3, 60, 0.1)

    def _round(self, title: str, *windows: str) -> str:
        rows = [f"{home.unit},{window},{home.unit}" for home, window in zip(self.street.homes, windows, strict=True)]
        file = self.street.file("stops.csv", "\n".join(["unit,from,until,name", *rows, ""]))
        return self.street.do("round", "put", file, "--scope", "grid/g21", "--title", title, "--yes").splitlines()[0]

    def people(self) -> None:
        """Some come to each door, all doors at once."""
        seeds = [self.dice.getrandbits(32) for _ in self.street.homes]
        with ThreadPoolExecutor(len(seeds)) as doors:
            list(doors.map(self._come, self.street.homes, seeds))

    def _come(self, home: Home, seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(self.often):
            person = dice.randrange(RESIDENTS)
            match dice.randrange(8):
                case 0 | 1 | 2 | 3:
                    home.card(FIRST + person)
                case 4:
                    home.code(f"{101 + person}*{pin_of(person)}#", "pin")
                case 5:
                    home.no_code(f"{101 + person}*9999#", "密码不对", "pin", "pin")
                case 6:
                    home.turned_away(EXPIRED, "此卡已过期", "expired")
                case _:
                    home.turned_away(2_000_000, "此卡未登记", "unknown")

    # --- the course of reports

    def file(self, home: Home, code: str) -> None:
        before = {each.data["report"] for each in self.street.bureau.facts(kind="report.filed")}
        home.report(code)
        at = self.street.now().timestamp()
        found = eventually(
            lambda: [e for e in self.street.bureau.facts(kind="report.filed") if e.data["report"] not in before], 30
        )
        self.filed[str(found[0].data["report"])] = at

    def desk(self, verb: str, name: str, *words: str) -> None:
        self.street.do("report", verb, name, *words, "--by", "li")
        self.done.setdefault(name, {})[verb] = self.street.now().timestamp()

    # --- what came of it

    def sheets(self, day: str) -> list[dict[str, Any]]:
        return [json.loads(self.street.do("round", "show", name, day, "--json")) for name in self.rounds]


def play(day: Day, full: bool) -> None:
    """The fixed course of the day; where `full`, with people at every half hour of it."""
    street = day.street
    one, two, three = street.homes
    course = {
        "09:00": lambda: morning(day, one),
        "10:00": lambda: late(day, two),
        "11:00": lambda: noon(day, three),
        "12:00": lambda: asked(day),
        "13:00": lambda: answered(day, one, two, three),
        "14:00": lambda: afternoon(day, three),
    }
    for time in HALF_HOURS if full else sorted(course)[:3]:
        street.at(time if time != "10:00" else "10:04")
        if time in course:
            course[time]()
        day.people()
    for name in day.filed:
        day.desk("close", name)
    street.at("15:40" if full else "11:30")


def morning(day: Day, home: Home) -> None:
    home.patrol(MORNING)
    day.file(home, "21")


def late(day: Day, home: Home) -> None:
    home.patrol(MORNING)
    home.card(FIRST + 4)
    day.file(home, "7")


def noon(day: Day, home: Home) -> None:
    """Nobody came to the third. The broker goes, and is there again; people go on meanwhile."""
    day.street.broker.stop()
    day.people()
    day.street.broker.start()
    for name in day.filed:
        day.desk("assign", name, "--to", "sanitation")
    code = day.street.do("visitor", "make", home.unit, "main").split()[0]
    home.code(f"{code}#", "visitor")
    home.agent.kill()
    home.start()
    day.street.in_step([home])
    home.no_code(f"{code}#", "访客码已用过", "visitor", "used")


def asked(day: Day) -> None:
    for name in day.filed:
        day.desk("answer", name, "已经处理", "--notice")
    put = (
        "poll",
        "put",
        "unit/b12-u3",
        "长椅放哪里",
        "--option",
        "东边",
        "--option",
        "西边",
        "--until",
        "7d",
        "--per",
        "holder",
    )
    day.poll = day.street.do(*put).splitlines()[0]
    eventually(lambda: len(day.street.bureau.facts(kind="notice.received")) >= 6, 60, 0.1)


def answered(day: Day, one: Home, two: Home, three: Home) -> None:
    with ThreadPoolExecutor(3) as doors:
        answers = [(one, ((3, 4),)), (two, ((4, 5),)), (three, ((1, 1), (2, 2)))]
        list(doors.map(lambda each: [each[0].answer(FIRST + who, value) for who, value in each[1]], answers))


def afternoon(day: Day, home: Home) -> None:
    """Cut off without a word; back, it knows nobody's answer, and one has thought better of it."""
    home.agent.kill()
    home.start()
    day.street.in_step([home])
    home.answer(FIRST + 1, 2)
    for each in day.street.homes:
        each.patrol(AFTERNOON)


def check(day: Day, full: bool) -> None:
    street = day.street
    date = street.morning.date().isoformat()
    early, later = day.sheets(date)
    assert [(s["state"], s["timing"]) for s in early["stops"]] == [
        ("done", "on_time"),
        ("done", "late"),
        ("missed", None),
    ]
    assert [s["state"] for s in later["stops"]] == ["done" if full else "awaited"] * 3
    assert (early["complete"], later["complete"]) == (False, full)
    if full:
        poll = json.loads(street.do("poll", "show", day.poll, "--json"))
        assert (poll["votes"], poll["replaced"]) == ([0, 2], 1)
    ratings = []
    for name, filed in day.filed.items():
        case = json.loads(street.do("report", "show", name, "--json"))
        steps = {step["what"]: step["at"] for step in case["steps"]}
        names = {"assign": "assigned", "answer": "answered", "close": "closed"}
        assert case["stage"] == "closed"
        assert abs(case["filed"] - filed) < 60
        assert all(abs(steps[names[verb]] - at) < 60 for verb, at in day.done[name].items()), (steps, day.done[name])
        ratings += case["ratings"]
    assert sorted(ratings) == ([4, 5] if full else [])
    figures = json.loads(street.do("report", "times", "--json"))
    assert figures["filed"] == 2
    with Books.of(folder := Folder(street.bureau.path), folder.load()).reading() as conn:
        every, _, _, shown = reports.coverage(conn, SITE, "water").counts()
    assert (every, shown) == (3, 3)
    street.settled()
    assert street.told() == street.tally.counts
    street.do("verify")  # else its exit code is not 0


@pytest.mark.parametrize(
    ("full", "often"), [pytest.param(False, 1, id="short"), pytest.param(True, 4, id="whole", marks=pytest.mark.soak)]
)
def test_what_the_books_say_of_a_day_is_what_people_did(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    full: bool,
    often: int,
    record_property: pytest.RecordProperty,
) -> None:
    with Street(tmp_path, monkeypatch) as street:
        day = Day(street, often, random.Random(seed))
        street.at("08:01")
        day.begins()
        play(day, full)
        check(day, full)
        people: Counter[str] = Counter()
        for (_unit, what, *_rest), times in street.tally.counts.items():
            people[what] += times
        facts = len(street.bureau.facts())
        record_property(
            "figure", f"a day of 3 units: {facts} facts, each once; {dict(people)} as people counted (seed {seed})"
        )
