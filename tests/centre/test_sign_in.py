"""Signing in: what is guessed, repeated, kept too long, or shown by somebody else lets nobody in; and nobody is shut out for good."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event, select, update

from centre import account_desk, accounts, api_tokens, invitations, login_passwords, sessions
from centre.account_desk import AccountChange
from centre.accounts import Role
from centre.errors import BadValueError, CentreError
from centre.opened import OpenCentre
from centre.schema_accounts import accounts as table
from centre.schema_accounts import sessions as sessions_table
from centre.sign_in import NotSignedInError, SignedIn, SignIns, TooManyTriesError
from centre.tries import ACCOUNT, ADDRESS, DEVICE, MOST_KEPT, Pace, Tries, network
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.test_accounts import PASSWORD, WHOLE, account, add, come, holds, told

NEW = "another one for the summer"
DAY_S = 86_400.0


class Clock:
    """Stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Gate:
    """A centre's sign-in with one operator, wang, and an administrator."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.clock = desk, Clock()
        self.signs = SignIns(desk.office, Tries(self.clock))
        add(desk, scope="community/c1")
        come(desk, "admin")

    def sign_in(
        self, name: str = "wang", password: str = PASSWORD, address: str = "10.0.0.9", device: str | None = None
    ) -> SignedIn:
        return self.signs.sign_in(name, password, address, "a browser", device, self.desk.now)

    def guess(self, count: int, name: str = "wang", **more: str) -> None:
        for number in range(count):
            with pytest.raises(NotSignedInError):
                self.sign_in(name, f"guess number {number}", **more)

    def find(self, made: SignedIn | object, after_s: float = 0.0) -> sessions.Session | None:
        text = str(made.token if isinstance(made, SignedIn) else made)
        with self.desk.books.reading() as conn:
            return sessions.find(conn, self.desk.office.account_key, text, self.desk.now + after_s)


@pytest.fixture
def gate(desk: Desk) -> Gate:
    return Gate(desk)


pytestmark = ONE_ENGINE


# --- in and out


def test_a_name_and_its_password_begin_a_session(gate: Gate) -> None:
    made = gate.sign_in(" Wang ")
    found = gate.find(made)
    assert found is not None
    assert (found.account.name, found.account.role, found.address) == ("wang", Role.OPERATOR, "10.0.0.9")
    assert [line["how"] for line in told(gate.desk, "signed_in")] == ["invitation", "invitation", "password"]
    assert str(made.token).partition(".")[2].encode() not in gate.desk.kept()
    sessions.sign_out(gate.desk.books, found, gate.desk.now)
    assert gate.find(made) is None
    assert told(gate.desk, "signed_out")[0]["account"] == "wang"
    assert holds(gate.desk) == []


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("wang", "wrong"),
        ("wang", ""),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("wang\0", PASSWORD),
        ("wang", PASSWORD + " "),
        ("x" * 10_000, "y" * 1_000_000),
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(gate: Gate, name: str, password: str) -> None:
    with pytest.raises(NotSignedInError) as raised:
        gate.sign_in(name, password)
    assert str(raised.value) == "name and password do not go together, or the account is not in use"


def test_who_has_not_come_yet_or_is_disabled_does_not_get_in(gate: Gate) -> None:
    account_desk.add(gate.desk.office, account("li"), "test", gate.desk.now)
    gate.guess(1, "li")
    with pytest.raises(NotSignedInError):
        gate.sign_in("li", "")
    account_desk.disable(gate.desk.office, "wang", "test", gate.desk.now)
    with pytest.raises(NotSignedInError):
        gate.sign_in()


@pytest.mark.soak
def test_a_name_that_nobody_has_takes_as_long_as_a_wrong_password(gate: Gate) -> None:
    """Loosely: medians within a fifth of each other, of tries that take turns."""
    signs = SignIns(gate.desk.office, Tries(lambda: time.monotonic() * 1e6))
    account_desk.add(gate.desk.office, account("li"), "test", gate.desk.now)
    took: dict[str, list[float]] = {"wang": [], "nobody": [], "li": []}
    for number in range(60):
        for name, times in took.items():
            start = time.perf_counter()
            with pytest.raises(NotSignedInError):
                signs.sign_in(name, f"guess {number}", "10.0.0.9", "", None, gate.desk.now)
            times.append(time.perf_counter() - start)
    known, *others = (statistics.median(times) for times in took.values())
    assert all(abs(each / known - 1) < 0.2 for each in others), took


def test_for_a_name_that_nobody_has_a_password_is_hashed_all_the_same(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []
    real = PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", lambda *given: verified.append(given) or real(*given))
    account_desk.disable(gate.desk.office, "wang", "test", gate.desk.now)
    gate.guess(1, "nobody")
    gate.guess(1, "wang")
    assert len(verified) == 2


def test_only_as_many_hashes_are_under_way_as_there_is_memory_for(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, most, lock = 0, 0, threading.Lock()
    real = PasswordHasher.verify

    def counted(*given: Any) -> bool:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        try:
            return real(*given)
        finally:
            with lock:
                under_way -= 1

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    threads = [threading.Thread(target=gate.guess, args=(1, f"n{number}"), name="guess") for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert 1 <= most <= login_passwords.AT_ONCE


# --- passwords


@pytest.mark.parametrize("password", ["short", "x" * 201, "aaaaaaaaaaaaaaaa", "abababababababab", "wangwangwang1", ""])
def test_a_password_that_is_guessed_at_once_is_not_taken(gate: Gate, password: str) -> None:
    link = invitations.invite(gate.desk.office, "wang", "test", gate.desk.now).path.rpartition("/")[2]
    with pytest.raises(BadValueError):
        invitations.take(gate.desk.office, link, password, "10.0.0.9", "", gate.desk.now)
    assert gate.sign_in().account.name == "wang", "the one of before stands"
    invitations.take(gate.desk.office, link, NEW, "10.0.0.9", "", gate.desk.now)


def test_one_characters_two_spellings_are_one_password(gate: Gate) -> None:
    link = invitations.invite(gate.desk.office, "wang", "test", gate.desk.now).path.rpartition("/")[2]
    invitations.take(gate.desk.office, link, "grüne Tür im Frühling", "10.0.0.9", "", gate.desk.now)
    assert gate.sign_in(password="gru\u0308ne Tu\u0308r im Fru\u0308hling").account.name == "wang"


def test_a_password_of_older_parameters_is_hashed_anew(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    (before,) = gate.desk.rows(select(table.c.password).where(table.c.name == "wang"))
    monkeypatch.setattr(login_passwords, "HASHER", type(login_passwords.HASHER)(3, 19_456, 1))
    gate.sign_in()
    (after,) = gate.desk.rows(select(table.c.password).where(table.c.name == "wang"))
    assert (before.password != after.password, "t=3" in after.password) == (True, True)
    gate.sign_in()
    assert holds(gate.desk) == []


def test_hashes_are_argon2id_with_the_parameters_that_are_written_down(gate: Gate) -> None:
    (row,) = gate.desk.rows(select(table.c.password).where(table.c.name == "wang"))
    assert row.password.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


# --- sessions


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


# --- invitations


def test_a_link_is_taken_once(gate: Gate) -> None:
    desk = gate.desk
    link = invitations.invite(desk.office, "wang", "test", desk.now).path.rpartition("/")[2]
    with desk.books.reading() as conn:
        for _ in range(3):  # programs look before people do
            looked = invitations.look(conn, desk.office.account_key, link, desk.now)
            assert looked is not None
            assert looked.name == "wang"
    taken, token = invitations.take(desk.office, link, NEW, "10.0.0.9", "", desk.now)
    assert taken.ready
    assert gate.find(token) is not None
    with pytest.raises(CentreError, match="used, replaced or has ended"):
        invitations.take(desk.office, link, PASSWORD, "10.0.0.9", "", desk.now)


@pytest.mark.parametrize("spoil", ["another", "time", "disabled", "text"])
def test_a_link_that_is_no_good_any_more_sets_nothing(gate: Gate, spoil: str) -> None:
    desk, after_s = gate.desk, 0.0
    link = invitations.invite(desk.office, "wang", "test", desk.now).path.rpartition("/")[2]
    if spoil == "another":
        invitations.invite(desk.office, "wang", "test", desk.now)
    elif spoil == "time":
        after_s = invitations.VALID_S
    elif spoil == "disabled":
        account_desk.disable(desk.office, "wang", "test", desk.now)
    else:
        link = link[:-1]
    with pytest.raises(CentreError, match="used, replaced or has ended"):
        invitations.take(desk.office, link, NEW, "10.0.0.9", "", desk.now + after_s)


def test_of_two_who_take_a_link_at_once_one_gets_in(gate: Gate) -> None:
    link = invitations.invite(gate.desk.office, "wang", "test", gate.desk.now).path.rpartition("/")[2]
    start, came, refused = threading.Barrier(2), [], []

    def take(password: str) -> None:
        other = OpenCentre(gate.desk.path)
        start.wait()
        try:
            came.append(invitations.take(other, link, password, "10.0.0.9", "", gate.desk.now) and password)
        except CentreError as error:
            refused.append(str(error))
        finally:
            other.books.close()

    threads = [threading.Thread(target=take, args=(each,), name="take") for each in (NEW, "quite another password")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (len(came), len(refused)) == (1, 1)
    assert gate.sign_in(password=came[0]).account.name == "wang"


# --- guessing


def test_guesses_are_slowed_and_the_right_password_with_them(gate: Gate) -> None:
    gate.guess(ACCOUNT.at_once)
    with pytest.raises(TooManyTriesError) as raised:
        gate.sign_in()
    assert 0 < raised.value.wait_s <= ACCOUNT.per_s
    gate.clock.now += raised.value.wait_s
    assert gate.sign_in().account.name == "wang"


def test_a_flood_of_guesses_does_not_shut_out_who_was_here_before(gate: Gate) -> None:
    """From many addresses, for as long as it likes; the administrator's own browser is known."""
    device = gate.sign_in("admin").device
    gate.guess(ACCOUNT.at_once, "admin", address="10.0.0.1")
    for hour in range(3):
        with pytest.raises(TooManyTriesError):
            gate.sign_in("admin", address=f"10.1.{hour}.1")
        assert gate.sign_in("admin", device=device).account.name == "admin"
        gate.clock.now += ACCOUNT.per_s
        gate.guess(1, "admin", address=f"10.2.{hour}.1")


