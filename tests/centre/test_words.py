"""The centre speaks the language of its operator: chosen as gettext does, the catalogue whole, nothing in it formatted twice, no terminal it breaks on."""

from __future__ import annotations

import gettext
import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from agent.cli import doorward
from centre import checkpoints, schema, words
from centre.alarms import STRAY, Alarms
from centre.cli import centre
from centre.cli.language import columns
from centre.cli.verify_record import verify_record
from centre.errors import CentreError
from centre.names import FAULTS, explained
from centre.restore import Restore
from centre.words import DOMAIN, LOCALE, _
from contract.language import CHINESE, ENGLISH, language_of
from tests import catalogue
from tests.catalogue import (
    FOLDER,
    compiled,
    messages,
    modules,
    name_of,
    placeholders,
    read,
    refused,
    said_by,
    shadowed,
    unsaid,
    written,
)
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.site import Site
from tests.centre.test_orders import offline, ordered
from tests.waiting import eventually

NAMES = frozenset(
    ["CA", "GBK", "JSON", "MB", "PIN", "TLS", "URL", "UTC", "UTF", "badahu", "building", "card", "centre", "door", "doors", "duress", "flags", "hours", "org",
     "from", "id", "keys", "language", "mosquitto", "pin", "role", "room", "serve", "site", "tls", "unit", "until", "visitor", "working", "yard",
     "grid", "community"]
)  # fmt: skip
"""What stays as it is in any language: names of commands, options, columns, kinds and values, and units of measure."""


def english(text: str, *known: str) -> list[str]:
    """Lines of `text` with English words in them that are no names. Ids, paths, options and what stands in backticks are names."""
    found = []
    for line in text.splitlines():
        rest = re.sub(r"`[^`]*`|'[^']*'|--?[a-z-]+|\S*[0-9/_.=@]\S*|[A-Za-z]+(-[A-Za-z]+)+", " ", line)
        if set(re.findall("[A-Za-z]{2,}", rest)) - NAMES - set(known):
            found.append(line)
    return found


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, ENGLISH),
        ({"LANG": "zh_CN.UTF-8"}, CHINESE),
        ({"LANG": "zh_CN"}, CHINESE),
        ({"LANG": "zh_SG.UTF-8"}, CHINESE),
        ({"LANG": "zh-Hans"}, CHINESE),
        ({"LANG": "zh_Hans_CN.UTF-8@pinyin"}, CHINESE),
        ({"LANG": "zh"}, CHINESE),
        ({"LANG": "zh_TW.UTF-8"}, ENGLISH),
        ({"LANG": "zh_Hant_HK"}, ENGLISH),
        ({"LANG": "de_DE.UTF-8"}, ENGLISH),
        ({"LANG": "C"}, ENGLISH),
        ({"LANG": "C.UTF-8"}, ENGLISH),
        ({"LANG": "POSIX"}, ENGLISH),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, ENGLISH),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, CHINESE),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, CHINESE),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, CHINESE),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "zh_CN:en"}, CHINESE),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "en:zh_CN"}, ENGLISH),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "fr"}, CHINESE),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "fr:zh_CN"}, CHINESE),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C", "LANGUAGE": "zh_CN"}, ENGLISH),
        ({"LANGUAGE": "zh_CN"}, CHINESE),
    ],
)
def test_the_language_is_chosen_as_gettext_does(environ: dict[str, str], language: str) -> None:
    assert language_of(environ) == language


def test_every_message_is_translated_with_its_placeholders_and_nothing_else_is_there() -> None:
    catalog = read()
    there = {str(each.id): each for each in catalog if each.id}
    assert set(there) == set(messages()), "run `make words`"
    for text, each in there.items():
        assert isinstance(each.string, str), text
        assert each.string, text
        assert not each.fuzzy, text
        assert placeholders(each.string) == placeholders(text), text


def test_the_file_stands_as_the_tool_writes_it() -> None:
    assert (FOLDER / "centre.po").read_bytes() == written(catalogue.renewed(read())), "run `make words`"


@pytest.mark.parametrize("domain", [DOMAIN, "messages"])
def test_what_programs_read_is_what_translators_wrote(domain: str) -> None:
    assert said_by((FOLDER / f"{domain}.mo").read_bytes()) == said_by(compiled(read(domain))), "run `make words`"
    loaded = gettext.translation(domain, LOCALE, [CHINESE])
    for each in read(domain):
        if isinstance(each.id, str) and each.id:
            assert loaded.gettext(each.id) == each.string


