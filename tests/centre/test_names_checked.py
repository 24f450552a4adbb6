"""A scope or id that is none so far is asked about before anything is done: mostly it is a slip of the pen."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from centre import schema
from tests.centre.conftest import ONE_ENGINE, Desk

NOTICE = ("notice", "put", "--title", "t", "--text", "x")


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "cards.csv"
    path.write_text("id,card\nh1,0012345678\n")
    return str(path)


@pytest.fixture
def yard(desk: Desk) -> Desk:
    desk.unit("b12-u2", "yard/y07", "building/b12")
    return desk


@ONE_ENGINE
def test_without_a_terminal_it_is_refused_with_what_is_near(yard: Desk, file: str) -> None:
    for args, said in (
        ((*NOTICE, "--scope", "yard/y70"), "yard/y70: no unit is there; known: yard/y07. With --yes"),
        (("settings", "put", "--scope", "yard/y7", "--language", "en"), "known: yard/y07"),
        (("roster", "put", "r", file, "--scope", "building/b21"), "known: building/b12"),
        ((*NOTICE, "--scope", "yard/y07", "--id", "n-1"), "n-1: no such notice"),
    ):
        before = yard.count(schema.state)
        assert said in yard.run(*args, code=2).stderr
        assert yard.count(schema.state) == before, "nothing is done"
        yard.run(*args, "--yes")
        assert yard.count(schema.state) == before + 1


@ONE_ENGINE
def test_what_is_there_is_not_asked_about(yard: Desk, file: str) -> None:
    """Nor the first roster of a scope: it has to get its name some time."""
    yard.run(*NOTICE, "--scope", "site/badahu")
    name = yard.run(*NOTICE, "--scope", "yard/y07").stdout.splitlines()[0]
    yard.run(*NOTICE, "--scope", "yard/y07", "--id", name)
    yard.run("roster", "put", "residents", file, "--scope", "building/b12")
    yard.run("roster", "put", "residents", file, "--scope", "building/b12")
    said = yard.run("roster", "put", "resident", file, "--scope", "building/b12", code=2).stderr
    assert (
        "resident: a new roster for building/b12, beside those that are there and stay in force; known: residents"
        in said
    )


@ONE_ENGINE
@pytest.mark.slow
@pytest.mark.parametrize(("answer", "code", "notices"), [(b"n\n", 2, 0), (b"y\n", 0, 1)])
def test_at_a_terminal_a_person_is_asked(yard: Desk, answer: bytes, code: int, notices: int) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "agent", "centre", "--dir", str(yard.path), *NOTICE, "--scope", "yard/y70"]
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    os.close(theirs)
    os.write(ours, answer)
    _, said = process.communicate(timeout=30)
    os.close(ours)
    assert (process.returncode, "yard/y70: no unit is there; known: yard/y07. Go on?" in said) == (code, True), said
    assert yard.count(schema.state) == 1 + notices, "the keys, and the notice"
