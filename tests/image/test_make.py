"""What `make image` and `make bundle` build first on a tree where nothing was built, as make itself says it (--dry-run)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE, IMAGE, BUNDLE = "packaging/make_deb.py", "packaging/image/build", "packaging/image/bundle"
pytestmark = pytest.mark.needs("make")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


def planned(tree: Path, *words: str) -> list[str]:
    """Which of the programs it would run, in order; an image with what it is given."""
    command = ("make", "--dry-run", "--no-print-directory", *words)
    lines = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True).stdout.splitlines()
    return [
        f"{name} {line.split()[-1]}" if name == IMAGE else name
        for line in lines
        for name in (PACKAGE, IMAGE, BUNDLE)
        if f" {name}" in f" {line}"
    ]


def package_in(tree: Path, name: str = "build/deb/doorward_0.1.0_all.deb") -> str:
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).touch()
    return name


def test_an_image_makes_the_package_where_none_is_built(tree: Path) -> None:
    assert planned(tree, "image") == [PACKAGE, f"{IMAGE} build/deb/doorward_*_all.deb"]


def test_one_that_is_built_or_named_goes_in_as_it_is(tree: Path) -> None:
    assert planned(tree, "image", "DEB=other.deb") == [f"{IMAGE} other.deb"]
    built = package_in(tree)
    assert planned(tree, "image") == [f"{IMAGE} {built}"]


def test_a_bundle_makes_the_image_where_there_is_none_of_its_architecture(tree: Path) -> None:
    built = package_in(tree)
    package_in(tree, "build/image/doorward-amd64.ext4")
    assert planned(tree, "bundle") == [BUNDLE]
    assert planned(tree, "bundle", "ARCH=arm64") == [f"{IMAGE} {built}", BUNDLE]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("build", "amd64", "OUT"), "make image: which package of ours?"),
        (("build", "amd64", "OUT", "gone.deb"), "make image: no gone.deb: make deb makes it"),
        (("bundle", "amd64", "OUT", "OUT"), "make bundle: no OUT/update.key"),
    ],
)
def test_what_is_missing_is_one_line(tmp_path: Path, command: tuple[str, ...], said: str) -> None:
    """Before anything is built or written."""
    program = ROOT / "packaging" / "image" / command[0]
    done = subprocess.run((program, *command[1:]), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
