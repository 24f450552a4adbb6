"""Rule D12: a card or key that may have been shown over a second ago counts not at all. One fact tells of many; the panel asks for the card."""

from __future__ import annotations

import math

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.limits import CARD_DEADLINE_S, LATE_FACTS_S, LATE_GATHER_S
from tests.agent.core.bench import Bench, card

pytestmark = pytest.mark.claim("D12")


def shown(bench: Bench, name: str, age_s: float) -> tuple[fx.Effect, ...]:
    """A card that may be so old by now."""
    return bench.do(ev.CardRead("card", card(name), bench.mono - age_s))


def pulses(effects: tuple[fx.Effect, ...]) -> list[fx.PulseLock]:
    return [effect for effect in effects if isinstance(effect, fx.PulseLock)]


def late(bench: Bench) -> list[tuple[str, int, str]]:
    return [(f.data["device"], f.data["count"], f.data["detail"]) for f in bench.facts() if f.kind == "access.late"]


@pytest.mark.parametrize("age_s", [0.0, 0.4, CARD_DEADLINE_S])
def test_a_card_opens_within_what_is_left_of_its_second(age_s: float) -> None:
    bench = Bench().start()
    (pulse,) = pulses(shown(bench, "anna", age_s))
    assert pulse.not_after_mono == pytest.approx(bench.mono - age_s + CARD_DEADLINE_S)
    assert not late(bench)


@pytest.mark.parametrize("age_s", [CARD_DEADLINE_S + 0.01, 40.0, math.inf])
def test_an_older_one_does_nothing_but_ask_for_itself(age_s: float) -> None:
    """However it came to be so old: also one that waited in the inbox."""
    bench = Bench().start()
    before = len(bench.facts())
    assert not pulses(shown(bench, "anna", age_s))
    assert bench.page().title == "请再刷一次卡"
    bench.wait(LATE_GATHER_S + 0.1)
    assert [fact.kind for fact in bench.facts()[before:]] == ["access.late"]
    assert not bench.state.access.checkins


def test_no_check_in_and_no_reset_of_a_fire_by_an_old_card() -> None:
    bench = Bench().start()
    bench.do(ev.FireChanged("main", active=True))
    bench.do(ev.FireChanged("main", active=False), after=5.0)
    shown(bench, "chief", 2.0)
    shown(bench, "wang", 2.0)
    assert bench.door().latched
    assert not {"door.fire_reset", "patrol.checkin"} & set(bench.kinds())


def test_one_fact_for_all_that_came_together_and_at_most_one_a_minute() -> None:
    bench = Bench().start()
    for name in ("anna", "wang", "old-li"):
        shown(bench, name, 40.0)
        bench.wait(0.1)
    bench.wait(LATE_GATHER_S)
    assert late(bench) == [("card", 3, "up to 40.0 s old when read")]
    for name in ("anna", "wang"):
        shown(bench, name, math.inf)
        bench.wait(2.0)
    assert len(late(bench)) == 1
    bench.wait(LATE_FACTS_S)
    assert late(bench)[1:] == [("card", 2, "from before its reader was served")]
    bench.wait(10 * LATE_FACTS_S)
    assert len(late(bench)) == 2


def test_a_clean_stop_leaves_none_untold() -> None:
    bench = Bench().start()
    shown(bench, "anna", 2.0)
    bench.do(ev.StopAsked("SIGTERM"))
    assert [count for _, count, _ in late(bench)] == [1]


def test_a_card_that_goes_on_being_held_is_the_same_presentation() -> None:
    bench = Bench().start()
    shown(bench, "anna", math.inf)
    for _ in range(30):
        bench.wait(0.4)
        assert not pulses(shown(bench, "anna", 0.05))
    bench.wait(2.0)
    assert pulses(shown(bench, "anna", 0.05)), "taken away and shown again"


def test_the_next_card_is_served() -> None:
    bench = Bench().start()
    shown(bench, "anna", math.inf)
    assert pulses(shown(bench, "old-li", 0.05))
    bench.settle()
    assert bench.page().title == "请进"


def test_an_old_key_spoils_its_code_and_asks_for_nothing() -> None:
    bench = Bench().start()
    bench.type("47")
    bench.type("1", old=1.5)
    assert not bench.state.entries
    assert bench.page().kind == "idle"
    bench.type("9")
    assert [entry.count for entry in bench.state.entries.values()] == [1]
    bench.type("#")
    assert bench.page().kind == "idle", "and what is left of the code is none"
    bench.wait(LATE_GATHER_S)
    assert [count for _, count, _ in late(bench)] == [1]


def test_a_card_of_a_record_from_before_counts_as_it_did() -> None:
    bench = Bench().start()
    assert pulses(bench.do(ev.CardRead("card", card("anna"))))
