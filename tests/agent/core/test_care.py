"""Watched households: told once when silent for too long, and once when seen again; no clock, restart or power cut makes a storm of it, or loses one."""

from __future__ import annotations

import random
from typing import Any

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import replay_codec
from agent.core.events.store import WatchedHome
from agent.core.time import Trust
from contract.care import CareRule
from contract.hours import Span
from contract.messages import Holder, Settings
from tests.agent.core.bench import UNIT, UTC, Bench, by_pin, facts_in, facts_of, holders, of, pin, unit_plan

HOUR = 3600.0
CARED = frozenset({"care"})
LI = Holder("li", room="301", flags=CARED, pin=pin("4711", "301"))
SON = Holder("li-son", room="301")
WU = Holder("wu", flags=CARED)
ANNA = Holder("anna", room="402")
PEOPLE = (LI, SON, WU, ANNA)
HOMES = (
    WatchedHome("li", "301", frozenset({"li", "li-son"})),
    WatchedHome("wu", None, frozenset({"wu"})),
)
NIGHT = (Span(0, 360), Span(1320, 1440))


def watch(bench: Bench, *homes: WatchedHome) -> None:
    bench.do(ev.HoldersReplaced(holders(*PEOPLE), None, (), by_pin=by_pin(*PEOPLE), watched=homes))


def unit(rule: CareRule | None = None, *, kept: tuple[fx.KeptHome, ...] = (), **changes: Any) -> Bench:
    bench = Bench(**changes)
    bench.do(ev.Started("s1", frozenset()))
    bench.do(ev.DeviceBack("relay", "here"))
    bench.settle()
    watch(bench, *HOMES)
    bench.opened(homes=kept)
    bench.message(Settings(UNIT, 1, UTC, care=rule or CareRule(12.0)))
    bench.settle()
    bench.stopped(1.0)
    return bench


def hours(bench: Bench, count: float) -> list[fx.Effect]:
    """As many hours pass, looked at every ten minutes."""
    found: list[fx.Effect] = []
    before = len(bench.effects)
    for _ in range(round(count * 6)):
        bench.stopped(600.0)
    found += [effect for _, effect in bench.effects[before:]]
    return found


def told(found: Any) -> list[tuple[str, Any]]:
    facts = [fact for record in of(fx.AppendFacts, found) for fact in facts_in(record)]
    return [(f.kind, f.data["holder"]) for f in facts if f.kind.startswith("care.")]


def rows(found: Any) -> list[fx.KeptHome]:
    return [home for record in of(fx.AppendFacts, found) for home in record.homes]


def test_silent_is_told_once_and_seen_once_and_nothing_shows_at_the_door() -> None:
    bench = unit()
    assert told(hours(bench, 11)) == []
    pages = [bench.page()]
    found = hours(bench, 1.2)
    assert sorted(told(found)) == [("care.silent", "li"), ("care.silent", "wu")]
    (record,) = [r for r in of(fx.AppendFacts, found) if told([r]) == [("care.silent", "li")]]
    assert facts_in(record)[0].data == {"holder": "li", "room": "301"}, "and nothing more of them"
    assert [h.silent for h in record.homes] == [True], "in one record with the fact: no cut makes it two"
    assert of(fx.SoundTone, found) == []
    assert {page.kind for page in (*pages, bench.page())} == {"idle"}
    assert told(hours(bench, 30)) == []
    found = bench.tap("wu")
    assert facts_of(found)["care.seen"] == {"holder": "wu", "source": "card"}
    assert of(fx.SoundTone, found) == of(fx.SoundTone, bench.tap("anna")), "nor is the next opening any different"
    assert told(hours(bench, 11)) == []
    assert told(hours(bench, 1.2)) == [("care.silent", "wu")]


def test_any_sign_of_the_room_counts_and_nobody_elses() -> None:
    bench = unit()
    hours(bench, 11)
    bench.tap("li-son")
    bench.tap("anna")
    assert told(hours(bench, 1.2)) == [("care.silent", "wu")]
    hours(bench, 9)
    bench.type("301*4711#")
    assert told(hours(bench, 11)) == []
    assert told(hours(bench, 1.2)) == [("care.silent", "li")]
    assert facts_of(bench.type("301*4711#"))["care.seen"] == {"holder": "li", "source": "pin"}


def test_a_card_that_is_refused_is_a_sign_and_one_at_another_door_may_be_none() -> None:
    bench = unit(CareRule(12.0, doors=frozenset({"main"})))
    hours(bench, 11)
    bench.do(ev.HoldersReplaced(holders(Holder("wu", doors=frozenset({"attic"}))), watched=HOMES))
    assert facts_of(bench.tap("wu"))["access.denied"]["reason"] == "door"
    assert told(hours(bench, 1.2)) == [("care.silent", "li")]
    other = unit(CareRule(12.0, doors=frozenset({"attic"})))
    hours(other, 11)
    other.tap("wu")
    assert len(told(hours(other, 1.2))) == 2


