"""Accounts: who may do what where, that this cannot be written into the books by other hands, and that an administrator stays."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from centre import account_desk, accounts, acts, api_tokens, invitations, permits, sessions
from centre.account_desk import AccountChange
from centre.accounts import Account, Role
from centre.cli import centre
from centre.cli.context import CliContext
from centre.errors import BadValueError, CentreError, ForbiddenError
from centre.opened import OpenCentre
from centre.permits import LEAST, SECOND, Doing
from centre.schema_accounts import accounts as table
from centre.schema_accounts import api_tokens as tokens_table
from centre.schema_accounts import sessions as sessions_table
from centre.units import parse_scope
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.unit import SITE

PASSWORD = "the river is low in winter"
WHOLE = Scope("site", SITE)


def account(name: str = "wang", role: Role = Role.OPERATOR, scope: str | Scope = WHOLE, **more: str) -> Account:
    return Account(name, name, role, parse_scope(str(scope), SITE), **more)


def add(desk: Desk, name: str = "wang", role: Role = Role.OPERATOR, scope: str | Scope = WHOLE, **more: str) -> Account:
    """With a password."""
    account_desk.add(desk.office, account(name, role, scope, **more), "test", desk.now)
    return come(desk, name)


def come(desk: Desk, name: str) -> Account:
    link = invitations.invite(desk.office, name, "test", desk.now).path.rpartition("/")[2]
    return invitations.take(desk.office, link, PASSWORD, "10.0.0.9", "a browser", desk.now)[0]


def told(desk: Desk, *kinds: str) -> list[dict[str, object]]:
    """What the centre's own journal tells of accounts."""
    with desk.books.reading() as conn:
        lines = [json.loads(line) for _, line, _, _ in acts.stored(conn)]
    return [line for line in lines if line["act"] in kinds]


def holds(desk: Desk) -> list[str]:
    """What `verify` finds."""
    found = CliRunner().invoke(centre, ["--dir", str(desk.path), "verify"])
    lines = [line for line in found.stderr.splitlines() if "no facts" not in line]
    assert found.exit_code == bool([line for line in lines if "were restored on" not in line])
    return lines


# --- what each may


def test_each_role_may_what_those_before_it_may() -> None:
    roles = list(Role)
    for less, more in pairwise(roles):
        mine = {doing for doing in Doing if permits.allows(account(role=less), doing)}
        assert mine < {doing for doing in Doing if permits.allows(account(role=more), doing)}
    assert {doing for doing in Doing if permits.allows(account(role=Role.VIEWER), doing)} == {Doing.VIEW}
    assert all(permits.allows(account(role=Role.ADMINISTRATOR), doing) for doing in Doing)


def test_of_all_that_can_be_done_it_is_said_who_may() -> None:
    assert set(LEAST) == set(Doing)
    assert {Doing.LOCKDOWN, Doing.ERASE, Doing.KEYS} == SECOND


@pytest.mark.parametrize("change", [{"disabled_utc": 1.0}, {"sound": False}])
def test_who_is_disabled_or_written_by_another_hand_may_nothing(change: dict[str, object]) -> None:
    gone = replace(account(role=Role.ADMINISTRATOR), **change)
    assert not any(permits.allows(gone, doing) for doing in Doing)


# --- where


@pytest.fixture
def yards(desk: Desk) -> Desk:
    """Two communities; yard y2 has units of both."""
    desk.unit("b1-u1", "community/c1", "yard/y1", "building/b1", enrolled=False)
    desk.unit("b2-u1", "community/c1", "yard/y2", "building/b2", enrolled=False)
    desk.unit("b3-u1", "community/c2", "yard/y2", "building/b3", enrolled=False)
    return desk


