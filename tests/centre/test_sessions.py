"""Sessions, and what else somebody shows: each ends by time, by what its owner may no longer, and never because of a clock later than it should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import event

from centre import account_desk, api_tokens, invitations, login_passwords, sessions
from centre.account_desk import AccountChange
from centre.accounts import Role
from centre.errors import BadValueError, CentreError
from centre.opened import OpenCentre
from centre.schema_accounts import sessions as sessions_table
from centre.sign_in import NotSignedInError, TooManyTriesError
from centre.tries import DEVICE
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.test_accounts import PASSWORD, WHOLE, add, come, holds, told
from tests.centre.test_sign_in import DAY_S, NEW, Gate

pytestmark = ONE_ENGINE


@pytest.fixture
def gate(desk: Desk) -> Gate:
    return Gate(desk)


def test_each_sign_in_has_a_token_of_its_own(gate: Gate) -> None:
    assert len({str(gate.sign_in().token) for _ in range(3)}) == 3


def test_a_session_ends_when_it_was_not_used_for_long_and_after_a_week_in_any_case(gate: Gate) -> None:
    made = gate.sign_in()
    assert gate.find(made, sessions.IDLE_S - 1) is not None
    assert gate.find(made, sessions.IDLE_S + 1) is None
    last = 0.0
    while last + 11 * 3600 < sessions.WHOLE_S:
        last += 11 * 3600
        found = gate.find(made, last)
        assert found is not None
        sessions.touch(gate.desk.books, found, gate.desk.now + last)
    assert gate.find(made, sessions.WHOLE_S - 1) is not None
    assert gate.find(made, sessions.WHOLE_S + 1) is None


@pytest.mark.parametrize("back_s", [3600.0, 14 * 365 * DAY_S])
def test_a_clock_set_back_makes_no_session_longer(gate: Gate, back_s: float) -> None:
    """Begun while the clock was ahead, in 2040."""
    made = gate.sign_in()
    assert gate.find(made, -back_s) is None
    assert gate.find(made, -60) is not None, "a small correction ends nothing"
    link = invitations.invite(gate.desk.office, "wang", "test", gate.desk.now).path.rpartition("/")[2]
    token = api_tokens.make(gate.desk.office, "ha", Role.VIEWER, WHOLE, gate.desk.now + DAY_S, "test", gate.desk.now)
    with gate.desk.books.reading() as conn:
        key = gate.desk.office.account_key
        assert invitations.look(conn, key, link, gate.desk.now - back_s) is None
        assert api_tokens.find(conn, key, token, gate.desk.now - back_s) is None


def test_how_often_a_session_is_used_writes_no_disk_full(gate: Gate) -> None:
    found = gate.find(gate.sign_in())
    assert found is not None
    writes: list[str] = []
    event.listen(
        gate.desk.books.engine, "before_cursor_execute", lambda *a: writes.append(a[2]) if "UPDATE" in a[2] else None
    )
    for second in range(50):
        sessions.touch(gate.desk.books, found, gate.desk.now + second)
    assert not writes
    sessions.touch(gate.desk.books, found, gate.desk.now + sessions.TOUCH_S)
    assert len(writes) == 1


def test_an_account_has_so_many_sessions_and_no_more(gate: Gate) -> None:
    first, key = gate.sign_in(), gate.desk.office.account_key
    with gate.desk.books.writing() as conn:
        for number in range(sessions.MOST):
            sessions.begin(conn, key, "wang", "10.0.0.9", "", gate.desk.now + number + 1)
    assert gate.find(first, 30) is None
    assert gate.desk.count(sessions_table) == sessions.MOST + 1, "with the administrator's"


@pytest.mark.parametrize(
    "end",
    [
        lambda desk: account_desk.disable(desk.office, "wang", "test", desk.now),
        lambda desk: account_desk.change(desk.office, "wang", AccountChange(role=Role.VIEWER), "test", desk.now),
        lambda desk: account_desk.change(
            desk.office, "wang", AccountChange(scope=Scope("yard", "y1")), "test", desk.now
        ),
        lambda desk: come(desk, "wang"),
        lambda desk: sessions.end(desk.books, "wang", "test", desk.now),
    ],
    ids=["disabled", "role", "scope", "password", "by hand"],
)
def test_what_somebody_may_no_longer_ends_their_sessions_and_what_they_handed_out(
    gate: Gate, end: Callable[[Desk], object]
) -> None:
    made, other = gate.sign_in(), gate.sign_in("admin")
    end(gate.desk)
    assert gate.find(made) is None
    assert gate.find(other) is not None


def test_who_is_disabled_in_the_books_alone_is_out(gate: Gate) -> None:
    """However the row came to say so: a session left over ends with it."""
    made, key = gate.sign_in(), gate.desk.office.account_key
    with gate.desk.books.alone() as conn:
        account_desk.put(conn, key, "wang", {"disabled_utc": gate.desk.now}, "test", gate.desk.now)
    assert gate.desk.count(sessions_table) == 3
    assert gate.find(made) is None


def test_tokens_end_with_what_their_maker_may(gate: Gate) -> None:
    desk, key = gate.desk, gate.desk.office.account_key
    add(desk, "li", Role.ADMINISTRATOR)
    with pytest.raises(CentreError, match="may less"):
        api_tokens.make(desk.office, "hb", Role.ADMINISTRATOR, WHOLE, desk.now + DAY_S, "wang", desk.now, "wang")
    text = api_tokens.make(desk.office, "ha", Role.OPERATOR, WHOLE, desk.now + DAY_S, "li", desk.now, "li")
    with desk.books.reading() as conn:
        found = api_tokens.find(conn, key, text, desk.now)
        assert found is not None
        assert (found.person.name, found.person.role) == ("token.ha", Role.OPERATOR)
        assert api_tokens.find(conn, key, text, desk.now + DAY_S) is None
        assert api_tokens.find(conn, key, text + "x", desk.now) is None
        assert api_tokens.find(conn, key, "doorward_", desk.now) is None
    account_desk.change(desk.office, "li", AccountChange(role=Role.VIEWER), "test", desk.now)
    with desk.books.reading() as conn:
        assert api_tokens.find(conn, key, text, desk.now) is None
    assert told(desk, "api_token")[-1]["ended_by"] == "test"
    assert holds(desk) == []


def test_a_changed_password_ends_all_sessions_but_begins_one(gate: Gate) -> None:
    mine, other = gate.sign_in(), gate.sign_in()
    session = gate.find(mine)
    assert session is not None
    with pytest.raises(NotSignedInError):
        gate.signs.change_password(session, "wrong", NEW, gate.desk.now)
    with pytest.raises(BadValueError):
        gate.signs.change_password(session, PASSWORD, "short", gate.desk.now)
    fresh = gate.signs.change_password(session, PASSWORD, NEW, gate.desk.now)
    assert gate.find(mine) is gate.find(other) is None
    assert gate.find(fresh) is not None
    with pytest.raises(NotSignedInError):
        gate.sign_in()
    assert gate.sign_in(password=NEW).account.name == "wang"


def test_an_open_browser_is_no_place_to_guess_the_password(gate: Gate) -> None:
    session = gate.find(gate.sign_in())
    assert session is not None
    for _ in range(DEVICE.at_once):
        with pytest.raises(NotSignedInError):
            gate.signs.change_password(session, "wrong", NEW, gate.desk.now)
    with pytest.raises(TooManyTriesError):
        gate.signs.change_password(session, PASSWORD, NEW, gate.desk.now)


@pytest.mark.parametrize(
    "token", ["", ".", "x", "0" * 16, "0" * 16 + ".", "ä.ö", "'; DROP TABLE sessions; --", "\0", "a" * 100_000]
)
def test_what_is_no_token_is_nobodys(gate: Gate, token: str) -> None:
    assert gate.find(token) is None


def test_a_sessions_secret_does_not_fit_another_session(gate: Gate) -> None:
    mine, admins = gate.sign_in().token, gate.sign_in("admin").token
    assert gate.find(replace(mine, id=admins.id)) is None


def test_two_who_change_at_one_moment_do_not_both_get_in(gate: Gate) -> None:
    """Disabled between the look at the password and the session's beginning."""
    real = login_passwords.holds

    def meanwhile(*given: object) -> bool:
        other = OpenCentre(gate.desk.path)
        account_desk.disable(other, "wang", "test", gate.desk.now)
        other.books.close()
        return real(*given)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(login_passwords, "holds", meanwhile)
        with pytest.raises(NotSignedInError):
            gate.sign_in()
