"""What a committed mutation is, and how it is put into a copy of the tree. It never touches the tree it came from."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COPIED = (
    "contract",
    "agent",
    "drivers",
    "centre",
    "simulator",
    "panel",
    "tests",
    "systemd",
    "docs",
    "benchmarks",
    "packaging",
)
LIMIT_S = 300.0
"""A run of one test; a variant that hangs is no proof."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old` stands exactly once in `file` and becomes `new`; then each of `tests` (pytest ids) must fail, not crash."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


class ToothlessError(Exception):
    """A mutation that cannot be applied, or that its tests do not see."""


def mutated(source: str, mutation: Mutation) -> str:
    """The file's text with the mutation in it."""
    count = source.count(mutation.old)
    if count != 1:
        raise ToothlessError(f"{mutation.name}: the old text stands {count} times in {mutation.file}, not once")
    return source.replace(mutation.old, mutation.new)


def copy_tree(target: Path) -> None:
    """What the tests need of the project, without the environment and caches."""
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=ignore)
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy2(path, target / path.name)
    shutil.copytree(ROOT / ".ci", target / ".ci")


def run_test(tree: Path, test: str) -> int:
    """Exit code of pytest for one test in `tree`: 0 green, 1 red, else it did not get so far."""
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    options = ("-x", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist")
    asked = ("-m", "twin or not twin") if "[postgresql" in test else ()
    command = (sys.executable, "-m", "pytest", *options, *asked, test)
    with (
        (tree / "last-run.txt").open("w", encoding="utf-8") as log,
        subprocess.Popen(command, cwd=tree, env=environment, stdout=log, stderr=log, start_new_session=True) as process,
    ):
        try:
            return process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise ToothlessError(f"{test} did not end within {LIMIT_S:.0f} s") from None


def bite(tree: Path, mutation: Mutation) -> None:
    """Apply the mutation in `tree`, see each of its tests fail, and take it out again; ToothlessError where one does not."""
    path = tree / mutation.file
    source = path.read_text(encoding="utf-8")
    path.write_text(mutated(source, mutation), encoding="utf-8")
    try:
        for test in mutation.tests:
            code = run_test(tree, test)
            if code != 1:
                seen = "stays green" if code == 0 else f"did not run (pytest exit {code})"
                log = (tree / "last-run.txt").read_text(encoding="utf-8")[-2000:]
                raise ToothlessError(f"{mutation.name}: {test} {seen}\n{log}")
    finally:
        path.write_text(source, encoding="utf-8")
