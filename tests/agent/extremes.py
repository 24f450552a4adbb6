"""Every field of every signed message at the extremes of every type: a table made from good messages with all their fields set.

A field that a message type gets later is covered as soon as the samples have it; `unset` names those that they don't.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, get_args

from contract import commands, messages, topics, visitors
from contract.bounds import MAX_INTEGER
from contract.care import CareRule
from contract.commands import Command, Erase, Mode, Order, ReadCard, Say, SetMode
from contract.hours import DoorTimes, Hours, Span
from contract.kinds import Message
from contract.messages import (
    Address,
    Category,
    Confirm,
    Holder,
    Keys,
    Kind,
    Notice,
    Per,
    Poll,
    Rating,
    Role,
    RosterPart,
    Secrets,
    Settings,
    Sign,
    WorkingKey,
)
from contract.parse import payload_of
from contract.people import DisplaySettings, Duty, LetterSize, ReportCode, ReportKind, Who, Words
from contract.rounds import Round, RoundStop, Weekday
from contract.scopes import Scope
from contract.software import Form, Software
from contract.strict_json import MAX_DEPTH
from contract.visitors import VisitorCode, Visitors
from tests.contract import signing

SITE, UNIT = "badahu", "b12-u2"
WHOLE, YARD, OWN = Scope("site", SITE), Scope("yard", "y07"), Scope("unit", UNIT)
UTC = 1_795_500_000.0
"""The clock of whoever signs, and of the core that is tried."""
LAST_UTC = 253_402_300_799

HOURS = Hours((((Span(360, 1320), Span(1330, 1440)),) * 7), frozenset({"2026-10-01"}), (Span(0, 1),))
HOLDER = Holder(
    "h1", Role.EMERGENCY, "ab" * 16, "cd" * 16, "301", frozenset({"main"}), UTC - 9, UTC + 99, HOURS, 8.5,
    frozenset({"care", "fire_reset"}),
    duress="ab" * 16,
    pin_required=True,
    org="sf-express",
)  # fmt: skip
SIGN = Sign("第七网格", "c", "b", "王师傅", "1", (Duty("李师傅", HOURS, "2"),))
CODE = ReportCode(Words("垃圾清运", "Rubbish"), "sanitation", ReportKind.SERVICE, Who.ANY, 3600)
CARE = CareRule(12.0, (Span(0, 360), Span(1320, 1440)), frozenset({"main"}), {"water": "301"}, 25.0)
CENTRE_KEYS = tuple(
    WorkingKey(f"c{n}", signing.COMMANDS.public_key().public_bytes_raw().hex(), frozenset(Kind) - {Kind.KEYS})
    for n in (1, 2)
)


def _notice(**more: Any) -> Notice:
    made = Notice(YARD, "n1", 3, UTC - 5, Category.EMERGENCY, "停水通知", "今天下午停水", UTC - 5, UTC + 40, 5, "en")
    return dataclasses.replace(made, **more)


def _command(kind: type[Any]) -> Command:
    made = {
        SetMode: (Mode.LOCKDOWN, UTC + 60, "main"),
        Say: ("请稍等", 30, "main"),
        Erase: ("h1", "main"),
        ReadCard: ("card", "ab" * 32, 10, "main"),
    }
    order = kind(*made.get(kind, ("main",)))
    return Command(SITE, OWN, "c-01", UNIT, UTC - 1, UTC + 20, order, "desk", "courier")


ORDERS = get_args(Order)
SAMPLES: tuple[Message, ...] = (
    _notice(ask=Poll(("好", "不好"), Per.ROOM)),
    _notice(ask=Rating("r1", "h1")),
    _notice(withdrawn=True),
    RosterPart(YARD, "residents", 2, UTC - 5, 1, 2, "k1", (HOLDER, Holder("h2", key="ef" * 16))),
    RosterPart(YARD, "residents", 2, UTC - 5, 2, 2, "k1", ()),
    Settings(
        YARD,
        4,
        UTC - 5,
        "Asia/Shanghai",
        "en",
        SIGN,
        hours={"day": HOURS},
        doors={"main": DoorTimes("day", "day")},
        report_codes={"21": CODE},
        care=CARE,
        display=DisplaySettings(LetterSize.LARGE),
        accepted="any",
    ),
    Round(
        YARD, "r1", 2, UTC - 5, "夜间巡查", True, (RoundStop(UNIT, "main", 480, 600, "12号楼2单元"), RoundStop("b12-u1", "main", 1380, 60)),
        frozenset(Weekday), frozenset({"2026-10-01"}), 900, frozenset({"wang"}),
    ),
    Round(YARD, "r2", 2, UTC - 5, withdrawn=True),
    Keys(WHOLE, 2, UTC - 5, CENTRE_KEYS),
    Visitors(OWN, 2, UTC - 5, (VisitorCode("main", "2026-11-24", 3),)),
    Secrets(OWN, 2, UTC - 5, UNIT, bytes(range(90))),
    Software(YARD, 2, UTC - 5, "1:2.0~rc1-1", Form.DEB, 5_000_000, "ab" * 32, "https://centre.example:8443/software/ab"),
    Software(OWN, 2, UTC - 5, "3.0", Form.RAUC, 2**31, "cd" * 32, "https://[::1]/x", withdrawn=True),
    *map(_command, ORDERS),
    Confirm(OWN, UTC - 1, UNIT, "e1", 1, "ab" * 32, "s1-1", UTC, "cd" * 32, 50, "ef" * 32),
)  # fmt: skip

NUMBERS: tuple[Any, ...] = (
    0, -1, 1, 2, 9, 10, 60, 61, -0.0, 0.5, 5e-324, -1e308, 1e308, MAX_INTEGER, -MAX_INTEGER, MAX_INTEGER + 1,
    2**63, 10**400, -(10**400), LAST_UTC, LAST_UTC + 0.999, LAST_UTC + 1, LAST_UTC - 86_400, -62_135_596_800, 7_258_118_399, 7_258_118_400,
    2**31, 2**32, UTC - 1e-6, UTC, UTC + 1e-6, UTC + 599, UTC - 1e9, UTC + 31 * 86_400,
)  # fmt: skip
LENGTHS = (2, 16, 17, 32, 33, 48, 49, 60, 61, 64, 65, 100, 101, 200, 201, 500, 501, 40_000)
ODD = (
    "", " ", "\x00", "\x00" * 90, "\x1b[2J", "\ud800", "\udfff x", "\u202eabc", "\u200d" * 90, "👩‍👩‍👧‍👦" * 20, "e" + "\u0301" * 10_000,
    "\u2028\u2029\n\r\t", "\ufeff", "\U0010ffff", "\ufffe", "{", "}", "{0}", "{unit.__class__}", "%s%n", "㍿" * 50, "ﷺ" * 100, "\n" * 5000,
    "a" * 39_999 + "，", "⁉" * 30,
)  # fmt: skip
WORDS = (
    *Mode, *(each.TAG for each in ORDERS), *Category, *Role, *Per, "poll", "rating", "main", "nobody", "*", UNIT, "zh-CN", "en", "xx",
    "UTC", "America/St_Johns", "Pacific/Kiritimati", "Etc/GMT+12", "Africa/Monrovia", "../../etc/passwd", "localtime", "posixrules", "Asia", "Factory",
    "ab" * 16, "AB" * 16, "00" * 32, "ff" * 32, "00:00-24:00", "24:00", "00:00", "23:59", *Weekday, "24:00-24:00", "23:59-24:00", "0001-01-01", "9999-12-31", "2026-02-30",
)  # fmt: skip
PLAIN: tuple[Any, ...] = (None, True, False, [], {}, [[]], {"": ""}, [None], {"door": None})


def extremes(value: Any) -> Iterator[Any]:
    """What to put in the place of `value`: everything of each plain type, and its own at other lengths."""
    yield from NUMBERS
    yield from (sign * length for sign in ("x", "字") for length in LENGTHS)
    yield from ODD
    yield from WORDS
    yield from PLAIN
    yield _nested(MAX_DEPTH - 6)
    yield _nested(MAX_DEPTH + 1)
    if isinstance(value, list) and value:
        for length in (1, 2, 8, 9, 10, 16, 17, 32, 33, 64, 65, 400, 401, 1000):
            yield [value[0]] * length
            yield [_numbered(value[0], number) for number in range(length)]
    if isinstance(value, dict):
        for length in (32, 33, 64, 65, 1000):
            yield value | {f"k{number}": next(iter(value.values()), 1) for number in range(length)}


def _nested(depth: int) -> Any:
    value: Any = 1
    for number in range(depth):
        value = [value] if number % 2 else {"x": value}
    return value


def _numbered(value: Any, number: int) -> Any:
    """As `value`, but another: ids and texts in a list are often to differ."""
    if isinstance(value, dict):
        return {key: f"{inner}{number}" if key in ("id", "kid") else inner for key, inner in value.items()}
    return f"{value}{number}" if isinstance(value, str) else value


def cases(kind: Kind) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """(name, number of the extreme, payload) of each message of a kind with one field at one extreme, or left out."""
    for index, sample in enumerate(SAMPLES):
        if kind_of(sample) is not kind:
            continue
        payload = payload_of(sample, SITE)
        yield f"{index} as it is", 0, payload
        if isinstance(sample, Command) and sample.action not in ("open", "mode"):
            continue  # they have no field of their own; `action` is one of those two's
        for path, value in _paths(payload):
            name = f"{index} {kind} {'.'.join(map(str, path))}"
            yield f"{name} left out", 0, _without(payload, path)
            for number, extreme in enumerate(extremes(value)):
                yield f"{name} #{number}", number, put(payload, path, extreme)


def kind_of(message: Message) -> Kind:
    return Kind(type(message).__name__.removesuffix("Part").lower())


def _paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every place in a payload; of a list the first element only."""
    if isinstance(value, dict):
        inner: Sequence[tuple[Any, Any]] = list(value.items())
    else:
        inner = list(enumerate(value))[:1] if isinstance(value, list) else []
    for key, each in inner:
        yield (*above, key), each
        yield from _paths(each, (*above, key))


