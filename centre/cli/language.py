"""The language of a command: chosen anew each time one is called, for its words, its help, and what click says itself.

Chinese only where terminal and pipe can hold it; what else they cannot hold is written as its number, never a crash.
"""

from __future__ import annotations

import codecs
import gettext
import io
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from inspect import cleandoc
from pathlib import Path
from typing import Any, TextIO

import click

from centre.words import LOCALE, _, speak
from contract.language import CHINESE, ENGLISH, language_of

CLICK = "messages"
"""The domain that click asks for its words: gettext's own for a program that names none."""
_ELSEWHERE = str(Path(sys.base_prefix) / "share" / "locale")
"""Where gettext looks that was told nothing."""
_NO_BREAK_BEFORE = "，。；：、！？）】》”’"


@dataclass(frozen=True, slots=True)
class HelpText:
    """A text that click keeps in an attribute of a command or option, in English."""

    of: click.Command | click.Parameter
    attribute: str
    english: str


def help_texts(command: click.Command) -> Iterator[HelpText]:
    """Of a command and all below it, as they are in the code: before the first `choose`."""
    yield HelpText(command, "help", cleandoc(command.help or ""))
    for each in command.params:
        for attribute in ("help", "show_default"):
            text = getattr(each, attribute, None)
            if isinstance(text, str) and text:
                yield HelpText(each, attribute, text)
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from help_texts(below)


def choose(texts: Iterable[HelpText]) -> None:
    """For all that is said from here on: by the environment, and by what the streams can hold."""
    held = [_holds(stream) for stream in (sys.stdout, sys.stderr)]
    language = language_of(os.environ) if all(held) else ENGLISH
    speak(language)
    gettext.bindtextdomain(CLICK, str(LOCALE) if language == CHINESE else _ELSEWHERE)
    for each in texts:
        text = _(each.english) if each.english else None
        setattr(each.of, each.attribute, text)
        if isinstance(each.of, click.Command):
            chinese = language == CHINESE
            each.of.short_help = _first_sentence(text or "") if chinese else None
            each.of.context_class = _WideContext if chinese else click.Context
            each.of._help_option = None  # noqa: SLF001  # click keeps the one it made, in the language of then


class SpokenCommand(click.Command):
    """A command that `doorward` calls by name: it and all below it speak the language of each call."""

    @cached_property
    def texts(self) -> tuple[HelpText, ...]:
        return tuple(help_texts(self))

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        choose(self.texts)
        return super().make_context(*args, **extra)


def _holds(stream: TextIO) -> bool:
    """Whether it can show Chinese. Where it cannot show everything, the rest is escaped from now on."""
    encoding = codecs.lookup(getattr(stream, "encoding", None) or "utf-8").name
    if encoding != "utf-8" and isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="backslashreplace")
    try:
        "中".encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _first_sentence(text: str) -> str:
    """For the list of commands: click finds the end of an English sentence only."""
    return re.split("[。\n]", text, maxsplit=1)[0]


# --- help in characters that take two columns


def columns(text: str) -> int:
    """How many a terminal takes for it."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns, broken between words and between Chinese characters."""
    lines = [""]
    for piece in re.findall(rf"\s+|[\x21-\u2e7f]+[{_NO_BREAK_BEFORE}]*|.[{_NO_BREAK_BEFORE}]*", text):
        blank = piece.isspace()
        if columns(lines[-1]) + columns(piece.rstrip()) > width and not blank:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") if blank else piece
    return [line.rstrip() for line in lines]


class _WideFormatter(click.HelpFormatter):
    """As click's, but by columns: it counts characters, and breaks only where a blank is."""

    def write_text(self, text: str) -> None:
        paragraphs = (wrapped(each, self.width - self.current_indent) for each in re.split(r"\n\s*\n", text))
        indent = " " * self.current_indent
        self.write("\n\n".join("\n".join(indent + line for line in lines) for lines in paragraphs) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        table = list(rows)
        first = min(max((columns(term) for term, _text in table), default=0), col_max) + col_spacing
        for term, text in table:
            lines = wrapped(text, max(self.width - first - 2, 10))
            start = f"{'':{self.current_indent}}{term}"
            beside = columns(term) <= first - col_spacing
            self.write(f"{start}{' ' * (first - columns(term))}{lines.pop(0)}\n" if beside else f"{start}\n")
            for line in lines:
                self.write(f"{'':{self.current_indent + first}}{line}\n")


class _WideContext(click.Context):
    formatter_class = _WideFormatter
