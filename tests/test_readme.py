"""The README's commands are what runs here: each sh block says above it how it is tested, and is.

`<!-- ci -->`: CI runs each line. `<!-- packages -->`: CI installs just these. `<!-- run: FOLDER -->`: run here, in a folder that blocks of one name share.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import TOOLS

ROOT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(r"(?:^<!-- ([^>]*) -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """`how`: the comment above; `language`: after the fence; `text`: the lines."""

    how: str
    language: str
    text: str


def blocks(page: str) -> list[Block]:
    return [Block(how or "", language, text) for how, language, text in _BLOCK.findall(page)]


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


PAGES = ("README.md", "README.zh-CN.md", *sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").glob("*.md")))
FOLDERS = "agent|contract|drivers|centre|simulator|tests|benchmarks|docs|systemd"
README = blocks(page("README.md"))
CI = page(".ci/run")


def of(kind: str) -> list[Block]:
    return [block for block in README if block.how.split(":")[0] == kind]


def test_every_block_says_how_it_is_tested() -> None:
    assert README
    for block in README:
        assert block.language == "sh", block
        assert re.fullmatch(r"ci|packages|run: [a-z]+", block.how), block


def test_ci_runs_the_two_commands() -> None:
    commands = [line for block in of("ci") for line in block.text.splitlines()]
    assert {"make demo", "make test"} <= set(commands)
    for command in commands:
        assert re.search(rf"^{re.escape(command)}$", CI, re.MULTILINE), f".ci/run does not run {command!r}"


def test_ci_installs_the_packages() -> None:
    packages = [
        word for block in of("packages") for word in block.text.split() if word not in {"sudo", "apt", "install"}
    ]
    wanted = re.search(r"wanted=\(([^)]*)\)", CI)
    assert wanted is not None
    assert packages == ["git", "make", "python3", "python3-venv"]
    assert {*packages, *TOOLS.values()} <= set(wanted[1].split())


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({block.how for block in of("run")}))
def test_the_commands_run_as_they_stand(name: str, tmp_path: Path) -> None:
    """All blocks of one name, in order, in one shell that stops at the first failure, with the example configuration beside them."""
    script = "".join(block.text for block in README if block.how == name)
    (tmp_path / "config.example.yaml").write_bytes((ROOT / "config.example.yaml").read_bytes())
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-eu", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"


def test_both_languages_show_the_same_commands() -> None:
    assert [block.text for block in blocks(page("README.zh-CN.md"))] == [block.text for block in README]


@pytest.mark.parametrize(
    "name",
    ["README.md", "README.zh-CN.md", *sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").rglob("*.md"))],
)
def test_links_lead_somewhere(name: str) -> None:
    here = (ROOT / name).parent
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page(name)):
        if not re.match(r"[a-z]+:", target):
            assert (here / target).exists(), f"{name} links to {target}"


def test_files_named_in_pages_exist() -> None:
    """`agent/core/door.py`, `agent/core/access.py: decide`, `agent/store/`: a page that names a file is held to it, and to the name in it."""
    for name in (*PAGES, "docs/decisions/README.md"):
        for path, word in re.findall(
            rf"`((?:{FOLDERS})/(?:[\w-]+/)*(?:[\w-]+\.(?:py|md|yaml|json|service))?)(?:: ([\w.]+))?`", page(name)
        ):
            assert (ROOT / path).exists(), f"{name} names {path}"
            if word:
                assert re.search(rf"(def|class) {word.rsplit('.', 1)[-1]}\b", page(path)), (
                    f"{name}: no {word} in {path}"
                )


def test_make_targets_named_in_pages_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))
    for name in (
        "README.md",
        "README.zh-CN.md",
        *(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").rglob("*.md")),
    ):
        for target in re.findall(r"`make ([a-z]+)`", page(name)):
            assert target in targets, f"{name}: make {target}"


def test_commands_named_in_pages_exist() -> None:
    """Every `doorward …` in the README and docs is a command that answers --help."""
    from click import Context, Group

    from agent.cli import doorward

    for name in ("README.md", "README.zh-CN.md", "docs/operations.md"):
        for text in re.findall(r"`doorward ([^`]+)`", page(name)) + re.findall(
            r"^doorward (.+)$", page(name), re.MULTILINE
        ):
            command: object = doorward
            for word in shlex.split(text.replace("…", "")):
                if not isinstance(command, Group) or word.startswith(("-", "<")) or not re.fullmatch(r"[a-z-]+", word):
                    break
                found = command.get_command(Context(command), word)
                assert found is not None, f"{name}: doorward {text}: no command {word}"
                command = found
