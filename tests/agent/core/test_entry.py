"""Keys at a reader: dots on the screen, cleared by `*`, forgotten after ten seconds, and nobody's to see."""

from __future__ import annotations

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import replay_codec
from agent.core.limits import ENTRY_KEYS, ENTRY_S
from tests.agent.core.bench import Bench, door_plan, notice, unit_plan


def typed(bench: Bench, keys: str, reader: str = "card") -> None:
    for key in keys:
        bench.do(ev.KeyPressed(reader, key), after=0.1)


def body(bench: Bench) -> str:
    return "".join(bench.page().body)


def test_digits_show_as_dots() -> None:
    bench = Bench().start()
    typed(bench, "4711")
    assert bench.page().kind == "entry"
    assert body(bench) == "●●●●"
    assert not [f for f in bench.facts() if "4711" in str(f)]


def test_star_clears_and_hash_ends() -> None:
    for last in "*#":
        bench = Bench().start()
        typed(bench, "12" + last)
        assert bench.page().kind == "idle"
        assert not bench.state.entries
        typed(bench, "3")
        assert body(bench) == "●"
        typed(bench, last)
    typed(bench, "*#*")
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
    typed(bench, "*", "card2")
    assert body(bench) == "●●●"


def test_a_reader_of_no_door_and_a_key_that_is_none_say_nothing() -> None:
    bench = Bench().start()
    typed(bench, "1", "nobody")
    typed(bench, "x")
    bench.do(ev.KeyPressed("card", "12"))
    bench.do(ev.KeyPressed("card", ""))
    assert bench.page().kind == "idle"


def test_no_entry_grows_for_ever() -> None:
    bench = Bench().start()
    typed(bench, "1" * 50)
    assert body(bench) == "●" * ENTRY_KEYS


def test_answer_before_entry_before_notice() -> None:
    bench = Bench().start()
    bench.message(notice())
    bench.wait(0.1)
    assert bench.page().kind == "notice"
    typed(bench, "1")
    assert bench.page().kind == "entry"
    bench.tap("anna")
    assert bench.page().kind == "answer"
    bench.wait(4.0)
    assert bench.page().kind == "entry"
    bench.do(ev.UnitInputChanged("gas", active=True))
    assert bench.page().kind == "emergency"


def test_every_key_sounds_the_same_that_is_not_at_all() -> None:
    bench = Bench().start()
    bench.forget()
    typed(bench, "1234567890*#")
    assert not bench.all(fx.SoundTone)


@pytest.mark.parametrize("key", list("123456789"))
def test_no_key_in_a_repr_or_in_the_record(key: str) -> None:
    bench = Bench().start()
    event = ev.KeyPressed("card", key)
    bench.do(event)
    assert key not in repr(event)
    assert f"keys='{key}'" not in repr(bench.state)
    text = replay_codec.dumps(event)
    assert f'"{key}"' not in text
    assert replay_codec.loads(text) == ev.KeyPressed("card", "0")
    assert replay_codec.loads(replay_codec.dumps(bench.state)).entries["card"].keys == "0"
    assert replay_codec.loads(replay_codec.dumps(ev.KeyPressed("card", "#"))) == ev.KeyPressed("card", "#")