def test_who_is_new_gets_in_by_a_link_while_their_name_is_guessed_at(gate: Gate) -> None:
    gate.guess(ACCOUNT.at_once)
    assert come(gate.desk, "wang").name == "wang"


def test_a_known_browser_has_its_own_tries_and_no_more(gate: Gate) -> None:
    device = gate.sign_in().device
    gate.guess(DEVICE.at_once, device=device)
    with pytest.raises(TooManyTriesError):
        gate.sign_in(device=device)
    assert gate.sign_in().account.name == "wang", "others are not slowed by it"


@pytest.mark.parametrize(
    "spoil",
    [lambda text: text[:-1], lambda text: "0" + text[1:], lambda _: "x", lambda _: "", lambda text: text * 1000],
)
def test_a_browsers_mark_cannot_be_invented(gate: Gate, spoil: Callable[[str], str]) -> None:
    device = gate.sign_in().device
    gate.guess(ACCOUNT.at_once)
    with pytest.raises(TooManyTriesError):
        gate.sign_in(device=spoil(device))


def test_a_browsers_mark_is_of_one_account(gate: Gate) -> None:
    device = gate.sign_in().device
    gate.guess(ACCOUNT.at_once, "admin")
    with pytest.raises(TooManyTriesError):
        gate.sign_in("admin", device=device)


