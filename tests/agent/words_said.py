"""What the agent says on screens, found from the syntax tree: every key of the catalogue that the code asks for, and the fields it gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("agent/core", "agent/cli")
ANSWER, TEXT, RULE = "answer", "text", "rule"


@dataclass(frozen=True)
class Said:
    """`key`: as written, `{}` for what is put into it. `what`: an answer (a title and a body), a text, or the rule of a decision.

    `fields`: what it is filled with; None where that is not to be seen here.
    """

    what: str
    key: str
    where: str
    fields: frozenset[str] | None = None


def everything() -> list[Said]:
    found = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found += said(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    return found


def said(source: str, name: str = "") -> Iterator[Said]:
    for function in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)):
        where = f"{name}: {function.name}"
        if function.name.endswith("_key"):  # it says which answer another module shows
            returned = (each.value for each in ast.walk(function) if isinstance(each, ast.Return) and each.value)
            yield from (Said(ANSWER, key, where) for value in returned for key in _keys(value, function))
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                for what, argument in _asked(node):
                    fields = _fields(node) if what == ANSWER else None
                    keys = list(_keys(argument, function))
                    yield from (Said(what, key, where, fields) for key in keys)
                    if not keys:
                        yield Said(what, f"? {ast.unparse(argument)}", where)
            elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "words":
                yield from (Said(TEXT, key, where) for key in _keys(node.slice, function))
            elif isinstance(node, ast.Tuple) and _is_verdict(node):
                yield from (Said(RULE, f"rule.{key}", where) for key in _keys(node.elts[1], function))


def _asked(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """The arguments that are keys, each with what it is the key of."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    match name:
        case "say" if isinstance(owner, ast.Name) and owner.id == "step":
            yield ANSWER, call.args[0]
        case "say":
            yield TEXT, call.args[1]
        case "message_pages":
            yield ANSWER, call.args[3]
        case "Decision" if len(call.args) > 3:
            yield RULE, ast.JoinedStr([ast.Constant("rule."), *_parts(call.args[3])])
        case _:
            for keyword in call.keywords:
                if keyword.arg == "rule" and name == "replace":
                    yield RULE, ast.JoinedStr([ast.Constant("rule."), *_parts(keyword.value)])


def _parts(node: ast.expr) -> list[ast.expr]:
    return node.values if isinstance(node, ast.JoinedStr) else [node]


def _is_verdict(node: ast.Tuple) -> bool:
    """`(Denial.HOURS, "rule")`, or `(None, f"role.{…}")`."""
    if len(node.elts) != 2 or not isinstance(node.elts[1], ast.Constant | ast.JoinedStr | ast.IfExp):
        return False
    first = node.elts[0]
    denial = isinstance(first, ast.Attribute) and isinstance(first.value, ast.Name) and first.value.id == "Denial"
    return denial or (isinstance(first, ast.Constant) and first.value is None)


def _keys(node: ast.expr, function: ast.FunctionDef) -> Iterator[str]:
    """What the expression may be. A name is looked up in its function; what is handed in is nothing that is known here."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr():
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        case ast.IfExp():
            yield from _keys(node.body, function)
            yield from _keys(node.orelse, function)
        case ast.Name():
            for each in ast.walk(function):
                if isinstance(each, ast.Assign):
                    yield from _assigned(each, node.id, function)


def _assigned(node: ast.Assign, name: str, function: ast.FunctionDef) -> Iterator[str]:
    for target in node.targets:
        if isinstance(target, ast.Name) and target.id == name:
            yield from _keys(node.value, function)
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for one, value in zip(target.elts, node.value.elts, strict=False):
                if isinstance(one, ast.Name) and one.id == name:
                    yield from _keys(value, function)


def _fields(call: ast.Call) -> frozenset[str] | None:
    named = isinstance(call.func, ast.Attribute) and call.func.attr == "say" and ast.unparse(call.func) == "step.say"
    names = [keyword.arg for keyword in call.keywords]
    if not named or None in names:
        return None
    return frozenset(name for name in names if name is not None) - {"door"}