def test_a_meter_is_one_more_source() -> None:
    bench = unit(CareRule(12.0, inputs={"water": "301", "gas": "999"}))
    bench.do(ev.UnitInputChanged("water", active=False))
    hours(bench, 11)
    bench.do(ev.UnitInputChanged("water", active=False))
    assert told(hours(bench, 1.2)) == [("care.silent", "li"), ("care.silent", "wu")], "what it was is no sign"
    found = bench.do(ev.UnitInputChanged("water", active=True))
    assert facts_of(found)["care.seen"] == {"holder": "li", "source": "input:water"}
    bench.do(ev.UnitInputChanged("water", active=False))
    bench.do(ev.UnitInputChanged("gas", active=True))
    assert told(hours(bench, 11)) == []


def test_quiet_hours_do_not_count_where_the_time_is_known() -> None:
    bench = unit(CareRule(4.0, NIGHT))  # from 14:00 local: eight hours until the night
    assert len(told(hours(bench, 4.2))) == 2
    bench.tap("li")
    bench.tap("wu")
    assert told(hours(bench, 2)) == [], "at 20:12"
    bench.tap("li")
    assert told(hours(bench, 1.8)) == [], "at 22:00 two hours for one, four less some minutes for the other"
    assert told(hours(bench, 8)) == [], "the night"
    assert ("care.silent", "wu") in told(hours(bench, 0.6))
    assert told(hours(bench, 1.4)) == []
    assert told(hours(bench, 0.4)) == [("care.silent", "li")]


def test_with_the_time_unknown_the_night_counts_too() -> None:
    bench = unit(CareRule(10.0, NIGHT), trust=Trust.UNKNOWN)
    assert len(told(hours(bench, 10.2))) == 2
    whole = unit(CareRule(4.0, (Span(0, 1440),)))
    assert len(told(hours(whole, 4.2))) == 2, "nor can a day of nothing but quiet hours hide anybody"


def test_without_settings_or_flag_nobody_is_watched() -> None:
    bench = unit()
    bench.message(Settings(UNIT, 2, UTC))
    assert told(hours(bench, 40)) == []
    bench.message(Settings(UNIT, 3, UTC, care=CareRule(12.0)))
    assert told(hours(bench, 11)) == [], "what went before was not watched"
    watch(bench)
    assert told(hours(bench, 40)) == []
    watch(bench, *HOMES)
    assert told(hours(bench, 11)) == []
    assert len(told(hours(bench, 1.2))) == 2


def test_a_new_roster_does_not_begin_anew() -> None:
    bench = unit()
    hours(bench, 11)
    watch(bench, *HOMES)
    assert len(told(hours(bench, 1.2))) == 2
    watch(bench, *HOMES)
    assert told(hours(bench, 20)) == []


@pytest.mark.parametrize("seed", range(4))
def test_no_jump_of_the_clock_makes_anybody_silent_or_hides_them(seed: int) -> None:
    bench, chance = unit(CareRule(12.0)), random.Random(seed)
    for _ in range(60):
        bench.utc += chance.choice([-1, 1]) * chance.choice([60.0, HOUR, 86_400.0, 3650 * 86_400.0])
        bench.utc = max(0.0, bench.utc)
        bench.trust = chance.choice(list(Trust))
        bench.do(ev.ClockStepped(bench.trust, 1.0))
        assert told([effect for _, effect in bench.effects]) == []
        bench.stopped(600.0)
    assert len(told(hours(bench, 2.2))) == 2


def test_a_process_that_was_stopped_saw_nobody() -> None:
    bench = unit()
    hours(bench, 8)
    before = len(bench.effects)
    bench.stopped(48 * HOUR)
    bench.stopped(60.0)
    assert told([effect for _, effect in bench.effects[before:]]) == []
    assert len(told(hours(bench, 4))) == 2


# --- what is kept


def kept(counted_h: float, *, silent: bool = False, at: float | None = UTC - 60) -> tuple[fx.KeptHome, ...]:
    return (
        fx.KeptHome("room 301", "li", "301", counted_h * HOUR, at, silent),
        fx.KeptHome("holder wu", "wu", None, 0.0, at, silent=False),
    )


def test_signs_are_written_down_at_most_every_ten_minutes_and_counts_every_hour() -> None:
    bench = unit()
    hours(bench, 1)
    for minute in range(120):
        if minute < 60:
            bench.tap("li")
        bench.stopped(59.0)
    written = [(at, home) for at, e in bench.effects if isinstance(e, fx.AppendFacts) for home in e.homes]
    signs = [at for at, home in written if home.name == "room 301" and home.counted_s < 60.0]
    assert 4 <= len(signs) <= 9
    grown = [home.counted_s for _, home in written if home.name == "holder wu"]
    assert 3 <= len(grown) <= 5
    assert grown == sorted(grown)