@pytest.mark.parametrize(
    ("mine", "wanted", "may"),
    [
        ("community/c1", "community/c1", True),
        ("community/c1", "yard/y1", True),
        ("community/c1", "building/b2", True),
        ("community/c1", "unit/b2-u1", True),
        ("community/c1", "yard/y2", False),
        ("community/c1", "community/c2", False),
        ("community/c1", "unit/b3-u1", False),
        ("community/c1", "site/badahu", False),
        ("community/c1", "yard/nobody", False),
        ("community/c1", "unit/nobody", False),
        ("unit/b1-u1", "building/b1", True),
        ("unit/b1-u1", "unit/b1-u1", True),
        ("unit/b1-u1", "unit/b2-u1", False),
        ("site/badahu", "site/badahu", True),
        ("site/badahu", "yard/y2", True),
        ("site/badahu", "yard/nobody", True),
    ],
)
@ONE_ENGINE
def test_a_scope_is_somebodys_when_all_its_units_are(yards: Desk, mine: str, wanted: str, may: bool) -> None:
    who = account(scope=mine)
    with yards.books.reading() as conn:
        assert accounts.covers(conn, who, parse_scope(wanted, SITE)) is may
        if may:
            permits.require(conn, who, Doing.NOTICE, parse_scope(wanted, SITE))
        else:
            with pytest.raises(ForbiddenError):
                permits.require(conn, who, Doing.NOTICE, parse_scope(wanted, SITE))


@ONE_ENGINE
def test_everybody_sees_the_units_of_their_own_scope(yards: Desk) -> None:
    yards.run("unit", "revoke", "b2-u1")
    with yards.books.reading() as conn:
        assert accounts.units_of(conn, SITE, account(scope="community/c1")) == {"b1-u1", "b2-u1"}
        assert accounts.units_of(conn, SITE, account(scope="yard/y2")) == {"b2-u1", "b3-u1"}
        assert accounts.units_of(conn, SITE, account(scope="unit/b3-u1")) == {"b3-u1"}
        assert accounts.units_of(conn, SITE, account(scope="yard/nobody")) == set()
        assert accounts.units_of(conn, SITE, account()) == {"b1-u1", "b2-u1", "b3-u1"}
        assert accounts.units_of(conn, SITE, Account("x", "x", Role.VIEWER, accounts.NOWHERE)) == set()


@ONE_ENGINE
def test_a_unit_with_two_yards_is_not_made_ones_own_by_a_likeness_of_names(desk: Desk) -> None:
    desk.unit("b1-u1", "yard/y10", enrolled=False)
    with desk.books.reading() as conn:
        assert accounts.units_of(conn, SITE, account(scope="yard/y1")) == set()
        assert not accounts.covers(conn, account(scope="yard/y1"), Scope("yard", "y10"))


@ONE_ENGINE
def test_administrators_of_a_part_change_people_of_their_part_alone(yards: Desk) -> None:
    mine = account("chen", Role.ADMINISTRATOR, "community/c1")
    with yards.books.reading() as conn:
        permits.require_person(conn, mine, account("a", Role.ADMINISTRATOR, "community/c1"))
        permits.require_person(conn, mine, account("a", Role.VIEWER, "yard/y1"))
        for other in (account("a"), account("a", scope="yard/y2"), account("a", scope="community/c2")):
            with pytest.raises(ForbiddenError):
                permits.require_person(conn, mine, other)
        with pytest.raises(ForbiddenError):
            permits.require_person(conn, account(), account("a", Role.VIEWER))


# --- made and changed


def test_init_makes_an_administrator_without_a_password(desk: Desk) -> None:
    with desk.books.reading() as conn:
        (admin,) = accounts.known(conn, desk.office.account_key).values()
    assert (admin.name, admin.role, admin.scope, admin.ready) == ("admin", Role.ADMINISTRATOR, WHOLE, False)
    assert [line["act"] for line in told(desk, "account", "invited")] == ["account", "invited"]


