"""The command line without a broker: folders and permissions, desired state with its revisions, clear errors with their codes."""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from centre import certificates, schema, state
from centre.cli import centre
from contract.enrolment import parse_enrolment
from contract.envelope import unverified_payload
from contract.messages import Kind
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.unit import FakeUnit

LATER = "`serve` publishes it when it comes up"


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(centre, list(args))
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result.exit_code, result.stderr


def test_everything_in_the_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "c"
    assert run("init", str(path), "--site", "badahu", "--broker", "mqtts://broker.example.cn")[0] == 0
    assert run("--dir", str(path), "unit", "add", "u1")[0] == 0
    assert run("--dir", str(path), "unit", "enrolment", "u1")[0] == 0
    assert run("--dir", str(path), "broker")[0] == 0
    for folder, folders, files in os.walk(path):
        for name in folders:
            assert stat.S_IMODE((Path(folder) / name).stat().st_mode) == 0o700, name
        for name in files:
            assert stat.S_IMODE((Path(folder) / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert run("init", str(path), "--site", "badahu", "--broker", "mqtts://x")[0] == 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--site", "Bad Site", "--broker", "mqtts://h"), "--site: 'Bad Site' is no id"),
        (("--site", "s", "--broker", "http://h"), "--broker: not mqtts://HOST[:PORT] or mqtt://HOST[:PORT]"),
        (("--site", "s", "--broker", "mqtts://me@h"), "--broker: only a host and a port are wanted"),
        (("--site", "s", "--broker", "mqtts://h", "--timezone", "Mars/X"), "--timezone: not a name"),
        (("--site", "s", "--broker", "mqtts://h", "--ca", "/etc/hostname"), "no certificate in PEM"),
    ],
)
def test_init_says_what_is_wrong(tmp_path: Path, args: tuple[str, ...], said: str) -> None:
    path = tmp_path / "c"
    code, told = run("init", str(path), *args)
    assert (code, said in told, told.count("\n")) == (2, True, 1)
    assert run("--dir", str(path), "unit", "list")[0] == 78


@ONE_ENGINE
def test_what_reaches_nobody_or_revokes_everybody_is_said(desk: Desk, tmp_path: Path) -> None:
    at = ("--dir", str(desk.path))
    file = tmp_path / "r.csv"
    file.write_text("id,card\n", encoding="utf-8")
    assert run(*at, "roster", "put", "--yes", "r", str(file), "--scope", "site/badahu") == (
        1,
        f"centre: {file}: holds nobody; with --empty everybody in the roster is revoked\n",
    )
    assert run(*at, "roster", "put", "--yes", "r", str(file), "--scope", "site/badahu", "--empty")[0] == 0
    assert run(*at, "settings", "put", "--yes", "--scope", "site/badahu", "--sign", "colour=red")[0] == 2
    assert run(*at, "settings", "put", "--yes", "--scope", "site/badahu", "--language", "french")[0] == 2
    assert run(*at, "verify") == (0, "centre: no facts in the books yet, nothing to prove\n")


@ONE_ENGINE
@pytest.mark.parametrize("charset", ["utf-8-sig", "gbk", "utf-16"])
def test_a_notice_from_a_file_as_windows_writes_it(desk: Desk, tmp_path: Path, charset: str) -> None:
    file = tmp_path / "notice.txt"
    file.write_bytes("今日停水\r\n请储水".encode(charset))
    assert (
        run("--dir", str(desk.path), "notice", "put", "--yes", "--scope", "yard/y07", "--title", "t", "-f", str(file))[
            0
        ]
        == 0
    )
    file.write_bytes(b"\xff\x00\xff")
    code, told = run(
        "--dir", str(desk.path), "notice", "put", "--yes", "--scope", "yard/y07", "--title", "t", "-f", str(file)
    )
    assert (code, "not a text file" in told) == (2, True)


def test_where_no_centre_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, told = run("--dir", str(tmp_path), "unit", "list")
    assert (code, told) == (78, f"centre: {tmp_path}: no centre here; see `init`, `--dir`, DOORWARD_CENTRE\n")
    monkeypatch.setenv("DOORWARD_CENTRE", str(tmp_path / "named"))
    assert "named: no centre here" in run("verify")[1]


