"""Settings from tables as an office saves them: codes of reports and services, and who is on duty when."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from centre import schema, settings_csv
from centre.sheet import BadTableError
from contract.envelope import unverified_payload
from tests.centre.conftest import ONE_ENGINE, Desk

CODES = "代码,名称,英文,类别,谁可用,交给,时限\n21,垃圾清运,Rubbish,,,sanitation,2h\n7,水管漏水,,服务,居民,water,\n90,志愿,,service,any,volunteers,3d\n"
DUTY = "星期,时间,网格员,电话\n周一-周五,08:00-12:00 13:00-18:00,张,111\nsat sun,09:00-17:00,李,\n6-7,18:00-24:00,夜,\n"

SETTINGS = select(schema.state).where(schema.state.c.kind == "settings")


@pytest.mark.parametrize("charset", ["utf-8-sig", "gb18030", "utf-16"])
def test_codes_as_a_spreadsheet_has_them(charset: str) -> None:
    assert settings_csv.codes(CODES.encode(charset)) == {
        "21": {"words": {"zh-CN": "垃圾清运", "en": "Rubbish"}, "to": "sanitation", "kind": "report", "who": "patrol", "due_s": 7200},
        "7": {"words": {"zh-CN": "水管漏水"}, "to": "water", "kind": "service", "who": "resident"},
        "90": {"words": {"zh-CN": "志愿"}, "to": "volunteers", "kind": "service", "who": "any", "due_s": 259_200},
    }  # fmt: skip


def test_duty_as_a_spreadsheet_has_it() -> None:
    day, weekend, evening = ["08:00-12:00", "13:00-18:00"], ["09:00-17:00"], ["18:00-24:00"]
    assert settings_csv.duty(DUTY.encode()) == [
        {"worker": "张", "hours": {"week": [day] * 5 + [[], []]}, "phone": "111"},
        {"worker": "李", "hours": {"week": [[]] * 5 + [weekend] * 2}},
        {"worker": "夜", "hours": {"week": [[]] * 5 + [evening] * 2}},
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("1234,x,y", "2: code: not 1 to 3 digits"),
        ("0,x,y", "2: code: 0 calls for help"),
        ("1, ,y", "2: words: not 1 to 20 characters"),
        (f"1,{'字' * 21},y", "2: words: not 1 to 20 characters"),
        ("1,x,The Police", "2: to: no id (a-z, 0-9, - and _, at most 48)"),
        ("1,x,y,odd", "2: kind: not one of report, service"),
        ("1,x,y,,odd", "2: who: not one of patrol, resident, any"),
        ("1,x,y,,,soon", "2: due: not as 30m, 4h or 3d, at most 366d"),
        ("1,x,y,,,0m", "2: due: not as 30m, 4h or 3d, at most 366d"),
        ("1,x,y,,,367d", "2: due: not as 30m, 4h or 3d, at most 366d"),
        ("1,x,y\n1,x,y", "3: code: is there twice"),
    ],
)
def test_faults_of_codes_are_named_by_line_and_column(line: str, fault: str) -> None:
    with pytest.raises(BadTableError) as error:
        settings_csv.codes(f"code,words,to,kind,who,due\n{line}\n".encode())
    assert [str(each) for each in error.value.faults] == [fault]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("mon-foo,08:00-09:00,a", "2: days: not days as mon-fri or sat sun"),
        ("fri-mon,08:00-09:00,a", "2: days: days end before they begin"),
        ("mon,22:00-06:00,a", "2: hours: not hours as 08:00-18:00; over midnight: 22:00-24:00 00:00-06:00"),
        ("mon,8-9,a", "2: hours: not hours as 08:00-18:00; over midnight: 22:00-24:00 00:00-06:00"),
        (f"mon,08:00-09:00,{'a' * 101}", "2: worker: more than 100 characters"),
    ],
)
def test_faults_of_duty_are_named_by_line_and_column(line: str, fault: str) -> None:
    with pytest.raises(BadTableError) as error:
        settings_csv.duty(f"days,hours,worker\n{line}\n".encode())
    assert [str(each) for each in error.value.faults] == [fault]


@ONE_ENGINE
def test_they_go_out_with_the_settings_and_the_rest_stays(desk: Desk) -> None:
    desk.unit()
    for name, text in (("codes.csv", CODES), ("duty.csv", DUTY), ("bad.csv", "code,words,to\nx,y,z\n")):
        (desk.path / name).write_text(text, encoding="utf-8")
    where = ("settings", "put", "--scope", "site/badahu")
    desk.run(*where, "--sign", "grid=第七网格")
    desk.run(*where, "--codes", str(desk.path / "codes.csv"))
    said = desk.run(*where, "--duty", str(desk.path / "duty.csv"), "--json").stdout.splitlines()[0]
    assert set(json.loads(said)) == {"sign", "report_codes"}
    assert "--care-hours is needed" in desk.run(*where, "--care-litres", "25", code=2).stderr
    desk.run(*where, "--care-hours", "12", "--care-quiet", "22:00-6:00", "--care-litres", "25")
    shown = desk.run("settings", "list").stdout
    for line in (
        "  sign: grid 第七网格",
        "  on duty 张: mon tue wed thu fri  08:00-12:00 13:00-18:00  111",
        "  code 7: zh-CN 水管漏水 to water; kind service, who resident",
        "  care: silent_h 12, litres 25, quiet 22:00-24:00 00:00-06:00",
    ):
        assert line in shown.splitlines()
    assert "{" not in shown
    (row,) = desk.rows(SETTINGS)
    payload = unverified_payload(row.token)
    assert payload["sign"]["grid"] == "第七网格"
    assert [each["worker"] for each in payload["sign"]["duty"]] == ["张", "李", "夜"]
    assert payload["report_codes"]["7"]["to"] == "water"
    assert (
        "bad.csv:2: code: not 1 to 3 digits" in desk.run(*where, "--codes", str(desk.path / "bad.csv"), code=1).stderr
    )
    desk.run(*where, "--unset", "report_codes")
    (row,) = desk.rows(SETTINGS)
    assert "report_codes" not in unverified_payload(row.token)


@ONE_ENGINE
def test_more_than_a_hundred_codes_are_refused(desk: Desk) -> None:
    desk.unit()
    lines = "".join(f"{number},x,y\n" for number in range(1, 102))
    (desk.path / "c.csv").write_text(f"code,words,to\n{lines}", encoding="utf-8")
    said = desk.run("settings", "put", "--scope", "site/badahu", "--codes", str(desk.path / "c.csv"), code=2)
    assert "report_codes: not an object of 0 to 100 keys" in said.stderr


def test_words_of_people_are_taken_where_their_headings_are() -> None:
    found = settings_csv.codes("代码,名称,类别,谁可用,交给,时限\n２１,垃圾（大件）,报告,巡逻,环卫,4小时\n".encode())
    one = {"words": {"zh-CN": "垃圾（大件）"}, "to": "sanitation", "kind": "report", "who": "patrol", "due_s": 14_400}
    assert found == {"21": one}, "what people read stays as it was written"
    (row,) = settings_csv.duty("星期,时间,值班\n周六、周日,8:00-12:00 ９：００至18:00,王\n".encode())
    assert row["hours"]["week"] == [[]] * 5 + [["08:00-12:00", "09:00-18:00"]] * 2
    (row,) = settings_csv.duty("星期,时间,值班\n周一至周五,08:00-24:00,王\n".encode())
    assert row["hours"]["week"] == [["08:00-24:00"]] * 5 + [[]] * 2
