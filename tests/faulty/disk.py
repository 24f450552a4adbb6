"""The disk as a test uses it: mounted, told what to do, and what really lies on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Self

from simulator.demo.disk import SmallDisk
from simulator.mortal import mortal
from tests.faulty.state import State
from tests.waiting import eventually


class FaultyDisk(SmallDisk):
    """`folder` is the mounted one, `below` what lies on it, which can be read whatever the disk does."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.real = True
        self.below = folder.with_name(f"{folder.name}-below")
        self._kept = folder.with_name(f"{folder.name}-kept")
        self._found = folder.with_name(f"{folder.name}-found")
        self._control = folder.with_name(f"{folder.name}-control")
        self.state = State.WELL
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        for made in (self.folder, self.below):
            made.mkdir(parents=True, exist_ok=True)
        self.below.chmod(0o700)
        self._control.write_bytes(bytes([State.WELL]))
        words = [str(self.below), str(self.folder), str(self._control), str(self._kept)]
        log = self.folder.with_name(f"{self.folder.name}-log").open("wb")
        with log:
            command = mortal([sys.executable, "-W", "ignore", "-m", "tests.faulty.filesystem", *words])
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(lambda: os.path.ismount(self.folder), 10)
        return self

    def __exit__(self, *_: object) -> None:
        self.be(State.WELL)
        subprocess.run(["fusermount3", "-u", "-z", str(self.folder)], capture_output=True, check=False)
        if self._process is not None:
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def be(self, state: State) -> None:
        """From now on."""
        self.state = state
        if state is State.LYING:
            self.keep()
        with self._control.open("r+b") as file:
            file.write(bytes([state]))

    def keep(self) -> None:
        """What a power cut leaves from now on: this, and what a slow disk has synced by then; a lying one syncs nothing."""
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self.below, self._kept)

    def power_fails(self) -> None:
        """At this moment: what is synced from now on, while the agent is being killed, counts for nothing."""
        shutil.rmtree(self._found, ignore_errors=True)
        self._kept.rename(self._found)

    def cut(self) -> None:
        """After `power_fails` (or else now), some time after `keep` or on a disk that lied: nothing of what was not synced is there. The agent must not run."""
        if self._kept.exists():
            self.power_fails()
        for path in self.below.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self._found, self.below, dirs_exist_ok=True)
        self.be(State.WELL)

    # --- as the demo's disk

    def fill(self, pid: int) -> None:
        self.be(State.FULL)

    def free(self, pid: int) -> None:
        self.be(State.WELL)
