"""A JSON Schema (2020-12) for each message and each kind of fact."""

from __future__ import annotations

from typing import Any

from declared import PARTS, PID, TABLES

from contract import codec
from contract.enrolment import Enrol
from contract.facts import KINDS as FACTS
from contract.kinds import KINDS


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema (2020-12) by file name."""
    named = {name: codec.schema(kind) for name, kind in TABLES.items() if name not in PARTS}
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
    pid = {"type": "integer", "minimum": 1, "description": PID}
    return {**schema, "properties": {**schema["properties"], "pid": pid}, "required": [*schema["required"], "pid"]}
