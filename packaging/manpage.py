"""doorward(1) and doorward-centre(1) in roff, from the help that the commands themselves print: what the page says is what the program does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

EXIT_CODES = (
    ("0", "Stopped cleanly, or asked to restart."),
    ("1", "A check failed."),
    ("2", "Wrong use of a command."),
    ("69", "Something needed is not there, or another process holds it."),
    ("70", "A fault of our own."),
    ("78", "The configuration."),
)
FILES = (
    ("/etc/doorward/config.yaml", "The unit's configuration; config.example.yaml beside it explains every key."),
    ("/etc/doorward/identity/", "The unit's key and what enrolment brought."),
    ("/var/lib/doorward/", "Journal, cache and latches: the unit's state."),
    ("/run/doorward/status.json", "The newest status of the running agent."),
)
CENTRE_FILES = (("/var/lib/doorward-centre/", "The centre's keys, books and broker files."),)


def roff(text: str) -> str:
    """Text as roff takes it: nothing in it is a request or an escape."""
    escaped = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga")
    return re.sub(r"^([.'])", r"\\&\1", escaped)


def page(
    name: str, summary: str, group: click.Group, *, version: str, date: str, files: tuple[tuple[str, str], ...]
) -> str:
    context = click.Context(group, info_name=name)
    lines = [f'.TH {name.upper()} 1 "{date}" "Doorward {version}" "User Commands"']
    lines += [".SH NAME", f"{name} \\- {roff(summary)}"]
    lines += [".SH SYNOPSIS", f".B {roff(name)}", "[OPTIONS] COMMAND [ARGS]..."]
    lines += [".SH DESCRIPTION", *_paragraphs(group.help or summary)]
    lines += [".SH OPTIONS", *_options(group, context), ".SH COMMANDS", *_commands(group, context, "")]
    lines += [".SH EXIT STATUS", *_terms(EXIT_CODES), ".SH FILES", *_terms(files)]
    return "\n".join(lines) + "\n"


def _commands(group: click.Group, context: click.Context, before: str) -> Iterator[str]:
    """Each command with its usage, its help and its options; those of groups by their whole names."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        words = f"{before}{name}"
        if isinstance(command, click.Group):
            yield from _commands(command, inner, f"{words} ")
            continue
        yield f'.SS "{roff(" ".join([words, *command.collect_usage_pieces(inner)]))}"'
        yield from _paragraphs(command.help or "")
        yield from _options(command, inner)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.replace("\b", "").strip()):
        if paragraph.strip():
            yield from (".PP", roff(paragraph))


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    records = (each.get_help_record(context) for each in command.get_params(context))
    yield from _terms(tuple(record for record in records if record is not None))


def _terms(pairs: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for term, text in pairs:
        yield from (".TP", f".B {roff(term)}", roff(text) or "\\&")