def test_each_change_is_in_the_journal_with_who_made_it(desk: Desk) -> None:
    add(desk)
    account_desk.change(desk.office, "wang", AccountChange(role=Role.VIEWER, holder="g7"), "li", desk.now)
    account_desk.disable(desk.office, "wang", "li", desk.now)
    lines = [line for line in told(desk, "account") if line["name"] == "wang"]
    assert [line["by"] for line in lines] == ["test", "wang", "li", "li"]
    assert [line["role"] for line in lines] == ["operator", "operator", "viewer", "viewer"]
    assert [line["disabled_utc"] for line in lines] == [None, None, None, desk.now]
    assert PASSWORD.encode() not in desk.kept()
    assert holds(desk) == []


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (account("Wang Fang"), "name"),
        (account("centre.1"), "name"),
        (replace(account(), label=" "), "label"),
        (replace(account(), label="a\nb"), "label"),
        (replace(account(), label="x" * 101), "label"),
        (account(holder="no id"), "holder"),
        (replace(account(), scope=Scope("site", "another")), "scope"),
    ],
)
@ONE_ENGINE
def test_what_is_no_account_is_said_and_nothing_is_kept(desk: Desk, made: Account, name: str) -> None:
    with pytest.raises(BadValueError) as raised:
        account_desk.add(desk.office, made, "test", desk.now)
    assert raised.value.name == name
    assert desk.count(table) == 1


def test_a_name_is_given_once(desk: Desk) -> None:
    add(desk)
    with pytest.raises(CentreError, match="there already"):
        account_desk.add(desk.office, account(), "test", desk.now)


@pytest.mark.parametrize(
    "take_away",
    [
        lambda desk: account_desk.disable(desk.office, "admin", "test", desk.now),
        lambda desk: account_desk.change(desk.office, "admin", AccountChange(role=Role.OPERATOR), "test", desk.now),
        lambda desk: account_desk.change(
            desk.office, "admin", AccountChange(scope=Scope("yard", "y1")), "test", desk.now
        ),
    ],
)
@ONE_ENGINE
@pytest.mark.parametrize("came", [False, True])
def test_the_last_administrator_stays(desk: Desk, take_away: Callable[[Desk], object], came: bool) -> None:
    if came:
        come(desk, "admin")
    add(desk, "chen", Role.ADMINISTRATOR, "community/c1")
    with pytest.raises(CentreError, match="the last administrator"):
        take_away(desk)
    add(desk, "li", Role.ADMINISTRATOR)
    take_away(desk)
    with pytest.raises(CentreError, match="the last administrator"):
        account_desk.disable(desk.office, "li", "test", desk.now)


@ONE_ENGINE
def test_an_invited_administrator_is_none_to_leave_the_site_to(desk: Desk) -> None:
    come(desk, "admin")
    account_desk.add(desk.office, account("li", Role.ADMINISTRATOR), "test", desk.now)
    with pytest.raises(CentreError, match="the last administrator"):
        account_desk.disable(desk.office, "admin", "test", desk.now)


def test_two_administrators_who_take_each_other_away_leave_one(desk: Desk) -> None:
    come(desk, "admin")
    add(desk, "li", Role.ADMINISTRATOR)
    start, failed = threading.Barrier(2), []

    def disable(name: str) -> None:
        other = OpenCentre(desk.path)
        start.wait()
        try:
            account_desk.disable(other, name, "test", desk.now)
        except CentreError as error:
            failed.append(str(error))
        finally:
            other.books.close()

    threads = [threading.Thread(target=disable, args=(name,), name=name) for name in ("admin", "li")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(failed) == 1
    with desk.books.reading() as conn:
        assert sum(each.enabled for each in accounts.known(conn, desk.office.account_key).values()) == 1


def test_who_comes_back_needs_a_new_password(desk: Desk) -> None:
    add(desk)
    account_desk.disable(desk.office, "wang", "test", desk.now)
    with pytest.raises(CentreError, match="disabled"):
        invitations.invite(desk.office, "wang", "test", desk.now)
    account_desk.enable(desk.office, "wang", "test", desk.now)
    with desk.books.reading() as conn:
        back = accounts.one(conn, desk.office.account_key, "wang")
    assert (back.enabled, back.ready) == (True, False)


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
