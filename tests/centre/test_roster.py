"""Rosters from CSV: every bad line named, cards in any printed form hashed alike, parts that fit a message."""

from __future__ import annotations

import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from centre import schema
from centre.roster_csv import HashKeys, moment, read_csv, split
from contract.cards import card_hash
from contract.envelope import key_ring, verify
from contract.messages import MAX_MESSAGE_BYTES, Holder, Kind, Role, RosterPart
from contract.parse import parse, payload_of
from contract.scopes import Scope
from contract.strict_json import dumps
from contract.topics import parse_down
from tests.centre.conftest import Desk

KEY = b"k" * 32
ZONE = ZoneInfo("Asia/Shanghai")
HASH = card_hash(KEY, "BC614E")


def read(text: str) -> list[Holder]:
    reading = read_csv(text.encode(), HashKeys(("c1", KEY)), ZONE)
    assert not reading.faults, [str(fault) for fault in reading.faults]
    return reading.holders


def faults(text: str | bytes) -> list[str]:
    data = text if isinstance(text, bytes) else text.encode()
    return [str(fault) for fault in read_csv(data, HashKeys(("c1", KEY)), ZONE).faults]


@pytest.mark.parametrize("card", ["0012345678", '"188,24910"', "00BC614E", "0x00bc614e", "00:bc:61:4e"])
def test_a_card_in_any_printed_form_gives_one_hash(card: str) -> None:
    assert read(f"id,card\nh1,{card}\n") == [Holder("h1", key=HASH)]


@pytest.mark.parametrize("card", ["'0012345678", '"=""0012345678"""', "００12345678", "188，24910"])
def test_a_card_as_spreadsheets_and_chinese_keyboards_leave_it(card: str) -> None:
    assert read(f"id,card\nh1,{card}\n") == [Holder("h1", key=HASH)]


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_file_as_spreadsheets_save_it(charset: str, separator: str) -> None:
    lines = ("card,room,until,id", "0012345678,二单元302,2026/10/7,h1")
    data = "\r\n".join(lines).replace(",", separator).encode(charset)
    reading = read_csv(data, HashKeys(("c1", KEY)), ZONE)
    assert not reading.faults
    assert reading.holders == [Holder("h1", key=HASH, room="二单元302", until_utc=1_790_784_000.0 + 7 * 86_400)]


def test_blank_lines_before_the_heading_are_passed_over() -> None:
    assert read("\n , \nid,card\nh1,12345678\n") == [Holder("h1", key=HASH)]


def test_a_card_that_may_be_another_is_a_fault() -> None:
    assert "rounded by the spreadsheet" in faults("id,card\nh1,1.23457E+09\n")[0]
    assert "parted by a comma" in faults("id,card\nh1,188 24910\n")[0]


def test_every_column(fresh_folder: Path) -> None:
    holders = read(
        "\ufeffID,role,card,room,doors,from,until,unlock_s,flags\r\n"
        "h1,patrol,12345678,302,main; back,2026-10-01,2026-10-07,12.5,fire_reset care\r\n"
        "\r\n"
        "h2,,99,,,2026-10-01T08:00,2026-10-01T02:00:00+00:00,,\r\n"
    )
    day = 86_400
    first = 1_790_784_000.0  # 2026-10-01 00:00 in Shanghai
    assert holders == [
        Holder(
            "h1",
            Role.PATROL,
            HASH,
            None,
            "302",
            frozenset({"main", "back"}),
            first,
            first + 7 * day,
            None,
            12.5,
            frozenset({"fire_reset", "care"}),
        ),
        Holder("h2", key=card_hash(KEY, "63"), from_utc=first + 8 * 3600, until_utc=first + 10 * 3600),
    ]


def test_every_fault_is_named_with_line_and_column() -> None:
    found = faults(
        "id,role,card,doors,from,until,unlock_s,flags\n"
        "h1,resident,12345678,,,,,\n"
        "王小明,owner,xyz,a b c!,tomorrow,2026-02-30,0,UPPER\n"
        "h1,staff,0x1,,,,,\n"
        '"h\n3",staff,0x1,,,,,\n'
        "h4,staff,0012345678,,2026-10-02,2026-10-01,61,\n"
        "h5,staff,2,,,,,,,extra\n"
        ",staff,,,,,,\n"
    )
    assert [fault.split(": ")[:2] for fault in found] == [
        ["3", "doors"],
        ["3", "id"],
        ["3", "role"],
        ["3", "card"],
        ["3", "from"],
        ["3", "until"],
        ["3", "unlock_s"],
        ["3", "flags"],
        ["4", "id"],
        ["6", "id"],
        ["7", "unlock_s"],
        ["7", "until"],
        ["8", "10 cells where the heading has 8; a card like 188,24910 stands in quotes"],
        ["9", "id"],
        ["9", "card"],
    ]
    assert not any("12345678" in fault for fault in found)


