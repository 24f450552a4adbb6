"""The packages, built once a session, and a Debian 13 to install them in, kept over sessions under /var/tmp."""

from __future__ import annotations

import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.debian.machine import Machine

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = Path("/var/tmp/doorward-debian-13")  # root's own, 0700
NEXT_VERSION = "0.1.1"


def make_deb(out: Path, *options: str) -> dict[str, Path]:
    """`make deb`, into `out`: the packages by their names."""
    command = (sys.executable, ROOT / "packaging" / "make_deb.py", "--out", out, *options)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    log = out / "build.log"
    assert done.returncode == 0, done.stdout + done.stderr + (log.read_text() if log.exists() else "")
    return {path.name.partition("_")[0]: path for path in map(Path, done.stdout.split())}


@pytest.fixture(scope="session")
def debs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return make_deb(tmp_path_factory.mktemp("deb"))


@pytest.fixture(scope="session")
def next_debs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of the version after this one, with the same code."""
    return make_deb(tmp_path_factory.mktemp("next"), "--version", NEXT_VERSION)


def make_stick(package: str, debs: dict[str, Path], out: Path) -> Path:
    command = (
        sys.executable,
        ROOT / "packaging" / "make_stick.py",
        package,
        "--debs",
        debs["doorward"].parent,
        "--out",
        out,
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="session")
def stick(debs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_stick("doorward", debs, tmp_path_factory.mktemp("stick") / "doorward")


@pytest.fixture(scope="session")
def debian() -> Path:
    """The root folder of a clean Debian 13, as its installer begins one: packages of priority required and important."""
    if not (KEPT / "etc" / "debian_version").exists():
        fresh = KEPT.with_name(f"{KEPT.name}-new")
        shutil.rmtree(fresh, ignore_errors=True)
        network = subprocess.run(("apt-config", "dump", "Acquire"), capture_output=True, text=True, check=True).stdout
        options = KEPT.with_name(f"{KEPT.name}.apt")
        options.write_text("".join(f"{line}\n" for line in network.splitlines() if "::GzipIndexes" not in line))
        command = ("mmdebstrap", "--quiet", "--variant=important", f"--aptopt={options}", "trixie", fresh)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1500)
        assert done.returncode == 0, done.stdout + done.stderr
        fresh.chmod(0o755)
        (fresh / "etc/machine-id").write_text(
            f"{uuid.uuid4().hex}\n"
        )  # without one a first boot switches every unit on
        fresh.rename(KEPT)
    return KEPT


@pytest.fixture(scope="session")
def installed(debian: Path, stick: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Layers of a Debian on which `apt install ./*.deb` was run from the stick's folder, with no network."""
    machine = Machine(tmp_path_factory.mktemp("installed"), [debian])
    machine.put(stick, "/usr/local/share/stick")
    with machine:
        said = machine.sh("cd /usr/local/share/stick && sha256sum --quiet -c SHA256SUMS && apt install -y ./*.deb")
        assert "doorward: next: doorward enrol FILE" in said
    return [machine.upper, debian]
