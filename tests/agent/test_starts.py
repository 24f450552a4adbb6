"""Starts with clocks of any kind: what is decided never rests on a time that nobody signed, and what was signed is never forgotten for it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.effects import Purge, SendReply
from agent.core.events.life import CalendarFired
from agent.core.time import Trust
from contract.commands import Command, Mode, Open, Order, SetMode
from contract.hours import Hours, Span
from contract.messages import Holder
from tests.agent.core.bench import UNIT, UTC, notice
from tests.agent.starts import Machine, Run, certificate_passes

DAY, YEAR = 86_400.0, 365 * 86_400.0
ALWAYS = Hours(tuple((Span(0, 1440),) for _ in range(7)))
NEVER = Hours(tuple(() for _ in range(7)))
CLOCKS = tuple(dt.datetime(1970 + n * 130 // 99, 1 + n % 12, 1 + n % 28, tzinfo=dt.UTC).timestamp() for n in range(100))
"""System clocks of 1970 to 2100, one a year and some twice."""

PLAIN = Holder("plain")
SURE = (
    Holder("since-last-year", from_utc=UTC - YEAR),
    Holder("until-next-year", until_utc=UTC + YEAR),
    Holder("these-years", from_utc=UTC - YEAR, until_utc=UTC + YEAR),
)
"""That they are valid is certain once the centre has said the time."""
NOT_YET = (Holder("from-next-year", from_utc=UTC + YEAR), Holder("from-2090", from_utc=UTC + 64 * YEAR))
OVER = (Holder("until-last-year", until_utc=UTC - YEAR), Holder("until-1980", until_utc=UTC - 46 * YEAR))
TIMED = (Holder("always", hours=ALWAYS),)
NEVER_IN = (Holder("never", hours=NEVER),)
PEOPLE = (PLAIN, *SURE, *NOT_YET, *OVER, *TIMED, *NEVER_IN)


def wrong(run: Run, *, online: bool) -> list[str]:
    """Cards that were answered wrongly: what is certain was refused, or what is not so was opened to."""
    right = {**dict.fromkeys((PLAIN, *SURE), True), **dict.fromkeys((*NOT_YET, *OVER, *NEVER_IN), False)}
    right |= dict.fromkeys(TIMED, online)  # without a set clock nobody knows the hour
    return [f"{each.id} in start {run.machine.starts}" for each, yes in right.items() if run.opens(each.id) is not yes]


@pytest.mark.slow
@pytest.mark.claim("F32")
@pytest.mark.claim("D9")
@pytest.mark.parametrize("half", [0, 1])
def test_a_hundred_clocks_offline_and_online(half: int, tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    machine = Machine(tmp_path, PEOPLE)
    faults: list[str] = []
    asked = 0
    with machine.started() as run:
        run.connect()
        faults += wrong(run, online=True)
    for number, system_utc in enumerate(CLOCKS[half::2]):
        for online in (False, True):
            no_rtc = number % 5 == 4
            machine.off(600.0, system_utc=0.0 if no_rtc else system_utc)
            with machine.started() as run:
                if online:
                    run.connect()
                run.pass_s(60.0, system_utc=CLOCKS[(7 * number + 3) % 100] if number % 3 == 0 else None)
                run.killed = number % 2 == 0
                faults += wrong(run, online=online)
                asked += len(PEOPLE)
    machine.off(600.0)
    with machine.started() as run:
        faults += wrong(run, online=False)
    record_property(
        "figure",
        f"{len(CLOCKS[half::2])} clocks of 1970 to 2100, offline and online: {asked} cards, {len(faults)} answered wrongly",
    )
    assert faults == []


SYSTEM = st.one_of(st.floats(-1e3, 4.2e9), st.sampled_from([-1.0, 0.0, 2.0**31, 2.0**32, 1e11, 1e18, *CLOCKS]))


@pytest.mark.slow
@pytest.mark.claim("F32")
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_start_with_any_clock_changes_what_a_later_start_with_a_right_clock_decides(data: st.DataObject) -> None:
    machine = Machine(people=PEOPLE)
    with machine.started() as run:
        run.connect()
    confirmed = machine.true_utc
    for _ in range(data.draw(st.integers(1, 5))):
        machine.off(data.draw(st.floats(0.0, 30 * DAY)), system_utc=data.draw(SYSTEM))
        with machine.started() as run:
            for _ in range(data.draw(st.integers(0, 3))):
                match data.draw(st.sampled_from(["pass", "step", "iat", "online"])):
                    case "pass":
                        run.pass_s(data.draw(st.floats(1.0, 5 * DAY)))
                    case "step":
                        run.pass_s(1.0, system_utc=data.draw(SYSTEM))
                    case "iat":  # of a stolen notice key, or by a careless hand: more than a day ahead
                        run.hear_iat(machine.true_utc + data.draw(st.floats(DAY + 1.0, 70 * YEAR)))
                    case _:
                        run.connect()
                        confirmed = machine.true_utc
                        run.cut()
            run.killed = data.draw(st.booleans())
    machine.off(60.0)
    with machine.started() as run:
        assert wrong(run, online=False) == []
        known = machine.memory.known
        assert known is not None
        assert confirmed - DAY / 4 <= known.floor_utc <= machine.true_utc + 1.0
        run.connect()
        assert run.now().utc == pytest.approx(machine.true_utc, abs=2.0)
        assert wrong(run, online=True) == []


def test_a_signed_time_raises_the_floor_by_a_day_past_the_last_confirm_and_no_further() -> None:
    soon = Holder("soon", from_utc=UTC + DAY / 2)
    machine = Machine(people=(soon,))
    with machine.started() as run:
        run.connect()
    machine.off(DAY / 4)
    with machine.started() as run:
        assert run.now().clock is Trust.FLOOR
        run.hear_iat(UTC + 2 * DAY)
        assert not run.opens("soon")
        run.hear_iat(UTC + 0.6 * DAY)
        assert run.opens("soon")
    machine.off(60.0)
    with machine.started() as run:
        assert run.opens("soon")  # what was signed is kept
        run.connect()  # and the centre's word lowers it
        assert not run.opens("soon")
        run.killed = True
    with machine.started() as run:
        assert not run.opens("soon")


def test_before_the_first_confirm_no_message_says_what_time_it_is() -> None:
    machine = Machine(people=PEOPLE)
    with machine.started() as run:
        run.hear_iat(UTC)
        run.hear_iat(UTC + 60 * YEAR)
        assert run.now().clock is Trust.UNKNOWN
        assert [each.id for each in PEOPLE if run.opens(each.id)] == ["plain"]
    assert machine.memory.known is None


def test_a_clock_set_since_the_start_goes_on_deciding_without_the_centre() -> None:
    machine = Machine(people=PEOPLE)
    with machine.started() as run:
        run.connect()
        run.cut()
        run.pass_s(20 * DAY, system_utc=0.0)
        assert run.now().clock is Trust.FLOOR
        run.hear_iat(machine.true_utc + DAY / 2)
        assert run.now().utc == pytest.approx(machine.true_utc, abs=1.0)
        assert wrong(run, online=True) == []
        run.pass_s(30 * DAY)
        run.killed = True
    machine.off(60.0, system_utc=0.0)
    with machine.started() as run:  # a power cut loses some hours of what was known, not the weeks
        sure = run.now().sure_utc
        assert sure is not None
        assert machine.true_utc - 7 * 3600.0 <= sure <= machine.true_utc


@pytest.mark.claim("F24")
def test_a_centre_ten_years_ahead_for_a_day_and_then_mended_leaves_nothing_behind(
    record_property: pytest.RecordProperty,
) -> None:
    """Units of every kind: at work, restarted, off, new, started by the wrong clock. The broker's certificate is of the true year."""
    begins, ends = UTC - DAY, UTC + YEAR
    returned = 0
    for kind in ("at work", "restarted", "killed", "off for the day", "off over the mending", "lost its link", "new"):
        machine = Machine(people=PEOPLE)
        if kind != "new":
            with machine.started() as run:
                run.connect()
                run.pass_s(4 * DAY)
        machine.centre_ahead_s = 10 * YEAR
        machine.off(60.0)
        if kind != "off for the day":
            with machine.started() as run:
                run.connect()
                run.pass_s(DAY / 2)
                run.killed = kind == "killed"
                if kind not in ("off over the mending", "new"):
                    run.cut()
                    assert certificate_passes(run.dates(), begins, ends), kind
                    run.connect()
                run.pass_s(DAY / 2)
                if kind == "at work":
                    machine.centre_ahead_s = 0.0
                    run.pass_s(7 * 3600.0)
                    assert wrong(run, online=True) == [], kind
        machine.centre_ahead_s = 0.0
        machine.off(60.0)
        with machine.started() as run:
            if kind == "new":  # it never heard another time: three days, as for any unit that cannot reach its centre
                assert not certificate_passes(run.dates(), begins, ends)
                run.pass_s(3 * DAY)
            assert certificate_passes(run.dates(), begins, ends), kind
            run.connect()
            assert run.now().utc == pytest.approx(machine.true_utc, abs=2.0)
            assert wrong(run, online=True) == [], kind
            run.hear(notice("n9", iat=machine.true_utc))
            run.killed = True
        machine.off(60.0)
        with machine.started() as run:
            assert wrong(run, online=False) == [], kind
        returned += 1
    record_property("figure", f"{returned} kinds of units came back by themselves and decide as before")


