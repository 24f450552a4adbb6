"""What is declared, by the name that docs/ give it; and what a reader is told of a field and its type, from the code's own words."""

from __future__ import annotations

import ast
import inspect
import sys
import types
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Union, get_args, get_origin

from contract.bounds import ByName, Items, Length, Named, Pattern, Range, Tagged, TextForm
from contract.card_reading import ReadOff
from contract.care import CareRule
from contract.chain import Alarm, EarlyReceipt, FactLine, GapLine, Header
from contract.enrolment import Enrol, Enrolment
from contract.hours import Hours
from contract.kinds import KINDS
from contract.messages import Holder, Sign, WorkingKey
from contract.people import DisplaySettings, Duty, ReportCode
from contract.plain import DeviceStatus, DoorStatus, LinkStatus, Presence, Reply, Status, UnitPresence
from contract.revs import RevsPage
from contract.rounds import RoundStop
from contract.sealing import Seal, SealedSecrets
from contract.visitors import VisitorCode

TABLES: dict[str, type] = {
    **{kind.value: declared for kind, declared in KINDS.items()},
    "holder": Holder,
    "hours": Hours,
    "stop": RoundStop,
    "working_key": WorkingKey,
    "sign": Sign,
    "duty": Duty,
    "display": DisplaySettings,
    "report_code": ReportCode,
    "visitor_code": VisitorCode,
    "care": CareRule,
    "header": Header,
    "line": FactLine,
    "gap": GapLine,
    "alarm": Alarm,
    "receipt": EarlyReceipt,
    "reply": Reply,
    "status": Status,
    "link": LinkStatus,
    "door": DoorStatus,
    "device": DeviceStatus,
    "presence_of_unit": UnitPresence,
    "revs": RevsPage,
    "presence": Presence,
    "enrolment": Enrolment,
    "enrol": Enrol,
    "seal": Seal,
    "sealed_secrets": SealedSecrets,
    "sealed_card": ReadOff,
}
"""By the marker in the page."""
PARTS = frozenset(
    [
        "link",
        "door",
        "device",
        "holder",
        "hours",
        "stop",
        "visitor_code",
        "working_key",
        "sign",
        "duty",
        "display",
        "report_code",
    ]
)
"""Tables of what stands inside a message."""
PID = "The agent's process."
"""What of a unit's own status file is not at the broker."""


@cache
def told(kind: type) -> dict[str, str]:
    """What is written below each field of a declared class."""
    tree = ast.parse(inspect.getsource(sys.modules[kind.__module__]))
    body = next(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == kind.__name__)
    found = {}
    for field, text in pairwise(body):
        doc = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and doc:
            found[field.target.id] = inspect.cleandoc(text.value.value).replace("\n", " ")
    return found


def first_words(kind: type) -> str:
    return inspect.cleandoc(kind.__doc__ or "").replace("\n", " ").replace("  ", " ")


def type_words(hint: Any) -> str:
    """A type of the contract for a reader: `id`, `text, 1-200 characters`, `0-9`."""
    kind, *meta = bare(hint)
    if ByName in meta:
        return "text, a name in `hours`"
    for each in meta:
        if isinstance(each, Named):
            return each.words
        if isinstance(each, TextForm):
            return each.words
        if isinstance(each, Pattern):
            return each.words
        if isinstance(each, Tagged):
            return "object, told by its `" + each.tag + "`: " + ", ".join(f"`{m.TAG}`" for m in alternatives(kind))
    origin, items = get_origin(kind), next((each for each in meta if isinstance(each, Items)), None)
    if origin in (Union, types.UnionType):
        return " or ".join(type_words(each) for each in alternatives(kind))
    if origin in (tuple, frozenset):
        return f"list of {_number(items)}: {type_words(get_args(kind)[0])}"
    if origin is not None:
        name, inner = get_args(kind)
        return f"object of {_number(items)} keys: {type_words(name)} to {type_words(inner)}"
    return _plain_words(kind, meta)


def _plain_words(kind: Any, meta: list[Any]) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " ".join(f"`{each.value}`" for each in kind)
    if is_dataclass(kind):
        return "object"
    if kind is bool:
        return "true or false"
    length = next((each for each in meta if isinstance(each, Length)), None)
    if length is not None:
        return (
            f"text, {length.least}–{length.most:,} characters"
            if length.least
            else f"text, up to {length.most:,} characters"
        )
    bounds = next((each for each in meta if isinstance(each, Range)), None)
    words = "whole number" if kind is int else "number"
    return words if bounds is None else f"{words}, {bounds.least:.15g} to {_most(bounds.most)}"


def _most(most: float) -> str:
    names = {2**53 - 1: "2⁵³−1", 253_402_300_799.0: "the year 9999", 7_258_118_399.0: "the year 2199"}
    return names.get(most, f"{most:.15g}")


def _number(items: Items | None) -> str:
    assert items is not None
    return str(items.most) if items.least == items.most else f"{items.least}–{items.most:,}"


def bare(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) is not Annotated:
        return (hint,)
    kind, *inner = bare(get_args(hint)[0])
    return (kind, *inner, *hint.__metadata__)


def alternatives(kind: Any) -> tuple[Any, ...]:
    members = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    return tuple(each for each in members if each is not types.NoneType)
