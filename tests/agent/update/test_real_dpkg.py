"""The updater with Debian's own dpkg, the plug pulled at any moment of it: the files are whole, old or new, before the agent starts."""

from __future__ import annotations

import fcntl
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agent.update.box import Box
from tests.agent.update.test_repack import install

pytestmark = [
    pytest.mark.needs("dpkg"),
    pytest.mark.skipif(os.geteuid() != 0, reason="dpkg installs as root alone"),
]
MODULES = 150
MEND = Path(__file__).parents[3] / "systemd/doorward-update-mend.service"


def build(folder: Path, tree: Path, version: str, does: str) -> Path:
    """A package `doorward` of many files, each of which says its version."""
    made = folder / f"{version}-{does}"
    inside = made / str(tree).lstrip("/")
    inside.mkdir(parents=True)
    for number in range(MODULES):
        (inside / f"module-{number}").write_text(f"{version} {does}", encoding="ascii")
    control = (
        f"Package: doorward\nVersion: {version}\nArchitecture: all\nMaintainer: N <n@example.cn>\nDescription: trial\n"
    )
    (made / "DEBIAN").mkdir()
    (made / "DEBIAN/control").write_text(control, encoding="ascii")
    preinst = made / "DEBIAN/preinst"  # as ours, it refuses to go back
    preinst.write_text(
        '#!/bin/sh\n[ "$1" != upgrade ] || dpkg --compare-versions "$2" le ' + version + "\n", encoding="ascii"
    )
    preinst.chmod(0o755)
    package = folder / f"doorward_{version}_{does}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", made, package], check=True, capture_output=True)
    return package


class DpkgBox(Box):
    """A machine whose packages are kept by the real dpkg, in an admin folder of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tree, self.admin = folder / "tree", folder / "admin"
        self.without("dpkg", "dpkg-query", "dpkg-deb")
        self.environment(
            TREE=str(self.tree),
            TREE_FILES=str(MODULES),
            DPKG_ADMINDIR=str(self.admin),
            DPKG_FORCE="not-root,bad-path",
        )
        install(self.admin, build(folder, self.tree, "0.1.0", "good"))
        self._tool("start-agent")

    def boot(self) -> None:
        """As the unit does it that comes before the agent's."""
        (self.machine / "reboot").unlink(missing_ok=True)
        if self.own.half.exists():
            for line in re.findall(r"^ExecStart=-?(.*)$", MEND.read_text(encoding="utf-8"), re.MULTILINE):
                command = line.replace("/var/lib/doorward-update", str(self.own.path)).replace("$$", "$")
                subprocess.run(["/bin/sh", "-c", command], env=self._env, check=False, capture_output=True)
        self._tool("start-agent")

    @property
    def installed(self) -> str:
        found = {path.read_text() for path in self.tree.glob("module-*")}
        return found.pop().split()[0] if len(found) == 1 and len(list(self.tree.iterdir())) == MODULES else "mixed"


@pytest.mark.parametrize(
    ("does", "cuts"),
    [
        ("good", 3),
        ("crashes", 2),
        pytest.param("good", 20, marks=pytest.mark.soak),
        pytest.param("crashes", 20, marks=pytest.mark.soak),
    ],
)
@pytest.mark.claim("F56")
def test_the_plug_pulled_in_the_middle_of_dpkg(
    tmp_path: Path, does: str, cuts: int, seed: int, record_property: Callable[[str, object], None]
) -> None:
    dice = random.Random(seed)
    box = DpkgBox(tmp_path)
    package = build(tmp_path, box.tree, "0.2.0", does)
    mixed = 0
    for number in range(cuts):
        box.order(package.read_bytes(), rev=number + 1)
        child = box.begin()
        while child.poll() is None and not box.own.half.exists():
            time.sleep(0.001)
        time.sleep(dice.uniform(0.0, 0.15))
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        mixed += box.installed == "mixed"
        box.boot()
        assert box.installed in {"0.1.0", "0.2.0"}, f"cut {number} with seed {seed}: files of two versions"
        assert box.install()
        outcome = box.outcome
        assert outcome is not None
        assert (outcome.rev, outcome.result) == (number + 1, "installed" if does == "good" else "returned"), seed
        assert box.runs == box.installed == ("0.2.0" if does == "good" else "0.1.0"), f"cut {number} with seed {seed}"
        assert box.left == []
        install_anew(box, tmp_path)
    record_property(
        "figure", f"{cuts} kills of dpkg, {mixed} of them left files of two versions; whole before the agent started"
    )


def install_anew(box: DpkgBox, folder: Path) -> None:
    """The first version again, by hand."""
    remove = ["dpkg", f"--admindir={box.admin}", "--force-not-root", "--force-bad-path", "--purge", "doorward"]
    subprocess.run(remove, check=True, capture_output=True)
    install(box.admin, folder / "doorward_0.1.0_good.deb")
    box.boot()


def test_a_half_package_is_left_to_an_updater_at_work(tmp_path: Path) -> None:
    """An agent that crashes again and again starts the mending each time, also while the updater runs dpkg to take its version back."""
    box = DpkgBox(tmp_path)
    box.own.path.mkdir(exist_ok=True)
    box.own.half.write_bytes(build(tmp_path, box.tree, "0.2.0", "good").read_bytes())
    with box.own.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        box.boot()
        assert box.installed == "0.1.0"
    box.boot()
    assert box.installed == "0.2.0"
