"""Signing in: what is guessed, repeated, kept too long, or shown by somebody else lets nobody in; and nobody is shut out for good."""

from __future__ import annotations

import statistics
import threading
import time
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from centre import account_desk, invitations, login_passwords, sessions
from centre.accounts import Role
from centre.errors import BadValueError, CentreError
from centre.opened import OpenCentre
from centre.schema_accounts import accounts as table
from centre.sign_in import NotSignedInError, SignedIn, SignIns
from centre.tries import Tries
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.test_accounts import PASSWORD, account, add, come, holds, told
from tests.waiting import eventually

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


def test_a_flood_of_tries_leaves_threads_for_pages(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, refused = threading.Event(), []
    real = PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", lambda *given: go_on.wait(20) and real(*given))
    most = login_passwords.AT_ONCE + login_passwords.WAITING

    def guess(number: int) -> None:
        try:
            gate.sign_in(f"n{number}", "a guess", address=f"10.1.{number}.1")
        except NotSignedInError:
            pass
        except CentreError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=guess, args=(number,), name="guess") for number in range(most + 5)]
    for each in threads:
        each.start()
    eventually(lambda: len(refused) == 5)
    go_on.set()
    for each in threads:
        each.join()
    assert set(refused) == {"too many sign in at this moment; try again"}
    assert gate.sign_in().account.name == "wang"


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
