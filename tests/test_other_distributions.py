"""docs/other-distributions.md: the files it puts in place are there and land where the service looks for them; its programs and scripts are what they say."""

from __future__ import annotations

import configparser
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from click import Context, Group

from agent.cli import doorward
from tests.test_readme import Block, blocks

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "other-distributions.md").read_text(encoding="utf-8")
BLOCKS = blocks(PAGE)
PROGRAMS = {
    "desk": {"python3", "pipx"},
    "board": {"python3", "ln", "install", "mv", "rm", "systemd-sysusers", "systemd-tmpfiles", "udevadm", "systemctl", "doorward"},
    "alpine": {"apk", "adduser", "addgroup", "rc-update", "rc-service"},
}  # fmt: skip
"""What each system brings. Of Alpine's none is here."""


def of(how: str) -> list[Block]:
    return [block for block in BLOCKS if block.how == how]


def lines(how: str) -> list[list[str]]:
    return [shlex.split(line) for block in of(how) for line in block.text.splitlines() if line]


def test_every_block_says_what_it_is_of() -> None:
    assert {block.how for block in BLOCKS} == {*PROGRAMS, "openrc"}
    assert {block.language for block in BLOCKS} == {"sh"}


@pytest.mark.parametrize("how", PROGRAMS)
def test_only_programs_of_that_system_are_called(how: str) -> None:
    for words in lines(how):
        assert words[0] in PROGRAMS[how] or re.fullmatch(r"/usr/lib/doorward(\.new)?/bin/(pip|doorward)", words[0]), (
            words
        )


def test_doorwards_own_commands_are_there() -> None:
    """With their options."""
    called = [words[1:] for words in lines("board") if words[0].rsplit("/", 1)[-1] == "doorward"]
    called += [text.split() for text in re.findall(r"`doorward ([^`]+)`", PAGE)]
    assert len(called) > 6
    for name, *rest in called:
        assert isinstance(doorward, Group)
        command = doorward.get_command(Context(doorward), name)
        assert command is not None, name
        options = {text for parameter in command.params for text in parameter.opts}
        assert {word for word in rest if word.startswith("-")} <= options, rest


def test_the_extras_it_names_are_those_there_are() -> None:
    declared = re.search(
        r"\[project\.optional-dependencies\]\n(.*?)\n\n",
        (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert declared is not None
    extras = set(re.findall(r"^(\w+) = ", declared[1], re.MULTILINE))
    named = {name for part in re.findall(r"'\.\[([\w,]+)\]'", PAGE) for name in part.split(",")}
    assert named <= extras
    assert set(re.findall(r"`(\w+)`", re.search(r"extras that are asked for \(([^)]*)\)", PAGE)[1])) == extras  # type: ignore[index]


def test_the_files_land_where_systemd_looks_for_them(tmp_path: Path) -> None:
    """The page's own lines, run with another root."""
    for words in lines("board"):
        if words[0] == "install":
            subprocess.run([*words[:-1], str(tmp_path) + words[-1]], cwd=ROOT, check=True, timeout=60)
    placed = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*") if path.is_file()}
    assert {place.rsplit("/", 1)[0] for place in placed} == {
        "etc/systemd/system",
        "etc/udev/rules.d",
        "etc/sysusers.d",
        "etc/tmpfiles.d",
        "etc/doorward",
    }
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in placed.values())
    named = {words[-1] for words in lines("board") if words[0] in {"systemd-sysusers", "systemd-tmpfiles"}}
    assert {f"etc/{kind}/{name}" for kind in ("sysusers.d", "tmpfiles.d") for name in named} <= set(placed)


def test_the_environment_is_where_the_service_starts_it_from() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "systemd" / "doorward.service")
    program = unit["Service"]["ExecStart"].split()[0]
    assert f"{program.rsplit('/bin/', 1)[0]}" in {words[-1] for words in lines("board") if words[1:3] == ["-m", "venv"]}
    assert f"command={program}\n" in of("openrc")[0].text


@pytest.mark.parametrize("how", [*PROGRAMS, "openrc"])
def test_a_shell_can_read_it(how: str) -> None:
    for block in of(how):
        subprocess.run(["sh", "-n"], input=block.text, text=True, check=True, timeout=60)


def test_it_says_that_nothing_of_it_was_tried() -> None:
    assert "**None of the systems below was tried**" in PAGE
    assert "With OpenRC, **untested**" in PAGE
