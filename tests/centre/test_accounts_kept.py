"""Accounts in the books and on the command line: rows that another hand wrote, the key of the folder, a restored copy, commands."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from centre import account_desk, accounts, api_tokens, invitations, permits, sessions
from centre.account_desk import AccountChange
from centre.accounts import Role
from centre.cli import centre
from centre.cli.context import CliContext
from centre.errors import CentreError
from centre.permits import Doing
from centre.schema_accounts import accounts as table
from centre.schema_accounts import api_tokens as tokens_table
from centre.schema_accounts import sessions as sessions_table
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.old_books import MARKED, old_folder
from tests.centre.test_accounts import WHOLE, account, add, come, holds

# --- whoever can write to the books, and has no key


@pytest.mark.parametrize(
    "values",
    [
        {"role": "administrator"},
        {"scope": "site/badahu"},
        {"holder": "g1"},
        {"password": None},
        {"label": "chief"},
        {"role": "king"},
        {"scope": "nowhere"},
    ],
)
@ONE_ENGINE
def test_a_row_changed_by_another_hand_lets_nobody_in_and_is_found(desk: Desk, values: dict[str, str]) -> None:
    add(desk, scope="community/c1")
    with desk.books.writing() as conn:
        conn.execute(update(table).where(table.c.name == "wang").values(**values))
    with desk.books.reading() as conn:
        found = accounts.one(conn, desk.office.account_key, "wang")
    assert (found.enabled, found.sound) == (False, False)
    assert not any(permits.allows(found, doing) for doing in Doing)
    assert any("account wang" in line for line in holds(desk))
    assert "may do nothing" in desk.run("account", "list").stdout
    with pytest.raises(CentreError, match="not what this centre wrote"):
        account_desk.change(desk.office, "wang", AccountChange(role=Role.VIEWER), "test", desk.now)


@ONE_ENGINE
def test_another_accounts_password_is_not_ones_own(desk: Desk) -> None:
    """Its hash is made with the name, and its row is sealed."""
    add(desk)
    come(desk, "admin")
    (mine,) = desk.rows(select(table.c.password, table.c.seal).where(table.c.name == "wang"))
    with desk.books.writing() as conn:
        conn.execute(update(table).where(table.c.name == "admin").values(password=mine.password, seal=mine.seal))
    with desk.books.reading() as conn:
        assert not accounts.one(conn, desk.office.account_key, "admin").enabled


@ONE_ENGINE
def test_a_row_of_before_is_found_by_verify(desk: Desk) -> None:
    """Its seal holds: it was the centre's own once."""
    add(desk)
    (before,) = desk.rows(select(table).where(table.c.name == "wang"))
    account_desk.disable(desk.office, "wang", "test", desk.now)
    with desk.books.writing() as conn:
        conn.execute(update(table).where(table.c.name == "wang").values(**before._asdict()))
    assert holds(desk) == ["centre: account wang: disabled_utc: not what the journal tells"]


@ONE_ENGINE
def test_an_invented_session_or_token_lets_nobody_in(desk: Desk) -> None:
    admin = come(desk, "admin")
    key, stolen = desk.office.account_key, "0123456789abcdef"
    add(desk)
    with desk.books.writing() as conn:
        mine = sessions.begin(conn, key, "wang", "10.0.0.9", "", desk.now)
        conn.execute(update(sessions_table).where(sessions_table.c.id == mine.id).values(account=admin.name))
    text = api_tokens.make(desk.office, "ha", Role.VIEWER, WHOLE, desk.now + 60, "test", desk.now)
    with desk.books.writing() as conn:
        assert api_tokens.find(conn, key, text, desk.now) is not None
        conn.execute(update(tokens_table).values(role="administrator"))
    with desk.books.reading() as conn:
        assert sessions.find(conn, key, str(mine), desk.now) is None
        assert sessions.find(conn, key, f"{stolen}.x", desk.now) is None
        assert api_tokens.find(conn, key, text, desk.now) is None


# --- the key of the folder


@ONE_ENGINE
def test_without_the_key_nothing_is_made_in_its_place(desk: Desk) -> None:
    (desk.path / "keys" / "accounts.key").unlink()
    other = CliContext(desk.path)
    with pytest.raises(CentreError, match=r"accounts\.key: not here"):
        account_desk.add(other, account(), "test", desk.now)
    other.books.close()
    assert not (desk.path / "keys" / "accounts.key").exists()
    assert "accounts.key" in desk.run("account", "add", "li", "--role", "viewer", code=78).stderr


@pytest.mark.parametrize("damaged", [b"", b"short", b"\xff\xfe"])
@ONE_ENGINE
def test_a_damaged_key_is_said(desk: Desk, damaged: bytes) -> None:
    (desk.path / "keys" / "accounts.key").write_bytes(damaged)
    assert "accounts.key" in desk.run("account", "list", code=78).stderr


@ONE_ENGINE
def test_books_from_before_there_were_accounts_get_their_first(desk: Desk) -> None:
    with desk.books.alone() as conn:
        for each in ("invitations", "accounts"):
            conn.exec_driver_sql(f"DELETE FROM {each}")
    (desk.path / "keys" / "accounts.key").unlink()
    assert desk.run("account", "list").stdout == desk.run("account", "sessions").stdout == ""
    assert "/invitation/" in desk.run("account", "add", "li", "--role", "administrator").stdout
    assert desk.run("account", "list").stdout.split() == ["li", "administrator", "site/badahu", "li", "invited"]


# --- restored


