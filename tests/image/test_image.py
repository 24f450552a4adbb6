"""The image as a computer at a door starts it: from power-on to a card that opens, hard power cuts, and the two systems of an update.

Needs what `make image` made (DOORWARD_IMAGE, else build/image/doorward-amd64.img), qemu-system-x86 and mtools.
"""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import __version__
from centre.folder import Files, Folder
from simulator.demo.people import RESIDENT
from simulator.demo.stage import NAME, SCOPES, UNIT, Stage
from simulator.wiring import UnitNames, config_yaml
from tests.image.boards import ARM, BIOS_PC, EFI_PC, Board
from tests.image.machine import HOST, Machine, bundle, copied, lay, listed, result, state_at
from tests.waiting import eventually

pytestmark = pytest.mark.soak
BOOT_S = 300.0
LINES = ("io", "reader", "screen")
CUTS = int(os.environ.get("DOORWARD_CUTS") or 20)
COMMITTED_S = 3.0
"""After that long a decision is on the disk: the store commits what is not urgent within a second."""


class Door:
    """A centre and a broker outside, the simulated box, and the machine between them."""

    def __init__(self, folder: Path, stage: Stage, second: Path | None = None, board: Board = BIOS_PC) -> None:
        self.stage, self.box = stage, stage.box
        self.disk = copied(folder, board.image)
        lines = [self.box.ports[name] for name in LINES]
        self.machine = Machine(folder, self.disk, lines, second, board)
        self.config = folder / "config.yaml"
        self.enrolment = folder / f"{UNIT}.enrolment.json"
        self.opened_at = 0.0

    def prepare(self) -> None:
        """What the clerk and the installer do at their desks: the two files, onto the partition."""
        names = UnitNames(
            id=UNIT,
            site="badahu",
            name=NAME,
            scopes=SCOPES,
            broker=f"mqtt://{HOST}:{self.stage.cable.port}",
            identity=Path("/etc/doorward/identity"),
            state=Path("/var/lib/doorward"),
            pulse_s=1.0,
        )
        text = config_yaml(self.box, names)
        for name, line in zip(LINES, self.machine.board.lines(len(LINES)), strict=True):
            text = text.replace(str(self.box.ports[name]), line)
        self.config.write_text(text, encoding="utf-8")
        self.stage.bureau.do("unit", "enrolment", UNIT, "--out", str(self.enrolment))
        lay(self.disk, self.config, self.enrolment)

    def until_polled(self) -> float:
        """Until the agent asks the relay board; seconds since power-on."""
        polls = self.box.relay.polls
        eventually(lambda: self.box.relay.polls > polls + 4, BOOT_S, 0.05)
        return time.monotonic() - self.machine.started

    def opens(self, limit_s: float = BOOT_S) -> float:
        """A resident holds the card to the reader until the door unlocks; seconds since power-on."""
        part, end = self.box.door().part, time.monotonic() + limit_s
        while time.monotonic() < end:
            at = time.monotonic()
            self.box.tap(RESIDENT)
            try:
                eventually(lambda since=at: self.box.trace.moments(part, "unlocked", since), 3.0)
            except AssertionError:
                continue
            self.opened_at = time.monotonic()
            return self.opened_at - self.machine.started
        raise AssertionError(f"no card opens: {self.box.panel.title}; {self.machine.said()[-3000:]}")

    def granted(self) -> int:
        return len(self.stage.bureau.facts(kind="access.granted"))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path / "stage") as made:
        made.found()
        made.start_broker()
        made.bureau.serve.start()
        yield made


