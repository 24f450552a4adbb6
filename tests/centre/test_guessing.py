"""Guessing passwords: slowed, whoever guesses, and nobody is shut out for good by it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from centre import accounts, acknowledgements
from centre.schema_accounts import accounts as table
from centre.sign_in import NotSignedInError, TooManyTriesError
from centre.tries import ACCOUNT, ADDRESS, DEVICE, MOST_KEPT, Pace, Tries, network
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.test_accounts import come, holds
from tests.centre.test_sign_in import Clock, Gate

pytestmark = ONE_ENGINE


@pytest.fixture
def gate(desk: Desk) -> Gate:
    return Gate(desk)


# --- guessing


def test_guesses_are_slowed_and_the_right_password_with_them(gate: Gate) -> None:
    gate.guess(ACCOUNT.at_once)
    with pytest.raises(TooManyTriesError) as raised:
        gate.sign_in()
    assert 0 < raised.value.wait_s <= ACCOUNT.per_s
    gate.clock.now += raised.value.wait_s
    assert gate.sign_in().account.name == "wang"


def test_that_somebody_guesses_is_an_alarm_not_one_for_each_guess(gate: Gate) -> None:
    for name in ("wang", "nobody"):
        gate.guess(ACCOUNT.at_once, name)
        for _ in range(3):
            with pytest.raises(TooManyTriesError):
                gate.sign_in(name, address="10.0.0.77\x1b[2J")
    (alarm,) = acknowledgements.listed(gate.desk.office)
    assert alarm.alarm.kind == "account.guessed"
    assert alarm.alarm.detail.startswith("wrong passwords for wang, from 10.0.0.77")
    assert "\x1b" not in alarm.alarm.detail
    assert (alarm.alarm.unit, alarm.repeats) == ("", 0)
    assert holds(gate.desk) == []
    gate.clock.now += 3600
    gate.guess(ACCOUNT.at_once)
    with pytest.raises(TooManyTriesError):
        gate.sign_in()
    (alarm,) = acknowledgements.listed(gate.desk.office)
    assert alarm.repeats == 1


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
    [
        lambda text: text[:-1],
        lambda text: ("1" if text[0] == "0" else "0") + text[1:],
        lambda _: "x",
        lambda _: "",
        lambda text: text * 1000,
    ],
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