def order(run: Run, name: str, wanted: Order, utc: float) -> str:
    """The last answer to a command signed at `utc`."""
    sent = Command("badahu", UNIT, name, "b12-u2", utc, utc + 20.0, wanted, "desk", "test")
    run.hear(sent)
    return [f"{e.state} {e.reason or ''}".strip() for e in run.effects if isinstance(e, SendReply) and e.id == name][-1]


@pytest.mark.claim("D4")
def test_a_lockdown_commanded_by_a_wrong_clock_ends_as_it_would_have_also_after_a_restart() -> None:
    machine = Machine(people=PEOPLE)
    machine.centre_ahead_s = 10 * YEAR
    with machine.started() as run:
        run.connect()
        utc = machine.true_utc + 10 * YEAR
        assert order(run, "c1", SetMode(Mode.LOCKDOWN, utc + 600.0), utc) == "done"
        machine.centre_ahead_s = 0.0
        run.cut()
        run.connect()
        assert not run.opens("plain")
        run.killed = True
    machine.off(10.0)
    with machine.started() as run:
        assert not run.opens("plain")
        run.pass_s(620.0)
        assert run.opens("plain")


@pytest.mark.claim("F26")
@pytest.mark.parametrize("found_utc", [0.0, UTC + 10 * YEAR], ids=["no clock", "years ahead"])
def test_an_epoch_that_a_wrong_clock_began_refuses_no_command_and_lets_no_older_one_in(found_utc: float) -> None:
    machine = Machine(people=PEOPLE)
    machine.memory.epoch_utc = found_utc
    with machine.started() as run:
        before = machine.true_utc - 5.0
        run.connect()
        assert order(run, "c0", Open("main"), before) == "refused replayed"
        run.pass_s(5.0)
        assert order(run, "c1", Open("main"), machine.true_utc) == "done"


