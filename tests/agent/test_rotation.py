"""Keys that change: in whatever order secrets and rosters come, and whatever is cut off, the cards of the roster in force open."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core.status import status
from agent.store import reading
from contract.facts import RosterApplied, SecretsApplied, StateRefused
from contract.kinds import Message
from tests.agent.rotation import KEYS, Unit, roster, secrets, unit
from tests.contract import signing

COURSE: tuple[Message, ...] = (
    secrets(1, "k1", "k2"),
    roster(2, "k2"),
    secrets(2, "k2"),
    secrets(3, "k2", "k3", login="b12-u2-2"),
    roster(3, "k3", 1, 2),
    roster(3, "k3", 2, 2),
    secrets(4, "k3"),
)
"""Two rotations, as a centre makes them."""
OTHER_KEY = signing.private_key(8).public_key().public_bytes_raw()
FOREIGN = secrets(7, "k1", public=OTHER_KEY)
STEPS = st.one_of(
    st.sampled_from((*COURSE, roster(1, "k1"), FOREIGN)), st.just("rest"), st.just("restart"), st.just("kill")
)


def take(here: Unit, what: Message | str) -> None:
    if what == "rest":
        here.rest()
    elif isinstance(what, str):
        here.restart(kill=what == "kill")
    else:
        here.deliver(what)


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, max_size=14))
def test_in_any_order_with_losses_copies_and_cuts_the_cards_of_the_roster_in_force_open(
    steps: list[Message | str],
) -> None:
    """The unit's harness looks after every single step of the core. Whatever came before, the course as it stands on the broker ends it well."""
    with tempfile.TemporaryDirectory() as folder, unit(Path(folder)) as here:
        here.deliver(roster(1, "k1"))
        here.rest()
        assert here.roster == 1
        for what in steps:
            take(here, what)
        here.rest()
        assert here.roster >= 1
        for message in COURSE:
            here.deliver(message)
        here.rest()
        assert here.roster == 3
        assert here.opens()
        assert here.state.desired.sealed.used == ((4, "k3"),)
        assert [each.rev for each in reading.secrets(here.folder / f"state-{here.runs}")] == [4]
        here.restart(kill=True)
        assert here.roster == 3
        here.rest()
        assert here.opens()
        assert here.state.desired.sealed.used == ((4, "k3"),)


def test_a_roster_waits_for_its_key_over_a_restart_and_is_acknowledged_meanwhile(tmp_path: Path) -> None:
    with unit(tmp_path) as here:
        here.deliver(roster(1, "k1"))
        token = here.deliver(roster(2, "k2"))
        here.rest()
        assert token in here.acked
        assert here.roster == 1
        here.restart(kill=True)
        here.rest()
        assert here.roster == 1
        here.deliver(secrets(1, "k1", "k2"))
        here.rest()
        assert here.roster == 2
        assert [fact.rev for fact in here.facts if isinstance(fact, RosterApplied)] == [1, 2]


def test_an_old_key_stays_as_long_as_a_roster_in_force_needs_it(tmp_path: Path) -> None:
    """Also one that is in earlier secrets alone, over restarts; then it goes, from the disk too."""
    with unit(tmp_path) as here:
        here.deliver(secrets(1, "k1", "k2"))
        here.deliver(roster(1, "k2"))
        here.deliver(secrets(2, "k3"))
        here.rest()
        assert here.state.desired.sealed.used == ((1, "k2"), (2, "k3"))
        for kill in (False, True):
            here.restart(kill=kill)
            assert here.opens()
            here.rest()
            assert here.state.desired.sealed.used == ((1, "k2"), (2, "k3"))
        here.deliver(roster(2, "k3"))
        here.rest()
        assert here.state.desired.sealed.used == ((2, "k3"),)
        assert here.sealed._opened.keys() == {2}
        assert [each.rev for each in reading.secrets(here.folder / f"state-{here.runs}")] == [2]


