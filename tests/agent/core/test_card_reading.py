"""`read_card`: one card is read for a list and opens nothing; the next one, and all else at the door, is as ever."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits, replay_codec
from agent.core.events.door import CardSealed
from agent.core.events.store import PendingCommand
from agent.core.panel import ORDER, overlay_kind
from contract.commands import ReadCard, Reason
from contract.messages import Holder, Role
from tests.agent.core.bench import (
    PIN_KEY,
    UTC,
    Bench,
    card,
    command,
    door_plan,
    facts_of,
    mode,
    notice,
    of,
    pin,
    the,
    unit_plan,
)
from tests.agent.core.test_care import hours, told, unit

READ = ReadCard("card", "ab" * 32)
BOX = b"sealed bytes"


def asked(bench: Bench, order: ReadCard = READ, name: str = "c1", **more: Any) -> tuple[fx.Effect, ...]:
    return bench.recorded(the(fx.AppendFacts, bench.message(command(bench, order, name=name, **more))))


def waiting(*people: Holder, order: ReadCard = READ) -> Bench:
    bench = Bench().start(*people).online()
    asked(bench, order)
    bench.wait(1.0)
    return bench


def shown(bench: Bench, name: str, reader: str = "card", *, command: str = "c1", old: float = 0.05) -> Any:
    """A card at a reader whose port seals."""
    sealed = CardSealed(command, BOX, "47")
    return bench.do(ev.CardRead(reader, card(name), bench.mono - old, sealed))


def replies(found: Any) -> list[tuple[str, str | None]]:
    return [(each.state, each.reason) for each in of(fx.SendReply, found)]


def opened(found: Any) -> bool:
    return bool(of(fx.PulseLock, found))


# --- the card that is waited for


@pytest.mark.claim("F57")
def test_the_next_card_opens_nothing_and_its_number_goes_up_sealed_and_nowhere_else() -> None:
    bench = Bench().start().online()
    found = asked(bench)
    assert replies(found) == [("accepted", None)]
    assert the(fx.ExpectCard, found) == fx.ExpectCard("card", "c1", bytes.fromhex("ab" * 32), bench.mono + 60.0)
    assert the(fx.SoundTone, found).tone == "card"
    assert bench.page().title == "请刷要登记的卡"
    bench.wait(1.0)
    found = shown(bench, "stranger")
    assert not opened(found)
    assert [(each.state, each.sealed) for each in of(fx.SendReply, found)] == [("done", BOX)]
    assert list(facts_of(found)) == ["command.done"], "no fact tells of a stranger's card"
    assert facts_of(found)["command.done"] == {"id": "c1", "action": "read_card", "actor": "desk-1", "door": "main"}
    assert the(fx.ExpectCard, found).command == ""
    assert bench.page().title == "卡已读到 47"
    assert [each.tone for each in of(fx.SoundTone, found)] == ["card"], "neither a yes nor a no"


@pytest.mark.claim("F57")
def test_a_resident_who_knew_nothing_of_it_gets_in_by_a_second_tap() -> None:
    bench = waiting()
    assert not opened(shown(bench, "anna"))
    assert "隔两秒再刷" in "".join(bench.page().body)
    bench.wait(1.0)
    found = bench.tap("anna")
    assert opened(found)
    assert facts_of(found)["access.granted"]["by"] == "anna"


def test_a_reader_that_repeats_the_card_while_it_lies_there_opens_nothing_by_it() -> None:
    bench = waiting()
    shown(bench, "anna")
    for _ in range(20):
        bench.wait(0.5)
        assert not opened(bench.do(ev.CardRead("card", card("anna"), bench.mono - 0.05)))
    bench.wait(1.0)
    assert opened(bench.tap("anna"))


@pytest.mark.claim("F57")
def test_a_card_that_lay_there_or_was_shown_before_the_asking_is_decided_as_ever() -> None:
    bench = Bench().start().online()
    bench.tap("anna")
    asked(bench)
    for _ in range(4):
        bench.wait(0.5)
        assert not replies(bench.do(ev.CardRead("card", card("anna"), bench.mono - 0.05, CardSealed("c1", BOX, "1"))))
    bench = Bench().start().online()
    asked(bench)
    bench.wait(0.2)
    found = shown(bench, "anna", old=0.5)
    assert opened(found), "she did not know"
    assert replies(found) == []
    assert replies(shown(bench, "new")) == [("done", None)]


def test_a_card_that_is_too_old_counts_for_nothing() -> None:
    bench = waiting()
    bench.wait(5.0)
    assert replies(shown(bench, "new", old=1.5)) == []
    assert replies(shown(bench, "other")) == [("done", None)]


@pytest.mark.claim("F57")
@pytest.mark.parametrize("sealed", [None, CardSealed("c0", BOX, "47")])
def test_what_its_port_did_not_seal_for_this_command_is_decided_as_ever(sealed: CardSealed | None) -> None:
    """Read in the moment before the port was told, or sealed for the one before."""
    bench = waiting()
    assert opened(bench.do(ev.CardRead("card", card("anna"), bench.mono, sealed)))
    assert bench.state.commands.card_wait is not None


def test_one_card_answers_one_command() -> None:
    bench = waiting()
    shown(bench, "new")
    found = shown(bench, "anna")
    assert opened(found), "sealed already, and not waited for any more"
    assert replies(found) == []


def test_a_card_of_a_watched_household_is_a_sign_of_life_all_the_same() -> None:
    bench = unit().online()
    assert ("care.silent", "wu") in told(hours(bench, 13))
    bench.do(ev.DeviceBack("card", ""))
    asked(bench)
    bench.wait(1.0)
    found = shown(bench, "wu")
    assert replies(found) == [("done", None)]
    assert facts_of(found)["care.seen"] == {"holder": "wu", "source": "card"}


# --- all else at the door


@pytest.mark.claim("F57")
def test_pins_duress_exit_and_other_readers_go_on() -> None:
    plan = unit_plan(door_plan(readers=("card", "pad", "inside"), card_readers=("card", "inside")))
    bench = Bench(plan).start(Holder("li", room="302", pin=pin("4711"), duress=pin("4712")), Holder("anna")).online()
    bench.keypad("pad").use_pin_keys((PIN_KEY,))
    asked(bench)
    bench.wait(1.0)
    assert opened(bench.type("302*4711#", "pad"))
    bench.settle()
    bench.wait(10.0)
    assert "access.duress" in facts_of(bench.type("302*4712#", "pad"))
    bench.settle()
    bench.wait(10.0)
    assert opened(bench.do(ev.CardRead("inside", card("anna"), bench.mono)))
    bench.settle()
    bench.wait(10.0)
    assert opened(bench.do(ev.ExitChanged("main", pressed=True)))
    assert bench.state.commands.card_wait is not None
    assert replies(shown(bench, "new")) == [("done", None)]


@pytest.mark.claim("F57")
def test_fire_ends_it_and_cards_and_the_way_out_are_as_in_any_fire() -> None:
    bench = waiting()
    found = bench.do(ev.FireChanged("main", active=True))
    assert ("refused", Reason.FIRE) in replies(found)
    assert the(fx.ExpectCard, found).command == ""
    assert the(fx.SetLock, found).unlocked
    found = shown(bench, "chief")
    assert "access.granted" in facts_of(found)
    assert replies(bench.message(command(bench, READ, name="c2"))) == [("refused", Reason.FIRE)]


def test_a_lockdown_ends_it_and_forbids_it() -> None:
    bench = waiting()
    mode(bench, "lockdown")
    assert ("refused", Reason.LOCKDOWN) in replies(bench.all(fx.SendReply))
    assert opened(shown(bench, "chief"))
    assert replies(bench.message(command(bench, READ, name="c2"))) == [("refused", Reason.LOCKDOWN)]


def test_a_reader_that_goes_away_ends_it_and_one_that_is_away_is_not_asked() -> None:
    bench = waiting()
    found = bench.do(ev.DeviceGone("card", "silent", ""))
    assert [(r.reason, r.detail) for r in of(fx.SendReply, found)] == [(Reason.DEVICE, "reader lost")]
    assert replies(bench.message(command(bench, READ, name="c2"))) == [("refused", Reason.DEVICE)]
    bench.do(ev.DeviceBack("card", ""))
    assert opened(shown(bench, "anna")), "a reader that is back is a reader as ever"


def test_without_a_link_nobody_could_be_told_so_the_next_card_opens() -> None:
    bench = waiting()
    bench.do(ev.LinkDown("gone"))
    assert opened(shown(bench, "anna"))
    bench.wait(5.0)
    assert ("refused", Reason.ABANDONED) in replies(bench.do(ev.LinkUp("5")))


def test_nobody_came() -> None:
    bench = waiting(order=replace(READ, seconds=10))
    assert ("refused", Reason.NO_CARD) in replies(bench.wait(10.0))
    assert bench.page().title != "请刷要登记的卡"
    assert opened(shown(bench, "anna"))


def test_a_stop_and_a_power_cut_end_it_in_words() -> None:
    bench = waiting()
    found = bench.do(ev.StopAsked("update"))
    assert facts_of(found)["command.refused"]["reason"] == Reason.ABANDONED
    fresh = Bench().start().online()
    left = PendingCommand("c1", "read_card", "main", "desk-1")
    found = fresh.opened(pending=(left,), seen={"c1": UTC + 60})
    assert replies(found) == [("refused", Reason.ABANDONED)]
    assert opened(fresh.tap("anna"))


# --- who may ask, and how often


@pytest.mark.parametrize(
    ("order", "detail"),
    [
        (replace(READ, reader="panel"), "no such reader"),
        (replace(READ, reader="attic"), "no such reader"),
        (replace(READ, door="back"), "no such door"),
    ],
)
def test_what_is_no_reader_of_cards_is_refused(order: ReadCard, detail: str) -> None:
    bench = Bench().start().online()
    found = bench.message(command(bench, order))
    assert [(r.reason, r.detail) for r in of(fx.SendReply, found)] == [(Reason.DEVICE, detail)]


def test_the_reader_of_another_door_is_none_of_this_door() -> None:
    bench = Bench(unit_plan(door_plan(), door_plan(id="back", readers=("r2",), card_readers=("r2",)))).start().online()
    found = bench.message(command(bench, replace(READ, door="back")))
    assert replies(found) == [("refused", Reason.DEVICE)]
    assert replies(asked(bench, replace(READ, reader="r2", door="back"), "c2")) == [("accepted", None)]


def test_another_waits_already() -> None:
    bench = waiting()
    assert replies(bench.message(command(bench, READ, name="c2"))) == [("refused", Reason.BUSY)]
    at_once = Bench().start().online()
    records = [the(fx.AppendFacts, at_once.message(command(at_once, READ, name=f"c{n}"))) for n in (1, 2)]
    assert [replies(at_once.recorded(each))[-1] for each in records] == [("accepted", None), ("refused", Reason.BUSY)]


def test_a_copy_while_it_waits_is_not_answered_in_its_name() -> None:
    bench = Bench().start().online()
    sent = command(bench, READ)
    bench.recorded(the(fx.AppendFacts, bench.message(sent)))
    assert replies(bench.message(sent)) == []
    assert replies(shown(bench, "new", old=0.0)) == [("done", None)]


@pytest.mark.claim("F57")
def test_a_reader_does_not_wait_for_cards_all_day_whoever_asks() -> None:
    """A stolen account would keep a door from those who live there."""
    bench = Bench().start().online()
    for n in range(5):
        assert replies(asked(bench, name=f"c{n}"))[0] == ("accepted", None)
        bench.wait(60.0)
    assert replies(bench.message(command(bench, READ, name="c9"))) == [("refused", Reason.RATE)]
    bench.wait(limits.CARD_WAITS_S)
    assert replies(asked(bench, name="c10"))[0] == ("accepted", None)


def test_a_desk_that_reads_thirty_cards_one_by_one_is_not_held_up() -> None:
    bench = Bench().start().online()
    for n in range(30):
        assert replies(asked(bench, name=f"c{n}"))[0] == ("accepted", None)
        bench.wait(7.0)
        assert replies(shown(bench, f"new-{n}", command=f"c{n}")) == [("done", None)]
        bench.wait(5.0)


# --- what is seen and heard


def test_who_types_sees_the_keys_and_then_what_is_waited_for() -> None:
    assert ORDER.index("entry") < ORDER.index("read_card") < ORDER.index("question")
    bench = waiting()
    bench.message(notice())
    assert overlay_kind(bench.state) == "read_card"
    bench.type("30")
    assert overlay_kind(bench.state) == "entry"
    bench.wait(11.0)
    assert overlay_kind(bench.state) == "read_card"


def test_a_reader_without_a_screen_sounds_again_while_it_waits_and_then_not() -> None:
    bench = Bench(unit_plan(displays=())).start().online()
    asked(bench)
    tones = of(fx.SoundTone, bench.wait(59.0))
    assert [each.tone for each in tones] == ["card"] * 3
    bench.wait(2.0)
    assert of(fx.SoundTone, bench.wait(120.0)) == []


def test_a_patrol_card_that_is_read_checks_nobody_in() -> None:
    bench = waiting(Holder("wang", role=Role.PATROL))
    assert "patrol.checkin" not in facts_of(shown(bench, "wang"))
    bench.wait(1.0)
    assert "patrol.checkin" in facts_of(bench.tap("wang"))


def test_a_state_that_waits_can_be_written_down_and_read_again() -> None:
    bench = waiting()
    assert replay_codec.loads(replay_codec.dumps(bench.state)) == bench.state
    event = ev.CardRead("card", card("new"), bench.mono, CardSealed("c1", BOX, "47"))
    assert replay_codec.loads(replay_codec.dumps(event)) == event
