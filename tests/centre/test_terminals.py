"""What the centre prints holds on any terminal: charsets that have no Chinese, wide characters in columns, wrong use told by click and `doorward`."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from centre import words
from centre.cli import centre
from centre.cli.language import columns, wrapped
from contract.language import CHINESE, ENGLISH
from tests.centre.conftest import ONE_ENGINE, Desk


def _run(args: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    base = {
        name: value
        for name, value in os.environ.items()
        if name not in {"LANG", "LC_ALL", "LANGUAGE", "PYTHONIOENCODING"}
    }
    command = [sys.executable, "-m", "agent", *args]
    return subprocess.run(command, capture_output=True, env={**base, **environ}, check=False, timeout=60)


@ONE_ENGINE
@pytest.mark.parametrize(
    ("environ", "encoding", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "utf-8", CHINESE),
        ({"LANG": "zh_CN", "PYTHONIOENCODING": "utf-8"}, "utf-8", CHINESE),
        ({"LANG": "zh_CN.GBK", "PYTHONIOENCODING": "gbk"}, "gbk", CHINESE),
        ({"LANG": "zh_CN.GB2312", "PYTHONIOENCODING": "gb2312"}, "gb2312", CHINESE),
        ({"LANG": "zh_CN.UTF-8", "PYTHONIOENCODING": "ascii"}, "utf-8", ENGLISH),
        ({"LANG": "zh_CN.UTF-8", "PYTHONIOENCODING": "latin-1"}, "latin-1", ENGLISH),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "utf-8", ENGLISH),
        ({"LC_ALL": "POSIX"}, "utf-8", ENGLISH),
        ({}, "utf-8", ENGLISH),
    ],
)
def test_no_terminal_breaks_it(desk: Desk, environ: dict[str, str], encoding: str, language: str) -> None:
    desk.run("unit", "add", "u1", "--name", "一单元 ½ 😀")
    found = _run(["centre", "--dir", str(desk.path), "unit", "list"], environ)
    assert (found.returncode, found.stderr) == (0, b"")
    line = found.stdout.decode(encoding)
    assert ("未入网" if language == CHINESE else "not enrolled") in line
    assert "u1" in line


def test_columns_line_up_where_characters_are_wide(chinese: None) -> None:
    lines = CliRunner().invoke(centre, ["unit", "enrolment", "--help"]).stdout.splitlines()
    start = lines.index("选项:") + 1
    texts = [re.match(r"  (-\S.*?  +|\s+)(?=\S)", line) for line in lines[start:]]
    assert {columns(found[0]) for found in texts if found and columns(found[0]) > 8} == {18}
    assert wrapped("甲乙丙，丁 serve 戊", 6) == ["甲乙", "丙，丁", "serve", "戊"]
    assert wrapped("a bb ccc", 80) == ["a bb ccc"]
    assert {columns(words._(text).partition("{")[0]) for text in ("no  {about}: {text}", "ok  {about}: {text}")} == {6}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["open"], "缺少选项 '--door'.（见 doorward centre open --help）"),
        (["frob"], "没有命令 'frob'。（见 doorward centre --help）"),
        (["mode", "shut"], "不是其中之一"),
        (["broker", "--port", "99999"], "不在范围 1<=x<=65535 内"),
        (["roster", "put", "r", "none.csv"], "'none.csv' 不存在"),
        (["open", "--frob"], "没有选项"),
        (["alarms", "ack", "x"], "不是有效的数"),
    ],
)
def test_wrong_use_is_told_in_chinese(args: list[str], said: str) -> None:
    result = _run(["centre", *args], {"LANG": "zh_CN.UTF-8"})
    assert result.returncode == 2
    assert said in result.stderr.decode()
