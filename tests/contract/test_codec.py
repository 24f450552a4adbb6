"""The codec, over small declarations of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import pytest

from contract import codec
from contract.bounds import (
    Always,
    At,
    ByName,
    Count,
    Hex32,
    Id,
    Items,
    Length,
    Moment,
    OnlyKnown,
    Pattern,
    Range,
    Rest,
    Tagged,
    WireName,
)
from contract.codec import FieldError
from contract.facts import AgentStopping, Refusals, data_of, fact_of
from contract.strict_json import dumps, loads


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Circle:
    TAG: ClassVar = "circle"
    radius: Annotated[float, Range(0, 9)]


@dataclass(frozen=True, slots=True)
class Square:
    TAG: ClassVar = "square"
    side: Annotated[int, Range(1, 9)]
    name: Id | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """What names refer to."""

    MOST: ClassVar = 2
    legs: Count


@dataclass(frozen=True, slots=True)
class Seat:
    key: Hex32
    at: Annotated[Table | None, ByName] = None


@dataclass(frozen=True, slots=True)
class All:
    """A field of each kind."""

    MARK: ClassVar = ("v", 1)
    TABLES: ClassVar = {"tables": Table}
    REFUSED: ClassVar = {"gone": "has no effect"}
    id: Id
    since: Annotated[Moment, WireName("from")]
    either: Annotated[tuple[Id, ...], Items(0, 2)] | Count
    shape: Annotated[Circle | Square, Tagged("shape", "of")]
    nothing: Id | None
    """Written as null."""
    role: Annotated[Colour, Always(required=True)] = Colour.RED
    text: Annotated[str, Length(0, 3), Always()] = ""
    flag: bool = False
    at: At | None = None
    inner: Annotated[Circle | Square | None, Tagged("kind")] = None
    seats: Annotated[tuple[Seat, ...], Items(0, 8)] = ()
    colours: Annotated[frozenset[Colour], Items(0, 8), OnlyKnown] = frozenset()
    ids: Annotated[frozenset[Id], Items(1, 8)] | None = None
    counts: Annotated[Mapping[Id, Count], Items(0, 2)] | None = None
    odd: Annotated[str, Pattern(r"a|bc", "a or bc")] = "a"

    def faults(self) -> Iterator[str]:
        if self.id == "wrong":
            yield "id: wrong"


@dataclass(frozen=True, slots=True)
class Open:
    at_utc: Annotated[At, WireName("at")]
    data: Annotated[Mapping[str, Any], Rest]


LEAST = {"v": 1, "id": "x", "from": 1, "either": 3, "shape": "circle", "of": {"radius": 2}, "role": "red"}
FULL = All(
    "x", 1.5, ("a", "b"), Square(3, "q"), "n", Colour.BLUE, "abc", True, 1.5, Circle(1.0),
    (Seat("ab" * 16, Table(3)), Seat("cd" * 16, Table(4)), Seat("ef" * 16), Seat("ab" * 16, Table(3))),
    frozenset({Colour.RED}), frozenset({"b", "a"}), {"k": 1}, "bc",
)  # fmt: skip


def back(value: Any) -> Any:
    """Over its bytes, and as long as they may be."""
    return codec.read(type(value), loads(dumps(codec.write(value))))


def faults(**changes: Any) -> tuple[str, ...]:
    """Of the least object with these changes; ... takes a key out."""
    value = {key: each for key, each in (LEAST | changes).items() if each is not ...}
    with pytest.raises(FieldError) as caught:
        codec.read(All, value)
    return caught.value.faults


def test_every_kind_of_field_there_and_back() -> None:
    assert back(FULL) == FULL
    least = codec.read(All, dict(LEAST))
    assert back(least) == least
    assert (least.either, least.shape, least.flag, least.ids, least.counts) == (3, Circle(2), False, None, None)


def test_the_order_is_that_of_the_fields_and_defaults_are_left_out() -> None:
    least = codec.write(codec.read(All, dict(LEAST)))
    assert list(least) == ["v", "id", "from", "either", "shape", "of", "nothing", "role", "text"]
    assert (least["nothing"], least["role"], least["text"]) == (None, "red", "")
    written = codec.write(FULL)
    assert list(written)[:4] == ["v", "id", "from", "either"]
    assert (written["shape"], written["of"]) == ("square", {"side": 3, "name": "q"})
    assert written["inner"] == {"kind": "circle", "radius": 1.0}
    assert (written["ids"], written["at"]) == (["a", "b"], "1970-01-01T00:00:01.500Z")


def test_names_stand_for_what_is_in_the_table() -> None:
    written = codec.write(FULL)
    assert written["tables"] == {"t1": {"legs": 3}, "t2": {"legs": 4}}
    assert [seat.get("at") for seat in written["seats"]] == ["t1", "t2", None, "t1"]
    assert faults(seats=[{"key": "ab" * 16, "at": "t9"}]) == ("seats[0].at: a name that is not in the message's table",)
    assert faults(seats=[{"key": "ab" * 16, "at": ["t9"]}]) == (
        "seats[0].at: a name that is not in the message's table",
    )
    assert faults(tables={"t1": {"legs": -1}})[0].startswith("tables.t1.legs: not a whole number")
    assert faults(tables={f"t{n}": {"legs": 1} for n in range(3)}) == ("tables: not an object of at most 2",)
    assert faults(tables=[]) == ("tables: not an object of at most 2",)


def test_a_table_does_not_outlive_its_message() -> None:
    shared = codec.Shared()
    codec.read(All, {**LEAST, "tables": {"t1": {"legs": 1}}}, shared)
    with pytest.raises(FieldError, match="table"):
        codec.read(All, {**LEAST, "seats": [{"key": "ab" * 16, "at": "t1"}]}, shared)


def test_sets_that_are_equal_are_one() -> None:
    shared = codec.Shared()
    one, other = (codec.read(All, {**LEAST, "ids": ["a", "b"]}, shared).ids for _ in range(2))
    assert one is other


def test_null_is_absent_and_what_nobody_declared_is_passed_over() -> None:
    optional = ("nothing", "text", "flag", "at", "inner", "seats", "colours", "ids", "counts", "odd", "tables", "gone")
    least = codec.read(All, dict(LEAST))
    assert codec.read(All, {**LEAST, **dict.fromkeys(optional), "novelty": {"a": 1}}) == least
    for key in ("id", "from", "either", "role"):
        assert faults(**{key: None}) == faults(**{key: ...}) == (f"{key}: missing",)


def test_every_fault_is_named_with_its_path() -> None:
    found = faults(
        id="X", role="green", text="long", flag=1, at="now", inner={"kind": "circle", "radius": 10},
        seats=[{"key": "ab" * 16}, {}, {"key": 5}, 7], ids=[], counts={"A": 1}, odd="abc", **{"from": -1},
    )  # fmt: skip
    assert found == (
        "id: not an id",
        "from: not a number from 0 to 253402300799",
        "role: not one of red, blue",
        "text: not 0 to 3 characters",
        "flag: neither true nor false",
        "at: not a time as 2026-11-24T07:35:54.123Z",
        "inner.radius: not a number from 0 to 9",
        "seats[1].key: missing",
        "seats[2].key: not 32 lower-case hex digits",
        "seats[3]: not an object",
        "ids: not a list of 1 to 8",
        "counts.A: not an id",
        "odd: not a or bc",
    )


def test_of_many_faults_five_are_told() -> None:
    with pytest.raises(FieldError) as caught:
        codec.read(All, LEAST | {"seats": [{}] * 8})
    assert len(caught.value.faults) == 8
    assert str(caught.value) == "; ".join(f"seats[{n}].key: missing" for n in range(5)) + "; and 3 more"


def test_tagged() -> None:
    assert faults(shape="line") == ("shape: not one of circle, square",)
    assert faults(shape=["circle"]) == ("shape: not one of circle, square",)
    assert faults(of=None) == ("of: not an object",)
    assert faults(of={"radius": 10}) == ("of.radius: not a number from 0 to 9",)
    assert faults(inner={"radius": 1}) == ("inner.kind: not one of circle, square",)
    assert faults(inner=[]) == ("inner: not an object",)
    assert codec.read(All, {**LEAST, "inner": {"kind": "square", "side": 2}}).inner == Square(2)


def test_what_a_declaration_says_of_the_whole() -> None:
    for mark in (2, True, 1.0, "1", None):
        assert faults(v=mark) == ("v: not 1",)
    assert faults(gone=0) == ("gone: has no effect",)
    assert faults(id="wrong") == ("id: wrong",)
    for odd in (None, [], "x", 1):
        with pytest.raises(FieldError, match="not an object"):
            codec.read(All, odd)


def test_an_object_or_a_count() -> None:
    assert codec.read(All, {**LEAST, "either": ["a"]}).either == ("a",)
    assert faults(either=-1)[0].startswith("either: not a whole number")
    for odd in (True, 1.0, "a", {}):
        assert faults(either=odd) == ("either: not a list of 0 to 2",)


def test_true_is_no_number() -> None:
    assert faults(**{"from": True})[0].startswith("from: not a number")
    assert faults(counts={"a": True})[0].startswith("counts.a: not a whole number")
    assert faults(counts={"a": 1.0})[0].startswith("counts.a: not a whole number")
    assert faults(**{"from": float("nan")})[0].startswith("from: not a number")


def test_elements_this_version_does_not_know() -> None:
    assert codec.read(All, {**LEAST, "colours": ["blue", "green", 5, None, ["red"]]}).colours == {Colour.BLUE}


def test_the_rest_is_kept_as_it_came() -> None:
    read = codec.read(Open, {"at": "1970-01-01T00:00:00.000Z", "at_utc": 5, "x": {"y": None}, "data": 1})
    assert read == Open(0.0, {"at_utc": 5, "x": {"y": None}, "data": 1})
    assert back(read) == read


def test_a_declaration_without_bounds_is_a_fault_of_ours() -> None:
    @dataclass(frozen=True)
    class Loose:
        value: str

    for hint in (str, float, tuple[Id, ...], frozenset[Id]):
        Loose.__annotations__["value"] = hint
        codec._OBJECTS.pop(Loose, None)
        with pytest.raises(TypeError, match="of the contract has"):
            codec.keys(Loose)


def test_a_text_that_may_be_cut_is_cut_where_it_is_written() -> None:
    written = data_of(AgentStopping("x" * 5000))
    assert written == {"detail": "x" * 2000}
    assert fact_of("agent.stopping", written) == AgentStopping("x" * 2000)


def test_a_key_that_the_sender_chose_is_quoted_only_where_it_is_harmless() -> None:
    for key in ("a\nb", "\x1b[2J", "x" * 60, "八"):
        with pytest.raises(FieldError, match=r"counts\.\(a key\): "):
            codec.read(Refusals, {"counts": {key: -1}})
