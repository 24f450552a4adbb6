"""What its service does with an update that a cut broke off: the lines of the unit, with Debian's own dpkg-deb, on programs that say who they are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from agent.update.places import OwnFolder

pytestmark = pytest.mark.needs("dpkg")
UNIT = Path(__file__).parents[3] / "systemd/doorward-update.service"
PLACE = "usr/lib/doorward/bin/doorward"
WORKS = """import sys
print({name!r}, *sys.argv[1:])
"""
CRASHES = "raise KeyError\n"
CRASHES_IN_RUN = """import sys
if sys.argv[1:] != ["apply-update", "--help"]:
    raise KeyError
"""


class Service:
    """The machine's folders are below `folder`; dpkg and rauc only write down that they were called."""

    def __init__(self, folder: Path, installed: str) -> None:
        self.own, self._folder = OwnFolder(folder / "own"), folder
        self.own.path.mkdir()
        self._bin = folder / "bin"
        self._bin.mkdir()
        for name in ("dpkg", "rauc", "systemctl"):
            self._program(self._bin / name, f'#!/bin/sh\necho {name} "$@" >>{folder}/did\n')
        self._program(folder / PLACE, f"#!{sys.executable} -IB\n{installed}")

    def under_way(self, kept: str | None) -> None:
        """As a cut leaves it. `kept`: the updater in the package that is the way back; None: there is no package yet."""
        self.own.progress.write_text("{}", encoding="ascii")
        if kept is None:
            return
        tree = self._folder / "tree"
        self._program(tree / PLACE, f"#!{sys.executable} -IB\n{kept}")
        (tree / "DEBIAN").mkdir()
        fields = (
            "Package: doorward\nVersion: 0.1.0\nArchitecture: all\nMaintainer: N <n@example.cn>\nDescription: trial\n"
        )
        (tree / "DEBIAN/control").write_text(fields, encoding="ascii")
        subprocess.run(["dpkg-deb", "--build", tree, self.own.previous], check=True, capture_output=True)

    def start(self) -> str:
        """What ran, in its own words."""
        said = ""
        for line in re.findall(r"^ExecStart(?:Pre)?=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE):
            command = line.replace("/var/lib/doorward-update", str(self.own.path)).replace("$$", "$")
            command = command.replace("/run/doorward-update/kept", f"{self._folder}/kept").replace(
                "/usr/bin/python3", sys.executable
            )
            command = command.replace(f"own=/{PLACE}", f"own={self._folder}/{PLACE}")
            command = command.replace(f"{self._folder}/kept$own", f"{self._folder}/kept/{PLACE}")
            path = f"{self._bin}:/usr/sbin:/usr/bin:/sbin:/bin"
            done = subprocess.run(
                ["/bin/sh", "-c", command], env={"PATH": path}, check=False, capture_output=True, text=True
            )
            said += done.stdout
        return said

    @property
    def did(self) -> str:
        file = self._folder / "did"
        return file.read_text(encoding="ascii") if file.exists() else ""

    @staticmethod
    def _program(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
        path.chmod(0o755)


KEPT, NEW = WORKS.format(name="kept"), WORKS.format(name="new")


@pytest.mark.parametrize(
    ("installed", "kept", "runs"),
    [
        (NEW, KEPT, "kept apply-update\n"),
        (CRASHES, KEPT, "kept apply-update\n"),
        (CRASHES_IN_RUN, KEPT, "kept apply-update\n"),
        (NEW, CRASHES, "new apply-update\n"),
        (NEW, CRASHES_IN_RUN, "new apply-update\n"),
        (NEW, None, "new apply-update\n"),
    ],
    ids=["new works", "new crashes", "new crashes in its run", "kept crashes", "kept crashes in its run", "none kept"],
)
@pytest.mark.claim("F56")
def test_what_was_begun_is_gone_on_with_by_the_release_that_began_it(
    tmp_path: Path, installed: str, kept: str | None, runs: str
) -> None:
    service = Service(tmp_path, installed)
    service.under_way(kept)
    assert service.start() == runs
    assert service.did == ""


def test_a_kept_package_that_a_failing_disk_damaged_is_passed_over(tmp_path: Path) -> None:
    service = Service(tmp_path, NEW)
    service.under_way(KEPT)
    service.own.previous.write_bytes(service.own.previous.read_bytes()[:-2000])
    assert service.start() == "new apply-update\n"


@pytest.mark.parametrize("both", [CRASHES, CRASHES_IN_RUN], ids=["at its start", "in its run"])
def test_where_neither_runs_dpkg_goes_back_alone(tmp_path: Path, both: str) -> None:
    service = Service(tmp_path, both)
    service.under_way(both)
    service.start()
    assert service.did.startswith("dpkg ")
    assert service.did.endswith(" --install previous.deb\n")


def test_an_image_whose_updater_cannot_start_is_left_for_the_other(tmp_path: Path) -> None:
    service = Service(tmp_path, CRASHES)
    service.under_way(None)
    service.start()
    assert service.did == "rauc status mark-bad\nsystemctl reboot\n"


def test_a_new_order_is_taken_by_what_is_installed(tmp_path: Path) -> None:
    """Nothing is under way: no other program is asked, and nothing is unpacked."""
    service = Service(tmp_path, NEW)
    assert service.start() == "new apply-update\n"
    assert not (tmp_path / "kept").exists()
