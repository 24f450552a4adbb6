"""Writes what docs/ say of what is declared: the tables of contract.md and monitoring.md, the AsyncAPI 3 document, a JSON Schema for each message and fact.

`make contract` runs it; with --check it writes nothing, and exits 1 where something differs from the code.
"""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from async_document import asyncapi
from json_schemas import schemas
from pages import page

from agent.metrics import METRICS, Metric
from centre.metrics import METRICS as CENTRE_METRICS
from centre.metrics import CentreMetric
from contract import codec
from contract.bounds import ByName, Items, Length, Named, Pattern, Range, Rest, Tagged, TextForm, WireName
from contract.care import CareRule
from contract.chain import Alarm, EarlyReceipt, FactLine, GapLine, Header
from contract.channels import CHANNELS, Channel, PayloadForm
from contract.commands import Command
from contract.enrolment import Enrol, Enrolment
from contract.facts import KINDS as FACTS
from contract.facts import Keep
from contract.hours import Hours
from contract.kinds import KINDS
from contract.messages import Holder, Sign, WorkingKey
from contract.people import DisplaySettings, Duty, ReportCode
from contract.plain import DeviceStatus, DoorStatus, LinkStatus, Presence, Reply, Status, UnitPresence
from contract.revs import RevsPage
from contract.rounds import RoundStop
from contract.sealing import Seal, SealedSecrets
from contract.strict_json import dumps

HERE = Path(__file__).parent
PAGES = (HERE.parent / "contract.md", HERE.parent / "monitoring.md")
VERSION = "1.0.0"
"""Of the contract; `1` is its first part in every topic."""
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
}
"""By the marker in the page."""


