"""`@frozen` makes what `dataclass(frozen=True, slots=True)` makes, as far as it can be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import pytest

from contract.frozen import frozen

ROOT = Path(__file__).parents[2]


class Plain:
    """Values of each kind: needed, with a default, with one made anew, not shown, not compared."""

    a: int
    b: str = "b"
    c: list[int] = field(default_factory=list)
    d: str = field(default="d", repr=False)
    e: float = field(default=0.5, compare=False)

    @property
    def twice(self) -> int:
        return 2 * self.a


class Empty:
    """Nothing."""


class Checked:
    """Looks at itself, and says in its own words what it is."""

    a: int

    def __post_init__(self) -> None:
        if self.a < 0:
            raise ValueError("negative")

    def __repr__(self) -> str:
        return "checked"


def copy(cls: type) -> type:
    kept = {name: value for name, value in vars(cls).items() if name not in {"__dict__", "__weakref__"}}
    return type(cls.__name__, (), kept)


def both(cls: type) -> tuple[Any, Any]:
    """The class made by us, and by the standard library."""
    return frozen(copy(cls)), dataclass(frozen=True, slots=True)(copy(cls))


LOOKS: list[Callable[[Any], Any]] = [
    lambda cls: cls(1),
    lambda cls: cls(1, "x", [1], "y", 2.5),
    lambda cls: cls(a=1, e=2.5),
    lambda cls: replace(cls(1), b="x"),
    lambda cls: cls(1).c is not cls(1).c,
    lambda cls: cls(1).twice,
    lambda cls: asdict(cls(1, c=[1, 2])),
    lambda cls: [each.name for each in fields(cls)],
    lambda cls: (cls.__match_args__, cls.__slots__, cls.__doc__, cls.__init__.__qualname__),
    lambda cls: cls(1) == cls(1),
    lambda cls: cls(1) == cls(2),
    lambda cls: cls(1) == cls(1, e=9.0),
    lambda cls: cls(1) == (1, "b", [], "d", 0.5),
    lambda cls: hash(cls(1, c=())) == hash(cls(1, c=(), e=9.0)),  # type: ignore[arg-type]
    lambda cls: hash(cls(1, c=())) == hash(cls(2, c=())),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("look", LOOKS)
def test_it_looks_like_the_standard_librarys(look: Callable[[Any], Any]) -> None:
    ours, theirs = both(Plain)
    assert repr(look(ours)) == repr(look(theirs))


def test_none_changes() -> None:
    for made in both(Plain):
        value = made(1)
        for wrong in (lambda v: setattr(v, "a", 2), lambda v: setattr(v, "z", 2), lambda v: delattr(v, "a")):
            with pytest.raises((FrozenInstanceError, TypeError)):  # 3.11 says TypeError of names that are no field
                wrong(value)
        assert value.a == 1
        assert not hasattr(value, "__dict__")


@pytest.mark.parametrize(("given", "named"), [((), {}), ((1,), {"a": 1}), ((1,), {"z": 1}), (tuple(range(6)), {})])
def test_wrong_arguments_are_refused(given: tuple[int, ...], named: dict[str, int]) -> None:
    for made in both(Plain):
        with pytest.raises(TypeError):
            made(*given, **named)


def test_one_without_fields() -> None:
    for made in both(Empty):
        assert made() == made()
        assert hash(made()) == hash(made())
        assert repr(made()) == "Empty()"


def test_objects_of_two_classes_are_not_equal() -> None:
    ours, theirs = both(Plain)
    assert ours(1) != theirs(1)
    assert frozen(copy(Empty))() != frozen(copy(Empty))()


def test_its_own_methods_stay() -> None:
    for made in both(Checked):
        assert repr(made(1)) == "checked"
        with pytest.raises(ValueError, match="negative"):
            made(-1)


@pytest.mark.parametrize("wrong", [field(kw_only=True), field(init=False), field(hash=False)])
def test_what_it_does_not_know_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="no such field"):
        frozen(type("Odd", (), {"__annotations__": {"a": int}, "a": wrong}))


def test_the_agent_makes_its_values_with_it() -> None:
    """The cost of the standard library's own is that of each class, at each start."""
    texts = (path for part in ("agent", "contract", "drivers") for path in (ROOT / part).rglob("*.py"))
    assert [path.name for path in texts if "dataclass(frozen=True, slots=True)" in path.read_text()] == ["frozen.py"]
