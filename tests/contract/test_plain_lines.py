"""Lines of facts are read by a shorter way where they are as programs write them: what it takes is what the codec takes, and nothing more."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import chain
from contract.bounds import MAX_INTEGER, MAX_UTC
from contract.strict_json import StrictJsonError, load_flat, load_object

LINE = chain.line(
    7, 1_790_000_000.123, "synced", 12, 8.25, "access.granted", {"door": "main", "by": "h-1", "via": "card"}
)


def by_codec(data: bytes) -> object:
    """What the long way makes of it; its fault in words."""
    try:
        return chain._any_line(data)
    except ValueError as error:
        return str(error)


def by_either(data: bytes) -> object:
    try:
        return chain.parse_line(data)
    except ValueError as error:
        return str(error)


def test_an_ordinary_line_is_read_by_the_short_way() -> None:
    flat = load_flat(LINE)
    assert flat is not None
    assert chain._plain_line(flat) == chain._any_line(LINE)


STRANGE = {
    "a key twice": LINE.replace(b'"door"', b'"by"'),
    "one of its own keys twice": LINE.replace(b'"door":"main"', b'"kind":"door.forced"'),
    "a key twice, a blank between": LINE.replace(b'"door":"main"', b'"by" :"main"'),
    "a key twice, a colon less": LINE.replace(b'"door":"main"', b'"by":"a"').replace(b"07:35", b"0735"),
    "a key twice, hidden by an escape": LINE.replace(b'"door":"main"', rb'"by":"\u003a"'),
    "an escaped key": LINE.replace(b'"door"', rb'"d\u006for"'),
    "a colon in a key": LINE.replace(b'"door"', b'"do:or"'),
    "a colon in a text": LINE.replace(b'"main"', b'"ma:in"'),
    "a colon in a text, a key twice": LINE.replace(b'"door":"main"', b'"by":"ma:in"'),
    "a lone surrogate": LINE.replace(b'"main"', rb'"\ud800"'),
    "a long number": LINE.replace(b'"main"', b"9007199254740992"),
    "a longer number": LINE.replace(b'"main"', b"9" * 5000),
    "a far float": LINE.replace(b'"main"', b"1e999"),
    "a large float": LINE.replace(b'"main"', b"1e200"),
    "a near float": LINE.replace(b'"main"', b"-1.5e2"),
    "no number": LINE.replace(b'"main"', b"NaN"),
    "no end": LINE.replace(b'"main"', b"-Infinity"),
    "true": LINE.replace(b'"main"', b"true"),
    "null": LINE.replace(b'"main"', b"null"),
    "a list": LINE.replace(b'"main"', b"[1]"),
    "an object": LINE.replace(b'"main"', b'{"a":1}'),
    "an empty object": LINE.replace(b'"main"', b"{}"),
    "deep": LINE.replace(b'"main"', b"{" * 20 + b"}" * 20),
    "a gap beside": LINE.replace(b'"door"', b'"gap"'),
    "two values": LINE + b"{}",
    "a blank behind": LINE + b" ",
    "a carriage return behind": LINE + b"\r",
    "a byte order mark": b"\xef\xbb\xbf" + LINE,
    "no UTF-8": LINE.replace(b"main", b"\xff"),
    "a control character": LINE.replace(b"main", b"\x01"),
    "a number as text": LINE.replace(b'"seq":7', b'"seq":"7"'),
    "true as a number": LINE.replace(b'"boot":12', b'"boot":true'),
    "a float as a number": LINE.replace(b'"seq":7', b'"seq":7.0'),
    "number 0": LINE.replace(b'"seq":7', b'"seq":0'),
    "a negative start": LINE.replace(b'"boot":12', b'"boot":-1'),
    "before the start": LINE.replace(b'"mono":8.25', b'"mono":-0.1'),
    "after all": LINE.replace(b'"mono":8.25', b'"mono":%d' % (MAX_UTC + 1)),
    "whole seconds": LINE.replace(b'"mono":8.25', b'"mono":8'),
    "another time": LINE.replace(b"2026-09-21T", b"2026-W39-1T"),
    "no such day": LINE.replace(b"-21T", b"-31T"),
    "no kind": LINE.replace(b'"access.granted"', b'""'),
    "a long kind": LINE.replace(b"access.granted", b"x" * 49),
    "a long trust": LINE.replace(b"synced", b"x" * 17),
    "a kind that is null": LINE.replace(b'"access.granted"', b"null"),
    "a key less": LINE.replace(b'"boot":12,', b""),
    "nothing": b"",
    "no object": b"[]",
    "half of it": LINE[:-3],
}


@pytest.mark.parametrize("kind", STRANGE)
def test_a_strange_line_is_what_the_codec_says_it_is(kind: str) -> None:
    assert STRANGE[kind] != LINE
    assert by_either(STRANGE[kind]) == by_codec(STRANGE[kind])


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER * 4, MAX_INTEGER * 4)
    | st.floats()
    | st.text(alphabet='ab:"\\{}[], \ud7ff\U0001f600\n', max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab:"), inner, max_size=2),
    max_leaves=4,
)
_PAIRS = st.lists(st.tuples(st.sampled_from(["seq", "at", "kind", "a", "b", "a:b", "gap"]), _JSON), max_size=5)


@given(_PAIRS, st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")]), st.booleans())
def test_a_flat_object_is_read_as_strictly_as_any(
    pairs: list[tuple[str, object]], between: tuple[str, str], plain: bool
) -> None:
    """Keys twice and in any order, any values, blanks or none, escapes or none."""
    comma, colon = between
    told = [json.dumps(key) + colon + json.dumps(value, ensure_ascii=not plain) for key, value in pairs]
    data = ("{" + comma.join(told) + "}").encode()
    flat = load_flat(data)
    if flat is not None:
        assert flat == load_object(data, max_depth=1)


@given(st.integers(0, len(LINE) - 1), st.binary(min_size=1, max_size=3), st.integers(0, 3))
def test_a_line_with_bytes_exchanged_is_what_the_codec_says_it_is(place: int, bytes_: bytes, gone: int) -> None:
    data = LINE[:place] + bytes_ + LINE[place + gone :]
    assert by_either(data) == by_codec(data)


def test_what_is_wrong_is_never_taken() -> None:
    for kind, data in STRANGE.items():
        try:
            load_object(data)
        except StrictJsonError:
            assert load_flat(data) is None, kind