_PARTS = frozenset(
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


# --- words


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
    kind, *meta = _bare(hint)
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
            return "object, told by its `" + each.tag + "`: " + ", ".join(f"`{m.TAG}`" for m in _members(kind))
    origin, items = get_origin(kind), next((each for each in meta if isinstance(each, Items)), None)
    if origin in (Union, types.UnionType):
        return " or ".join(type_words(each) for each in _members(kind))
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


def _bare(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) is not Annotated:
        return (hint,)
    kind, *inner = _bare(get_args(hint)[0])
    return (kind, *inner, *hint.__metadata__)


def _members(kind: Any) -> tuple[Any, ...]:
    members = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    return tuple(each for each in members if each is not types.NoneType)


# --- tables


def field_table(kind: type) -> str:
    """One row for each key of a declared class."""
    rows = ["| field | type | meaning |", "|---|---|---|"]
    hints, meanings = get_type_hints(kind, include_extras=True), told(kind)
    keys = {key.attribute: key for key in codec.keys(kind)}
    for field in fields(kind):
        hint, *meta = _bare(hints[field.name])
        if Rest in meta:
            continue
        optional = types.NoneType in get_args(hint)
        members = _members(hint)
        joined = members[0] if len(members) == 1 else Union[members]  # of a tuple
        tagged = next((each for each in meta if isinstance(each, Tagged)), None)
        name = next((each.name for each in meta if isinstance(each, WireName)), field.name)
        words = type_words(Annotated[joined, *meta] if meta else joined)
        if tagged is not None and tagged.body is not None:
            name, words = f"{tagged.tag}`, `{tagged.body}", " ".join(f"`{each.TAG}`" for each in members)
        rows.append(
            f"| `{name}` | {words}{_absence(field, keys.get(field.name), optional=optional)} | {meanings.get(field.name, '')} |"
        )
    return "\n".join(rows)


def _absence(field: Any, key: codec.ObjectKey | None, *, optional: bool) -> str:
    """What is said of a field that may be absent or null."""
    default = field.default if field.default_factory is MISSING else field.default_factory()
    if default is MISSING:
        return " or null" if optional else ""
    if default == b"" or (key is not None and key.required):
        return ""  # set last, or always there
    return ", optional" if default in (None, "", (), frozenset()) else f", optional ({json.dumps(_plain(default))})"


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def topic_table() -> str:
    rows = ["| topic | retained | payload |", "|---|---|---|"]
    for channel in CHANNELS:
        address, words = (re.sub(r"\{(\w+)\}", r"<\1>", text) for text in (channel.address, channel.words))
        kept = "yes" if channel.retained else "**never**" if channel.name == "command" else "never"
        rows.append(f"| `{address}` | {kept} | {words} |")
    return "\n".join(rows)


def order_table() -> str:
    """What a command can ask for."""
    rows = ["| `action` | `args` | |", "|---|---|---|"]
    hints = get_type_hints(Command, include_extras=True)
    for order in _members(_bare(hints["order"])[0]):
        args = ", ".join(_key_words(order))
        rows.append(f"| `{order.TAG}` | {args} | {' '.join((first_words(order), *told(order).values()))} |")
    return "\n".join(rows)


def fact_table() -> str:
    """One row for each kind of fact; what may be absent stands in brackets."""
    rows = ["| kind | carries | meaning |", "|---|---|---|"]
    rows += [
        f"| `{name}` | {', '.join(_key_words(each.type))} | {first_words(each.type)} |" for name, each in FACTS.items()
    ]
    return "\n".join(rows)


def _key_words(kind: type) -> list[str]:
    made = []
    for field, key in zip(fields(kind), codec.keys(kind), strict=True):
        word = f"`{key.name}`"
        made.append(word if field.default is MISSING and field.default_factory is MISSING else f"[{word}]")
    return made


def keep_list() -> str:
    """Which kinds a full journal drops last, and which are alarms."""
    lines = []
    for keep in Keep:
        names = " ".join(f"`{name}`" for name, each in FACTS.items() if each.keep is keep)
        lines.append(f"{keep.value + 1}. {names}")
    alarms = " ".join(f"`{name}`" for name, each in FACTS.items() if each.alarm)
    return "\n".join([*lines, "", f"Alarms: {alarms}"])


def metric_table(of: Iterable[Metric | CentreMetric]) -> str:
    """What Prometheus reads of a unit, or of the centre."""
    rows = ["| metric | type | meaning |", "|---|---|---|"]
    return "\n".join([*rows, *(f"| `{each.name}` | {each.type} | {each.words} |" for each in of)])


def unit_status_table() -> str:
    """What `doorward status --json` prints."""
    return f"{field_table(Status)}\n| `pid` | whole number from 1 | {_PID} |"


_PID = "The agent's process."


def page(text: str) -> str:
    """contract.md or monitoring.md with each table as the code declares it."""

    def made(found: re.Match[str]) -> str:
        name = found[1]
        special = {
            "topics": topic_table,
            "facts": fact_table,
            "orders": order_table,
            "keep": keep_list,
            "metrics": partial(metric_table, METRICS),
            "centre_metrics": partial(metric_table, CENTRE_METRICS),
            "unit_status": unit_status_table,
        }
        table = special[name]() if name in special else field_table(TABLES[name])
        return f"<!-- declared: {name} -->\n{table}\n<!-- /declared -->"

    return re.sub(r"<!-- declared: (\w+) -->\n.*?<!-- /declared -->", made, text, flags=re.DOTALL)


# --- schemas


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema (2020-12) by file name."""
    named = {name: codec.schema(kind) for name, kind in TABLES.items() if name not in _PARTS}
    for kind in KINDS:
        named[kind.value] = _with_site(named[kind.value])
    named |= {f"fact.{name}": codec.schema(each.type) for name, each in FACTS.items()}
    named["unit_status"] = _with_pid(named["status"])
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {name: {"$schema": draft, "title": name, **schema} for name, schema in named.items()}


def _with_site(schema: dict[str, Any]) -> dict[str, Any]:
    """Every signed payload says of which site it is."""
    site = {"site": codec.schema(Enrol)["properties"]["unit"]}
    required = [name for name in schema.get("required", []) if name != "site"]
    return {**schema, "properties": {**site, **schema["properties"]}, "required": ["site", *required]}


def _with_pid(schema: dict[str, Any]) -> dict[str, Any]:
    """The status as the unit itself has it, in a file."""
    pid = {"type": "integer", "minimum": 1, "description": _PID}
    return {**schema, "properties": {**schema["properties"], "pid": pid}, "required": [*schema["required"], "pid"]}


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Doorward",
            "version": VERSION,
            "description": "What a unit at a door and the centre of a neighbourhood say to each other over MQTT. docs/contract.md says what it means.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {_operation_name(channel): _operation(channel) for channel in CHANNELS},
        "components": {"messages": {name: _message(name, channel) for channel in CHANNELS for name in _names(channel)}},
    }


def _names(channel: Channel) -> list[str]:
    return [next(name for name, kind in TABLES.items() if kind is payload) for payload in channel.payloads]


def _channel(channel: Channel) -> dict[str, Any]:
    address = f"doorward/1/{{site}}/{channel.address}"
    names = dict.fromkeys(re.findall(r"\{(\w+)\}", address))
    return {
        "address": address,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(channel)},
        "parameters": {name: {"description": _PARAMETERS[name]} for name in names},
        "description": re.sub(r"[`{}]", "", channel.words),
    }


_PARAMETERS = {
    "site": "Id of the site.",
    "level": "site, community, grid, yard, building or unit.",
    "id": "Id of the scope.",
    "notice": "Id of the notice.",
    "roster": "Id of the roster.",
    "round": "Id of the round.",
    "part": "From 1, without leading zeros.",
    "unit": "Id of the unit.",
}


def _operation_name(channel: Channel) -> str:
    return f"{'receive' if channel.from_centre else 'send'}{channel.name.capitalize()}"


def _operation(channel: Channel) -> dict[str, Any]:
    """As a unit sees it."""
    mqtt = {"qos": 1, "retain": channel.retained, "bindingVersion": "0.2.0"}
    return {
        "action": "receive" if channel.from_centre else "send",
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "bindings": {"mqtt": mqtt},
    }


def _message(name: str, channel: Channel) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name, "summary": f"{channel.form.value[0].upper()}{channel.form.value[1:]}."}
    made["contentType"] = {
        PayloadForm.JWS: "application/jose",
        PayloadForm.JSON: "application/json",
        PayloadForm.LINES: "application/x-ndjson",
    }[channel.form]
    return made | {
        "payload": {"schemaFormat": "application/schema+json;version=draft-07", "schema": _plain_schema(name)}
    }


def _plain_schema(name: str) -> dict[str, Any]:
    return {key: value for key, value in schemas()[name].items() if key != "$schema"}


# --- files


def files() -> dict[Path, str]:
    """All that is made, by its place."""
    made = {HERE / "schemas" / f"{name}.json": schema for name, schema in schemas().items()}
    made[HERE / "asyncapi.json"] = asyncapi()
    pages = {path: page(path.read_text(encoding="utf-8")) for path in PAGES}
    return pages | {path: _text(value) for path, value in made.items()}


def _text(value: dict[str, Any]) -> str:
    dumps(value)  # of what JSON has
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    stale = []
    made = files()
    for path, text in made.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    gone = [path for path in (HERE / "schemas").glob("*.json") if path not in made]
    for path in gone:
        stale.append(path.name)
        if "--check" not in sys.argv:
            path.unlink()
    print("\n".join(stale) or "all as declared")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    raise SystemExit(main())