def test_damaged_files_are_named(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    (desk.path / "centre.json").write_text("{")
    assert "centre.json" in run("--dir", str(desk.path), "unit", "list")[1]
    (desk.path / "books.db").rename(desk.path / "elsewhere")
    (desk.path / "centre.json").write_text('{"site":"badahu","broker":"mqtt://h","timezone":"Asia/Shanghai"}')
    assert run("--dir", str(desk.path), "unit", "list") == (
        78,
        f"centre: {desk.path}/books.db: the books are missing\n",
    )
    (desk.path / "books.db").write_text("no database at all, but long enough to be read as a page of one" * 100)
    code, told = run("--dir", str(desk.path), "unit", "list")
    assert (code, told.count("\n")) == (78, 1)


def test_units(desk: Desk) -> None:
    desk.run("unit", "add", "b12-u2", "--name", "12号楼2单元", "--scope", "yard/y07", "--scope", "yard/y07")
    listed = json.loads(desk.run("unit", "list", "--json").stdout)
    assert listed["scopes"] == ["site/badahu", "yard/y07", "unit/b12-u2"]
    assert (listed["state"], listed["online"], listed["name"]) == ("not enrolled", False, "12号楼2单元")
    for args in (["b12-u2"], ["centre"], ["B12"], ["x", "--scope", "street/s"], ["x", "--scope", "unit/b12-u2"]):
        assert desk.run("unit", "add", *args, code=2).stderr.count("\n") == 1
    assert "no such unit" in desk.run("unit", "enrolment", "x", code=2).stderr
    desk.run("unit", "revoke", "b12-u2")
    assert "revoked" in desk.run("unit", "enrolment", "b12-u2", code=2).stderr
    assert "revoked already" in desk.run("unit", "revoke", "b12-u2", code=2).stderr
    assert "revoked" in desk.run("unit", "list").stdout


@ONE_ENGINE
def test_an_enrolment_file_is_what_a_unit_reads(desk: Desk, tmp_path: Path) -> None:
    desk.run("unit", "add", "b12-u2")
    out = tmp_path / "to the box.json"
    desk.run("unit", "enrolment", "b12-u2", "--out", str(out))
    first = parse_enrolment(out.read_bytes())
    assert (first.site, first.unit, first.broker, first.ca) == ("badahu", "b12-u2", "mqtt://127.0.0.1:1", None)
    assert {key.kid for key in first.working_keys} == {key.kid for key in desk.office.keys.working}
    desk.run("unit", "enrolment", "b12-u2", "--out", str(out))
    again = parse_enrolment(out.read_bytes())
    assert (first.token, first.password) != (again.token, again.password)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    kept = desk.kept()
    assert again.password.encode() not in kept
    assert desk.run("unit", "enrolment", "b12-u2", "--out", "/no/such/folder/f", code=2).stderr.count("\n") == 1


def test_a_notice_lives_and_ends(desk: Desk) -> None:
    (name,) = desk.run(
        "notice", "put", "--yes", "--scope", "yard/y07", "--title", "停水", "--text", "明天"
    ).stdout.splitlines()
    said = desk.run(
        "notice", "put", "--yes", "--scope", "yard/y07", "--title", "停水", "-f", "-", "--id", name, stdin="后天\n"
    )
    assert LATER in said.stderr
    rev = desk.rev(Kind.NOTICE, "yard/y07", name)
    assert f"{name}  rev {rev}  yard/y07  up  until -  not sent yet  停水" in desk.run("notice", "list").stdout
    assert (
        "an id is for one notice"
        in desk.run(
            "notice", "put", "--yes", "--scope", "yard/y08", "--title", "x", "--text", "y", "--id", name, code=2
        ).stderr
    )
    desk.run("notice", "withdraw", name)
    assert desk.run("notice", "list").stdout == ""
    assert "withdrawn" in desk.run("notice", "list", "--all").stdout
    assert "down already" in desk.run("notice", "withdraw", name, code=2).stderr
    assert (
        "never used again"
        in desk.run(
            "notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "y", "--id", name, code=2
        ).stderr
    )
    assert "no such notice" in desk.run("notice", "withdraw", "n404", code=2).stderr
    assert "no such notice" in desk.run("coverage", "n404", code=2).stderr


@ONE_ENGINE
@pytest.mark.parametrize(
    "args",
    [
        ("--text", "y", "--until", "-1h"),
        ("--text", "y", "--until", "soon"),
        ("--text", "y", "--from", "2d", "--until", "1d"),
        ("--text", "y", "-f", "-"),
        (),
        ("--text", "y", "--id", "N 1"),
    ],
)
def test_a_notice_that_is_none(desk: Desk, args: tuple[str, ...]) -> None:
    assert (
        desk.run("notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", *args, code=2).stderr.count("\n") == 1
    )


def test_what_a_clock_that_stood_ahead_cleared_is_no_tampering(desk: Desk) -> None:
    desk.run("notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "y", "--id", "n1", "--until", "1d")  # fmt: skip
    with desk.books.changing() as conn:
        assert state.clear_ended(conn, time.time() + 3 * 86_400) == 1
    unit = desk.unit("b77-u7")
    unit.fact("door.opened", door="main")
    desk.take(unit.batch())
    assert desk.run("verify").stderr == ""
    desk.run("notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "z", "--id", "n2", "--until", "1d")  # fmt: skip
    with desk.books.writing() as conn:
        conn.execute(update(schema.state).where(schema.state.c.id == "n2").values(token=None))
    assert "n2: its messages are not those" in desk.run("verify", code=1).stderr, "of that nothing tells"


def test_ended_notices_are_cleared_and_their_topics_not_forgotten(desk: Desk) -> None:
    desk.run(
        "notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "y", "--id", "n1", "--until", "1h"
    )
    desk.run("notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "y", "--id", "n2")
    soon = time.time() + 3601
    with desk.books.writing() as conn:
        assert not state.has_ended(conn, time.time())
        assert state.has_ended(conn, soon)
        assert state.clear_ended(conn, soon) == 1
        out = {item.id: item.token for item in state.retained(conn, soon) if item.kind == "notice"}
        later = {item.id for item in state.retained(conn, soon + 31 * 86_400)}
    assert out["n1"] == b""
    assert out["n2"] != b""
    assert "n1" not in later
    assert "n2" in later
    assert (
        "never used again"
        in desk.run(
            "notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "y", "--id", "n1", code=2
        ).stderr
    )


def test_keys_stand_first(desk: Desk) -> None:
    desk.run("notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "y")
    with desk.books.reading() as conn:
        assert [item.kind for item in state.retained(conn, time.time())] == ["keys", "notice"]


def test_settings_grow_and_shrink(desk: Desk) -> None:
    said = desk.run(
        "settings", "put", "--yes", "--scope", "site/badahu", "--language", "zh-CN", "--sign", "worker=王师傅", "--json"
    )
    assert json.loads(said.stdout) == {"language": "zh-CN", "sign": {"worker": "王师傅"}}
    said = desk.run("settings", "put", "--yes", "--scope", "site/badahu", "--sign", "phone=110", "--json")
    assert json.loads(said.stdout)["sign"] == {"worker": "王师傅", "phone": "110"}
    said = desk.run("settings", "put", "--yes", "--scope", "site/badahu", "--unset", "sign", "--json")
    assert json.loads(said.stdout) == {"language": "zh-CN"}
    rev = desk.rev(Kind.SETTINGS, "site/badahu")
    assert f"rev {rev}" in desk.run("settings", "list").stdout
    assert "nothing to change" in desk.run("settings", "put", "--yes", "--scope", "site/badahu", code=2).stderr
    said = desk.run("settings", "put", "--yes", "--scope", "site/badahu", "--timezone", "X/Y", code=2).stderr
    assert said == "centre: timezone: not a name of the IANA database\n"
    (value,) = map(json.loads, desk.run("settings", "list", "--json").stdout.splitlines())
    assert value == {"scope": "site/badahu", "rev": rev, "sent": False, "settings": {"language": "zh-CN"}}
    assert f"rev {rev}" in desk.run("settings", "list").stdout, "what no unit would take leaves no trace"


def test_large_letters_are_asked_for_and_taken_out_again(desk: Desk) -> None:
    put = ("settings", "put", "--yes", "--json", "--scope", "site/badahu")
    assert json.loads(desk.run(*put, "--letters", "large").stdout) == {"display": {"size": "large"}}
    assert json.loads(desk.run(*put, "--language", "en").stdout)["display"] == {"size": "large"}
    (token,) = (row.token for row in desk.rows(select(schema.state).where(schema.state.c.kind == "settings")))
    assert unverified_payload(token)["display"] == {"size": "large"}
    assert json.loads(desk.run(*put, "--unset", "display").stdout) == {"language": "en"}
    desk.run(*put, "--letters", "huge", code=2)


def test_what_an_earlier_version_took_for_the_display_goes_with_the_next_change(desk: Desk) -> None:
    desk.run("settings", "put", "--yes", "--scope", "site/badahu", "--language", "en")
    with desk.books.changing() as conn:
        told = json.dumps({"language": "en", "display": {"brightness": 60}})
        conn.execute(update(schema.state).where(schema.state.c.kind == "settings").values(title=told))
    said = desk.run("settings", "put", "--yes", "--scope", "site/badahu", "--sign", "phone=110", "--json")
    assert json.loads(said.stdout) == {"language": "en", "sign": {"phone": "110"}}
    (token,) = (row.token for row in desk.rows(select(schema.state).where(schema.state.c.kind == "settings")))
    assert "display" not in unverified_payload(token)


def test_facts_and_coverage(desk: Desk) -> None:
    one, two = desk.unit("b12-u2", "yard/y07"), desk.unit("b12-u3", "yard/y07")
    desk.unit("b12-u4", "yard/y07")
    desk.unit("b13-u1", "yard/y08")
    desk.run("notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "y", "--id", "n1")
    desk.run("notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "z", "--id", "n1")
    rev = desk.rev(Kind.NOTICE, "yard/y07", "n1")
    one.fact("notice.received", scope="yard/y07", id="n1", rev=rev - 1)
    one.fact("notice.received", scope="yard/y07", id="n1", rev=rev)
    one.fact("notice.shown", scope="yard/y07", id="n1", rev=rev)
    two.fact("notice.received", scope="yard/y07", id="n1", rev=rev - 1)
    two.fact("notice.received", scope="yard/y07", id="n1", rev="x")
    desk.take(one.batch(), two.batch())
    value = json.loads(desk.run("coverage", "n1", "--json").stdout)
    assert (value["units"], value["sent"], value["received"], value["shown"]) == (3, 0, 1, 1)
    assert desk.run("coverage", "n1").stdout.splitlines()[-1] == (
        f"n1 rev {rev} for yard/y07: 3 units  sent 0 (0 %)  received 1 (33 %)  shown 1 (33 %)"
    )
    assert len(desk.run("facts").stdout.splitlines()) == 5
    listed = [json.loads(line) for line in desk.run("facts", "--unit", "b12-u3", "--json").stdout.splitlines()]
    assert [(item["unit"], item["fact"]["seq"]) for item in listed] == [("b12-u3", 1), ("b12-u3", 2)]
    assert f"notice.shown  scope=yard/y07  id=n1  rev={rev}" in desk.run("facts").stdout
    assert desk.run("facts", "--since", "9990-01-01").stdout == ""
    assert desk.run("facts", "--since", "2020-01-01").stdout.count("\n") == 5
    assert desk.run("facts", "--since", "1h").stdout == "", "by the units' clock, which stands earlier in this test"
    assert "no such unit" in desk.run("facts", "--unit", "x", code=2).stderr


@ONE_ENGINE
def test_an_order_without_a_broker_is_not_sent(desk: Desk) -> None:
    desk.unit("b12-u2")
    said = desk.run("open", "--unit", "b12-u2", "--door", "main", "--why", "test", code=69)
    assert said.stderr == "centre: mqtt://127.0.0.1:1: cannot be reached (Connection refused)\n"
    assert desk.count(schema.commands) == 0
    assert "no such unit" in desk.run("open", "--unit", "x", "--door", "main", "--why", "test", code=2).stderr
    assert "no id" in desk.run("open", "--unit", "b12-u2", "--door", "M!", "--why", "test", code=2).stderr


def test_a_certificate_is_made_again_when_the_ca_or_the_host_changes(tmp_path: Path) -> None:
    certificates.make_ca(tmp_path, "badahu")
    assert certificates.make_server(tmp_path, tmp_path, "broker.example.cn")
    assert not certificates.make_server(tmp_path, tmp_path, "broker.example.cn")
    assert certificates.make_server(tmp_path, tmp_path, "10.0.0.7")
    certificates.make_ca(tmp_path, "badahu")
    assert certificates.make_server(tmp_path, tmp_path, "10.0.0.7")


def test_foreign_keys_hold(desk: Desk) -> None:
    """A slip in our own code is an error, not a row without its unit."""
    row = {"unit": "nobody", "kind": "x", "epoch": "", "seq": 0, "detail": "", "taken_utc": 0.0}
    with pytest.raises(IntegrityError), desk.books.writing() as conn:
        conn.execute(insert(schema.alarms).values(**row))
    assert desk.rows(select(schema.alarms)) == []


def test_a_revoked_unit_comes_back_by_one_command_and_its_old_key_does_not(desk: Desk) -> None:
    old = desk.unit("b12-u2", "yard/y07")
    desk.run("unit", "readmit", "b12-u2", code=2)
    desk.run("unit", "revoke", "b12-u2")
    for args in (("unit", "enrolment", "b12-u2"), ("unit", "add", "b12-u2")):
        assert "`unit readmit b12-u2`" in desk.run(*args, code=2).stderr, "the way back is said where it is missed"
    file = Path(desk.run("unit", "readmit", "b12-u2").stdout.splitlines()[0])
    old.fact("door.opened", door="main")
    refused = desk.take(old.batch())
    assert (refused.new, refused.refused) == (0, 1)
    assert "yard/y07" in desk.run("unit", "list").stdout
    new = FakeUnit("b12-u2", parse_enrolment(file.read_bytes()))
    new.fact("door.opened", door="main")
    assert desk.take(new.enrol(), new.batch()).new == 1
    assert desk.take(old.batch()).refused == 1
