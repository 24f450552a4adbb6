"""The unit's commands in the installer's language: the catalogue whole, nothing said past it, what drivers word known, and English where programs read."""

from __future__ import annotations

import ast
import copy
import gettext
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import words
from agent.cli import COMMANDS, command_of, doorward
from agent.cli.language import help_texts
from agent.commissioning.answers import meant, offered, yes_or_no
from agent.commissioning.interview import choice
from agent.driver_words import FORMS, explained
from agent.words import DOMAIN, LOCALE, SaidText, _, english_of, joined, speak
from contract.language import CHINESE, ENGLISH
from tests import catalogue
from tests.catalogue import (
    AGENT,
    CENTRE,
    CLICK,
    SAID_BY_AGENT,
    messages,
    name_of,
    placeholders,
    read,
    said_by,
    shadowed,
    unsaid,
)

SPEAKING = [path for path in AGENT.modules if "agent.words import" in path.read_text(encoding="utf-8")]
"""Modules that say something through the catalogue: then they say all of it."""


@pytest.fixture
def chinese() -> Iterator[None]:
    speak(CHINESE)
    yield
    speak(ENGLISH)


def test_every_message_is_translated_with_its_placeholders_and_nothing_else_is_there() -> None:
    there = {str(each.id): each for each in read(DOMAIN, AGENT) if each.id}
    assert set(there) == set(messages(AGENT)), "run `make words`"
    for text, each in there.items():
        assert each.string, text
        assert not each.fuzzy, text
        assert placeholders(str(each.string)) == placeholders(text), text
        str(each.string).encode("gb2312")


@pytest.mark.parametrize("package", ["agent", "centre", "contract"])
def test_no_message_stands_within_an_f_string(package: str) -> None:
    """Python before 3.12 does not show them to the tool: the catalogue would depend on who runs it."""
    inside = [
        str(path)
        for path in (catalogue.ROOT / package).rglob("*.py")
        if re.search(r"\{_\([\"']", path.read_text(encoding="utf-8"))
    ]
    assert not inside


def test_the_file_stands_as_the_tool_writes_it() -> None:
    path = AGENT.folder / f"{DOMAIN}.po"
    assert path.read_bytes() == catalogue.written(catalogue.renewed(read(DOMAIN, AGENT), AGENT)), "run `make words`"
    assert (AGENT.folder / f"{CLICK}.po").read_bytes() == (CENTRE.folder / f"{CLICK}.po").read_bytes(), (
        "run `make words`"
    )


@pytest.mark.parametrize("domain", [DOMAIN, CLICK])
def test_what_programs_read_is_what_translators_wrote(domain: str) -> None:
    said = said_by((AGENT.folder / f"{domain}.mo").read_bytes())
    assert said == said_by(catalogue.compiled(read(domain, AGENT))), "run `make words`"
    assert gettext.translation(domain, LOCALE, [CHINESE])


def test_nothing_is_said_past_the_catalogue() -> None:
    """But for the lines of a configuration, which setup yields."""
    found = {name_of(path): list(unsaid(path.read_text(encoding="utf-8"), SAID_BY_AGENT)) for path in SPEAKING}
    yaml = re.compile(r"\d+: ['\"]( *\w*: ?|displays: |doors:|inputs:|link: .*|.*# the broker is.*)['\"]")
    found["agent/commissioning/questions.py"] = [
        line for line in found["agent/commissioning/questions.py"] if not yaml.fullmatch(line)
    ]
    assert not {name: lines for name, lines in found.items() if lines}


def test_the_name_of_the_catalogue_is_given_to_nothing_else() -> None:
    assert not [name_of(path) for path in SPEAKING if any(shadowed(path.read_text(encoding="utf-8")))]


def test_in_english_every_message_is_what_stands_in_the_code() -> None:
    speak(ENGLISH)
    assert all(type(_(text)) is str and _(text) == text for text in messages(AGENT))


# --- a text and its English


def test_what_is_filled_in_keeps_its_english(chinese: None) -> None:
    whole = _("{reason}: {detail}").format(reason=_("no answer"), detail="a: b {c}")
    assert (whole, english_of(whole)) == ("没有应答：a: b {c}", "no answer: a: b {c}")
    both = joined(_(" or "), [_("yes"), "x"])
    assert (both, english_of(both)) == ("是 或 x", "yes or x")
    for again in (copy.deepcopy(whole), pickle.loads(pickle.dumps(whole))):
        assert isinstance(again, SaidText)
        assert (again, again.english) == (whole, whole.english)
    assert english_of(3) == 3


# --- answers


@pytest.mark.parametrize(
    ("typed", "options", "word"),
    [
        ("锁住", ("locked", "unlocked"), "locked"),
        ("打开", ("locked", "unlocked"), "unlocked"),
        ("打开", ("release", "nothing"), "release"),
        ("不打开", ("release", "nothing"), "nothing"),
        ("断开", ("open", "closed"), "open"),
        ("把手", ("button", "mechanical", "none"), "mechanical"),
        ("无", ("button", "mechanical", "none"), "none"),
        ("NO", ("no", "nc"), "no"),
        ("否", ("no", "nc"), None),
        ("是", ("no", "nc"), None),
        ("locked", ("locked", "unlocked"), "locked"),
        ("", ("locked", "unlocked"), None),
    ],
)
def test_answers_mean_the_same_in_either_language(typed: str, options: tuple[str, ...], word: str | None) -> None:
    """A no to a question is never the contact NO of a relay: that decides whether a door is locked."""
    assert meant(typed, options) == word


