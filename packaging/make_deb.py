"""`make deb`: the Debian packages. Lays out a source tree with debian/ at its top; dpkg-buildpackage does the rest. The same tree gives the same bytes."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import click  # noqa: E402
import manpage  # noqa: E402  # beside this file
from click.shell_completion import get_completion_class  # noqa: E402

UNIT = ("agent", "contract", "drivers")
CENTRE = ("centre", "panel", "simulator")
NOT_PACKAGED = {"demo"}
"""Commands whose libraries Debian does not have."""
LEFT_OUT = ("simulator/demo/web",)
"""The page of a command that is not packaged."""
TOOLS = {"dpkg-buildpackage": "dpkg-dev", "dh": "debhelper", "dh_python3": "dh-python", "bash": "bash"}
UPLOADER = ("The Doorward maintainers", "doorward@localhost.localdomain")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, default=ROOT / "build" / "deb", help="where the packages go")
    options.add_argument("--version", help="another version than that of agent/__init__.py, in Debian's syntax")
    given = options.parse_args()
    missing = sorted({package for tool, package in TOOLS.items() if shutil.which(tool) is None})
    if missing:
        print(f"make deb: missing here: {' '.join(missing)} (apt install {' '.join(missing)})", file=sys.stderr)
        return 1
    version = given.version or _own_version()
    if not re.fullmatch(r"[0-9][0-9A-Za-z.+~]*", version):
        print(f"make deb: {version!r} is no version of a Debian package of ours", file=sys.stderr)
        return 1
    for path in build(given.out.resolve(), version):
        print(path)
    return 0


def build(out: Path, version: str) -> list[Path]:
    """Both packages, in `out`, which is emptied first."""
    epoch = _epoch()
    shutil.rmtree(out, ignore_errors=True)
    tree = out / "source" / f"doorward-{version}"
    lay_out(tree, version, epoch)
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(epoch), "DEB_BUILD_OPTIONS": "nocheck", "LC_ALL": "C.UTF-8"}
    # The venv's Python is not the packages': dh_python3 asks the system's.
    environment["PATH"] = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if ".venv" not in part)
    with (out / "build.log").open("w") as log:
        command = ("dpkg-buildpackage", "--build=binary", "--no-sign")
        done = subprocess.run(command, cwd=tree, env=environment, stdout=log, stderr=log, check=False)
    if done.returncode != 0:
        sys.exit(f"make deb: {' '.join(command)} failed, see {out / 'build.log'}")
    made = [path.rename(out / path.name) for path in (out / "source").glob("doorward*_*") if path.is_file()]
    shutil.rmtree(out / "source")
    return sorted(path for path in made if path.suffix == ".deb")


def lay_out(tree: Path, version: str, epoch: int) -> None:
    """The source tree: our packages as they are (but for the version), the libraries inside, debian/, and what is generated."""
    tree.mkdir(parents=True)
    for name in (*UNIT, *CENTRE, "systemd"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.po"))
    for name in LEFT_OUT:
        shutil.rmtree(tree / name)
    for name in ("README.md", "config.example.yaml"):
        shutil.copy(ROOT / name, tree / name)
    named = tree / "agent" / "__init__.py"
    named.write_text(named.read_text(encoding="utf-8").replace(f'"{_own_version()}"', f'"{version}"'), encoding="utf-8")
    generate(tree / "generated", version, epoch)
    _bundle(tree / "generated" / "unit")
    _debian(tree, version, epoch)
    for path in tree.rglob("*"):  # whatever the umask
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def generate(folder: Path, version: str, epoch: int) -> None:
    """Man pages, completions, and what tells Python which commands are there."""
    from agent.cli import COMMANDS, doorward  # noqa: PLC0415
    from centre.cli import centre  # noqa: PLC0415

    date = f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%d}"
    own = click.Group("doorward", params=doorward.params, help=doorward.help)
    for name in sorted(COMMANDS):
        command = doorward.get_command(click.Context(doorward), name)
        assert command is not None
        own.add_command(command, name)
    folder.mkdir()
    pages = (
        ("doorward", "agent inside a smart door controller", own, manpage.FILES),
        ("doorward-centre", "neighbourhood centre of Doorward door controllers", centre, manpage.CENTRE_FILES),
    )
    for name, summary, group, files in pages:
        text = manpage.page(name, summary, group, version=version, date=date, files=files)
        (folder / f"{name}.1").write_text(text, encoding="utf-8")
    for shell, name in (("bash", "doorward"), ("zsh", "_doorward"), ("fish", "doorward.fish")):
        made = get_completion_class(shell)
        assert made is not None
        path = folder / "completion" / shell / name
        path.parent.mkdir(parents=True)
        path.write_text(made(own, {}, "doorward", "_DOORWARD_COMPLETE").source(), encoding="utf-8")
    _dist_info(folder / "unit", "doorward", version, {})
    points = _pyproject()["project"]["entry-points"]["doorward.commands"]
    kept = {name: place for name, place in points.items() if name not in NOT_PACKAGED}
    _dist_info(folder / "centre", "doorward_centre", version, kept)


def _dist_info(folder: Path, name: str, version: str, commands: dict[str, str]) -> None:
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    if commands:
        lines = "".join(f"{command} = {place}\n" for command, place in sorted(commands.items()))
        (info / "entry_points.txt").write_text(f"[doorward.commands]\n{lines}", encoding="utf-8")


def _bundle(folder: Path) -> None:
    """The libraries of bundled.txt, by their hashes, without what only pip reads, and without their commands, which want more libraries."""
    wheels = folder.parent / "wheels"
    asked = (
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
    )
    listed = ROOT / "packaging" / "bundled.txt"
    subprocess.run(
        (sys.executable, "-m", "pip", *asked, "-d", wheels, "-r", listed), check=True, stdin=subprocess.DEVNULL
    )
    for wheel in sorted(wheels.iterdir()):
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                if ".dist-info/" not in member and Path(member).name not in {"cli.py", "__main__.py"}:
                    archive.extract(member, folder)
    shutil.rmtree(wheels)


def _debian(tree: Path, version: str, epoch: int) -> None:
    from agent.store.schema import CACHE_STEPS, JOURNAL_STEPS  # noqa: PLC0415

    debian = tree / "debian"
    shutil.copytree(ROOT / "packaging" / "debian", debian)
    units = ROOT / "systemd"
    for package in ("doorward", "doorward-centre"):
        shutil.copy(units / f"{package}.sysusers.conf", debian / f"{package}.sysusers")
        shutil.copy(units / f"{package}.tmpfiles.conf", debian / f"{package}.tmpfiles")
    preinst = debian / "doorward.preinst"
    text = preinst.read_text(encoding="utf-8").replace("@VERSION@", version)
    text = text.replace("@JOURNAL@", str(len(JOURNAL_STEPS))).replace("@CACHE@", str(len(CACHE_STEPS)))
    preinst.write_text(text, encoding="utf-8")
    name, address = os.environ.get("DEBFULLNAME", UPLOADER[0]), os.environ.get("DEBEMAIL", UPLOADER[1])
    control = debian / "control"
    control.write_text(
        re.sub(r"(?m)^Maintainer: .*$", f"Maintainer: {name} <{address}>", control.read_text(encoding="utf-8")),
        encoding="utf-8",
    )
    when = format_datetime(datetime.fromtimestamp(epoch, UTC))
    changes = f"doorward ({version}) trixie; urgency=medium\n\n  * See CHANGELOG.md of the project.\n\n -- {name} <{address}>  {when}\n"
    (debian / "changelog").write_text(changes, encoding="utf-8")


def _pyproject() -> dict[str, dict[str, dict[str, dict[str, str]]]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _own_version() -> str:
    from agent import __version__  # noqa: PLC0415

    return __version__


def _epoch() -> int:
    """The time that files in the packages bear: what was asked for, else the commit's, else the day of the project file."""
    asked = os.environ.get("SOURCE_DATE_EPOCH")
    if asked:
        return int(asked)
    done = subprocess.run(("git", "log", "-1", "--format=%ct"), cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout.strip():
        return int(done.stdout)
    return int((ROOT / "pyproject.toml").stat().st_mtime)


if __name__ == "__main__":
    sys.exit(main())