def test_a_restored_copy_brings_nobody_back_in(sqlite_desk: Desk, tmp_path: Path) -> None:
    desk = sqlite_desk
    add(desk, "li", Role.ADMINISTRATOR)
    key = desk.office.account_key
    with desk.books.writing() as conn:
        session = sessions.begin(conn, key, "li", "10.0.0.9", "", desk.now)
    token = api_tokens.make(desk.office, "ha", Role.VIEWER, WHOLE, desk.now + 9e6, "test", desk.now, "li")
    link = invitations.invite(desk.office, "admin", "test", desk.now).path.rpartition("/")[2]
    desk.run("backup", str(tmp_path / "copy"), stdin="a passphrase that is long\n" * 2)
    sessions.end(desk.books, "li", "test", desk.now)
    desk.books.close()
    shutil.rmtree(desk.path)
    restore = ["--dir", str(tmp_path / "again"), "restore", str(tmp_path / "copy")]
    restored = CliRunner().invoke(centre, restore, input="a passphrase that is long\n")
    assert restored.exit_code == 0, restored.output
    assert "who was disabled since the copy is not" in restored.output
    back = Desk(tmp_path / "again")
    with back.books.reading() as conn:
        assert sessions.find(conn, back.office.account_key, str(session), desk.now) is None
        assert api_tokens.find(conn, back.office.account_key, token, desk.now) is None
        assert invitations.look(conn, back.office.account_key, link, desk.now) is None
        assert accounts.one(conn, back.office.account_key, "li").enabled, "who they are is as it was"
    assert [line for line in holds(back) if "restored" not in line] == []
    back.close()


def test_books_of_an_earlier_program_are_restored_without_their_keys(fresh_folder: Path, tmp_path: Path) -> None:
    """They are brought up only once the keys are there, and have no table of what is ended."""
    before = next(each for each in MARKED if each.stem == "marked_0011")
    old = old_folder(fresh_folder, tmp_path / "old", before)
    with tarfile.open(tmp_path / "copy", "w:gz") as tar:
        tar.add(old / "centre.json", "centre.json")
        tar.add(old / "books.db", "books.db")
    again = tmp_path / "again"
    restored = CliRunner().invoke(centre, ["--dir", str(again), "restore", str(tmp_path / "copy")])
    assert restored.exit_code == 0, restored.output
    shutil.copytree(old / "keys", again / "keys")
    listed = CliRunner().invoke(centre, ["--dir", str(again), "account", "list"])
    assert (listed.exit_code, listed.stdout) == (0, "")


# --- the command line


@ONE_ENGINE
def test_a_persons_course_on_the_command_line(desk: Desk) -> None:
    desk.unit("b1-u1", "community/c3", enrolled=False)
    made = desk.run(
        "account",
        "add",
        "wang",
        "--label",
        "王芳",
        "--role",
        "grid_worker",
        "--scope",
        "community/c3",
        "--holder",
        "g7",
    )
    assert "followed by /invitation/" in made.stdout
    assert (
        "no unit is there" in desk.run("account", "add", "x", "--role", "viewer", "--scope", "yard/nope", code=2).stderr
    )
    (line,) = [each for each in desk.run("account", "list", "--json").stdout.splitlines() if "wang" in each]
    assert json.loads(line)["role"] == "grid_worker"
    assert json.loads(line)["scope"] == "community/c3"
    assert "holder g7" in desk.run("account", "list").stdout
    assert desk.run("account", "change", "wang", "--role", "operator", "--holder", "").stdout.split()[1] == "operator"
    come(desk, "wang")
    assert desk.run("account", "sessions").stdout == "", "by the clock of now it is over"
    desk.run("account", "sessions", "wang", "--end")
    desk.run("account", "sessions", "nobody", "--end", code=2)
    desk.run("account", "disable", "wang")
    assert "disabled" in desk.run("account", "list").stdout
    assert "/invitation/" in desk.run("account", "enable", "wang").stdout
    for wrong in (("invite", "nobody"), ("disable", "nobody"), ("enable", "wang"), ("change", "nobody")):
        desk.run("account", *wrong, code=2)
    assert holds(desk) == []


@ONE_ENGINE
def test_tokens_on_the_command_line(desk: Desk) -> None:
    text = desk.run("account", "token", "add", "ha", "--role", "viewer", "--until", "90d").stdout.strip()
    assert text.startswith("doorward_")
    assert "ha  viewer  site/badahu" in desk.run("account", "token", "list").stdout
    assert text not in desk.run("account", "token", "list", "--json").stdout
    assert text.partition(".")[2].encode() not in desk.kept()
    for until in ("3y", "500d", "-1d"):
        assert desk.run("account", "token", "add", "hb", "--role", "viewer", "--until", until, code=2).stderr
    desk.run("account", "token", "add", "ha", "--role", "viewer", "--until", "90d", code=2)
    desk.run("account", "token", "end", "ha")
    desk.run("account", "token", "end", "ha", code=2)
    assert desk.run("account", "token", "list").stdout == ""
    assert holds(desk) == []


@ONE_ENGINE
def test_what_waits_for_a_second_person_is_the_sites_choice(desk: Desk) -> None:
    assert "nothing" in desk.run("account", "consent").stdout
    desk.run("account", "consent", "keys", "lockdown")
    assert desk.office.folder.load().consent == ("lockdown", "keys")
    assert "Lockdown, Change of keys" in desk.run("account", "consent").stdout
    desk.run("account", "consent", "--none")
    assert desk.office.folder.load().consent is None
    settings = desk.path / "centre.json"
    settings.write_text(settings.read_text().replace("{", '{"consent": ["open"],', 1))
    assert "consent: not a list of lockdown, erase, keys" in desk.run("account", "list", code=78).stderr
