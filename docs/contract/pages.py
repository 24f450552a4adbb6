"""The tables of contract.md and monitoring.md, between their markers."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterable
from dataclasses import MISSING, fields
from enum import Enum
from functools import partial
from typing import Annotated, Any, Union, get_args, get_type_hints

from declared import PID, TABLES, alternatives, bare, first_words, told, type_words

from agent.metrics import METRICS, Metric
from centre.metrics import METRICS as CENTRE_METRICS
from centre.metrics import CentreMetric
from contract import codec
from contract.bounds import Rest, Tagged, WireName
from contract.channels import CHANNELS
from contract.commands import Command
from contract.facts import KINDS as FACTS
from contract.facts import Keep
from contract.plain import Status


def field_table(kind: type) -> str:
    """One row for each key of a declared class."""
    rows = ["| field | type | meaning |", "|---|---|---|"]
    hints, meanings = get_type_hints(kind, include_extras=True), told(kind)
    keys = {key.attribute: key for key in codec.keys(kind)}
    for field in fields(kind):
        hint, *meta = bare(hints[field.name])
        if Rest in meta:
            continue
        optional = types.NoneType in get_args(hint)
        members = alternatives(hint)
        joined = members[0] if len(members) == 1 else Union[members]  # noqa: UP007  # of a tuple
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
    for order in alternatives(bare(hints["order"])[0]):
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
    return f"{field_table(Status)}\n| `pid` | whole number from 1 | {PID} |"


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
