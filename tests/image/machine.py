"""A small computer in qemu that starts from the image: its serial lines are joined to a simulated box outside, its power can be cut."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from simulator.mortal import mortal
from tests.agent.cli.unit import ROOT
from tests.image.boards import BIOS_PC, PC_IMAGE, Board
from tests.waiting import eventually

IMAGE = PC_IMAGE
HOST = "10.0.2.2"
"""By what name the guest reaches this machine's 127.0.0.1."""
PEOPLE_AT = 1024 * 1024
"""Where the FAT partition DOORWARD begins in the image."""
_PROMPT = re.compile(rb"root@doorward:[^\n]*# $")


def copied(folder: Path, image: Path = IMAGE) -> Path:
    """The image, for one test to write on."""
    if not image.exists():
        raise AssertionError(f"no {image}: make image, as root")
    disk = folder / "disk.img"
    subprocess.run(["cp", "--sparse=always", image, disk], check=True)
    return disk


def lay(disk: Path, *files: Path) -> None:
    """Copy files onto the partition, as an office computer does."""
    subprocess.run(["mcopy", "-o", "-i", f"{disk}@@{PEOPLE_AT}", *files, "::/"], check=True)


def listed(disk: Path) -> str:
    done = subprocess.run(
        ["mdir", "-b", "-i", f"{disk}@@{PEOPLE_AT}", "::/"], capture_output=True, text=True, check=True
    )
    return done.stdout


def result(disk: Path) -> str:
    command = ["mtype", "-i", f"{disk}@@{PEOPLE_AT}", "::/result.txt"]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8-sig")


def state_at(disk: Path) -> tuple[int, int]:
    """Where the state partition begins and how long it is, in bytes."""
    done = subprocess.run(["sfdisk", "--json", disk], capture_output=True, text=True, check=True)
    table = json.loads(done.stdout)["partitiontable"]
    state = next(part for part in table["partitions"] if part["name"] == "doorward-state")
    return 512 * int(state["start"]), 512 * int(state["size"])


def bundle(how: str) -> Path:
    """An update of the image's own system, made once beside it: `good`, `broken` (it has no init), `strange` (signed by somebody else's key). Its agent is 9.9."""
    made = IMAGE.parent / f"test-{how}.raucb"
    if not made.exists() or made.stat().st_mtime < IMAGE.stat().st_mtime:
        keys = Path(os.environ.get("DOORWARD_IMAGE_KEYS") or IMAGE.parent / "keys")
        subprocess.run([ROOT / "tests/image/make_bundle", how, IMAGE.parent, keys, made], check=True)
    return made


class Machine:
    """`lines`: device files that become the board's further serial lines; `second`: a further disk, read-only."""

    def __init__(
        self, folder: Path, disk: Path, lines: list[Path], second: Path | None = None, board: Board = BIOS_PC
    ) -> None:
        self.board, self._folder = board, folder
        self.log = folder / "console.log"
        self._talk = folder / "console"
        self._lines, self._disk, self._second = lines, disk, second
        self._process: subprocess.Popen[bytes] | None = None
        self.started = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def power(self) -> None:
        """Switch it on."""
        command = self.board.command(self._folder)
        command += ["-drive", f"file={self._disk},format=raw,if=virtio,cache=none"]
        if self._second is not None:
            command += ["-drive", f"file={self._second},format=raw,if=virtio,readonly=on"]
        command += ["-nic", "user,model=virtio-net-pci"]
        self._talk.unlink(missing_ok=True)
        command += ["-chardev", f"socket,id=con,path={self._talk},server=on,wait=off,logfile={self.log},logappend=on"]
        command += ["-serial", "chardev:con"]
        for number, line in enumerate(self._lines):
            command += ["-chardev", f"serial,id=line{number},path={line.resolve()}", *self.board.line(number)]
        with self.log.with_suffix(".err").open("ab") as errors:
            self.started = time.monotonic()
            self._process = subprocess.Popen(mortal(command), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)

    def cut(self) -> None:
        """The power goes, at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def said(self) -> str:
        """Everything on the serial console since the first start."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def do(self, command: str, limit_s: float = 240.0) -> str:
        """Type a command on the serial console; what it printed. Raises AssertionError where it fails."""
        with socket.socket(socket.AF_UNIX) as talk:
            eventually(self._talk.exists, 20.0)
            talk.connect(str(self._talk))
            talk.settimeout(1.0)
            self._until(talk, _PROMPT, limit_s, poke=True)
            # Typed back by the terminal too, so neither mark stands in what is typed as it will be printed
            talk.sendall(f"echo BEG$((1))IN; {command} 2>&1; echo END-$?-END\n".encode())
            heard = self._until(talk, re.compile(rb"END-\d+-END"), limit_s)
        text = heard.decode("utf-8", "replace").replace("\r", "").rpartition("BEG1IN\n")[2]
        printed, code = re.split(r"END-(\d+)-END", text)[:2]
        assert code == "0", f"{command}: {code}: {printed[-2000:]}"
        return printed

    def _until(self, talk: socket.socket, what: re.Pattern[bytes], limit_s: float, *, poke: bool = False) -> bytes:
        heard, end = b"", time.monotonic() + limit_s
        while not what.search(heard):
            assert time.monotonic() < end, f"never on the console: {what.pattern!r}; {heard[-2000:]!r}"
            assert self.running, f"qemu ended: {self.log.with_suffix('.err').read_text(encoding='utf-8')}"
            try:
                heard += talk.recv(65536)
            except TimeoutError:
                if poke:
                    talk.sendall(b"\n")
        return heard
