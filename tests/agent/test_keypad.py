"""What the keys at a reader mean, decided where they are read: no digit goes further in that might be a secret."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable

import pytest

from agent.core.events import door as ev
from agent.keypad import KeypadEntry
from contract.cards import pin_hash
from contract.visitors import SERIALS, codes_of, visitor_code, visitor_key

KEYS = (bytes(range(32)), bytes(32))
NO_SECRET = (ev.CodeEntered, ev.Chosen)


class Pad:
    """A keypad and the time."""

    def __init__(self) -> None:
        self.mono = 100.0
        self.pad = KeypadEntry("card")
        self.pad.use_pin_keys(KEYS)

    def type(self, keys: Iterable[str], *, after: float = 0.2, old: float = 0.05) -> ev.KeypadEvent | None:
        """What the last key made of it."""
        made = None
        for key in keys:
            self.mono += after
            made = self.pad.key(key, self.mono - old, self.mono)
        return made


def hashes(owner: str, pin: str) -> tuple[str, ...]:
    return tuple(pin_hash(key, owner, pin) for key in KEYS)


def test_a_touch_beside_the_keys_changes_nothing_of_an_entry() -> None:
    pad = Pad()
    pad.type("302*47 1")
    assert pad.type("1#") == ev.PinEntered("card", hashes("302", "4711"), pad.mono - 0.05)


@pytest.mark.parametrize(
    ("keys", "made"),
    [
        ("#", ev.Confirmed("card")),
        ("**", ev.Cancelled("card")),
        ("302**", ev.Cancelled("card")),
        ("*21#", ev.CodeEntered("card", "21")),
        ("*210#", ev.CodeEntered("card", "210")),
        ("*4711#", ev.BadEntry("card", 4)),
        ("*#", ev.BadEntry("card", 0)),
        ("302*4711#", ev.PinEntered("card", hashes("302", "4711"))),
        ("302*471147114711#", ev.PinEntered("card", hashes("302", "471147114711"))),
        ("302*471#", ev.BadEntry("card", 6)),
        ("4711#", ev.BadEntry("card", 4)),
        ("12345678#", ev.VisitorEntered("card", None, None)),
        ("5#", ev.BadEntry("card", 1)),
        ("302", ev.Typed("card", 3, False)),
        ("*3", ev.Typed("card", 1, True)),
        ("302*4", ev.Typed("card", 5, False)),
        (" ", ev.Approached("card")),
        ("x", None),
        ("１", None),
        (("12",), None),
        ("1" * 60 + "#", ev.BadEntry("card", 32)),
    ],
)
def test_what_an_entry_is(keys: str, made: ev.KeypadEvent | None) -> None:
    pad = Pad()
    found = pad.type(keys)
    assert (
        found is None if made is None else found == type(made)(**{**_fields(made), "not_before_mono": pad.mono - 0.05})
    )
    if keys[-1] == "#":
        assert pad.type("#") == ev.Confirmed("card", pad.mono - 0.05), "nothing is left of it"


def _fields(event: object) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__dataclass_fields__}  # type: ignore[attr-defined]


def test_a_pin_alone_counts_where_one_is_expected_and_begun_in_time() -> None:
    pad = Pad()
    pad.type("9")
    pad.pad.expect_pin(("302", "p-7"), pad.mono + 10.0)
    made = pad.type("4711#")
    assert isinstance(made, ev.PinEntered)
    assert set(made.hashes) == {*hashes("302", "4711"), *hashes("p-7", "4711")}
    assert isinstance(pad.type("4711#"), ev.BadEntry), "once"
    pad.pad.expect_pin(("302",), pad.mono + 10.0)
    pad.mono += 7.5
    assert isinstance(pad.type("471147#", after=2.0), ev.PinEntered), "slow fingers: begun in time is in time"
    pad.pad.expect_pin(("302",), pad.mono + 10.0)
    pad.mono += 10.0
    assert isinstance(pad.type("4711#"), ev.BadEntry)
    pad.pad.expect_pin(("302",), pad.mono + 10.0)
    assert isinstance(pad.type("12345678#"), ev.PinEntered), "eight digits too"


def test_ten_seconds_without_a_key_forget_it() -> None:
    pad = Pad()
    pad.type("302*47")
    pad.mono += 10.1
    assert isinstance(pad.type("11#"), ev.BadEntry)


def test_an_old_key_spoils_all_that_is_left_of_its_code() -> None:
    for at in range(8):
        pad = Pad()
        keys = "302*4711"
        pad.type(keys[:at])
        assert pad.type(keys[at], old=1.5) == ev.Typed("card", 0, False, pad.mono - 1.5)
        pad.type(keys[at + 1 :])
        assert isinstance(pad.type("#"), ev.Cancelled)
        assert isinstance(pad.type("302*4711#"), ev.PinEntered)


def test_no_digit_of_a_pin_goes_further_in() -> None:
    """With its first key too old a room's PIN looks like a code of the wall: it is none."""
    pad = Pad()
    pad.type("3", old=2.0)
    assert isinstance(pad.type("*4711#"), ev.Cancelled)
    pad.type("302*4711")
    assert "4711" not in repr(pad.pad)
    assert "4711" not in str(pad.pad)