def test_what_does_not_open_is_told_and_what_was_in_force_stays(tmp_path: Path) -> None:
    with unit(tmp_path) as here:
        here.deliver(roster(1, "k1"))
        good = here.deliver(secrets(1, "k2"))
        here.rest()
        bad = here.deliver(FOREIGN)
        here.rest()
        assert {good, bad} <= here.acked
        told = [fact for fact in here.facts if isinstance(fact, SecretsApplied | StateRefused)]
        assert told == [
            SecretsApplied("unit/b12-u2", "", 1),
            StateRefused("secrets", "unit/b12-u2", "", FOREIGN.rev, "sealed"),
        ]
        here.restart(kill=False)
        here.rest()
        assert here.state.desired.sealed.rev == 1
        assert here.state.desired.sealed.used == ((0, "k1"), (1, "k2"))
        now = status(here.state)
        assert now.counts is not None
        assert (now.counts["secrets"], now.refused) == (1, 0)


def test_secrets_are_in_force_only_when_they_are_on_the_disk(tmp_path: Path) -> None:
    with unit(tmp_path) as here:
        token = here.deliver(secrets(1, "k1", "k2", login="b12-u2-2"))
        assert (token in here.acked, here.state.desired.sealed.rev, here.logins) == (False, 0, [])
        here.rest()
        assert (token in here.acked, here.state.desired.sealed.rev, here.logins) == (True, 1, [1])
        login = here.sealed.login(1)
        assert (login.login, login.password, login.ca) == ("b12-u2-2", "second", None)
        old = here.deliver(secrets(1, "k3"))
        here.rest()
        assert old in here.acked
        assert [fact.rev for fact in here.facts if isinstance(fact, SecretsApplied)] == [1]


def test_no_key_is_on_the_disk_or_in_the_cores_state(tmp_path: Path) -> None:
    with unit(tmp_path) as here:
        here.deliver(roster(1, "k1"))
        here.deliver(secrets(1, "k1", "k2", login="b12-u2-2"))
        here.rest()
        shown = repr(here.state).encode()
        for path in (here.folder / f"state-{here.runs}").rglob("*"):
            shown += path.read_bytes() if path.is_file() else b""
        for key in KEYS.values():
            assert key not in shown
            assert key.hex().encode() not in shown


def test_secrets_in_hand_at_a_crash_stay_shut(tmp_path: Path) -> None:
    """Whatever is in them that we tripped over: not at the next start either."""
    with unit(tmp_path) as here:
        here.deliver(roster(1, "k1"))
        here.rest()
        here.sealed._aside = {"secrets unit/b12-u2 - 3"}
        token = here.deliver(secrets(3, "k2"))
        here.deliver(secrets(4, "k2"))
        here.rest()
        assert token in here.acked
        assert here.state.desired.sealed.rev == 4


def test_damage_loses_no_secrets_that_can_be_read(tmp_path: Path) -> None:
    with unit(tmp_path) as here:
        here.deliver(secrets(1, "k2"))
        here.deliver(roster(1, "k2"))
        here.rest()
        here.end()
        conn = sqlite3.connect(here.folder / f"state-{here.runs}" / "journal.db")
        conn.execute("UPDATE position SET sum = sum + 1")
        conn.commit()
        conn.close()
        here.boot_again()
        here.rest()
        assert here.opens()
        assert here.state.desired.sealed.used == ((1, "k2"),)


def test_a_journal_in_somebody_elses_hand_keeps_no_card_waiting(tmp_path: Path) -> None:
    """Its card key is read from a copy; the journal is opened when it is let go."""
    with unit(tmp_path) as here:
        here.deliver(secrets(1, "k2"))
        here.deliver(roster(1, "k2"))
        here.rest()
        here.end()
        other = sqlite3.connect(here.folder / f"state-{here.runs}" / "journal.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        here.boot_again()
        assert here.state.access.loaded
        assert here.opens()
        assert here.state.health.storage != "ok"
        other.close()


def test_secrets_that_are_damaged_come_again(tmp_path: Path) -> None:
    """As keys do: the revision is not known any more, and the broker has it."""
    with unit(tmp_path) as here:
        first = secrets(1, "k2")
        here.deliver(first)
        here.rest()
        here.end()
        conn = sqlite3.connect(here.folder / f"state-{here.runs}" / "journal.db")
        conn.execute("UPDATE secrets SET sum = sum + 1")
        conn.commit()
        conn.close()
        here.boot_again()
        here.rest()
        assert here.state.desired.sealed.rev == 0
        here.deliver(first)
        here.rest()
        assert here.state.desired.sealed.used == ((1, "k2"),)
