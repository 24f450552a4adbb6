"""Who may pass: each reason of a denial, the union of several rosters, and the clock that is not known."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.access import decide
from agent.core.time import Now, Trust
from agent.core.weekly import within
from agent.locale import load
from contract.commands import Mode
from contract.hours import Hours, Span
from contract.messages import Holder, Role
from tests.agent.core.bench import UTC, Bench, door_plan, facts_of, of, the

NOW = Now(1000.0, UTC, 28_800, Trust.SYNCED)
"""Tuesday 2026-11-24, 14:00 local."""
OFFICE = Hours(tuple((Span(8 * 60, 18 * 60),) for _ in range(7)), frozenset({"2026-10-01"}), (Span(600, 660),))
NIGHT = Hours(tuple((Span(0, 360), Span(1320, 1440)) for _ in range(7)))
DOOR = door_plan()


def judged(*entries: Holder, mode: Mode = Mode.NORMAL, now: Now = NOW, **kw: Any) -> tuple[bool, str | None, str]:
    decision = decide(entries, DOOR, mode, now, **kw)
    return decision.granted, decision.reason, decision.rule


def test_each_reason() -> None:
    assert judged() == (False, "unknown", "no_such_card")
    assert judged(Holder("a")) == (True, None, "role.resident")
    assert judged(Holder("a", until_utc=UTC - 1)) == (False, "expired", "entry.until")
    assert judged(Holder("a", until_utc=UTC)) == (False, "expired", "entry.until")
    assert judged(Holder("a", until_utc=UTC + 1)) == (True, None, "role.resident")
    assert judged(Holder("a", from_utc=UTC + 1)) == (False, "not_yet", "entry.from")
    assert judged(Holder("a", from_utc=UTC)) == (True, None, "role.resident")
    assert judged(Holder("a", doors=frozenset({"yard"}))) == (False, "door", "entry.doors")
    assert judged(Holder("a", doors=frozenset({"yard", "main"}))) == (True, None, "role.resident")
    assert judged(Holder("a", hours=NIGHT)) == (False, "hours", "entry.hours")
    assert judged(Holder("a", hours=OFFICE)) == (True, None, "role.resident")


def test_lockdown_passes_emergency_cards_alone() -> None:
    for role in Role:
        passes = role is Role.EMERGENCY
        assert judged(Holder("a", role=role), mode=Mode.LOCKDOWN)[0] is passes
    assert judged(Holder("a"), mode=Mode.LOCKDOWN) == (False, "lockdown", "lockdown")
    assert judged(Holder("a", role=Role.EMERGENCY, until_utc=UTC - 1), mode=Mode.LOCKDOWN)[1] == "expired"


def test_a_holder_in_several_rosters_has_the_union_and_the_longest_opening() -> None:
    old = Holder("li", until_utc=UTC - 1, unlock_s=50.0)
    here, there = Holder("li", unlock_s=9.0), Holder("li", unlock_s=12.0)
    decision = decide((old, here, there), DOOR, Mode.NORMAL, NOW)
    assert decision.granted
    assert decision.unlock_s == 12.0
    assert decide((Holder("li", unlock_s=3.0), Holder("li")), DOOR, Mode.NORMAL, NOW).unlock_s == DOOR.pulse_s


def test_of_several_denials_the_nearest_to_a_yes_is_told() -> None:
    elsewhere, expired, night = Holder("a", doors=frozenset()), Holder("a", until_utc=0.0), Holder("a", hours=NIGHT)
    assert judged(elsewhere, expired)[1] == "expired"
    assert judged(elsewhere, night, expired)[1] == "hours"


@pytest.mark.claim("D9")
def test_with_the_clock_unknown_plain_cards_work_and_limited_ones_only_where_configured() -> None:
    blind = Now(1000.0, 0.0, 0, Trust.UNKNOWN)
    dated, timed = Holder("a", from_utc=1.0, until_utc=2.0), Holder("b", hours=NIGHT)
    assert judged(Holder("c"), now=blind)[0]
    assert judged(dated, now=blind) == (False, "clock", "clock.dates")
    assert judged(timed, now=blind) == (False, "clock", "clock.hours")
    assert judged(dated, now=blind, allows=frozenset({"dates"}))[0]
    assert judged(timed, now=blind, allows=frozenset({"hours"}))[0]
    assert not judged(timed, now=blind, allows=frozenset({"dates"}))[0]
    floor = Now(1000.0, UTC, 28_800, Trust.FLOOR, floor_utc=UTC)
    assert judged(dated, now=floor)[1] == "expired"  # by what has surely passed


@pytest.mark.parametrize(
    ("hour", "minute", "allowed"), [(7, 59, False), (8, 0, True), (17, 59, True), (18, 0, False), (0, 0, False)]
)
def test_hours_hold_by_local_minutes(hour: int, minute: int, allowed: bool) -> None:
    midnight = UTC - (14 * 60 + 0) * 60  # UTC is 14:00 local
    assert within(OFFICE, Now(0.0, midnight + hour * 3600 + minute * 60, 28_800, Trust.SYNCED)) is allowed


def test_a_holiday_has_its_own_hours_and_weekdays_begin_on_monday() -> None:
    national_day = 1_790_820_000.0  # 2026-10-01 02:00 UTC, 10:00 local
    at = Now(0.0, national_day, 28_800, Trust.SYNCED)
    assert within(OFFICE, at) is True
    assert within(OFFICE, Now(0.0, national_day + 3600, 28_800, Trust.SYNCED)) is False
    tuesday_only = Hours(((), (Span(0, 1440),), (), (), (), (), ()))
    assert within(tuesday_only, NOW)
    assert not within(tuesday_only, Now(0.0, UTC + 86_400, 28_800, Trust.SYNCED))


@given(utc=st.floats(allow_nan=False), offset=st.integers(-86_400, 86_400), trust=st.sampled_from(list(Trust)))
def test_any_clock_gives_a_decision(utc: float, offset: int, trust: Trust) -> None:
    now = Now(0.0, utc, offset, trust)
    for entry in (Holder("a"), Holder("a", hours=OFFICE), Holder("a", from_utc=0.0, until_utc=1e18)):
        assert decide((entry,), DOOR, Mode.NORMAL, now).rule


def test_every_rule_has_its_words() -> None:
    words = load()["zh-CN"]
    entries = [
        Holder("a", role=role, doors=doors, from_utc=start, until_utc=end, hours=hours)
        for role, doors, start, end, hours in product(
            Role, (None, frozenset[str]()), (None, UTC + 1), (None, UTC - 1), (None, NIGHT)
        )
    ]
    blind = Now(0.0, 0.0, 0, Trust.UNKNOWN)
    for entry, mode, now in product(entries, Mode, (NOW, blind)):
        assert f"rule.{decide((entry,), DOOR, mode, now).rule}" in words
        reason = decide((entry,), DOOR, mode, now).reason
        assert reason is None or f"denied.{reason}.title" in words


# --- at the door


def test_the_person_is_told_why_not_and_whom_to_ask() -> None:
    bench = Bench().start(Holder("late", until_utc=UTC - 1))
    found = bench.tap("late")
    assert facts_of(found)["access.denied"] == {"door": "main", "by": "late", "via": "card", "reason": "expired"}
    assert of(fx.PulseLock, found) == []
    assert the(fx.SoundTone, found).tone == "no"
    assert (bench.page().title, bench.page().body) == ("此卡已过期", ("如需续期请联系", "社区网格员"))
    bench.wait(6.1)
    assert bench.page().kind == "idle"


def test_an_unknown_card_is_nobody() -> None:
    bench = Bench().start()
    assert facts_of(bench.tap("stranger"))["access.denied"] == {
        "door": "main",
        "by": None,
        "via": "card",
        "reason": "unknown",
    }


def test_before_the_holders_are_loaded_the_screen_asks_for_patience() -> None:
    bench = Bench()
    bench.do(ev.Started("s", frozenset()))
    bench.tap("anna")
    assert bench.page().title == "正在启动"


def test_a_card_that_lies_at_the_reader_is_one_tap() -> None:
    bench = Bench().start()
    bench.tap("anna")
    for _ in range(50):
        assert of(fx.PulseLock, bench.tap("anna", after=0.2)) == []
    assert of(fx.PulseLock, bench.tap("anna", after=1.0)) != []
    assert of(fx.PulseLock, bench.tap("old-li", after=0.1)) != []


def test_several_hashes_of_one_card_find_the_holder_under_any_key() -> None:
    bench = Bench().start()
    found = bench.do(ev.CardRead("card", ("no-such-key", "key-anna")))
    assert facts_of(found)["access.granted"]["by"] == "anna"


def test_a_reader_of_no_door_decides_nothing() -> None:
    bench = Bench().start()
    assert bench.do(ev.CardRead("elsewhere", ("key-anna",))) == ()


@pytest.mark.claim("D11")
def test_in_door_only_mode_doors_work_and_nothing_else_starts() -> None:
    from tests.agent.core.bench import notice

    bench = Bench().start(door_only=True)
    assert bench.all(fx.Connect) == []
    assert isinstance(bench.tap("anna")[0], fx.PulseLock)
    bench.do(ev.StateLoaded((notice(),)))
    bench.wait(60.0)
    assert bench.page().kind == "idle"
    assert bench.page().footer == "仅门禁功能运行"
    assert "door only" in [f.data.get("detail") for f in bench.facts() if f.kind == "agent.started"]
    assert the(fx.Connect, bench.wait((bench.state.door_only_until or 0.0) - bench.mono)) == fx.Connect()
    bench.wait(1.0)
    assert bench.page().kind == "notice"