def test_a_restart_goes_on_counting_and_tells_nothing_twice() -> None:
    bench = unit(kept=kept(11.0))
    assert told(hours(bench, 0.8)) == []
    assert told(hours(bench, 0.4)) == [("care.silent", "li")]
    again = unit(kept=kept(12.0, silent=True))
    assert told(hours(again, 11)) == []
    assert told(again.tap("li-son")) == [("care.seen", "li")]


def test_the_clean_end_writes_all_down() -> None:
    bench = unit()
    hours(bench, 3.3)
    found = bench.do(ev.StopAsked("SIGTERM"))
    assert {home.name: round(home.counted_s / HOUR, 1) for home in rows(found)} == {"room 301": 3.3, "holder wu": 3.3}


def test_time_without_power_counts_but_brings_nobody_over_half_of_the_limit() -> None:
    """Three days without power: the alarm comes, and not for the whole stairwell at the start."""
    bench = unit(kept=kept(2.0, at=UTC - 3 * 86_400))
    assert told(hours(bench, 5.5)) == []
    assert sorted(told(hours(bench, 0.8))) == [("care.silent", "li"), ("care.silent", "wu")]
    short = unit(kept=kept(2.0, at=UTC - 2 * HOUR))
    assert told(hours(short, 7.8)) == []
    assert told(hours(short, 0.4)) == [("care.silent", "li")], "two before, two without power, eight since"
    near = unit(kept=kept(11.0, at=UTC - 3 * 86_400))
    assert told(hours(near, 0.8)) == []
    assert told(hours(near, 0.4)) == [("care.silent", "li")]


def test_how_long_it_was_off_is_counted_once_the_time_is_known_and_a_sign_ends_that() -> None:
    bench = unit(kept=kept(2.0, at=UTC - 3 * 86_400), trust=Trust.UNKNOWN)
    hours(bench, 1)
    bench.tap("wu")
    bench.trust = Trust.SYNCED
    bench.do(ev.ClockStepped(Trust.SYNCED, 5.0))
    assert told(hours(bench, 4.8)) == []
    assert told(hours(bench, 0.4)) == [("care.silent", "li")], "six of before, six since"
    never = unit(kept=kept(2.0), trust=Trust.UNKNOWN)
    assert told(hours(never, 9.8)) == []
    assert told(hours(never, 0.4)) == [("care.silent", "li")]


def test_a_crash_loop_does_not_hide_anybody() -> None:
    """Every run lasts forty minutes and is cut off: what was counted goes on from what was written."""
    found: list[fx.Effect] = []
    homes: dict[str, fx.KeptHome] = {home.name: home for home in kept(0.0, at=None)}
    for _ in range(40):
        bench = unit(CareRule(4.0), kept=tuple(homes.values()), trust=Trust.UNKNOWN)
        for _ in range(4):
            bench.stopped(600.0)
        done = [effect for _, effect in bench.effects]
        found += done
        for home in rows(done):
            homes[home.name] = home
    assert sorted(told(found)) == [("care.silent", "li"), ("care.silent", "wu")]


def test_a_sign_before_the_journal_was_read_is_not_lost() -> None:
    bench = Bench()
    bench.do(ev.Started("s1", frozenset()))
    bench.do(ev.DeviceBack("relay", "here"))
    bench.settle()
    watch(bench, *HOMES)
    bench.tap("li")
    assert told(bench.opened(homes=kept(12.0, silent=True))) == [("care.seen", "li")]
    bench.message(Settings(UNIT, 1, UTC, care=CareRule(12.0)))
    assert told(hours(bench, 11)) == []


def test_who_is_watched_no_longer_leaves_the_journal() -> None:
    bench = unit(kept=(*kept(1.0), fx.KeptHome("room 999", "gone", "999", 5.0, UTC, silent=True)))
    found = hours(bench, 1.2)
    assert [home.name for home in rows(found) if home.gone] == ["room 999"]
    watch(bench, HOMES[1])
    assert {home.name for home in rows(hours(bench, 1.2)) if home.gone} == {"room 301"}


def test_door_only_watches_nobody_and_forgets_nothing() -> None:
    bench = Bench(unit_plan())
    bench.do(ev.Started("s1", frozenset(), door_only=True))
    watch(bench, *HOMES)
    bench.opened(homes=kept(11.5))
    bench.do(ev.StateLoaded((Settings(UNIT, 1, UTC, care=CareRule(12.0)),)))
    before = len(bench.effects)
    bench.wait(601.0)
    assert not any(home.gone for home in rows([e for _, e in bench.effects[before:]]))
    assert told(hours(bench, 0.2)) == []
    assert told(hours(bench, 0.6)) == [("care.silent", "li")]


def test_a_state_with_it_can_be_replayed() -> None:
    bench = unit(kept=kept(2.0))
    hours(bench, 13)
    assert replay_codec.loads(replay_codec.dumps(bench.state)) == bench.state