def test_clicks_own_words_keep_their_placeholders() -> None:
    for each in read("messages"):
        if not each.id:
            continue
        forms = each.id if isinstance(each.id, tuple | list) else (each.id,)
        known = set().union(*map(placeholders, forms))
        for text in each.string if isinstance(each.string, tuple | list) else (each.string,):
            assert text, each.id
            assert placeholders(text) <= known, each.id


def test_nothing_is_said_past_the_catalogue() -> None:
    found = {name_of(path): list(unsaid(path.read_text(encoding="utf-8"))) for path in modules()}
    assert not {name: lines for name, lines in found.items() if lines}


def test_the_name_of_the_catalogue_is_given_to_nothing_else() -> None:
    assert not [
        (name_of(path), *shadowed(path.read_text(encoding="utf-8")))
        for path in modules()
        if any(shadowed(path.read_text(encoding="utf-8")))
    ]
    assert list(shadowed("def f(a):\n    for b, _ in a:\n        say(_('x'))")) == ["f"]


@pytest.mark.parametrize(
    "line",
    [
        'raise CentreError(f"{name}: no such notice")',
        'click.echo("done")',
        'click.echo("centre: " + f"{a} gone")',
        'click.echo(_("{a}").format(a=b) if c else "not there")',
        'self._say(f"stopped {x}")',
        'raise BadValueError("id", "is none")',
        'yield f"unit {unit}: is gone"',
        'lines.append(f"unit {unit}: is gone" if unit else _("x"))',
    ],
)
def test_what_is_said_past_the_catalogue_is_seen(line: str) -> None:
    assert list(unsaid(line))


@pytest.mark.parametrize(
    "line", ['click.echo(_("done"))', 'raise CentreError(f"{a}: {b:%Y}")', 'click.echo(f"centre: {a}")']
)
def test_what_needs_no_words_needs_no_translation(line: str) -> None:
    assert not list(unsaid(line))


def test_every_character_is_in_the_oldest_charset_that_terminals_use() -> None:
    for domain in (DOMAIN, "messages"):
        (FOLDER / f"{domain}.po").read_text(encoding="utf-8").encode("gb2312")


# --- what is said


