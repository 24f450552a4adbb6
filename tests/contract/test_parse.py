"""Payloads to messages and back: every field typed, every fault a value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import topics
from contract.commands import Reason
from contract.kinds import KINDS, Message
from contract.messages import Confirm, Keys, Kind, Notice, RosterPart, Settings, Sign
from contract.parse import parse, payload_of
from contract.refusal import Refusal
from tests.contract.samples import KIND_OF, MESSAGES, SAMPLES, SITE


def down_of(message: Message, site: str = SITE) -> topics.Down:
    ids: tuple[str | int, ...] = ()
    if isinstance(message, RosterPart):
        ids = (message.id, message.part)
    elif isinstance(message, Notice):
        ids = (message.id,)
    found = topics.parse_down(topics.down(site, message.scope, KIND_OF[type(message)], *ids))
    assert found is not None
    return found


def changed(kind: Kind, **fields: Any) -> Message | Refusal:
    """The sample of this kind with some fields of its payload changed (... takes one out)."""
    payload = payload_of(SAMPLES[kind], SITE) | fields
    return parse(kind, SITE, down_of(SAMPLES[kind]), {k: v for k, v in payload.items() if v is not ...})


@given(MESSAGES)
def test_there_and_back(message: Message) -> None:
    kind = KIND_OF[type(message)]
    payload = json.loads(json.dumps(payload_of(message, SITE)))
    assert parse(kind, SITE, down_of(message), payload) == message


@pytest.mark.claim("F27")
@pytest.mark.parametrize("kind", SAMPLES)
def test_the_address_inside_must_be_the_topics(kind: Kind) -> None:
    sample = SAMPLES[kind]
    for fields in ({"site": "other"}, {"scope": "yard/y08"}, {"site": ...}, {"scope": ...}, {"scope": 5}):
        refused = changed(kind, **fields)
        assert isinstance(refused, Refusal)
        assert refused.reason == Reason.NOT_MINE
    assert isinstance(parse(kind, "other", down_of(sample), payload_of(sample, SITE)), Refusal)


@pytest.mark.claim("F27")
@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Kind.NOTICE, {"id": "n2"}),
        (Kind.NOTICE, {"id": ...}),
        (Kind.ROSTER, {"id": "others"}),
        (Kind.ROSTER, {"part": 2}),
        (Kind.COMMAND, {"unit": "b13-u1"}),
        (Kind.CONFIRM, {"unit": "b13-u1"}),
    ],
)
def test_a_message_cannot_be_passed_off_as_another(kind: Kind, fields: dict[str, Any]) -> None:
    refused = changed(kind, **fields)
    assert isinstance(refused, Refusal)
    assert refused.reason == Reason.NOT_MINE


def test_what_a_later_version_adds_to_a_confirm_is_passed_over() -> None:
    """As an earlier one does with `window` and `checkpoint`; and a centre of an earlier version says neither."""
    assert changed(Kind.CONFIRM, later="x", witnesses=["b12-u3"]) == SAMPLES[Kind.CONFIRM]
    without = changed(Kind.CONFIRM, window=..., checkpoint=...)
    assert isinstance(without, Confirm)
    assert (without.window, without.checkpoint) == (None, None)


BAD: list[tuple[Kind, dict[str, Any]]] = [
    *((kind, {"iat": value}) for kind in SAMPLES for value in (..., None, "1", True, -1, 10**12)),
    *((kind, {"rev": v}) for kind in (Kind.NOTICE, Kind.ROSTER, Kind.SETTINGS, Kind.SOFTWARE, Kind.KEYS) for v in (..., 0, 1.0, "1", True, 2**53)),
    (Kind.NOTICE, {"category": "advert"}),
    (Kind.NOTICE, {"category": ["policy"]}),
    (Kind.NOTICE, {"title": ""}),
    (Kind.NOTICE, {"title": ...}),
    (Kind.NOTICE, {"text": 5}),
    (Kind.NOTICE, {"priority": 10}),
    (Kind.NOTICE, {"until": "tomorrow"}),
    (Kind.NOTICE, {"withdrawn": 1}),
    (Kind.NOTICE, {"ask": {"kind": "essay"}}),
    (Kind.NOTICE, {"ask": {"kind": "rating"}}),
    (Kind.NOTICE, {"ask": {"kind": "poll", "options": ["one"]}}),
    (Kind.NOTICE, {"ask": {"kind": "poll", "options": ["a", "b"], "per": "street"}}),
    (Kind.NOTICE, {"ask": []}),
    (Kind.ROSTER, {"parts": 0}),
    (Kind.ROSTER, {"card_key": ...}),
    (Kind.ROSTER, {"holders": ...}),
    (Kind.ROSTER, {"holders": ["h1"]}),
    *(
        (Kind.ROSTER, {"holders": [{"id": "h1", "role": "resident"} | holder]})
        for holder in (
            {"id": "H1"}, {"role": "guest"}, {"key": "ab"}, {"key": "AB" * 16}, {"pin": 5}, {"unlock_s": 61}, {"unlock_s": 0},
            {"unlock_s": True}, {"hours": "nights"}, {"doors": "main"}, {"doors": ["Main"]}, {"flags": [1]}, {"room": ""}, {"from": "x"},
        )
    ),
    *(
        (Kind.ROSTER, {"hours": {"day": hours}})
        for hours in (
            5, {}, {"week": [[]] * 6}, {"week": [["6:00-22:00"]] * 7}, {"week": [["22:00-06:00"]] * 7}, {"week": [["00:00-24:01"]] * 7},
            {"week": [["10:00-10:00"]] * 7}, {"week": ["06:00-22:00"] * 7}, {"week": [[]] * 7, "holidays": ["2026-02-30"]},
            {"week": [[]] * 7, "holidays": ["1.10."]}, {"week": [[]] * 7, "holiday": ["x"]}, {"week": [[5]] * 7},
        )
    ),
    (Kind.SETTINGS, {"timezone": "Asia/Nowhere"}),
    (Kind.SETTINGS, {"timezone": "../../etc/passwd"}),
    (Kind.SETTINGS, {"timezone": "A\x00"}),
    (Kind.SETTINGS, {"language": 5}),
    (Kind.SETTINGS, {"sign": ["x"]}),
    (Kind.SETTINGS, {"sign": {"grid": 7}}),
    (Kind.SETTINGS, {"display": {"a": 1}}),
    (Kind.SETTINGS, {"display": {"size": "huge"}}),
    (Kind.SETTINGS, {"display": "large"}),
    *(
        (Kind.SOFTWARE, one)
        for one in (
            {"version": ""}, {"version": "v1"}, {"version": "1_0"}, {"version": "1" * 65}, {"version": ...}, {"form": "rpm"}, {"size": 0},
            {"size": 2**31 + 1}, {"size": 1.5}, {"sha256": "AB" * 32}, {"sha256": "ab" * 31}, {"url": "http://192.0.2.10/b"},
            {"url": "https://a:b@192.0.2.10/b"}, {"url": "https://192.0.2.10/a b"}, {"url": "https://192.0.2.10"}, {"url": "https:///b"},
            {"url": "file:///etc/passwd"}, {"withdrawn": 1},
        )
    ),
    (Kind.KEYS, {"keys": []}),
    (Kind.KEYS, {"keys": [{"kid": "n1", "public": "ab" * 32, "kinds": ["notice"]}]}),
    (Kind.KEYS, {"keys": [{"kid": "root", "public": "ab" * 32, "kinds": ["command"]}]}),
    (Kind.KEYS, {"keys": [{"kid": "c1", "public": "ab" * 32, "kinds": ["command", "keys"]}]}),
    (Kind.KEYS, {"keys": [{"kid": "c1", "public": "ab" * 31, "kinds": ["command"]}]}),
    (Kind.KEYS, {"keys": [{"kid": "c1", "public": "ab" * 32, "kinds": ["command"]}] * 2}),
    (Kind.COMMAND, {"exp": ...}),
    (Kind.COMMAND, {"action": "explode"}),
    (Kind.COMMAND, {"action": None}),
    (Kind.COMMAND, {"args": ...}),
    (Kind.COMMAND, {"args": {}}),
    (Kind.COMMAND, {"args": {"door": "../x"}}),
    (Kind.COMMAND, {"exp": 1.7e9 - 1}),
    (Kind.COMMAND, {"action": "mode", "args": {"mode": "ajar", "until": 1.8e9}}),
    (Kind.COMMAND, {"action": "mode", "args": {"mode": "lockdown"}}),
    (Kind.COMMAND, {"action": "mode", "args": {"mode": "lockdown", "until": 253_402_300_800}}),
    (Kind.COMMAND, {"unit": "*"}),
    (Kind.COMMAND, {"actor": ""}),
    (Kind.COMMAND, {"why": 5}),
    (Kind.CONFIRM, {"seq": -1}),
    (Kind.CONFIRM, {"head": "ab"}),
    (Kind.CONFIRM, {"batch": 5}),
    (Kind.CONFIRM, {"now": ...}),
    (Kind.CONFIRM, {"digest": "CD" * 32}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "fields"), BAD)
def test_a_field_of_the_wrong_kind_is_malformed(kind: Kind, fields: dict[str, Any]) -> None:
    refused = changed(kind, **fields)
    assert isinstance(refused, Refusal), refused
    assert refused.reason == Reason.MALFORMED
    assert refused.id == ("c-01" if kind is Kind.COMMAND else None)


def test_a_commands_id_is_told_so_that_it_can_be_answered() -> None:
    assert changed(Kind.COMMAND, site="other").id == "c-01"
    assert changed(Kind.COMMAND, id="No Id").id is None
    assert changed(Kind.COMMAND, id="No Id").reason == Reason.MALFORMED


@pytest.mark.parametrize("kind", SAMPLES)
def test_fields_of_later_versions_are_ignored(kind: Kind) -> None:
    assert changed(kind, novelty={"a": 1}) == SAMPLES[kind]


def test_null_is_absent() -> None:
    nulls = {"from": None, "until": None, "priority": None, "ask": None, "withdrawn": None, "lang": None}
    notice = changed(Kind.NOTICE, **nulls)
    assert isinstance(notice, Notice)
    assert (notice.from_utc, notice.until_utc, notice.priority, notice.lang) == (None, None, 0, "zh-CN")


def test_a_tombstone_needs_no_words() -> None:
    gone = changed(Kind.NOTICE, withdrawn=True, title=..., text=...)
    assert isinstance(gone, Notice)
    assert gone.withdrawn


def test_what_this_version_does_not_know_in_settings_and_keys_is_left_out() -> None:
    settings = changed(Kind.SETTINGS, schedule={"x": 1}, sign={"grid": "七", "motto": "x"})
    assert isinstance(settings, Settings)
    assert (settings.timezone, settings.sign) == ("Asia/Shanghai", Sign(grid="七"))
    keys = changed(Kind.KEYS, keys=[{"kid": "c1", "public": "ab" * 32, "kinds": ["command", "firmware"]}])
    assert isinstance(keys, Keys)
    assert keys.keys[0].kinds == {Kind.COMMAND}


def test_a_kind_of_a_later_version_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    down = topics.parse_down("doorward/1/badahu/down/grid/g21/round/r1")
    assert down is not None
    monkeypatch.delitem(KINDS, Kind.ROUND)  # type: ignore[arg-type]
    assert parse(Kind.ROUND, SITE, down, {"site": SITE, "scope": "grid/g21", "id": "r1"}).reason == Reason.MALFORMED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(list(SAMPLES)), st.data())
def test_any_values_in_known_fields_are_safe(kind: Kind, data: st.DataObject) -> None:
    payload = payload_of(SAMPLES[kind], SITE)
    for key in data.draw(st.lists(st.sampled_from(sorted(payload)), min_size=1, max_size=3, unique=True)):
        payload[key] = data.draw(JSON)
    result = parse(kind, SITE, down_of(SAMPLES[kind]), payload)
    assert isinstance(result, Refusal | type(SAMPLES[kind]))
