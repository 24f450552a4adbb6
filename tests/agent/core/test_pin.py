"""PINs at the door: after a room, after a card, wrong ones, and the one for duress."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import present
from agent.core.limits import ENTRY_S, PRESENT_S
from agent.core.time import Trust
from contract.cards import pin_hash
from contract.hours import Hours, Span
from contract.messages import Holder, Role
from tests.agent.core.bench import UTC, Bench, card, door_plan, facts_of, mode, of, pin, the, unit_plan

MAY = Holder(
    "may", key="key-may", pin=pin("4711"), duress=pin("4712"), room="302", unlock_s=8.0, flags=frozenset({"care"})
)
BO = Holder("bo", key="key-bo", pin=pin("9031", "p-9"), duress=pin("9032", "p-9"), pin_required=True)
BO = replace(BO, pin=pin("9031", "bo"), duress=pin("9032", "bo"))
ANNA = Holder("anna")


def bench(*people: Holder, **changes: Trust) -> Bench:
    return Bench(**changes).start(*(people or (MAY, BO, ANNA)))


def told(found: list[fx.Effect]) -> list[tuple[str, str | None, str]]:
    """Of facts about access: kind, who, and by what or why not."""
    return [
        (name, data["by"], data.get("reason", data["via"]))
        for name, data in facts_of(found).items()
        if name.startswith("access.")
    ]


def test_a_room_and_its_pin_open_as_a_card_does() -> None:
    unit = bench()
    found = unit.type("302*4711#")
    assert the(fx.PulseLock, found).seconds == 8.0
    assert told(found) == [("access.granted", "may", "pin")]
    unit.settle()
    assert unit.page().title == "请进"
    assert [tone.tone for tone in unit.all(fx.SoundTone)] == [*["key"] * 9, "yes"]


def test_what_a_wrong_pin_says_is_the_same_whoever_it_is_of() -> None:
    said = []
    for keys in ("302*4710#", "303*4711#", "9999*123456#"):
        unit = bench()
        found = unit.type(keys)
        assert told(found) == [("access.denied", None, "pin")]
        assert not of(fx.PulseLock, found)
        answer = [
            type(each) for each in found if not isinstance(each, fx.ShowPage) and each != fx.SoundTone("main", "key")
        ]
        said.append((unit.page(), answer))
    assert said[0] == said[1] == said[2]
    assert said[0][0].title == "密码不对"


@pytest.mark.parametrize("keys", ["4711#", "*4711#", "302*471#", "302#", "#", "302*4711*"])
def test_what_is_no_pin_opens_nothing_and_is_no_try(keys: str) -> None:
    unit = bench()
    assert not of(fx.PulseLock, unit.type(keys))
    assert not unit.state.access.tries


def test_duress_is_seen_and_heard_nowhere_at_the_door() -> None:
    plain, forced = bench(), bench()
    said, under = plain.type("302*4711#"), forced.type("302*4712#")
    assert [_without_facts(each) for each in said] == [_without_facts(each) for each in under]
    assert plain.page() == forced.page()
    assert told(under) == [("access.duress", "may", "pin")]
    changed = {f.name for f in _fields(plain) if getattr(plain.state, f.name) != getattr(forced.state, f.name)}
    assert changed <= {"sync", "access"}, "only what goes to the centre, and the roster's own holders, differ"
    assert plain.state.access == forced.state.access


def _fields(unit: Bench) -> tuple[object, ...]:
    return tuple(unit.state.__dataclass_fields__.values())


def _without_facts(effect: fx.Effect) -> fx.Effect:
    return replace(effect, facts=()) if isinstance(effect, fx.AppendFacts) else effect


def test_duress_goes_ahead_of_the_queue() -> None:
    unit = bench().online()
    found = unit.type("302*4712#")
    record = next(each for each in of(fx.AppendFacts, found) if "access.duress" in facts_of((each,)))
    assert [each.leaf for each in of(fx.SendAhead, unit.recorded(record))] == ["alarm"]


def test_a_card_that_needs_its_pin_opens_only_with_it() -> None:
    unit = bench()
    found = unit.do(ev.CardRead("card", card("bo")), after=1.0)
    assert not of(fx.PulseLock, found)
    assert told(list(found)) == []
    assert the(fx.ExpectPin, found).owners == ("bo",)
    assert (unit.page().kind, unit.page().title) == ("entry", "请输入密码")
    found = unit.type("9031#")
    assert of(fx.PulseLock, found)
    assert told(found) == [("access.granted", "bo", "pin")]
    unit.wait(30.0)
    unit.tap("bo")
    assert told(unit.type("9032#")) == [("access.duress", "bo", "pin")]


def test_what_is_wrong_behind_such_a_card_says_what_to_do_with_it() -> None:
    unit = bench()
    unit.tap("bo")
    unit.type("1111#")
    assert (unit.page().title, unit.page().body[0]) == ("密码不对", "请再刷卡 再按密码#")
    unit.tap("bo", after=10.0)
    unit.type("12#")
    assert (unit.page().title, unit.page().body) == ("没有看懂", ("请再刷卡", "然后按密码#"))
    unit.wait(10.0)
    unit.type("302*1111#")
    assert unit.page().body[0] == "请按 房号*密码#"


def test_a_card_that_needs_a_pin_nobody_made_says_whom_to_ask() -> None:
    unit = bench(Holder("new", pin_required=True), BO)
    found = unit.tap("new")
    assert told(list(found)) == [("access.denied", "new", "pin")]
    assert not of(fx.ExpectPin, found)
    assert unit.page().title == "此卡还没有密码"
    assert "社区网格员" in "".join(unit.page().body)
    assert "new" not in {fact.data.get("by") for fact in unit.facts() if fact.kind == "access.granted"}
    unit = bench(Holder("new", role=Role.PATROL, pin_required=True))
    unit.tap("new")
    assert unit.page().title == "此卡还没有密码", "nor does it check in"


def test_the_pin_of_such_a_card_is_none_without_it() -> None:
    unit = bench()
    unit.do(ev.PinEntered("card", (pin("9031", "bo"),)))
    assert unit.page().title == "密码不对"
    assert unit.state.access.tries["card"].wrong == 1


def test_a_card_at_the_reader_and_its_pin_at_the_panel_of_the_door() -> None:
    unit = Bench(unit_plan(door_plan(readers=("card", "panel")))).start(MAY, BO)
    unit.tap("bo")
    assert not of(fx.PulseLock, unit.type("5555#", "panel"))
    unit.tap("bo", after=3.0)
    assert of(fx.PulseLock, unit.type("9031#", "panel"))
    unit.wait(4.0)
    assert unit.page().kind != "entry", "nothing is waited for at the reader any more"
    assert not of(fx.PulseLock, unit.type("9031#"))


def test_a_pin_is_waited_for_ten_seconds_at_the_same_door() -> None:
    there, cellar = door_plan(readers=("card",)), door_plan(id="cellar", readers=("inner",))
    unit = Bench(unit_plan(there, cellar)).start(MAY, BO)
    unit.tap("bo")
    assert not of(fx.PulseLock, unit.type("9031#", "inner"))
    unit.wait(ENTRY_S)
    assert unit.page().kind != "entry"
    assert not of(fx.PulseLock, unit.type("9031#"))
    unit.tap("bo")
    unit.wait(9.0)
    unit.type("90", after=0.4)
    unit.wait(9.0)
    assert of(fx.PulseLock, unit.type("31#", after=0.4)), "slow, and begun in time"


def test_another_persons_pin_after_a_card_is_not_that_card_s() -> None:
    unit = bench(MAY, BO, Holder("eve", key="key-eve", pin=pin("1357", "eve"), pin_required=True))
    unit.tap("bo")
    assert told(unit.type("1357#")) == [("access.denied", None, "pin")]


def test_a_holder_with_an_entry_that_needs_none_opens_by_card() -> None:
    plain = Holder("bo", key="key-bo")
    unit = bench(BO, plain)
    assert of(fx.PulseLock, unit.tap("bo"))
    elsewhere = replace(plain, doors=frozenset({"cellar"}))
    unit = bench(BO, elsewhere)
    assert not of(fx.PulseLock, unit.tap("bo"))
    assert of(fx.PulseLock, unit.type("9031#"))


def test_a_patrol_card_that_needs_its_pin_checks_in_with_it() -> None:
    unit = bench(Holder("wang", key="key-wang", pin=pin("2468", "wang"), role=Role.PATROL, pin_required=True))
    assert "patrol.checkin" not in facts_of(unit.tap("wang"))
    assert "patrol.checkin" in facts_of(unit.type("2468#"))


def test_limits_by_time_and_place_and_mode_count_as_for_cards() -> None:
    evening = Hours(week=((), *[((Span(18 * 60, 22 * 60)),)] * 6))
    cases = {
        "door": replace(MAY, doors=frozenset({"cellar"})),
        "expired": replace(MAY, until_utc=UTC - 1.0),
        "not_yet": replace(MAY, from_utc=UTC + 9e6),
        "hours": replace(MAY, hours=evening),
    }
    for reason, holder in cases.items():
        unit = bench(holder)
        found = unit.type("302*4711#")
        assert told(found) == [("access.denied", "may", reason)]
        assert not unit.page().title.startswith(("denied", "此卡"))
        assert not unit.state.access.tries, "right, and not allowed: no wrong try"
    unit = bench().online()
    mode(unit, "lockdown")
    assert told(unit.type("302*4711#")) == [("access.denied", "may", "lockdown")]
    unit = bench(replace(MAY, role=Role.EMERGENCY)).online()
    mode(unit, "lockdown")
    assert of(fx.PulseLock, unit.type("302*4711#"))
    unit = bench(replace(MAY, until_utc=UTC + 9e6), trust=Trust.UNKNOWN)
    assert told(unit.type("302*4711#")) == [("access.denied", "may", "clock")]
    unit = bench(trust=Trust.UNKNOWN)
    assert of(fx.PulseLock, unit.type("302*4711#")), "a plain one opens whatever the clock says"


def test_fire_is_reset_by_card_alone() -> None:
    unit = bench(replace(MAY, flags=frozenset({"fire_reset"})))
    unit.do(ev.FireChanged("main", active=True))
    unit.do(ev.FireChanged("main", active=False))
    unit.type("302*4711#")
    assert unit.door().latched
    unit.tap("may")
    assert not unit.door().latched


def test_while_holders_are_not_known_a_pin_is_no_try() -> None:
    unit = Bench()
    unit.do(ev.Started("s1", frozenset()))
    unit.do(ev.DeviceBack("relay", ""))
    unit.do(ev.DeviceBack("card", ""))
    unit.settle()
    unit.type("302*4711#")
    assert unit.page().title == "正在启动"
    assert not unit.state.access.tries


def test_two_pin_keys_are_in_force_while_one_is_changed() -> None:
    other = bytes(32)
    unit = bench(MAY, Holder("ann", pin=pin_hash(other, "303", "4711"), room="303"))
    unit.keypad().use_pin_keys((pin_key(), other))
    assert of(fx.PulseLock, unit.type("302*4711#"))
    assert told(unit.type("303*4711#")) == [("access.granted", "ann", "pin")]


def pin_key() -> bytes:
    return bytes(range(32))


# --- who stands there


def test_who_passed_stands_there_for_ten_seconds() -> None:
    unit = bench()
    assert present.who(unit.state, "card") is None
    unit.type("302*4711#")
    found = present.who(unit.state, "card")
    assert found is not None
    assert (found.holder, found.role, found.room, found.flags) == ("may", Role.RESIDENT, "302", frozenset({"care"}))
    unit.wait(PRESENT_S - 1.0)
    unit.type("*")
    unit.wait(PRESENT_S - 0.5)
    assert present.who(unit.state, "card") is not None, "whoever types stands there"
    unit.wait(0.5)
    assert not unit.state.access.present


def test_the_next_one_is_not_taken_for_the_one_before() -> None:
    for keys in ("302*4799#", "12345678#"):
        unit = bench()
        unit.tap("anna")
        assert present.who(unit.state, "card") is not None
        unit.type(keys)
        assert present.who(unit.state, "card") is None
    unit = bench()
    unit.tap("anna")
    unit.do(ev.CardRead("card", ("nobody",)), after=1.0)
    assert present.who(unit.state, "card") is None
    unit = Bench().start()
    unit.tap("wang")
    assert present.who(unit.state, "card").role is Role.PATROL
