"""Calls: each thing that can be asked of the console or done through it, once, for pages and programs alike.

A call is a function of a visit and of what is asked, both typed; the JSON API and its OpenAPI description are made from these.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

import msgspec

from centre.console.visit import Visit
from centre.permits import Doing

A = TypeVar("A", bound=msgspec.Struct)
R = TypeVar("R", bound=msgspec.Struct)


class Nothing(msgspec.Struct):
    """Of a call that asks for nothing, or answers with nothing."""


@dataclass(frozen=True, slots=True)
class Call:
    """`path` is below /api/v1 and may name fields of what is asked, as in /units/{unit}. `doing`: what the person must be allowed, anywhere;
    the call itself looks at where.
    """

    method: str
    path: str
    doing: Doing
    summary: str
    asks: type[msgspec.Struct]
    answers: type[msgspec.Struct]
    run: Callable[[Visit, Any], Any]

    @property
    def name(self) -> str:
        return self.run.__name__

    @property
    def path_names(self) -> list[str]:
        """`/units/{unit}` has `unit`."""
        return re.findall(r"{(\w+)}", self.path)


CALLS: list[Call] = []
"""In the order in which they were declared: centre/console/calls/ imports all modules that do."""


def call(method: str, path: str, *, doing: Doing) -> Callable[[Callable[[Visit, A], R]], Callable[[Visit, A], R]]:
    """Declares a function `(visit, ask) -> answer` as a call; the first line of its docstring is its summary."""

    def declared(run: Callable[[Visit, A], R]) -> Callable[[Visit, A], R]:
        hints = get_type_hints(run)
        ask = next(name for name in inspect.signature(run).parameters if name != "visit")
        summary = (run.__doc__ or "").strip().partition("\n")[0]
        CALLS.append(Call(method, path, doing, summary, hints[ask], hints["return"], run))

        def allowed(visit: Visit, asked: A) -> R:
            visit.require(doing)
            return run(visit, asked)

        allowed.__name__, allowed.__doc__ = run.__name__, run.__doc__
        return allowed

    return declared
