"""`doorward update FILE`: what a person at the unit is told, and what is handed to the updater."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import Result

from agent.cli.update import end_of
from agent.core.events.software import UpdateOutcome
from agent.update.places import OwnFolder
from agent.update.progress import Wish, load
from agent.words import speak
from contract.language import CHINESE, ENGLISH
from contract.scopes import Scope
from tests.agent.cli.unit import Unit
from tests.agent.update.box import package
from tests.agent.update.signed import enrolled, hand_file, signed, software

DATA = package("0.2.0")
GOOD = signed(software(DATA))


class Site:
    """A unit on which version 0.1.0 is installed as a package."""

    def __init__(self, unit: Unit, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.unit, self.own, self.status = unit, OwnFolder(folder / "own"), folder / "status.json"
        self.file = folder / "new.doorward"
        enrolled(unit.identity)
        tools = folder / "bin"
        tools.mkdir()
        (tools / "dpkg-query").write_text("#!/bin/sh\nprintf 0.1.0\n", encoding="ascii")
        (tools / "dpkg-query").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
        monkeypatch.setattr("agent.cli.update.forms_here", lambda: frozenset({"deb"}))

    def update(self, *arguments: str, answer: str = "y\n") -> Result:
        at = ("--own", str(self.own.path), "--status", str(self.status))
        return self.unit.doorward("update", str(self.file), "--no-wait", *at, *arguments, input=answer)


@pytest.fixture
def site(unit: Unit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(unit, tmp_path, monkeypatch)


def test_it_says_what_would_happen_asks_and_hands_over(site: Site) -> None:
    hand_file(site.file, GOOD, DATA)
    done = site.update(answer="n\n")
    assert (done.exit_code, site.own.hand.exists()) == (1, False)
    assert "b12-u2: 0.1.0 -> 0.2.0 (deb, 1 MB), signed by the centre of badahu" in done.output
    done = site.update()
    assert done.exit_code == 0, done.output
    assert (site.own.hand / "payload").read_bytes() == DATA
    assert (site.own.hand / "software.jws").read_bytes() == GOOD
    assert load(Wish, site.own.hand / "wanted") == Wish()
    assert site.own.hand.stat().st_mode & 0o777 == 0o700


def test_it_waits_for_the_door_or_says_that_it_does_not(site: Site) -> None:
    hand_file(site.file, GOOD, DATA)
    site.status.write_text(json.dumps({"doors": {"main": {"mode": "fire", "open": False}}}), encoding="ascii")
    done = site.update("--yes")
    assert "it waits until the door allows it: main: released by fire" in done.output
    assert load(Wish, site.own.hand / "wanted") == Wish()
    done = site.update("--now", answer="\n")
    assert done.exit_code == 1, "no is what an empty answer means"
    done = site.update("--now")
    assert "it does not wait, though: main: released by fire" in done.output
    assert load(Wish, site.own.hand / "wanted") == Wish(now=True)


REFUSED = {
    "a bad signature": (GOOD[:-2] + b"AA", DATA, "not signed by this site's centre"),
    "another site": (signed(software(DATA), site="elsewhere"), DATA, "not for this unit"),
    "another unit": (signed(software(DATA, scope=Scope("unit", "b12-u3"))), DATA, "it is for unit b12-u3"),
    "an older one": (
        signed(software(DATA, version="0.0.9")),
        DATA,
        "0.0.9 is older than 0.1.0, which is installed: --downgrade",
    ),
    "the same": (signed(software(DATA, version="0.1.0")), DATA, "0.1.0 is installed already"),
    "other bytes": (GOOD, DATA[:-1] + b"!", "not what was signed"),
    "fewer bytes": (GOOD, DATA[:-1], "were signed"),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.claim("F56")
def test_what_cannot_be_is_refused_in_one_line_and_nothing_is_handed_over(site: Site, what: str) -> None:
    token, data, why = REFUSED[what]
    hand_file(site.file, token, data)
    done = site.update("--yes")
    assert done.exit_code != 0
    assert re.search(why, done.stderr), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (site.own.hand / "wanted").exists()
    assert not (site.own.hand / "payload").exists()


def test_a_file_that_is_cut_short_or_missing(site: Site) -> None:
    hand_file(site.file, GOOD, DATA)
    site.file.write_bytes(site.file.read_bytes()[:1100])
    assert "cut short" in site.update("--yes").stderr
    site.file.unlink()
    done = site.update("--yes")
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert "no such file" in done.stderr


def test_it_speaks_chinese_to_who_reads_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    hand_file(site.file, GOOD, DATA)
    site.status.write_text(json.dumps({"doors": {"main": {"mode": "fire", "open": False}}}), encoding="ascii")
    said = site.update("--yes").output
    assert "b12-u2：0.1.0 -> 0.2.0（deb，1 MB），由 badahu 的中心签名" in said
    assert "等门允许时才安装：main：火警，门已打开" in said
    assert "已交给升级程序" in said
    hand_file(site.file, GOOD[:-2] + b"AA", DATA)
    assert re.fullmatch("不是本街道中心签名的：[^a-z]*(base64url)?\n", site.update("--yes").stderr)
    hand_file(site.file, signed(software(DATA, version="0.0.9")), DATA)
    assert site.update("--yes").stderr == "0.0.9 比已装的 0.1.0 旧：一定要装就加 --downgrade\n"
    site.file.write_bytes(b"")
    assert "文件不完整" in site.update("--yes").stderr


@pytest.mark.parametrize(
    ("result", "reason", "detail", "said"),
    [
        ("installed", "", "", "0.2.0 已在运行，确认正常"),
        ("returned", "door", "not within 120 s", "0.2.0 已放弃，退回 0.1.0 运行：门没有就绪：120 秒内没有做到"),
        ("refused", "older", "0.2.0 is installed already", "0.2.0 没有被接受：版本旧：0.2.0 已经装好了"),
        ("refused", "novel", "what a later version says", "0.2.0 没有被接受：novel：what a later version says"),
    ],
)
def test_what_became_of_it_is_recorded_in_english_and_read_in_chinese(
    result: str, reason: str, detail: str, said: str
) -> None:
    outcome = UpdateOutcome("u1", result, "0.2.0", "0.1.0", "site/badahu", 3, reason, detail)
    speak(CHINESE)
    try:
        assert end_of(outcome) == said
    finally:
        speak(ENGLISH)


def test_an_older_one_where_it_is_said(site: Site) -> None:
    hand_file(site.file, signed(software(DATA, version="0.0.9")), DATA)
    assert site.update("--yes", "--downgrade").exit_code == 0
    assert load(Wish, site.own.hand / "wanted") == Wish(downgrade=True)


def test_one_at_a_time(site: Site) -> None:
    hand_file(site.file, GOOD, DATA)
    site.own.path.mkdir()
    site.own.progress.touch()
    assert "under way" in site.update("--yes").stderr


def test_no_room_on_the_disk(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_file(site.file, GOOD, DATA)
    monkeypatch.setattr("agent.cli.update.room_kept", lambda *_: 2**60)
    done = site.update("--yes")
    assert "the disk has no room" in done.stderr
    assert not (site.own.hand / "payload").exists()


def test_the_updater_shows_that_it_runs_and_touches_nothing(site: Site) -> None:
    """Asked by the release before, while an order of the agent's may be waiting."""
    hand_file(site.file, GOOD, DATA)
    site.update()
    ordered = sorted(path.name for path in site.own.hand.iterdir())
    done = site.unit.doorward("apply-update", "--check", "--own", str(site.own.path))
    assert (done.exit_code, done.output) == (0, "")
    assert sorted(path.name for path in site.own.hand.iterdir()) == ordered
    assert (site.own.progress.exists(), site.own.outcome.exists()) == (False, False)