@pytest.mark.claim("F3")
def test_from_power_on_to_a_card_that_opens_and_twenty_power_cuts(
    tmp_path: Path, stage: Stage, seed: int, record_property: pytest.RecordProperty
) -> None:
    door = Door(tmp_path, stage)
    door.prepare()
    chance = random.Random(seed)
    with door.machine as machine:
        machine.power()
        first_polled = door.until_polled()
        first = door.opens()
        eventually(lambda: door.granted() >= 1, 120.0)
        machine.cut()
        assert "enrolment.json" not in listed(door.disk)
        assert f"已入网为 {UNIT}" in result(door.disk)

        surely, times = 1, []
        for _ in range(CUTS):
            machine.power()
            door.until_polled()
            times.append(door.opens())
            time.sleep(chance.uniform(0.0, 2 * COMMITTED_S))  # until the moment of the cut
            surely += time.monotonic() - door.opened_at > COMMITTED_S
            machine.cut()
        machine.power()
        door.until_polled()
        door.opens()
        eventually(lambda: len(stage.bureau.facts(kind="agent.started")) >= CUTS + 2, 120.0)
        eventually(lambda: door.granted() > surely, 60.0)
    assert len({fact.epoch for fact in stage.bureau.facts()}) == 1, "a journal was begun anew"
    alarms = stage.bureau.do("alarms", "list", "--all")
    assert not [word for word in ("history.", "epoch.new", "alarm.mismatch", "unit.cloned") if word in alarms], alarms
    assert "MADE ANEW" not in machine.said()
    usual = sorted(times)[len(times) // 2]
    record_property(
        "figure", f"first start {first:.0f} s (polled {first_polled:.0f} s), then {usual:.0f} s; {CUTS} cuts"
    )


@pytest.mark.parametrize("board", [EFI_PC, ARM], ids=["amd64", "arm64"])
def test_it_starts_by_uefi(tmp_path: Path, stage: Stage, board: Board, record_property: pytest.RecordProperty) -> None:
    """As a newer PC and as an ARM board: from the two files to a card that opens, and once more after a cut."""
    if not board.image.exists():
        pytest.skip(f"no {board.image}: make image ARCH={board.arch}, as root")
    door = Door(tmp_path, stage, board=board)
    door.prepare()
    with door.machine as machine:
        machine.power()
        first = door.opens(2 * BOOT_S)
        assert "/sys/firmware/efi" in machine.do("ls -d /sys/firmware/efi")
        machine.cut()
        machine.power()
        again = door.opens(2 * BOOT_S)
    record_property("figure", f"first start {first:.0f} s, then {again:.0f} s")


def updated(stage: Stage, tmp_path: Path, how: str) -> Door:
    """A machine with a second disk that holds the bundle."""
    return with_stick(stage, tmp_path, bundle(how), "update.raucb")


def with_stick(stage: Stage, tmp_path: Path, file: Path, name: str) -> Door:
    folder, second = tmp_path / "second", tmp_path / "second.ext4"
    folder.mkdir()
    shutil.copy(file, folder / name)
    size = file.stat().st_size // 1024 + 65536
    command = ["mke2fs", "-q", "-t", "ext4", "-d", str(folder), str(second), f"{size}K"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return Door(tmp_path, stage, second)


INSTALL = "mkdir -p /run/u && mount -r /dev/vdb /run/u && rauc install /run/u/update.raucb"
SLOT = "grep -o 'rauc.slot=[AB]' /proc/cmdline"


def restarted(door: Door) -> str:
    """Which system comes up after an orderly restart."""
    door.machine.do("systemctl --no-block reboot")
    door.until_polled()
    return door.machine.do(SLOT)


def test_an_update_that_is_called_good_stays(tmp_path: Path, stage: Stage) -> None:
    door = updated(stage, tmp_path, "good")
    door.prepare()
    with door.machine as machine:
        machine.power()
        door.opens()
        assert "rauc.slot=A" in machine.do(SLOT)
        machine.do(INSTALL, 900.0)
        machine.cut()  # right behind it
        machine.power()
        door.opens()
        assert "rauc.slot=B" in machine.do(SLOT)
        machine.do("rauc status mark-good")
        for _ in range(2):
            machine.cut()
            machine.power()
            door.opens()
            assert "rauc.slot=B" in machine.do(SLOT)


@pytest.mark.claim("F3")
def test_a_person_s_update_is_called_good_once_the_centre_has_confirmed(tmp_path: Path, stage: Stage) -> None:
    """`doorward update FILE`, RAUC, the other system: nobody types anything more."""
    folder = Folder(stage.bureau.path)
    # Where a unit without a stick would have it from
    folder.save(dataclasses.replace(folder.load(), files=Files(HOST)))
    stage.bureau.do("software", "add", str(bundle("good")), "--version", "9.9")
    packed = tmp_path / "9.9.doorward"
    stage.bureau.do("software", "pack", "9.9", "--out", str(packed))
    door = with_stick(stage, tmp_path, packed, packed.name)
    door.prepare()
    with door.machine as machine:
        machine.power()
        door.opens()
        eventually(lambda: door.granted() >= 1, 120.0)
        machine.do("mkdir -p /run/u && mount -r /dev/vdb /run/u && doorward update --yes --no-wait /run/u/9.9.doorward")
        eventually(lambda: "system B, start 1" in machine.said(), 900.0, 1.0)
        assert not stage.bureau.facts(kind="software.installed")
        door.opens()
        eventually(lambda: stage.bureau.facts(kind="software.installed"), 900.0, 1.0)
        (fact,) = stage.bureau.facts(kind="software.installed")
        assert (fact.data["version"], fact.data["before"]) == ("9.9", __version__)
        machine.cut()
        machine.power()
        door.opens()
        assert "rauc.slot=B" in machine.do(SLOT)
        where = machine.do("findmnt -no PARTLABEL -T /var/lib/doorward-update; ls /var/lib/doorward-update")
        assert "doorward-state" in where
        assert "state.json" not in where


def test_an_update_that_nobody_calls_good_is_given_up(tmp_path: Path, stage: Stage) -> None:
    door = updated(stage, tmp_path, "good")
    door.prepare()
    with door.machine as machine:
        machine.power()
        door.opens()
        machine.do(INSTALL, 900.0)
        seen = []
        for _ in range(4):
            machine.cut()
            machine.power()
            door.opens()
            seen += [machine.do(SLOT).strip()[-1]]
    assert seen == ["B", "B", "A", "A"]


def test_an_update_that_does_not_even_start_is_given_up_without_a_hand(tmp_path: Path, stage: Stage) -> None:
    door = updated(stage, tmp_path, "broken")
    door.prepare()
    with door.machine as machine:
        machine.power()
        door.opens()
        machine.do(INSTALL, 900.0)
        machine.do("systemctl --no-block reboot")
        eventually(lambda: "system B, start 2" in machine.said(), 2 * BOOT_S, 1.0)
        door.until_polled()
        door.opens()
        assert "rauc.slot=A" in machine.do(SLOT)


def test_a_bundle_of_somebody_elses_key_is_refused(tmp_path: Path, stage: Stage) -> None:
    door = updated(stage, tmp_path, "strange")
    door.prepare()
    with door.machine as machine:
        machine.power()
        door.opens()
        said = machine.do(f"! {{ {INSTALL}; }}", 900.0)
        assert "signature" in said.lower()
        machine.cut()
        machine.power()
        door.opens()
        assert "rauc.slot=A" in machine.do(SLOT)


def test_a_state_partition_of_rubbish_is_made_anew_and_the_door_is_told_what_it_lacks(
    tmp_path: Path, stage: Stage
) -> None:
    """No keyboard: the configuration comes from the partition again, so exit button and fire work; who it is has to be laid there anew."""
    door = Door(tmp_path, stage)
    door.prepare()
    with door.machine as machine:
        machine.power()
        door.opens()
        machine.cut()
        start, length = state_at(door.disk)
        hole = ["fallocate", "--punch-hole", "--offset", str(start), "--length", str(length), str(door.disk)]
        subprocess.run(hole, check=True, stdin=subprocess.DEVNULL)
        machine.power()
        door.until_polled()
        assert "IS MADE ANEW" in machine.said()
        machine.cut()
    assert "缺入网文件" in result(door.disk)
