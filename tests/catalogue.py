"""The catalogues of what the centre and the agent's commands say: what the code says, what is translated, what is not said through them yet.

`python -m tests.catalogue` (`make words`) brings the .po files up to the code (new messages empty, old ones gone, the rest as translated), and
writes the .mo files that programs read.
"""

from __future__ import annotations

import ast
import io
import re
import string
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from babel.messages import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment

import agent.words
from agent.cli import COMMANDS as AGENT_COMMANDS
from agent.cli import command_of, doorward
from agent.cli.language import help_texts
from centre.cli import centre
from centre.cli.verify_record import verify_record
from centre.words import DOMAIN, LOCALE
from contract.language import CHINESE
from panel.cli import panel
from simulator.practice import simulate

ROOT = Path(__file__).resolve().parent.parent
FOLDER = LOCALE / CHINESE / "LC_MESSAGES"
CLICK = "messages"
"""The domain of what click says itself: a copy lies with each program, which may be installed alone."""
KEYWORDS: dict[str, None] = {"_": None, "N_": None}

STRICT = {"silent": "false", "encoding": "utf-8"}
"""A template that cannot be read is an error here, too."""

COMMANDS = (centre, verify_record)
"""What `doorward` calls by name."""


@dataclass(frozen=True)
class Speaker:
    """A program with a catalogue of its own. `help`: the texts of its commands, in English. `packages`: those that speak through it, its own first."""

    domain: str
    folder: Path
    packages: tuple[str, ...]
    help: Callable[[], Iterable[str]]

    @property
    def modules(self) -> list[Path]:
        return sorted(path for package in self.packages for path in (ROOT / package).rglob("*.py"))

    @property
    def templates(self) -> list[Path]:
        return sorted(path for package in self.packages for path in (ROOT / package).rglob("templates/**/*.html"))


def _centre_help() -> Iterator[str]:
    return (each.english for command in COMMANDS for each in command.texts)


def _agent_help() -> Iterator[str]:
    commands = [doorward, *(command_of(name) for name in AGENT_COMMANDS), simulate, *_below(panel)]
    return (each.english for command in commands for each in help_texts(command))


def _below(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            if not found.hidden:
                yield from _below(found)


CENTRE = Speaker(DOMAIN, FOLDER, ("centre",), _centre_help)
AGENT = Speaker(
    agent.words.DOMAIN, agent.words.LOCALE / CHINESE / "LC_MESSAGES", ("agent", "panel", "simulator"), _agent_help
)
SPEAKERS = (CENTRE, AGENT)

SAID: Mapping[str, int] = {
    "BadRecordError": 0,
    "BadValueError": 1,
    "Break": 3,
    "CentreError": 0,
    "CheckResult": 2,
    "Fault": 2,
    "Finding": 1,
    "MissingValueError": 1,
    "RecordFault": 0,
    "SealedFileError": 0,
    "ValueError": 0,
    "append": 0,
    "ask": 0,
    "confirm": 0,
    "echo": 0,
    "fault": 1,
    "prompt": 0,
    "say": 0,
    "_break": 1,
    "_fail": 0,
    "_say": 0,
}
"""Functions whose argument of this number a person reads."""
SAID_BY_AGENT: Mapping[str, int] = {
    "AnswersError": 0,
    "BadParameter": 0,
    "ConfigError": 0,
    "DoorwardError": 0,
    "Finding": 2,
    "IdentityError": 0,
    "NoRoomError": 0,
    "NotUnderstoodError": 0,
    "PanelError": 0,
    "Row": 2,
    "SourceError": 0,
    "TrialStep": 2,
    "UnreachableError": 0,
    "UsageError": 0,
    "_fault": 1,
    "ask": 1,
    "_ask": 1,
    "confirmed": 0,
    "echo": 0,
    "fault": 1,
    "says": 0,
    "tell": 0,
}
"""The same of the agent's commands and of its configuration."""

_FORM = """msgid ""
msgstr ""
"Language: zh_CN\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""
HEADS = {
    DOMAIN: f"# The words of `doorward centre`, in simplified Chinese. `make words` brings this file up to the code.\n{_FORM}",
    agent.words.DOMAIN: f"# The words of `doorward` on a unit, in simplified Chinese. `make words` brings this file up to the code.\n{_FORM}",
    CLICK: f"# What click says itself (versions 8.1 to 8.5) and `doorward` around it, in simplified Chinese.\n{_FORM}",
}
"""What stands first in each .po file."""


def modules() -> list[Path]:
    return CENTRE.modules


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def messages(speaker: Speaker = CENTRE) -> dict[str, set[str]]:
    """What the code says, each with the modules that say it: texts within `_( )`, and the help of commands."""
    found: dict[str, set[str]] = {}
    for method, paths in (("python", speaker.modules), ("jinja2.ext:babel_extract", speaker.templates)):
        for path in paths:
            for _line, text, _comments, _context in extract_from_file(method, path, keywords=KEYWORDS, options=STRICT):
                assert isinstance(text, str), (path, text)
                found.setdefault(text, set()).add(name_of(path))
    for text in filter(None, speaker.help()):
        found.setdefault(text, set()).add(f"{speaker.packages[0]}/cli")
    return found


def placeholders(text: str) -> set[tuple[str, str]]:
    """Name and form of each: how it is converted and laid out must be the same in every language."""
    return {
        (name, f"{conversion or ''}:{form}")
        for _text, name, form, conversion in string.Formatter().parse(text)
        if name is not None
    }


def unsaid(source: str, said: Mapping[str, int] = SAID) -> Iterator[str]:
    """Words that a person would read in English whatever the language: literals outside `_( )` where something is said or yielded. By line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Yield) and isinstance(node.value, _TEXT):
            yield from (f"{line}: {text!r}" for line, text in _words(node.value))
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        number = said.get(name, len(node.args))
        if len(node.args) > number and (name != "append" or isinstance(node.args[number], _TEXT)):
            yield from (f"{line}: {text!r}" for line, text in _words(node.args[number]))


