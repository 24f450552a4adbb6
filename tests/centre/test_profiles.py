"""Weekly profiles from CSV, and doors' times in settings: what is typed, what is refused, what a unit gets."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from centre import schema
from centre.profiles_csv import profiles
from centre.roster_csv import PART_BYTES, split
from centre.sheet import BadTableError
from contract.envelope import unverified_payload
from contract.hours import DoorTimes, Hours, Span
from contract.messages import Holder, Kind, RosterPart, Settings
from contract.parse import parse, payload_of
from contract.scopes import Scope
from contract.strict_json import dumps
from contract.topics import Down
from tests.centre.conftest import Desk
from tests.centre.unit import SITE

GOOD = """profile,days,hours
school,mon-fri,07:00-09:00 16:00-17:30
school,holiday,10:00-10:30
school,2026-10-01..2026-10-03,
school,2027/01/01,
night,mon-sun,00:00-06:00; 22:00-24:00
"""
WEEKDAY = (Span(420, 540), Span(960, 1050))


def test_a_table_as_a_spreadsheet_saves_it() -> None:
    found = profiles(GOOD.encode())
    days = frozenset({"2026-10-01", "2026-10-02", "2026-10-03", "2027-01-01"})
    assert found["school"] == Hours((*(WEEKDAY,) * 5, (), ()), days, (Span(600, 630),))
    assert found["night"].week == ((Span(0, 360), Span(1320, 1440)),) * 7
    chinese = "名称,星期,时间\nday,周一-周五,08:00-18:00\nday,节假日,09:00-12:00\n".encode("gb18030")
    assert profiles(chinese)["day"].holiday == (Span(540, 720),)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a b,mon,08:00-09:00", "2: profile: no id"),
        ("day,mo,08:00-09:00", "2: days: not days as mon-fri"),
        ("day,fri-mon,08:00-09:00", "2: days: days end before they begin"),
        ("day,mon,22:00-06:00", "2: hours: not hours as 08:00-18:00; over midnight"),
        ("day,mon,8-9", "2: hours: not hours"),
        ("day,2026-02-30,", "2: days: not a date"),
        ("day,2026-10-03..2026-10-01,", "2: days: days end before"),
        ("day,2026-10-01,08:00-09:00", "2: hours: a date is a holiday"),
        ("day,mon," + " ".join(f"{n:02d}:00-{n:02d}:30" for n in range(9)), "1: day: "),
    ],
)
def test_each_fault_is_named_with_its_place(line: str, told: str) -> None:
    with pytest.raises(BadTableError) as caught:
        profiles(f"profile,days,hours\n{line}\n".encode())
    assert told in str(caught.value)


def test_settings_with_doors_times(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "hours.csv"
    file.write_text(GOOD, encoding="utf-8")
    put = ("settings", "put", "--yes", "--scope", "yard/y07")
    said = desk.run(*put, "--hours", str(file), "--door-hours", "main=night", "--hold-open", "main=school").stdout
    assert "  door main: hours night, hold_open school" in said.splitlines()
    message = newest(desk)
    assert message.doors == {"main": DoorTimes("night", "school")}
    assert message.hours == profiles(GOOD.encode())
    desk.run(*put, "--door-hours", "main=")
    assert newest(desk).doors == {"main": DoorTimes(None, "school")}
    assert "no such profile" in desk.run(*put, "--hold-open", "yard=day", code=2).stderr
    assert "not DOOR=PROFILE" in desk.run(*put, "--hold-open", "yard", code=2).stderr
    file.write_text("profile,days,hours\nday,mo,1\n", encoding="utf-8")
    assert "hours.csv:2: days: " in desk.run(*put, "--hours", str(file), code=1).stderr
    desk.run(*put, "--language", "en", "--unset", "doors")
    assert newest(desk).doors is newest(desk).hours is None
    assert desk.run("verify", code=0)


def newest(desk: Desk) -> Settings:
    """As the unit reads what is signed."""
    (row,) = desk.rows(select(schema.state).where(schema.state.c.kind == "settings"))
    down = Down(SITE, Scope("yard", "y07"), Kind.SETTINGS)
    message = parse(Kind.SETTINGS, SITE, down, unverified_payload(row.token))
    assert isinstance(message, Settings)
    return message


def test_a_roster_whose_holders_have_hours(desk: Desk, tmp_path: Path) -> None:
    hours, people = tmp_path / "hours.csv", tmp_path / "people.csv"
    hours.write_text(GOOD, encoding="utf-8")
    people.write_text("id,card,hours\nh1,0012345678,school\nh2,0012345679,night\nh3,0012345670,\n", encoding="utf-8")
    put = ("roster", "put", "people", str(people), "--yes", "--scope", "yard/y07")
    assert "2: hours: no such profile; known: -" in desk.run(*put, code=1).stderr
    desk.run(*put, "--hours", str(hours))
    (row,) = desk.rows(select(schema.state).where(schema.state.c.kind == "roster"))
    down = Down(SITE, Scope("yard", "y07"), Kind.ROSTER, "people", 1)
    message = parse(Kind.ROSTER, SITE, down, unverified_payload(row.token))
    assert isinstance(message, RosterPart)
    known = profiles(GOOD.encode())
    assert [each.hours for each in message.holders] == [known["school"], known["night"], None]


def test_a_profile_that_all_share_takes_its_room_once() -> None:
    """1,500 holders with a profile of 400 holidays: with 5 KB for each it would be two hundred parts."""
    days = frozenset((date(2026, 1, 1) + timedelta(days=n)).isoformat() for n in range(400))
    held = [Holder(f"h{n}", key=f"{n:032x}", hours=Hours(((Span(0, 60),),) * 7, days)) for n in range(1500)]
    parts = split(Scope("yard", "y07"), "people", 1, 1.0, "c1", SITE, held)
    assert 1 < len(parts) < 10
    assert [each for part in parts for each in part.holders] == held
    assert all(len(dumps(payload_of(part, SITE))) <= PART_BYTES for part in parts)
