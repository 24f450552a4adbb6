"""`make stick`: a folder with a package of ours and every package it needs that a Debian 13 does not bring, for an installation with no network.

apt itself works it out, for the architecture asked for, on lists of its own: nothing of this machine's is changed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUITE = "trixie"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
README = """\
{package} {version} for Debian 13 ({arch}), with all it needs.
On the board, in this folder, with no network:   sudo sh install.sh
On a board that was never updated also:          sudo apt install ./*.deb

{package} {version}，适用于 Debian 13（{arch}），所需的软件包都在这里。
在门口机上，进入这个文件夹（不用联网）：         sudo sh install.sh
从未更新过的系统也可以：                         sudo apt install ./*.deb
"""


class StickError(Exception):
    """Why there is no folder, in a line."""


class Apt:
    """apt-get for `arch` on lists and a status of its own, in `folder`: a machine that has nothing installed."""

    def __init__(self, folder: Path, arch: str, sources: list[str]) -> None:
        for name in ("lists/partial", "cache/archives/partial", "empty"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text("".join(f"deb [signed-by={KEYRING}] {line} main\n" for line in sources))
        settings = {
            "APT::Architecture": arch,
            "APT::Architectures": arch,
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Dir::State": folder,
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder / "cache",
            "Dir::Etc::sourcelist": folder / "sources.list",
            "Dir::Etc::sourceparts": folder / "empty",
            "Dir::Etc::preferencesparts": folder / "empty",
        }
        (folder / "apt.conf").write_text("".join(f'{name} "{value}";\n' for name, value in settings.items()))
        self._environment = os.environ | {"APT_CONFIG": str(folder / "apt.conf"), "LC_ALL": "C.UTF-8"}

    def run(self, *command: str | Path, cwd: Path | None = None) -> str:
        return run(*command, cwd=cwd, env=self._environment)

    def would_install(self, *packages: str | Path) -> set[str]:
        """Names of all that comes with these."""
        lines = self.run("apt-get", "-qq", "--simulate", "install", *packages).splitlines()
        return {line.split()[1].partition(":")[0] for line in lines if line.startswith("Inst ")}

    def base(self) -> set[str]:
        """Names of what every Debian system is made of: packages of priority required and important, and what they need."""
        wanted = set()
        for stanza in self.run("apt-cache", "dumpavail").split("\n\n"):
            fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and line[0] != " ")
            if fields.get("Priority") in {"required", "important"} or fields.get("Essential") == "yes":
                wanted.add(fields["Package"])
        return self.would_install(*sorted(wanted))


def fill(out: Path, package: str, debs: Path, arch: str, sources: list[str]) -> Path:
    """The folder, whole or not at all. Raises StickError."""
    ours = sorted(path for path in debs.glob("*.deb") if path.name.partition("_")[0] in {"doorward", package})
    if package not in {path.name.partition("_")[0] for path in ours}:
        raise StickError(f"no {package}_*.deb in {debs}: `make deb` makes it")
    apt = Apt(out.parent / f".apt-{arch}", arch, sources)
    apt.run("apt-get", "-qq", "update")
    own = {path.name.partition("_")[0] for path in ours}
    needed = apt.would_install(*ours) - apt.base() - own
    fresh = out.with_name(f".{out.name}-new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    if needed:
        apt.run("apt-get", "-qq", "download", *sorted(needed), cwd=fresh)
    for path in ours:
        shutil.copy(path, fresh)
    sums = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(fresh.glob("*.deb")))
    (fresh / "SHA256SUMS").write_text("".join(sums))
    shutil.copy(ROOT / "packaging" / "stick" / "install.sh", fresh)
    version = run("dpkg-deb", "--field", ours[0], "Version").strip()
    (fresh / "README.txt").write_text(README.format(package=package, version=version, arch=arch), encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    return fresh.rename(out)


def sources_of(mirror: str | None) -> list[str]:
    """Where Debian 13 is: the mirror that was named, else where this machine's own apt has it from. Raises StickError."""
    if mirror is not None:
        base = mirror.rstrip("/")
        return [f"{base} {SUITE}", f"{base} {SUITE}-updates", f"{base}-security {SUITE}-security"]
    listed = run(
        "apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Origin: Debian", "Created-By: Packages"
    )
    found = sorted({line for line in listed.splitlines() if line.split()[-1].partition("-")[0] == SUITE})
    if not found:
        raise StickError(f"this machine's apt does not know Debian's {SUITE}: name a mirror with MIRROR=")
    return found


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        raise StickError(f"{' '.join(str(word) for word in command[:4])} … failed")
    return done.stdout


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("package", choices=["doorward", "doorward-centre"])
    options.add_argument("--debs", type=Path, default=ROOT / "build" / "deb", help="where `make deb` put the packages")
    options.add_argument("--out", type=Path, help="the folder to make (default: build/stick/PACKAGE-ARCH)")
    options.add_argument("--arch", help="as Debian names it: amd64, arm64, armhf …; this machine's by default")
    options.add_argument("--mirror", help="a Debian mirror; where this machine has Debian from by default")
    given = options.parse_args()
    try:
        arch = given.arch or run("dpkg", "--print-architecture").strip()
        out = given.out or ROOT / "build" / "stick" / f"{given.package}-{arch}"
        print(fill(out.resolve(), given.package, given.debs.resolve(), arch, sources_of(given.mirror or None)))
    except StickError as error:
        print(f"make stick: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
