"""Text that means harm, one mark for each place where it is put; and what a page, read as a browser reads it, makes of it."""

from __future__ import annotations

import dataclasses
import re
import types
from collections.abc import Iterator, Mapping
from enum import Enum
from html.parser import HTMLParser
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from contract.bounds import Length, Pattern, Range
from contract.facts import KINDS

MARK = re.compile(r"zq([a-z0-9]+)zq")
FITTING = ("main", "yard/y07", "a" * 64, "a" * 16, "1", "e1", "08:00", "2026-11-26", "301")
"""For fields that take no free text."""


def payload(name: str) -> str:
    """Begins as a formula, ends an attribute of either quotes and an element, runs by two ways."""
    return f"=1'\"><img src=x onerror=a()><script>zq{name}zq</script>"


def short(name: str) -> str:
    """The same in forty characters."""
    return f"'\"><b onx=a()>zq{name}zq<!--"


class Read(HTMLParser):
    """Of one page. `runs`: what would run or load that is none of ours; `marks`: which texts are shown."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.runs: list[str] = []
        self.marks: set[str] = set()
        self._in_script = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script":
            self._in_script = given.get("type") or "module"
            if self._in_script != "application/json" and not (given.get("src") or "").startswith("/static/"):
                self.runs.append(str(attrs))
        ours = not (tag == "img" and given.get("src") == "x") and not (tag == "b" and "x" in given)
        if tag in {"iframe", "object", "embed", "base", "style"} or not ours:
            self.runs.append(tag)
        for name, value in attrs:
            text = (value or "").strip().casefold()
            if name.startswith("on") or name == "style" or MARK.search(name):
                self.runs.append(f"{tag} {name}")
            if name in {"href", "src", "action", "formaction"} and re.match(r"(javascript|data|vbscript):", text):
                self.runs.append(f"{tag} {name}={text}")
            self._see(value or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._in_script = ""

    def handle_data(self, data: str) -> None:
        if self._in_script and self._in_script != "application/json":
            self.runs.append(data)
        self._see(data)

    def handle_comment(self, data: str) -> None:
        if MARK.search(data):
            self.runs.append(f"comment {data}")

    def _see(self, text: str) -> None:
        self.marks |= set(MARK.findall(text))


def facts() -> Iterator[tuple[str, dict[str, Any], str]]:
    """Of each kind that there is one with such text wherever its form has room for it, and one that has it everywhere."""
    for number, (kind, declared) in enumerate(sorted(KINDS.items())):
        hints = get_type_hints(declared.type, include_extras=True)
        yield kind, {name: _value(hint, payload(f"f{number}")) for name, hint in hints.items()}, f"f{number}"
        yield kind, dict.fromkeys(hints, payload(f"l{number}")), f"l{number}"


def _value(hint: Any, text: str, most: int = 10_000) -> Any:
    if get_origin(hint) is Annotated:
        return _bounded(hint, text)
    if get_origin(hint) in (Union, types.UnionType):
        return _value(next(each for each in get_args(hint) if each is not type(None)), text)
    if get_origin(hint) in (tuple, list, frozenset):
        return [_value(get_args(hint)[0], text)]
    if get_origin(hint) is not None and issubclass(get_origin(hint), Mapping):
        key, value = get_args(hint)
        return {_value(key, text): _value(value, text)}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint)).value
    if hint is str:
        return text[:most]
    if dataclasses.is_dataclass(hint):
        return {name: _value(of, text) for name, of in get_type_hints(hint, include_extras=True).items()}
    return {bool: True, int: 1, float: 1.0}[hint]


def _bounded(hint: Any, text: str) -> Any:
    of, *bounds = get_args(hint)
    for bound in bounds:
        if isinstance(bound, Pattern):
            return next((each for each in FITTING if re.fullmatch(bound.regex, each)), text)
        if isinstance(bound, Range):
            return of(max(bound.least, 1))
        if isinstance(bound, Length):
            return _value(of, text, bound.most)
    return _value(of, text)