def test_the_same_card_twice_is_named_with_both_lines() -> None:
    assert faults('id,card\nh1,12345678\nh2,"188,24910"\n') == ["3: card: the same as in line 2"]


def test_a_second_card_of_one_holder_and_an_id_that_was_copied() -> None:
    assert faults("id,card,room\nh1,12345678,301\nh1,12345679,301\n") == []
    (fault,) = faults("id,card,room\nh1,12345678,301\nh1,12345679,302\n")
    assert fault.startswith("3: id: the same as in line 2, where role or room differ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1: no heading line: one like id,card comes first"),
        ("h1,0012345678\n", "1: no heading line"),
        ("id，card\nh1，1\n", "1: no heading line: one like id,card comes first; the commas are full-width"),
        ("id\nh1\n", "1: card: column is missing"),
        ("id,card,name\n", "1: name: no such column; known"),
        ("id,card,card\n", "1: card: column is there twice"),
        (b"id,card\nh1,1\n\xff\xfe,2\n", "1: neither UTF-8 nor GBK"),
        (b"PK\x03\x04\x14\0\x06\0", "1: neither UTF-8 nor GBK"),
        ('id,card\nh1,"1\n', "2: a quote is not closed"),
    ],
)
def test_a_file_that_is_none(text: str | bytes, said: str) -> None:
    assert faults(text)[0].startswith(said)


def test_parts_fit_a_message_and_lose_nobody() -> None:
    holders = [
        Holder(f"holder-{n:05}", key=f"{n:032x}", room=f"{n}", doors=frozenset({"main", f"door-{n % 7}"}))
        for n in range(3000)
    ]
    parts = split(Scope("site", "badahu"), "r", 7, time.time(), "c1", "badahu", holders)
    assert [holder for part in parts for holder in part.holders] == holders
    assert [(part.part, part.parts, part.rev) for part in parts] == [
        (n, len(parts), 7) for n in range(1, len(parts) + 1)
    ]
    sizes = [len(dumps(payload_of(part, "badahu"))) * 4 / 3 + 300 for part in parts]
    assert all(size <= MAX_MESSAGE_BYTES for size in sizes)
    assert min(sizes[:-1]) > MAX_MESSAGE_BYTES * 0.95


def test_an_empty_roster_is_one_empty_part() -> None:
    (part,) = split(Scope("yard", "y1"), "r", 1, 0.0, "c1", "badahu", [])
    assert (part.part, part.parts, part.holders) == (1, 1, ())


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-10-1x", "2026/13/1", "", "1969-01-01", "9999-12-31"])
def test_no_moment(text: str) -> None:
    with pytest.raises(ValueError):
        moment(text, ZONE, end=True)


# --- the command


def put(desk: Desk, text: str, code: int = 0, scope: str = "yard/y07") -> str:
    file = desk.path / "r.csv"
    file.write_text(text)
    result = desk.run("roster", "put", "--yes", "main", str(file), "--scope", scope, code=code)
    return result.stdout if code == 0 else result.stderr


def test_nothing_is_published_unless_all_lines_are_good(desk: Desk) -> None:
    said = put(desk, "id,card\nh1,1\nh2,bad!\n", code=1)
    assert said == f"centre: {desk.path}/r.csv:3: card: not a hex number\n"
    assert desk.run("roster", "list").stdout == ""


def test_a_smaller_revision_clears_the_parts_that_are_over(desk: Desk) -> None:
    many = "id,card\n" + "".join(f"h{n},{n + 1}\n" for n in range(1800))
    said = put(desk, many)
    first = desk.rev(Kind.ROSTER, "yard/y07", "main")
    assert f"roster main rev {first}: 1800 holders in 3 parts for yard/y07" in said
    said = put(desk, "id,card\nh1,1\n")
    rev = desk.rev(Kind.ROSTER, "yard/y07", "main")
    assert rev > first
    assert f"roster main rev {rev}: 1 holder for yard/y07, 1800 before\n" in said
    rows = desk.rows(select(schema.state).where(schema.state.c.kind == "roster").order_by(schema.state.c.part))
    assert [(row.part, row.rev, row.token is None) for row in rows] == [(1, rev, False), (2, rev, True), (3, rev, True)]
    assert desk.run("roster", "list").stdout == f"main  rev {rev}  yard/y07  1 holder  not sent yet\n"