_TEXT = (ast.JoinedStr, ast.Constant, ast.BinOp, ast.IfExp)


def _words(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Call):
        inner = node.func
        if isinstance(inner, ast.Name) and inner.id in {"_", "N_"}:
            return
        if isinstance(inner, ast.Attribute) and inner.attr == "format":  # what is filled in is data
            yield from _words(inner.value)
        return
    if isinstance(node, ast.Constant):
        text = re.sub("^centre: |--", "", node.value) if isinstance(node.value, str) else ""
        if re.search("[A-Za-z]{2}", text):
            yield node.lineno, text
        return
    if isinstance(node, ast.Compare):
        return
    if isinstance(node, ast.FormattedValue):
        yield from _words(node.value)  # not its form
        return
    for child in ast.iter_child_nodes(node):
        yield from _words(child)


def unsaid_in_template(source: str) -> Iterator[str]:
    """Words of a template that stand in it past `_( )`: between tags, and in attributes that a person reads. By line."""
    text = "".join(
        value if kind == "data" else "\n" * value.count("\n")
        for _line, kind, value in Environment(autoescape=True).lex(source)
    )
    for found in _READ.finditer(_NOT_READ.sub(lambda each: "\n" * each[0].count("\n"), text)):
        words = re.sub(
            r'[\w-]+="[^"<>]*"', "", found["between"] or found["attribute"] or ""
        ).strip()  # a macro may give attributes
        if re.search(r"[A-Za-z\u4e00-\u9fff]{2}", re.sub(r"&#?\w+;", "", words)):
            yield f"{text.count(chr(10), 0, found.start()) + 1}: {words!r}"


_NOT_READ = re.compile(r"<!--.*?-->|<!doctype[^>]*>|<(script|style)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_READ = re.compile(
    r"""\s(?:title|alt|placeholder|aria-label|aria-description|label)\s*=\s*"(?P<attribute>[^"]*)"|(?:^|>)(?P<between>[^<>]+)"""
)


def refused(source: str) -> Iterator[str]:
    """Why messages are refused, as the code says it: details that are literals."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal":
            yield from (str(each.value) for each in node.args[1:] if isinstance(each, ast.Constant))


def shadowed(source: str) -> Iterator[str]:
    """Functions that give the name `_` to something else and say a message through it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            uses = [each for each in ast.walk(node) if isinstance(each, ast.Name) and each.id == "_"]
            if len({type(each.ctx) for each in uses}) > 1:
                yield node.name


def read(domain: str = DOMAIN, speaker: Speaker = CENTRE) -> Catalog:
    with (speaker.folder / f"{domain}.po").open("rb") as file:
        return read_po(file, locale="zh_CN", domain=domain, abort_invalid=True)


def compiled(catalog: Catalog) -> bytes:
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def said_by(data: bytes) -> dict[str, Any]:
    """The messages of a .mo file, but for its head, in which the tool's version and the date stand."""
    return {str(each.id): each.string for each in read_mo(io.BytesIO(data)) if each.id}


def written(catalog: Catalog) -> bytes:
    """As the .po file stands: sorted, no date in it, no line numbers, so that a change of one message is a change of one place."""
    out = io.BytesIO()
    write_po(out, catalog, width=120, sort_output=True, include_lineno=False, omit_header=True)
    return HEADS[catalog.domain or ""].encode() + out.getvalue()


def renewed(old: Catalog, speaker: Speaker = CENTRE) -> Catalog:
    """The catalogue of the code as it is, with the translations that there are."""
    made = Catalog(locale="zh_CN", domain=speaker.domain)
    for text, where in messages(speaker).items():
        known = old.get(text)
        made.add(text, known.string if known is not None else "", locations=[(name, 0) for name in sorted(where)])
    return made


def brought_up(speaker: Speaker) -> list[str]:
    """Its files are written; what is not translated comes back."""
    if speaker is not CENTRE:
        speaker.folder.mkdir(parents=True, exist_ok=True)
        (speaker.folder / f"{CLICK}.po").write_bytes((CENTRE.folder / f"{CLICK}.po").read_bytes())
    catalog = renewed(read(speaker.domain, speaker), speaker)
    (speaker.folder / f"{speaker.domain}.po").write_bytes(written(catalog))
    for domain in (speaker.domain, CLICK):
        path, made = speaker.folder / f"{domain}.mo", compiled(read(domain, speaker))
        if not path.exists() or said_by(path.read_bytes()) != said_by(made):
            path.write_bytes(made)
    return [str(each.id) for each in catalog if each.id and not each.string]


def main() -> int:
    left = [text for speaker in SPEAKERS for text in brought_up(speaker)]
    for text in left:
        sys.stdout.write(f"not translated: {text!r}\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
