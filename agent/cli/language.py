"""The language of the command that was called: its words, its help, and what click says itself. Chosen anew for each call.

Chinese only where terminal and pipe can hold it; what else they cannot hold is written as its number, never a crash.
"""

from __future__ import annotations

import codecs
import gettext
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from inspect import cleandoc
from pathlib import Path
from typing import Any, TextIO

import click

from agent.core.text import wrap
from agent.table import columns, filled
from agent.words import LOCALE, _, speak, speaks_chinese
from contract.frozen import frozen
from contract.language import CHINESE, ENGLISH, language_of

LANGUAGES = {"zh-CN": CHINESE, "en": ENGLISH}
"""As they are asked for."""
_CLICK = "messages"
"""The domain that click asks for its words: gettext's own for a program that names none."""
_ELSEWHERE = str(Path(sys.base_prefix) / "share" / "locale")
"""Where gettext looks that was told nothing."""


@frozen
class HelpText:
    """A text that click keeps in an attribute of a command or option, in English."""

    of: Any
    attribute: str
    english: str


@cache
def help_texts(command: click.Command) -> tuple[HelpText, ...]:
    """As they are in the code: before the first `spoken`."""
    return tuple(_help_texts(command))


def _help_texts(command: click.Command) -> Iterator[HelpText]:
    yield HelpText(command, "help", cleandoc(command.help or ""))
    for each in command.params:
        text = getattr(each, "help", None)
        if text:
            yield HelpText(each, "help", text)


def choose(asked: str | None = None) -> None:
    """For all that is said from here on: as `asked`, else by the environment, and by what the streams can hold."""
    held = [_holds(stream) for stream in (sys.stdout, sys.stderr)]
    wanted = language_of(os.environ) if asked is None else LANGUAGES[asked]
    language = wanted if all(held) else ENGLISH
    speak(language)
    gettext.bindtextdomain(_CLICK, str(LOCALE) if language == CHINESE else _ELSEWHERE)
    if asked is not None:
        os.environ["LANGUAGE"] = language  # click asks the environment; commands of other packages do too


@contextmanager
def language_ends() -> Iterator[None]:
    """Whatever is chosen within is over with it."""
    before = os.environ.get("LANGUAGE")
    try:
        yield
    finally:
        speak(ENGLISH)
        if before is None:
            os.environ.pop("LANGUAGE", None)
        else:
            os.environ["LANGUAGE"] = before


def spoken(command: click.Command) -> click.Command:
    """The command with its help in the language that is spoken now."""
    for each in help_texts(command):
        setattr(each.of, each.attribute, _(each.english) if each.english else None)
    for kind in (each.type for each in command.params):
        if isinstance(kind, click.Path):  # click names it in the language it was made in
            kind.name = click.Path(file_okay=kind.file_okay, dir_okay=kind.dir_okay).name
    command.short_help = re.split("[。\n]", command.help or "")[0] if speaks_chinese() else None
    command.context_class = _WideContext if speaks_chinese() else click.Context
    command._help_option = None  # noqa: SLF001  # click keeps the one it made, in the language of then
    return command


class SpokenCommand(click.Command):
    """Of a package that is called by name and says its words through the agent's catalogue."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        spoken(self)
        return super().make_context(*args, **extra)


class SpokenGroup(click.Group):
    """The same with commands below it."""

    command_class = SpokenCommand
    group_class = type

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        spoken(self)
        return super().make_context(*args, **extra)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Spoken before it is called: a list of commands has their first sentences."""
        command = super().get_command(ctx, cmd_name)
        return None if command is None else spoken(command)


def language_option() -> click.Option:
    """`--language`, for a command: it need not stand before the command's name."""
    return click.Option(
        ["--language"],
        type=click.Choice([*LANGUAGES]),
        is_eager=True,
        expose_value=False,
        callback=_asked,
        help="Of questions and findings (default: the terminal's).",
    )


def _asked(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        choose(value)
        spoken(ctx.command)
        if speaks_chinese():
            ctx.formatter_class = _WideFormatter


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


# --- help in characters that take two columns


class _WideFormatter(click.HelpFormatter):
    """As click's, but by columns: it counts characters, and breaks only where a blank is."""

    def write_text(self, text: str) -> None:
        indent = " " * self.current_indent
        paragraphs = text.split("\n\n")
        for number, each in enumerate(paragraphs):
            lines = wrap(" ".join(each.split()), self.width - self.current_indent, wide=False)
            self.write("\n" * bool(number) + "".join(f"{indent}{line}\n" for line in lines))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        table = list(rows)
        first = min(max((columns(term) for term, _text in table), default=0), col_max) + col_spacing
        indent = " " * self.current_indent
        for term, text in table:
            lines = [*wrap(text, max(self.width - first - 2, 10), wide=False)]
            if columns(term) > first - col_spacing:
                self.write(f"{indent}{term}\n")
            else:
                self.write(f"{indent}{filled(term, first)}{lines.pop(0) if lines else ''}\n")
            for line in lines:
                self.write(f"{indent}{'':{first}}{line}\n")


class _WideContext(click.Context):
    formatter_class = _WideFormatter
