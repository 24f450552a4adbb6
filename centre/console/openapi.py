"""The calls as an OpenAPI 3.1 document: made from their declarations, so that it says what is asked and answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from centre.console.call import CALLS, Call
from centre.console.csrf import HEADER
from centre.console.problem import BEFORE, PROBLEMS, Problem
from centre.permits import LEAST

PREFIX = "/api/v1"
VERSION = "1.0.0"
_REF = "#/components/schemas/{name}"


def document(calls: Iterable[Call] = CALLS) -> dict[str, Any]:
    """Without the address: it is the one that the document was asked of."""
    every = list(calls)
    kinds = {each.asks for each in every} | {each.answers for each in every} | {Problem}
    _references, schemas = msgspec.json.schema_components(
        sorted(kinds, key=lambda kind: kind.__name__), ref_template=_REF
    )
    paths: dict[str, dict[str, Any]] = {}
    for each in every:
        paths.setdefault(PREFIX + each.path, {})[each.method.lower()] = _operation(each, schemas)
    for kind in {each.asks for each in every} - {
        each.answers for each in every
    }:  # what is asked stands with each operation
        schemas.pop(kind.__name__, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Doorward centre",
            "version": VERSION,
            "description": "What the console's pages can do, for programs. Times are seconds since 1970 (UTC).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "Made by `centre account token`."},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "doorward",
                    "description": f"Of a page that is signed in; what changes something wants the header {HEADER} too.",
                },
            },
        },
        "security": [{"token": []}, {"session": []}],
    }


def _operation(each: Call, schemas: Mapping[str, Any]) -> dict[str, Any]:
    asked = schemas[each.asks.__name__]
    properties: Mapping[str, Any] = asked.get("properties", {})
    required = set(asked.get("required", ()))
    in_path = each.path_names
    made: dict[str, Any] = {
        "operationId": each.name,
        "tags": [each.run.__module__.rpartition(".")[2]],
        "summary": each.summary,
        "description": f"Least role: {LEAST[each.doing].value}.",
        "parameters": [{"name": name, "in": "path", "required": True, "schema": properties[name]} for name in in_path],
        "responses": {
            "200": _answer("done", each.answers.__name__),
            **{str(code): _answer(words, Problem.__name__) for code, words in PROBLEMS.items()},
            **{str(code): _plain(words) for code, words in BEFORE.items()},
        },
    }
    rest = {name: value for name, value in properties.items() if name not in in_path}
    if each.method == "GET":
        made["parameters"] += [
            {"name": name, "in": "query", "required": name in required, "schema": value} for name, value in rest.items()
        ]
    else:
        wanted = sorted(required - set(in_path))
        schema = {"type": "object", "properties": rest, **({"required": wanted} if wanted else {})}
        made["requestBody"] = {"required": bool(wanted), "content": {"application/json": {"schema": schema}}}
    return made


def _answer(words: str, kind: str) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": {"$ref": _REF.format(name=kind)}}}}


def _plain(words: str) -> dict[str, Any]:
    return {"description": words, "content": {"text/plain": {"schema": {"type": "string"}}}}