@pytest.mark.claim("F26")
def test_commands_work_through_a_wrong_day_of_the_centre_and_none_is_done_twice() -> None:
    machine = Machine(people=PEOPLE)
    with machine.started() as run:
        run.connect()
        assert order(run, "c1", Open("main"), machine.true_utc) == "done"
        for ahead in (10 * YEAR, 0.0, -10 * YEAR, 0.0):
            machine.centre_ahead_s = ahead
            run.cut()
            run.connect()
            run.pass_s(60.0)
            name, utc = f"c{ahead:.0f}-{machine.true_utc:.0f}", machine.true_utc + ahead
            assert order(run, name, Open("main"), utc) == "done"
            run.pass_s(12.0)  # nobody comes in, and its course is over
            assert order(run, name, Open("main"), utc) == "refused replayed"
            assert order(run, "c1", Open("main"), utc) == "refused replayed"


def test_nothing_is_dropped_for_good_until_a_leap_of_the_centre_is_proven_by_time() -> None:
    machine = Machine(people=PEOPLE)

    def purges(run: Run) -> bool:
        before = len(run.effects)
        run.give(CalendarFired("purge"))
        return any(isinstance(effect, Purge) for effect in run.effects[before:])

    with machine.started() as run:
        run.connect()
        assert purges(run)
        machine.centre_ahead_s = 10 * YEAR
        run.pass_s(7 * 3600.0)
        assert not purges(run)
        run.pass_s(2 * DAY)
        run.killed = True
    machine.off(60.0)
    with machine.started() as run:
        assert not purges(run)
        run.connect()
        assert not purges(run)
        run.pass_s(0.6 * DAY)
        assert not purges(run)
        run.pass_s(0.5 * DAY)  # three days by now: it seems to be so
        assert purges(run)
        machine.centre_ahead_s = 0.0
        run.pass_s(7 * 3600.0)
        assert not purges(run)
        run.pass_s(3.3 * DAY)
        assert purges(run)