@pytest.mark.parametrize(("typed", "yes"), [("是", True), ("否", False), ("Y", True), ("no", False), ("不是", False)])
def test_a_yes_is_a_yes_in_either_language(typed: str, yes: bool) -> None:
    assert yes_or_no(typed) is yes


@pytest.mark.parametrize("typed", ["", "NC", "也许", "是吗"])
def test_what_is_neither_is_asked_again(typed: str) -> None:
    with pytest.raises(ValueError, match="say yes or no"):
        yes_or_no(typed)


def test_a_default_is_shown_as_it_may_be_typed(chinese: None) -> None:
    assert offered("closed", choice("open", "closed")) == "闭合"
    assert offered("no", yes_or_no) == "否"
    assert offered("no", choice("no", "nc")) == "no"
    assert offered("main", str) == "main"


# --- what drivers word


OF_OPTIONS = re.compile(r"(^|_)check|_font$|weakness")


def worded(path: Path) -> Iterator[str]:
    """The faults of options in a driver's module: second of a pair whose first is a key. Fields as `{}`."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef) and OF_OPTIONS.search(function.name):
            for node in ast.walk(function):
                if (
                    isinstance(node, ast.Tuple)
                    and len(node.elts) == 2
                    and isinstance(node.elts[1], ast.JoinedStr | ast.Constant)
                ):
                    text = _template(node.elts[1])
                    if " " in text:
                        yield text


def _template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr)
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)


def faults_of_drivers() -> list[str]:
    folder = catalogue.ROOT / "drivers"
    return sorted({text for path in folder.rglob("*.py") for text in worded(path)})


def test_the_faults_of_drivers_are_found() -> None:
    assert len(faults_of_drivers()) >= 30


@pytest.mark.parametrize("text", faults_of_drivers())
def test_what_a_driver_says_of_its_options_is_known(text: str, chinese: None) -> None:
    said = explained(text)
    assert english_of(said) == text
    assert re.search("[\u4e00-\u9fff]", said), text


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_known_as_itself(form: str, chinese: None) -> None:
    """And as no other, which says less."""
    fields = re.findall(r"\{(\w+)\}", form)
    text = form.format(**{name: f"q{number}" for number, name in enumerate(fields)})
    assert explained(text) == str(_(form).format(**{name: f"q{number}" for number, name in enumerate(fields)}))


def test_several_in_one_are_explained_each(chinese: None) -> None:
    said = explained("OSDP reader, ABC 1; Secure Channel; 1 outputs")
    assert said == "OSDP 读卡器，ABC 1；Secure Channel；输出 1 路"
    assert english_of(said) == "OSDP reader, ABC 1; Secure Channel; 1 outputs"
    assert explained("what nobody knows") == "what nobody knows"


def test_in_english_nothing_is_explained() -> None:
    speak(ENGLISH)
    assert explained("no answer") == "no answer"


# --- help


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_chinese_and_fits_the_terminal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from agent.table import columns

    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    said = CliRunner().invoke(doorward, [name, "--help"], terminal_width=80).stdout
    usage, _blank, text = said.partition("\n\n")
    assert usage.startswith("用法:")
    assert "显示本帮助" in text
    for line in text.splitlines():
        assert columns(line) <= 80 or " " not in line.strip().removeprefix("--driver "), line
    assert not [line for line in text.splitlines() if re.search("[a-z]{3,} [a-z]{2,} [a-z]{2,}", line)]
    monkeypatch.setenv("LANG", "C.UTF-8")
    again = CliRunner().invoke(doorward, [name, "--help"]).stdout
    assert again.startswith("Usage:")
    assert not re.search("[\u4e00-\u9fff]", again)
    assert all((getattr(each.of, each.attribute) or "") == each.english for each in help_texts(command_of(name)))


def test_a_language_that_is_asked_for_goes_before_the_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    def said(*arguments: str) -> str:
        return CliRunner().invoke(doorward, arguments).output

    assert said("--language", "zh-CN", "check", "--help").startswith("用法:")
    assert said("check", "--language", "zh-CN", "--help").startswith("用法:")
    assert "没有选项" in said("--language", "zh-CN", "check", "--nothing")
    assert said("check", "--help").startswith("Usage:")
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert said("check", "--language", "en", "--help").startswith("Usage:")
    assert said("--help").startswith("用法:")
    assert "检查配置" in said("--help")


def test_the_service_speaks_english_whoever_starts_it() -> None:
    source = (catalogue.ROOT / "agent" / "cli" / "run.py").read_text(encoding="utf-8")
    assert (
        source.index("invocation.config()") < source.index("speak(ENGLISH)") < source.index("from agent.app import run")
    )
    assert words.DOMAIN == "doorward"


def test_a_folder_is_called_so_in_the_language_that_is_asked_for_whatever_the_first_one_was() -> None:
    from click.testing import CliRunner

    for language, name in (("zh-CN", "--network 目录"), ("en", "--network DIRECTORY"), ("zh-CN", "--network 目录")):
        assert name in CliRunner().invoke(doorward, ["firstboot", "--language", language, "--help"]).stdout
