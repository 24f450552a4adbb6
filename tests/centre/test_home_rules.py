"""What Home Assistant is told of a unit, and how what it asks is judged: without a broker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre.home_assistant import asks, device, topics
from centre.home_assistant.asks import Asks, Refused, StampedAsk
from centre.home_assistant.device import ShownUnit
from contract.facts import AccessDenied, AccessDuress, AccessGranted, Denial, DoorForced, DoorOpened, Via
from contract.plain import DeviceStatus, DoorStatus
from tests.centre.house import asked
from tests.centre.unit import HEALTHY, SITE, door

SET = topics.order(SITE, "a", "main")


def well(**changed: Any) -> Any:
    return replace(HEALTHY, **({"doors": {"main": door()}, "devices": {}} | changed))


# --- what is told, without a broker


@pytest.mark.parametrize(
    ("status", "lock"),
    [
        (DoorStatus("normal", open=False, unlocked=False, lock="ok", held=False), "LOCKED"),
        (DoorStatus("normal", open=True, unlocked=True, lock="ok", held=False), "UNLOCKED"),
        (DoorStatus("normal", open=False, unlocked=False, lock="fault", held=False), "JAMMED"),
        (DoorStatus("normal", open=False, unlocked=False, lock="lost", held=False), "None"),
        (DoorStatus("normal", open=None, unlocked=None, lock="ok", held=False), "None"),
    ],
)
def test_a_lock_is_what_was_read_back_and_else_unknown(status: DoorStatus, lock: str) -> None:
    told = device.state_of(ShownUnit("a", "", online=True, status=well(doors={"main": status})))
    assert told["doors"]["main"] == {"lock": lock, "open": status.open, "held": False}


def test_fire_and_tamper_are_told_and_unknown_where_nobody_can_say() -> None:
    fire = DoorStatus("fire", open=None, unlocked=True, lock="ok", held=False)
    told = device.state_of(
        ShownUnit(
            "a",
            "",
            online=True,
            status=well(doors={"main": fire}, devices={"x": DeviceStatus("ok", tamper=("tamper",))}),
        )
    )
    assert (told["fire"], told["tamper"]) == (True, True)
    short = device.state_of(ShownUnit("a", "", online=True, status=well(doors=40, devices=90)))
    assert (short["fire"], short["tamper"], short["doors"]) == (None, None, {})
    never = device.state_of(ShownUnit("a", "", online=False, status=None))
    assert never == {"online": False, "fire": None, "tamper": None, "doors": {}}


def test_an_opening_under_duress_looks_as_any_other_and_no_event_says_who() -> None:
    granted = device.event_of(AccessGranted("main", "wang", Via.PIN, visitor="2026-11-26/3", camera="cam7"))
    assert granted == device.event_of(AccessDuress("main", "wang", Via.PIN, camera="cam7"))
    assert granted == ("main", {"event_type": "granted", "via": "pin"})
    refused = device.event_of(AccessDenied("main", "wang", Via.CARD, Denial.EXPIRED))
    assert refused == ("main", {"event_type": "refused", "via": "card"})
    assert device.event_of(DoorForced("main")) == ("main", {"event_type": "forced"})
    assert device.event_of(DoorOpened("main")) is None


def test_two_centres_never_announce_the_same_device() -> None:
    seen = set()
    for site, unit in (("a", "b-c"), ("a-b", "c"), ("a_b", "c"), ("a", "b_c"), ("a", "b")):
        made = device.announced(site, ShownUnit(unit, "", online=True, status=well()), "1")
        names = [topics.config("homeassistant", site, unit), *made["device"]["identifiers"]]
        names += [part["unique_id"] for part in made["components"].values()]
        assert not seen & set(names)
        seen |= set(names)


def test_no_entity_assumes_a_state_and_no_order_is_left_at_the_broker() -> None:
    made = device.announced(
        SITE, ShownUnit("a", "12号楼", online=True, status=well(doors={"main": door(), "back": door()})), "1"
    )
    locks = [part for part in made["components"].values() if part["platform"] == "lock"]
    assert len(locks) == 2
    for each in made["components"].values():
        if "command_topic" in each:
            assert each["retain"] is False
            assert each["command_template"] == device.STAMPED
    assert all(lock["optimistic"] is False and "state_topic" in lock for lock in locks)


# --- what is asked, without a broker

NOW = 1_790_000_000.0


def judged(
    payload: bytes, at: float = NOW, *, retained: bool = False, asks_: Asks | None = None
) -> StampedAsk | Refused:
    return (asks_ or Asks()).judged(SET, payload, retained=retained, now_utc=at, now_mono=at)


def test_an_order_is_of_now_and_of_once() -> None:
    given_ = asks.Asks()
    assert judged(asked("OPEN", NOW)) == StampedAsk("OPEN", NOW)
    assert judged(asked("OPEN", NOW), retained=True) is Refused.RETAINED
    assert judged(asked("OPEN", NOW), NOW + asks.STALE_S + 0.1) is Refused.STALE
    assert judged(asked("OPEN", NOW), NOW - asks.STALE_S - 0.1) is Refused.STALE
    assert judged(asked("OPEN", NOW), asks_=given_) == StampedAsk("OPEN", NOW)
    assert judged(asked("OPEN", NOW), NOW + 5, asks_=given_) is Refused.AGAIN
    assert judged(asked("OPEN", NOW + 1), NOW + 5, asks_=given_) == StampedAsk("OPEN", NOW + 1)
    assert judged(asked("OPEN", NOW), NOW + 1e6, asks_=given_) is Refused.STALE, "forgotten only once it is stale"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"OPEN",
        b"{}",
        b"[]",
        b'{"value":"OPEN"}',
        b'{"value":1,"at":1790000000}',
        b'{"value":"OPEN","at":true}',
        b'{"value":"OPEN","at":"1790000000"}',
        b'{"value":"OPEN","at":NaN}',
        b'{"value":"OPEN","at":1e999}',
        b'{"value":"OPEN","at":1790000000,"more":1}',
        b'{"value":"OPEN","value":"OPEN","at":1790000000}',
        b"\xff\xfe",
        b"[" * 4000,
        b'{"value":"' + b"x" * 5000 + b'","at":1790000000}',
    ],
)
def test_an_absurd_payload_is_refused(payload: bytes) -> None:
    assert judged(payload) is Refused.FORM


@given(st.binary(max_size=200))
def test_any_bytes_are_safe_to_read(payload: bytes) -> None:
    found = judged(payload)
    assert isinstance(found, Refused) or abs(found.at_utc - NOW) <= asks.STALE_S


@given(st.text(max_size=400))
def test_any_text_is_safe_to_show(text: str) -> None:
    found = asks.notice_of(text)
    if found is not None:
        assert found[0]
        assert len("\n".join(found)) <= asks.MAX_TEXT
        assert all(line.isprintable() for part in found for line in part.split("\n"))


def test_title_and_text_of_a_notice() -> None:
    assert asks.notice_of("停水\n明天 8 点\n到 12 点") == ("停水", "明天 8 点\n到 12 点")
    assert asks.notice_of("快递到了") == ("快递到了", "")
    for bad in ("", " \n ", "x" * 301, "a\x1b[2J", "a\x00", "a\u202eb"):
        assert asks.notice_of(bad) is None


def test_bounds_of_one_unit_leave_the_others_theirs() -> None:
    given_ = Asks()
    taken = [given_.opens("a", NOW + number / 10) for number in range(20)]
    assert taken.count(True) == asks.OPENS_OF_A_UNIT[0]
    assert given_.opens("b", NOW + 2)
    assert given_.opens("a", NOW + 70)
    every = [Asks()] * 1
    opened = sum(every[0].opens(f"u{number}", NOW) for number in range(100))
    assert opened == asks.OPENS[0]
    looked = [given_.is_read(NOW + number / 1000) for number in range(200)]
    assert looked.count(True) == asks.LOOKED_AT


@pytest.mark.parametrize(
    "topic",
    ["", "x", f"{topics.ROOT}/{SITE}", f"{topics.ROOT}/other/a/main/set", f"{topics.ROOT}/{SITE}/a/main/set/x", f"{topics.ROOT}/{SITE}/A/main/set",
     f"{topics.ROOT}/{SITE}/a/../set", f"{topics.ROOT}/{SITE}//main/set", f"{topics.ROOT}/{SITE}/a/state", f"{topics.ROOT}/{SITE}/a/main/event"],
)  # fmt: skip
def test_a_topic_that_is_nobodys_asks_for_nothing(topic: str) -> None:
    assert topics.parse_asked(topic, SITE) is None
