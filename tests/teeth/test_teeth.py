"""The mutations still fit the code, and the runner tells red from green. `make teeth` runs them all."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.teeth import mutation as runner
from tests.teeth.mutation import ROOT, Mutation, ToothlessError, bite, mutated
from tests.teeth.mutations import MUTATIONS


def test_there_are_ten_at_least_with_names_of_their_own() -> None:
    names = [mutation.name for mutation in MUTATIONS]
    assert len(set(names)) == len(names) >= 10


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_fits(mutation: Mutation) -> None:
    """Its old text stands once, what it makes of Python is still Python, and its tests are there."""
    source = (ROOT / mutation.file).read_text(encoding="utf-8")
    changed = mutated(source, mutation)
    assert changed != source
    if mutation.file.endswith(".py"):
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
    assert mutation.tests
    for test in mutation.tests:
        path, *names = test.split("[", 1)[0].split("::")
        text = (ROOT / path).read_text(encoding="utf-8")
        assert all(f"{name}" in text for name in names), test


@pytest.mark.slow
def test_pytest_knows_each_named_test() -> None:
    """With its parameters, which a fixture elsewhere may have changed."""
    named = {test for mutation in MUTATIONS for test in mutation.tests}
    files = sorted({test.split("::")[0] for test in named})
    options = ("--collect-only", "-p", "no:xdist", "-p", "no:cacheprovider", "-m", "twin or not twin")
    command = (sys.executable, "-m", "pytest", *options, *files)
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.splitlines()
    known = set(said) | {line.split("[")[0] for line in said}
    assert not named - known


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "sums.py").write_text("def add(a, b):\n    return a + b\n", encoding="ascii")
    (tmp_path / "test_sums.py").write_text(
        "from sums import add\ndef test_add(): assert add(2, 2) == 4\ndef test_three(): assert add(2, 1) == 3\n",
        encoding="ascii",
    )
    return tmp_path


def variant(new: str, test: str = "test_sums.py::test_three") -> Mutation:
    return Mutation("sum", "sums.py", "a + b", new, (test,))


@pytest.mark.slow
def test_a_variant_that_its_test_sees_is_red_and_taken_out_again(tree: Path) -> None:
    bite(tree, variant("a - b"))
    assert "a + b" in (tree / "sums.py").read_text(encoding="ascii")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (variant("a * b", "test_sums.py::test_add"), "stays green"),
        (variant("a - b", "test_sums.py::test_gone"), "did not run"),
        (variant("a +", "test_sums.py::test_three"), "did not run"),
    ],
    ids=["green", "gone", "broken"],
)
def test_a_variant_that_nothing_sees_is_told(tree: Path, bad: Mutation, said: str) -> None:
    with pytest.raises(ToothlessError, match=said):
        bite(tree, bad)


def test_old_text_that_does_not_stand_exactly_once_is_told() -> None:
    for source in ("c", "a + b; a + b"):
        with pytest.raises(ToothlessError, match="not once"):
            mutated(source, variant("x"))


@pytest.mark.slow
def test_a_variant_that_hangs_is_told(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "LIMIT_S", 2.0)
    (tree / "test_sums.py").write_text(
        "import threading\ndef test_three(): threading.Event().wait()\n", encoding="ascii"
    )
    with pytest.raises(ToothlessError, match="did not end"):
        bite(tree, variant("a - b"))
