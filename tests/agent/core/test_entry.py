"""Keys at a reader: dots on the screen, cleared by `*`, forgotten after ten seconds, and nobody's to see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import replay_codec
from agent.core.limits import ENTRY_KEYS, ENTRY_S
from tests.agent.core.bench import Bench, command, door_plan, notice, of, the, unit_plan


def typed(bench: Bench, keys: Iterable[str], reader: str = "card") -> None:
    bench.type(keys, reader)


def body(bench: Bench) -> str:
    return "".join(bench.page().body)


def test_digits_show_as_dots() -> None:
    bench = Bench().start()
    typed(bench, "4711")
    assert bench.page().kind == "entry"
    assert body(bench) == "●●●●"
    assert not [f for f in bench.facts() if "4711" in str(f)]


def test_two_stars_clear_and_hash_ends() -> None:
    bench = Bench().start()
    typed(bench, "12*")
    assert body(bench) == "●●●"
    typed(bench, "*")
    assert bench.page().kind == "idle"
    assert not bench.state.entries
    typed(bench, "*2")
    assert body(bench) == "*●"
    typed(bench, "*")
    assert bench.page().kind == "idle"
    typed(bench, "12#")
    assert not bench.state.entries
    assert bench.page().title == "没有看懂"
    typed(bench, "3")
    assert body(bench) == "●", "whoever types has read the answer"


def test_a_star_and_nothing_is_forgotten() -> None:
    bench = Bench().start()
    typed(bench, "*")
    assert body(bench) == "*"
    bench.wait(ENTRY_S)
    assert bench.page().kind == "idle"


def test_forgotten_ten_seconds_after_the_last_key() -> None:
    bench = Bench().start()
    typed(bench, "1")
    bench.wait(ENTRY_S - 1.0)
    typed(bench, "2")
    bench.wait(ENTRY_S - 0.1)
    assert body(bench) == "●●"
    bench.wait(0.2)
    assert bench.page().kind == "idle"
    assert not bench.state.entries


def test_each_reader_has_its_own_and_the_last_used_shows() -> None:
    bench = Bench(unit_plan(door_plan(), door_plan(id="cellar", readers=("card2",)))).start()
    typed(bench, "123")
    typed(bench, "4", "card2")
    assert body(bench) == "●"
    typed(bench, "**", "card2")
    assert body(bench) == "●●●"


def test_a_reader_of_no_door_and_a_key_that_is_none_say_nothing() -> None:
    bench = Bench().start()
    typed(bench, "1", "nobody")
    typed(bench, "x")
    typed(bench, ["12", ""])
    assert bench.page().kind == "idle"


def test_no_entry_grows_for_ever() -> None:
    bench = Bench().start()
    typed(bench, "1" * 50)
    assert body(bench).replace("\n", "") == "●" * ENTRY_KEYS


def test_answer_before_entry_before_notice() -> None:
    bench = Bench().start()
    bench.message(notice())
    bench.wait(0.1)
    assert bench.page().kind == "notice"
    typed(bench, "1")
    assert bench.page().kind == "entry"
    bench.recorded(the(fx.AppendFacts, bench.message(command(bench))))
    bench.settle()
    assert bench.page().kind == "answer"
    bench.wait(4.0)
    assert bench.page().kind == "entry"
    bench.do(ev.UnitInputChanged("gas", active=True))
    assert bench.page().kind == "emergency"


def test_a_card_empties_the_entry_at_all_readers_of_its_door() -> None:
    bench = Bench(unit_plan(door_plan(readers=("card", "panel")), door_plan(id="cellar", readers=("card2",)))).start()
    typed(bench, "*", "panel")
    typed(bench, "1", "card2")
    bench.let_in("anna")
    bench.wait(4.0)
    assert body(bench) == "●", "another door's stays"
    bench.wait(ENTRY_S)
    assert bench.page().kind == "idle"
    typed(bench, "12*", "panel")
    assert body(bench) == "●●●", "the star before the card is no part of it"


def test_every_key_ticks_once_and_the_same() -> None:
    for keys in ("1234567890*", "*21*", "#", "**"):
        bench = Bench().start()
        for key in keys:
            assert of(fx.SoundTone, bench.type(key)) == [fx.SoundTone("main", "key")], f"{key} of {keys}"


def test_a_key_that_is_too_old_to_count_says_nothing() -> None:
    assert not of(fx.SoundTone, Bench().start().type("1", old=1.5))


def test_what_earlier_versions_recorded_is_read_and_does_nothing() -> None:
    bench = Bench().start()
    event = replay_codec.loads('{"!KeyPressed":{"reader":"card","key":"0","not_before_mono":1.0}}')
    assert event == ev.KeyPressed("card", "0", 1.0)
    before = bench.state
    assert not bench.do(event)
    assert bench.state == replace(before, now=bench.now())
    assert replay_codec.loads('{"!TypedKeys":{"keys":"00","until":2.0}}').until == 2.0
    text = replay_codec.dumps(ev.KeyPressed("card", "7"))
    assert replay_codec.loads(text) == ev.KeyPressed("card", "0")