def put(value: Any, path: tuple[Any, ...], extreme: Any) -> Any:
    if not path:
        return extreme
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], extreme)
    return copy


def _without(value: Any, path: tuple[Any, ...]) -> Any:
    copy = value.copy()
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _without(value[path[0]], path[1:])
    return copy


def sealed(kind: Kind, payload: dict[str, Any]) -> bytes:
    """Signed by a key that may; half surrogates are escaped, as a hostile signer would."""
    raw = json.dumps(payload, separators=(",", ":")).encode()
    kid = signing.kid_for(kind)
    return signing.seal(signing.header(kind, kid), raw, signing.KEYS[kid])


def topic_of(kind: Kind, payload: dict[str, Any]) -> str:
    """The topic that says the same as the payload; where there is none, the one the sample has."""
    sample = next(each for each in SAMPLES if kind_of(each) is kind)
    scope, names = payload.get("scope"), [payload.get("id"), payload.get("part")]
    count = {Kind.NOTICE: 1, Kind.ROUND: 1, Kind.ROSTER: 2}.get(kind, 0)
    with_scope = scope if isinstance(scope, str) else str(sample.scope)
    text = f"{topics.PREFIX}/{SITE}/down/{with_scope}/{kind}"
    text = "/".join([text, *(str(name) for name in names[:count])])
    if topics.parse_down(text) is not None:
        return text
    ids = [getattr(sample, "id", ""), getattr(sample, "part", 0)][:count]
    return topics.down(SITE, sample.scope, kind, *ids)


def unset() -> list[str]:
    """Fields of message types that no sample has at another value than their default: they would not be tried."""
    seen: dict[type, set[str]] = {}
    for sample in SAMPLES:
        _look(sample, seen)
    named = [(module, kind) for module in (messages, commands, visitors) for kind in vars(module).values()]
    declared = [kind for module, kind in named if getattr(kind, "__module__", "") == module.__name__]
    kinds = [kind for kind in declared if isinstance(kind, type) and dataclasses.is_dataclass(kind)]
    kinds.remove(Address)  # of a declaration, no message carries it
    return [
        f"{kind.__name__}.{field.name}"
        for kind in kinds
        for field in dataclasses.fields(kind)
        if field.name not in seen.get(kind, set())
    ]


def _look(value: Any, seen: dict[type, set[str]]) -> None:
    if isinstance(value, Enum):
        return
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            if inner != field.default and inner not in (None, (), frozenset()):
                seen.setdefault(type(value), set()).add(field.name)
            _look(inner, seen)
    elif isinstance(value, tuple | list | frozenset):
        for each in value:
            _look(each, seen)
    elif isinstance(value, dict):
        for each in value.values():
            _look(each, seen)