def test_a_digit_alone_answers_a_question() -> None:
    pad = Pad()
    pad.pad.expect_choice(5, pad.mono + 60.0)
    assert pad.type("4#") == ev.Chosen("card", 4, pad.mono - 0.05)
    pad.type("3")
    assert not pad.pad.lapse(pad.mono + 1.9)
    assert pad.pad.lapse(pad.mono + 2.0) == [ev.Chosen("card", 3, pad.mono + 2.0)]
    assert not pad.pad.lapse(pad.mono + 4.0), "once"
    for keys in ("6", "0", "12", "*"):
        pad.type(keys)
        assert not pad.pad.lapse(pad.mono + 5.0)
        pad.mono += 11.0
    pad.pad.expect_choice(0, 0.0)
    pad.type("3")
    assert not pad.pad.lapse(pad.mono + 5.0)


def test_the_days_codes_by_their_serials() -> None:
    master = bytes(32)
    key = visitor_key(master, "badahu", "b12-u2")
    assert key != visitor_key(master, "badahu", "b12-u3")
    codes = dict(codes_of(key, "b12-u2", "main", "2026-11-26"))
    assert sorted(codes.values()) == list(range(SERIALS))
    assert all(len(code) == 8 and code.isdecimal() for code in codes)
    assert not codes.keys() & dict(codes_of(key, "b12-u2", "main", "2026-11-27")).keys()
    pad = Pad()
    pad.pad.use_codes({code: ("2026-11-26", serial) for code, serial in codes.items()})
    code = visitor_code(key, "b12-u2", "main", "2026-11-26", 7)
    assert pad.type(code + "#") == ev.VisitorEntered("card", 7, "2026-11-26", pad.mono - 0.05)


def test_keys_and_what_is_expected_come_from_two_threads() -> None:
    pad = Pad()
    wrong: list[object] = []

    def expecting() -> None:
        for turn in range(3000):
            pad.pad.expect_choice(turn % 3, 1e9)
            pad.pad.use_pin_keys(KEYS[: turn % 2 + 1])
            pad.pad.lapse(pad.mono)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        other = threading.Thread(target=expecting)
        other.start()
        for _ in range(1500):
            made = pad.type("302*4711#", after=0.001)
            if not (isinstance(made, ev.PinEntered) and set(made.hashes) <= set(hashes("302", "4711"))):
                wrong.append(made)
        other.join()
    finally:
        sys.setswitchinterval(before)
    assert not wrong


def test_a_star_that_cancelled_something_may_begin_a_code_or_be_all() -> None:
    for keys, made in (
        ("21#", ev.CodeEntered),
        ("*21#", ev.CodeEntered),
        ("302*4711#", ev.PinEntered),
        ("12345678#", ev.VisitorEntered),
        ("4711#", ev.BadEntry),
        ("#", ev.Confirmed),
    ):
        pad = Pad()
        pad.type("*")
        pad.pad.forget(pad.mono, star=True)
        assert isinstance(pad.type(keys), made), keys
        assert isinstance(pad.type("21#"), ev.BadEntry), "once"


def test_what_is_forgotten_is_what_was_pressed_by_then() -> None:
    pad = Pad()
    pad.type("*")
    pressed = pad.mono - 0.05
    pad.type("302")
    pad.pad.forget(pressed)
    assert isinstance(pad.type("*4711#"), ev.PinEntered), "the star alone is gone"
    pad.type("9")
    pad.pad.forget(pad.mono - 0.05)
    assert isinstance(pad.type("302*4711#"), ev.PinEntered)
    pad.type("302*4711")
    pad.pad.forget(pad.mono - 10.0)
    assert isinstance(pad.type("#"), ev.PinEntered), "what came later stays"


def test_what_is_forgotten_does_not_mend_a_spoiled_code() -> None:
    pad = Pad()
    pad.type("3", old=1.5)
    pad.pad.forget(pad.mono)
    assert isinstance(pad.type("302*4711#"), ev.Cancelled)


def test_one_digit_answers_what_is_asked_also_behind_such_a_star() -> None:
    pad = Pad()
    pad.type("*")
    pad.pad.forget(pad.mono, star=True)
    pad.pad.expect_choice(3, pad.mono + 60.0)
    made = pad.type("2#")
    assert isinstance(made, ev.Chosen)
    assert made.choice == 2