def test_no_card_number_reaches_the_books(desk: Desk) -> None:
    put(desk, "id,card\nh1,0012345678\n")
    key = desk.office.keys.card_key[1]
    token = desk.rows(select(schema.state.c.token).where(schema.state.c.kind == "roster"))[0][0]
    kept = desk.kept()
    assert bytes(token) in kept
    for number in (b"12345678", b"BC614E", b"bc614e"):
        assert number not in kept.replace(bytes(token), b"")
    assert [holder.key for holder in _as_a_unit_reads(desk).holders] == [card_hash(key, "BC614E")]


def _as_a_unit_reads(desk: Desk) -> RosterPart:
    """The first roster of the books, verified with the keys of an enrolment."""
    row = desk.rows(select(schema.state).where(schema.state.c.kind == "roster"))[0]
    assert row.topic == "doorward/1/badahu/down/yard/y07/roster/main/1"
    keys = desk.office.keys
    payload = verify(row.token, Kind.ROSTER, key_ring(bytes.fromhex(keys.root_public), keys.working))
    down = parse_down(row.topic)
    assert isinstance(payload, dict)
    assert down is not None
    part = parse(Kind.ROSTER, "badahu", down, payload)
    assert isinstance(part, RosterPart)
    return part


@pytest.mark.slow
def test_twenty_thousand_holders_and_no_more(desk: Desk, record_property) -> None:  # type: ignore[no-untyped-def]
    desk.unit("b12-u2", "yard/y07", "grid/g21")
    many = "id,card,room\n" + "".join(f"holder{n:05},{n + 1},{n % 2000}\n" for n in range(20_000))
    begun = time.perf_counter()
    assert "20000 holders in" in put(desk, many)
    record_property(
        "figure", f"roster of 20,000: read, hashed, signed, committed in {time.perf_counter() - begun:.1f} s"
    )
    file = desk.path / "one.csv"
    file.write_text("id,card\nx1,999999\n")
    said = desk.run("roster", "put", "--yes", "other", str(file), "--scope", "grid/g21", code=1)
    assert said.stderr == "centre: more than 20000 holders for b12-u2\n"
    put(desk, "id,card\nx1,999999\n", scope="grid/g22")


def test_headings_and_roles_in_chinese() -> None:
    assert read("编号,身份,卡号,房号,截止\nh1,巡查,12345678,302,2026/10/7\n") == [
        Holder("h1", Role.PATROL, key=HASH, room="302", until_utc=1_790_784_000.0 + 7 * 86_400)
    ]
    assert "2: 角色" in faults("编号,卡号,角色\nh1,12345678,保安\n")[0]


@pytest.mark.parametrize("text", ["id,card,\nh1,12345678,\n", "id,card,,\nh1,12345678\n", "id,card\nh1,12345678,,,\n"])
def test_columns_whose_cells_were_deleted_are_passed_over(text: str) -> None:
    assert read(text) == [Holder("h1", key=HASH)]


def test_a_column_without_a_name_is_told_by_its_number() -> None:
    assert faults("id,,card\nh1,x,12345678\n") == ["1: 2: column has no name"]


def test_a_flag_that_no_unit_knows_is_a_fault_of_its_cell() -> None:
    (fault,) = faults("id,card,flags\nh1,1,care cares\n")
    assert fault == "2: flags: no such flag: cares; known: care, fire_reset"
    assert read("编号,卡号,标记\nh1,1,关爱、消防复位\n")[0].flags == {"care", "fire_reset"}


def test_full_width_digits_and_letters_are_those_of_any_keyboard() -> None:
    data = "ｉｄ,卡号,房号,密码,从,到\nＨ１,００１２３４５６７８,３０８,４７１１,2026-10-01 8:00,2026/10/07\n".replace(
        "Ｈ", "ｈ"
    )
    reading = read_csv(data.encode(), HashKeys(("c1", KEY), ("p1", KEY)), ZONE)
    assert not reading.faults
    (holder,) = reading.holders
    assert (holder.id, holder.room, holder.key) == ("h1", "308", HASH)
    assert reading.numbers[0].pin == "4711"
    assert holder.from_utc == 1_790_784_000.0 + 8 * 3600


def test_faults_name_the_heading_that_the_file_has() -> None:
    assert faults("编号,卡号,标记\nh1,1,cares\n")[0].startswith("2: 标记: ")
    assert faults("编号,房号\nh1,1\n") == ["1: 卡号: column is missing"]
    assert faults("编号,卡号,姓名\n")[0].startswith("1: 姓名: no such column")
