"""The Debian packages as files: what is in them, in whose hands it lies, what Debian's own checker says, and that they come out the same twice."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import click
import pytest

from agent.store.schema import CACHE_STEPS, JOURNAL_STEPS
from tests.debian.conftest import ROOT, make_deb

BUILDS = pytest.mark.needs("dh", "dh_python3", "dpkg-buildpackage")
pytestmark = [pytest.mark.slow, BUILDS, pytest.mark.xdist_group("debian-packages")]


def contents(deb: Path) -> dict[str, str]:
    """What stands before the date in `dpkg-deb --contents`, by path."""
    listed = subprocess.run(("dpkg-deb", "--contents", deb), capture_output=True, text=True, check=True).stdout
    rows = (re.match(r"(\S+) (\S+)\s+\d+ \S+ \S+ \.(/[^ ]*)(?: -> (\S+))?$", line) for line in listed.splitlines())
    return {row[3]: " ".join((row[1], row[2], row[4] or "")).strip() for row in rows if row is not None}


def control(deb: Path, folder: Path) -> Path:
    subprocess.run(("dpkg-deb", "--control", deb, folder), check=True)
    return folder


def field(deb: Path, name: str) -> str:
    return subprocess.run(("dpkg-deb", "--field", deb, name), capture_output=True, text=True, check=True).stdout.strip()


def test_the_units_package_has_the_unit_and_nothing_of_the_centre(debs: dict[str, Path]) -> None:
    there = contents(debs["doorward"])
    for path in (
        "/usr/lib/doorward/bin/doorward",
        "/usr/lib/doorward/python/agent/app.py",
        "/usr/lib/doorward/python/agent/locale/zh-CN.json",
        "/usr/lib/doorward/python/sqlite_utils/db.py",
        "/usr/lib/systemd/system/doorward.service",
        "/usr/lib/udev/rules.d/99-doorward.rules",
        "/usr/lib/sysusers.d/doorward.conf",
        "/usr/lib/tmpfiles.d/doorward.conf",
        "/usr/share/man/man1/doorward.1.gz",
        "/usr/share/bash-completion/completions/doorward",
        "/etc/doorward/config.example.yaml",
    ):
        assert path in there, path
    assert there["/usr/bin/doorward"].endswith(" ../lib/doorward/bin/doorward")
    packages = {
        path.split("/")[5] for path in there if path.startswith("/usr/lib/doorward/python/") and path.count("/") > 5
    }
    assert {name for name in packages if name and ".dist-info" not in name} == {
        "agent",
        "contract",
        "drivers",
        "sqlite_utils",
    }
    assert not [path for path in there if "dist-packages" in path or "__pycache__" in path]
    assert field(debs["doorward"], "Architecture") == "all"


def test_everything_is_roots_and_only_roots_to_write(debs: dict[str, Path]) -> None:
    for deb in debs.values():
        for path, how in contents(deb).items():
            assert how.split()[1] == "root/root", path
            assert how.startswith("l") or (how[5], how[8]) == ("-", "-"), f"{path}: {how}"


def test_the_example_configuration_is_the_administrators(debs: dict[str, Path], tmp_path: Path) -> None:
    conffiles = (control(debs["doorward"], tmp_path / "c") / "conffiles").read_text()
    assert conffiles.split() == ["/etc/doorward/config.example.yaml"]


def test_the_centre_comes_with_its_services_and_its_commands(debs: dict[str, Path]) -> None:
    there = contents(debs["doorward-centre"])
    for path in (
        "/usr/bin/doorward-centre",
        "/usr/lib/doorward/python/centre/locale/zh/LC_MESSAGES/centre.mo",
        "/usr/lib/systemd/system/doorward-centre.service",
        "/usr/lib/systemd/system/doorward-broker.service",
        "/usr/share/man/man1/doorward-centre.1.gz",
    ):
        assert path in there, path
    assert field(debs["doorward-centre"], "Depends").startswith(f"doorward (= {field(debs['doorward'], 'Version')})")


def preinst(deb: Path, folder: Path, state: Path) -> subprocess.CompletedProcess[str]:
    """The script that runs before anything is unpacked, on another state folder."""
    script = control(deb, folder / "control") / "preinst"
    script.write_text(script.read_text().replace("/var/lib/doorward", str(state)))
    return subprocess.run((script, "upgrade", "99"), capture_output=True, text=True, check=False)


@pytest.mark.claim("F53")
@pytest.mark.parametrize(("name", "steps"), [("journal.db", JOURNAL_STEPS), ("cache.db", CACHE_STEPS)])
def test_an_older_version_is_refused_before_anything_is_unpacked(
    debs: dict[str, Path], tmp_path: Path, name: str, steps: tuple[object, ...]
) -> None:
    for form, refused in ((len(steps), False), (len(steps) + 1, True)):
        state = tmp_path / str(form)
        state.mkdir()
        with closing(sqlite3.connect(state / name)) as conn:
            conn.execute(f"PRAGMA user_version = {form}")
        done = preinst(debs["doorward"], tmp_path, state)
        assert done.returncode == refused, done.stderr
        if refused:
            assert f"{state}/{name} is of form {form}, this version" in done.stderr
            assert f"reads up to form {len(steps)}. Nothing was changed." in done.stderr


@pytest.mark.parametrize("what", [b"", b"x", b"\xff" * 4096, b"SQLite format 3\0", None])
def test_what_is_no_database_keeps_nobody_from_installing(
    debs: dict[str, Path], tmp_path: Path, what: bytes | None
) -> None:
    """No file, an empty one, a damaged one, a torn one, a folder: the agent deals with that at its start."""
    state = tmp_path / "state"
    if what is None:
        (state / "journal.db").mkdir(parents=True)
    else:
        state.mkdir()
        (state / "journal.db").write_bytes(what)
    done = preinst(debs["doorward"], tmp_path, state)
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_is_started_at_an_installation(debs: dict[str, Path], tmp_path: Path) -> None:
    """A service is switched on again only where an administrator had done so; what is not on is not started."""
    services = {"doorward": ["doorward"], "doorward-centre": ["doorward-centre", "doorward-broker"]}
    for name, deb in debs.items():
        script = (control(deb, tmp_path / name) / "postinst").read_text()
        for service in services[name]:
            switched_on = f"deb-systemd-helper enable '{service}.service'"
            before = script.split(switched_on)
            assert len(before) == 2
            assert f"if deb-systemd-helper debian-installed '{service}.service'; then" in before[0]
            assert f"if deb-systemd-helper --quiet was-enabled '{service}.service'; then" in before[0]


@pytest.mark.needs("lintian")
def test_lintian_finds_nothing(debs: dict[str, Path]) -> None:
    done = subprocess.run(
        ("lintian", "--allow-root", "--fail-on", "error,warning,info", "--display-info", "--pedantic", *debs.values()),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.soak
def test_the_same_tree_gives_the_same_bytes(debs: dict[str, Path], tmp_path: Path) -> None:
    again = make_deb(tmp_path / "another" / "place")
    for name, deb in debs.items():
        assert hashlib.sha256(again[name].read_bytes()).digest() == hashlib.sha256(deb.read_bytes()).digest(), name


def test_the_manual_is_roff_without_faults_and_names_every_command(debs: dict[str, Path], tmp_path: Path) -> None:
    from agent.cli import COMMANDS, doorward

    subprocess.run(("dpkg-deb", "--extract", debs["doorward"], tmp_path), check=True)
    manual = subprocess.run(
        ("gzip", "-dc", tmp_path / "usr/share/man/man1/doorward.1.gz"), capture_output=True, text=True, check=True
    ).stdout
    for name in COMMANDS:
        command = doorward.get_command(click.Context(doorward), name)
        assert command is not None
        title = '.SS "' + name.replace("-", "\\-")
        assert command.hidden or any(line.startswith(title) for line in manual.splitlines()), name


def test_the_program_takes_nothing_from_who_calls_it(debs: dict[str, Path], tmp_path: Path) -> None:
    """From any folder, under any name, with a PYTHONPATH that holds another `click`."""
    subprocess.run(("dpkg-deb", "--extract", debs["doorward"], tmp_path), check=True)
    launcher = tmp_path / "usr/lib/doorward/bin/doorward"
    evil = tmp_path / "evil" / "click"
    evil.mkdir(parents=True)
    (evil / "__init__.py").write_text("raise SystemExit('not ours')\n")
    link = tmp_path / "dw"
    link.symlink_to(launcher)
    script = launcher.read_text().replace("#!/usr/bin/python3", f"#!{sys.executable}")
    launcher.write_text(script)
    done = subprocess.run(
        (link, "--version"),
        cwd=evil.parent,
        env={"PYTHONPATH": str(evil.parent), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == (f"doorward {field(debs['doorward'], 'Version')}\n", "", 0)


def test_a_version_that_is_none_is_one_line(tmp_path: Path) -> None:
    command = (sys.executable, ROOT / "packaging/make_deb.py", "--out", tmp_path / "deb", "--version", "v1/../x")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "make deb: 'v1/../x' is no version of a Debian package of ours\n")
    assert not (tmp_path / "deb").exists()
