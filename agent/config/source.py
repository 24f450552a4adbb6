"""A configuration file's bytes as plain text values, each with its line. The only file that imports yaml.

Every scalar stays the text that was written: what it means is decided by the field it is for (values.py), so `no`,
`0123`, `12:30:00` and `1_000` are not turned into something else behind the writer's back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

import yaml

from agent.errors import shown
from agent.words import _

MAX_BYTES = 256 * 1024
"""A street's largest unit needs about 4 KiB."""
MAX_DEPTH = 12
"""The deepest key of the configuration has five levels (devices, name, layout, page, idle)."""

KeyPath = tuple[str | int, ...]
Plain = str | list["Plain"] | dict[str, "Plain"] | None
"""None stands for a value that is not there or not usable and was reported."""
Report = Callable[[KeyPath, str, int | None], None]
"""Takes where (the path of keys), what is wrong, and the line where that is not the path's own."""


@dataclass(slots=True)
class Source:
    """What the file says. `lines` holds the line, counted from 1, of every path there is."""

    values: dict[str, Plain] = field(default_factory=dict)
    lines: dict[KeyPath, int] = field(default_factory=dict)


class SourceError(Exception):
    """The file as a whole cannot be read: nothing beyond this fault is known about it."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def read(path: Path) -> str:
    """The file's text. Raises SourceError."""
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode):
            raise SourceError(_("is not a file"))
        if status.st_size > MAX_BYTES:
            raise SourceError(
                _("is larger than {size} KiB, so it is not a configuration").format(size=MAX_BYTES // 1024)
            )
        with path.open("rb") as file:
            return decode(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise SourceError(
            _("cannot be read: {reason}").format(reason=_(error.strerror) if error.strerror else error)
        ) from None
    except ValueError as error:  # a NUL in the name
        raise SourceError(_("cannot be read: {error}").format(error=error)) from None


def decode(data: bytes) -> str:
    """UTF-8, with or without a byte order mark."""
    if len(data) > MAX_BYTES:
        raise SourceError(_("is larger than {size} KiB, so it is not a configuration").format(size=MAX_BYTES // 1024))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError(_("is UTF-16, not UTF-8: save it as UTF-8"), 1)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(_("is not UTF-8 here{hint}").format(hint=_maybe_gbk(data)), line) from None
    return text


def _maybe_gbk(data: bytes) -> str:
    try:
        data.decode("gbk")
    except UnicodeDecodeError:
        return ""
    return _("; it looks like GBK: convert it with `iconv -f GBK -t UTF-8`")


def parse(text: str, report: Report) -> Source:
    """Plain values of the one document in `text`. Small faults go to `report`; raises SourceError where no sense can be made of the rest."""
    try:
        return _Composer(yaml.parse(text, Loader=yaml.SafeLoader), report).document()
    except SourceError as error:
        full = _full_width(text, error.line or 1)
        raise (SourceError(full[1], full[0]) if full is not None else error) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        what = error.problem or error.context or _("does not read as YAML")
        if r"'\t'" in what:
            raise SourceError(_("a tab stands where only spaces may"), line) from None
        full = _full_width(text, line or 1)
        if full is not None:
            raise SourceError(full[1], full[0]) from None
        raise SourceError(_("not well-formed: {what}").format(what=shown(what, 120)), line) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else None
        raise SourceError(_("a control character that has no place in a text file"), line) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # ValueError: PyYAML's own slips on odd escapes (\U00110000) and version numbers
        raise SourceError(_("not well-formed: {error}").format(error=shown(error, 120))) from None


def _full_width(text: str, line: int) -> tuple[int, str] | None:
    """A full-width sign in the place of a key's colon or of a space, the line before the fault included: (line, what to do)."""
    lines = text.split("\n")
    for number in range(max(1, line - 1), min(line + 1, len(lines)) + 1):
        code = lines[number - 1].partition("#")[0]
        found = re.search(r"^[\s{-]*[\w-]+\s*(：)|(\u3000)|[{,]\s*[\w-]+\s*(：)|([，｛｝［］])", code)
        if found is not None:
            sign = next(group for group in found.groups() if group)
            meant = unicodedata.normalize("NFKC", sign)
            named = _("space") if sign == "\u3000" else f"`{sign}`"
            return number, _("a full-width {named} stands here: write `{meant}`").format(named=named, meant=meant) + (
                _(" and a space") if meant == ":" else ""
            )
    return None


class _Composer:
    """Events to plain values. Anchors, aliases, tags and further documents are refused, so nothing can multiply."""

    def __init__(self, events: Iterator[yaml.Event], report: Report) -> None:
        self._events = events
        self._report = report
        self._source = Source()

    def document(self) -> Source:
        next(self._events)  # stream start
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise SourceError(_("is empty"))
        first = next(self._events)
        if not isinstance(first, yaml.MappingStartEvent):
            raise SourceError(_("must be keys with values, like `unit:`"), _line(first))
        self._refuse_extras(first, ())
        self._source.lines[()] = _line(first)
        self._source.values = self._mapping((), 1)
        next(self._events)  # document end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise SourceError(_("a second document (`---`) starts here: one file, one document"), _line(event))
        return self._source

    def _value(self, event: yaml.Event, path: KeyPath, depth: int) -> Plain:
        if depth > MAX_DEPTH:
            raise SourceError(_("nested more than {depth} deep").format(depth=MAX_DEPTH), _line(event))
        self._refuse_extras(event, path)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path, depth + 1)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path, depth + 1)
        if not isinstance(event, yaml.ScalarEvent):  # an alias
            return None
        if event.value == "" and event.style is None:
            self._report(path, _("has no value: write one, or take the key out"), _line(event))
            return None
        text = str(event.value)
        if any("\ud800" <= c <= "\udfff" for c in text):
            self._report(path, _("holds half of a character (a lone surrogate)"), _line(event))
            return None
        return text

    def _mapping(self, path: KeyPath, depth: int) -> dict[str, Plain]:
        values: dict[str, Plain] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                self._value(event, path, depth)
                self._report(path, _("a key must be plain text"), line)
                self._value(next(self._events), path, depth)
                continue
            key = str(event.value)
            inner = (*path, key)
            if key in values:
                self._report(
                    inner, _("is there twice; the first is on line {line}").format(line=self._source.lines[inner]), line
                )
                self._value(next(self._events), (*path, key, "(again)"), depth)
                continue
            self._refuse_extras(event, inner)
            self._source.lines[inner] = line
            values[key] = None
            values[key] = self._value(next(self._events), inner, depth)
        return values

    def _sequence(self, path: KeyPath, depth: int) -> list[Plain]:
        values: list[Plain] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            inner = (*path, len(values))
            self._source.lines[inner] = _line(event)
            values.append(self._value(event, inner, depth))
        return values

    def _refuse_extras(self, event: yaml.Event, path: KeyPath) -> None:
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            self._report(
                path,
                _("`*{anchor}` refers to another place: write the value out").format(anchor=shown(anchor)),
                _line(event),
            )
        elif anchor is not None:
            self._report(
                path,
                _("`&{anchor}` names a value for reuse: write values out").format(anchor=shown(anchor)),
                _line(event),
            )
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            self._report(path, _("the tag `{tag}` has no meaning here").format(tag=shown(tag)), _line(event))


def _line(event: yaml.Event) -> int:
    return int(event.start_mark.line) + 1 if event.start_mark else 1