def test_from_one_address_many_names_are_slowed_too(gate: Gate) -> None:
    for number in range(ADDRESS.at_once):
        gate.guess(1, f"name{number}")
    with pytest.raises(TooManyTriesError):
        gate.sign_in()
    assert gate.sign_in(address="10.0.0.10").account.name == "wang"


@pytest.mark.usefixtures("fresh")
def test_tries_at_once_are_each_counted() -> None:
    tries, allowed, start = Tries(Clock()), [], threading.Barrier(16)

    def take() -> None:
        start.wait()
        allowed.append(tries.take("account", "wang", ACCOUNT) == 0)

    threads = [threading.Thread(target=take, name="take") for _ in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(allowed) == ACCOUNT.at_once


@pytest.mark.usefixtures("fresh")
def test_a_flood_of_names_does_not_wash_out_the_one_that_is_guessed_at() -> None:
    tries, pace = Tries(Clock()), Pace(10, 60.0)
    for _ in range(pace.at_once):
        assert tries.take("account", "admin", pace) == 0
    for number in range(2 * MOST_KEPT):
        tries.take("account", f"n{number}", pace)
    assert tries.take("account", "admin", pace) > 0
    assert len(tries._buckets) <= MOST_KEPT


@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("10.0.0.9", "10.0.0.9"),
        ("2001:db8:1:2:3::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:10.0.0.9", "10.0.0.9"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
@pytest.mark.usefixtures("fresh")
def test_all_addresses_of_one_network_count_as_one(address: str, whose: str) -> None:
    assert network(address) == whose


def test_a_row_that_another_hand_wrote_signs_nobody_in(gate: Gate) -> None:
    """Such as one's own hash in the administrator's row."""
    (mine,) = gate.desk.rows(select(table).where(table.c.name == "wang"))
    with gate.desk.books.writing() as conn:
        conn.execute(update(table).where(table.c.name == "admin").values(password=mine.password))
    with pytest.raises(NotSignedInError):
        gate.sign_in("admin")
    with gate.desk.books.reading() as conn:
        assert not accounts.one(conn, gate.desk.office.account_key, "admin").sound