class Day:
    """What the desk was told, line by line."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.told: list[str] = []

    def run(self, *args: str, code: int = 0) -> str:
        result = self._desk.run(*args, code=code)
        self.told.append(result.output)
        return result.output


NOTICE = ("notice", "put", "--title", "停水", "--text", "今日停水")


@ONE_ENGINE
def test_a_morning_at_the_desk_has_no_english_in_it(desk: Desk, tmp_path: Path, chinese: None) -> None:
    day = Day(desk)
    assert "已登记 b12-u2" in day.run("unit", "add", "b12-u2", "--name", "12号楼2单元", "--scope", "yard/y07")
    day.run("unit", "add", "b12-u2", code=2)
    day.run("unit", "add", "b 1", code=2)
    day.run("unit", "add", "b12-u3")
    day.run("unit", "enrolment", "--all", str(tmp_path / "files"))
    day.run("unit", "revoke", "b12-u3")
    (tmp_path / "cards.csv").write_text("id,role,card\nr-1,resident,0012345678\n", encoding="utf-8")
    put = ("roster", "put", "residents", "--scope", "yard/y07")
    assert "1 人" in day.run(*put, str(tmp_path / "cards.csv"))
    (tmp_path / "bad.csv").write_text("id,role,card,colour\nr 1,x,\n", encoding="utf-8")
    day.run(*put, str(tmp_path / "bad.csv"), code=1)
    (tmp_path / "bad.csv").write_text("id,role,card,pin,from\nr 1,x,1.2E+09,1,mon\n", encoding="utf-8")
    day.run(*put, str(tmp_path / "bad.csv"), code=1)
    day.run("roster", "list")
    name = day.run(*NOTICE, "--scope", "yard/y07", "--until", "3d").split()[0]
    day.run(*NOTICE, "--scope", "yard/y08", code=2)
    day.run(*NOTICE, "--scope", "yard", code=2)
    day.run(*NOTICE, "--scope", "yard/y07", "--until", "2001-01-01", code=2)
    day.run("notice", "list")
    day.run("coverage", name)
    day.run("notice", "withdraw", name)
    day.run("notice", "withdraw", name, code=2)
    day.run("notice", "withdraw", "n0", code=2)
    day.run("settings", "put", "--scope", "yard/y07", "--language", "zh-CN")
    day.run("settings", "list")
    day.run("health", code=1)
    day.run("check", code=69)
    alone = desk.office.site.books is not None  # a database of their own, which its own program copies
    day.run("backup", str(tmp_path / "b"), "--books-only", code=2 if alone else 0)
    day.run("retain")
    assert "检查点 1" in day.run("checkpoint", "--out", str(tmp_path / "kept"))
    day.run("checkpoint", "--out", str(tmp_path / "kept"), code=2)
    day.run("export", str(tmp_path / "record"))
    day.run("verify", "--checkpoint", str(tmp_path / "kept"))
    day.run("verify", "--checkpoint", str(tmp_path / "record"), code=2)
    files = [str(tmp_path / "record"), str(tmp_path / "kept")]
    for args in (files, files[::-1], [*files, "--digest", "AAAA"]):
        day.told.append(CliRunner().invoke(verify_record, args).output)
    assert "--until 不能少" in day.run("mode", "hold_open", "--unit", "b12-u2", "--why", "搬家", code=2)
    roles = ("resident", "staff", "patrol", "emergency", "service")
    assert not english("\n".join(day.told), "b", "residents", "colour", "mon", "org", "duress", "hours", *roles)


@ONE_ENGINE
def test_an_afternoon_with_serve_has_no_english_in_it(site: Site, chinese: None) -> None:
    desk, day = site.desk, Day(site.desk)
    site.serve()
    unit, wire = site.unit("b12-u5")
    unit.fact("door.opened", door="main")
    wire.send(unit.batch(1))
    site.confirmed(unit, wire, 1)
    eventually(lambda: "b12-u5：已入网" in site.said)
    day.run("unit", "list")
    order = ("open", "--unit", "b12-u5", "--door", "main", "--why", "忘带卡")
    assert "被拒绝：太频繁" in ordered(site, unit, wire, [("refused", "rate")], 3, *order).output
    offline(unit, wire)
    heard = select(schema.units.c.heard_utc).where(schema.units.c.unit == unit.name)
    eventually(lambda: desk.rows(heard)[0][0] is not None)
    assert "没有发出；自 2" in day.run(*order, code=4)
    day.run("facts")
    day.run("facts", "--kind", "door.opend", code=2)
    with desk.books.changing() as conn:
        alarms = Alarms(conn)
        alarms.raise_own(conn, "b12-u5", STRAY, "", 0, "", 1_790_000_000.0)
        alarms.flush(conn)
    assert "告警 1" in day.run("health", code=1)
    day.run("alarms", "list")
    assert day.run("alarms", "ack", "1", "--by", "李", "--why", "看过了") == "已确认 1\n"
    day.run("alarms", "ack", "1", "--by", "李", "--why", "看过了", code=2)
    day.run("alarms", "list", "--all")
    day.run("check")
    day.run("keys", "show")
    day.run("keys", "rotate", "card")
    assert not english("\n".join([*day.told, *site.said]), "main")


@ONE_ENGINE
def test_a_question_is_asked_in_chinese(desk: Desk, chinese: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("centre.cli.context.sys.stdin", Terminal())
    monkeypatch.setattr("click.confirm", lambda text, **_: asked.append(text))
    with pytest.raises(CentreError, match="什么也没有改"):
        desk.office.ask(_("{scope}: no unit is there").format(scope="yard/y9"), "yard/y9", ["yard/y07"], yes=False)
    assert asked == ["yard/y9：那里没有单元；已有：yard/y07。要继续吗？"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_all_help_is_chinese_and_fits_the_terminal(chinese: None) -> None:
    for path, command in _commands(centre, ()):
        result = CliRunner().invoke(centre, [*path, "--help"])
        assert result.exit_code == 0
        usage, _blank, text = result.stdout.partition("\n\n")
        assert usage.startswith("用法:"), path
        for line in text.splitlines():
            assert columns(line) <= 80, line
        sentence = re.compile("[a-z]{2,} [a-z]{2,} [a-z]{2,}")
        assert not [line for line in text.splitlines() if sentence.search(line.replace("systemctl reload", ""))], path
        assert command.help is not None


def _commands(command: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands(below, (*path, name))


@ONE_ENGINE
def test_the_language_is_that_of_each_call(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    help_of = [CliRunner().invoke(centre, ["alarms", "ack", "--help"]).stdout]
    for language in ("zh_CN.UTF-8", "C.UTF-8", "zh_SG.UTF-8", "en_US.UTF-8"):
        monkeypatch.setenv("LANG", language)
        help_of.append(CliRunner().invoke(centre, ["alarms", "ack", "--help"]).stdout)
        said = desk.run("notice", "withdraw", "n0", code=2).stderr
        assert said == ("centre: n0：没有这条通知\n" if "zh" in language else "centre: n0: no such notice\n")
    assert help_of[0] == help_of[2] == help_of[4]
    assert help_of[1] == help_of[3]
    assert "显示本帮助" in help_of[1]
    assert "Show this message" in help_of[0]


def test_in_english_every_message_is_what_stands_in_the_code() -> None:
    words.speak(ENGLISH)
    assert all(words._(text) == text for text in messages())
    CliRunner().invoke(centre, ["--help"])
    for each in centre.texts:
        assert (getattr(each.of, each.attribute) or "") == each.english


@ONE_ENGINE
def test_what_programs_read_is_the_same_in_every_language(desk: Desk, chinese: None) -> None:
    desk.run("unit", "add", "u1", "--name", "一单元")
    desk.run("notice", "put", "--scope", "unit/u1", "--title", "停水", "--text", "x", "--id", "n1", "--yes")
    for args, code in (
        (("unit", "list"), 0),
        (("notice", "list"), 0),
        (("health",), 1),
        (("keys", "show"), 0),
        (("coverage", "n1"), 0),
    ):
        said = [desk.run(*args, "--json", code=code).stdout]
        os.environ["LANG"] = "C.UTF-8"
        said.append(desk.run(*args, "--json", code=code).stdout)
        os.environ["LANG"] = "zh_CN.UTF-8"
        assert said[0] == said[1]
        assert [json.loads(line) for line in said[0].splitlines()]
        assert not re.search("[，。；：]|单元 |连不上", said[0])


@pytest.mark.parametrize(
    ("fault", "chinese_words"),
    [
        ("title: not 1 to 60 characters", "title: 不是 1 到 60 个字"),
        ("priority: not a whole number from 0 to 9; and 2 more", "priority: 不是 0 到 9 的整数; 另有 2 处"),
        ("holders[3].id: missing", "holders[3].id: 没有填"),
        ("not enrolled yet", "还没有入网"),
        ("{0}: a new one", "{0}: a new one"),
        ("not {least} to {most} characters", "not {least} to {most} characters"),
        ("", ""),
    ],
)
def test_what_the_contract_finds_wrong_is_told_in_chinese(chinese: None, fault: str, chinese_words: str) -> None:
    assert explained(fault) == chinese_words
    words.speak(ENGLISH)
    assert explained(fault) == fault


@ONE_ENGINE
def test_text_from_outside_is_never_formatted(desk: Desk, chinese: None) -> None:
    name = "{0} {unit} {unit.__class__} %s"
    desk.run("unit", "add", "u1", "--name", name)
    desk.run("notice", "put", "--scope", "unit/u1", "--title", name, "--text", name, "--id", "n1", "--yes")
    assert name in desk.run("unit", "list").stdout
    assert name in desk.run("notice", "list").stdout
    assert "--id: '{x}' 不是编号" in desk.run("notice", "withdraw", "{x}", code=2).stderr


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
def test_no_restore_explains_another_history_in_any_language(language: str, chinese: None) -> None:
    words.speak(language)
    leaf, restore = checkpoints.Leaf("u1", "e1", 0, 3, "ab" * 32, 0, ""), Restore(2, 10.0, 5.0)
    other = checkpoints.leaf_fault(leaf, checkpoints.Met(0, 3, {3: b"x"}, []), None)
    shorter = checkpoints.leaf_fault(leaf, checkpoints.Met(0, 2, {}, []), None)
    assert other is not None
    assert shorter is not None
    assert checkpoints.in_words(other, restore) == other
    assert str(restore) in checkpoints.in_words(shorter, restore)


def test_what_a_message_is_refused_for_is_known() -> None:
    """Each detail that the centre gives is told in the reader's language."""
    for path in modules():
        for detail in refused(path.read_text(encoding="utf-8")):
            assert detail.rpartition(": ")[2] in FAULTS, (name_of(path), detail)


def test_the_catalogues_are_in_the_package() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {"centre.po", "centre.mo", "messages.po", "messages.mo"}
    assert doorward.get_command(None, "centre") is centre  # type: ignore[arg-type]
