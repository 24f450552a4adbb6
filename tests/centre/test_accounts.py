"""Accounts: who may do what where, that this cannot be written into the books by other hands, and that an administrator stays."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from click.testing import CliRunner

from centre import account_desk, accounts, acts, invitations, permits
from centre.account_desk import AccountChange
from centre.accounts import Account, Role
from centre.cli import centre
from centre.errors import BadValueError, CentreError, ForbiddenError
from centre.opened import OpenCentre
from centre.permits import LEAST, SECOND, Doing
from centre.schema_accounts import accounts as table
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
