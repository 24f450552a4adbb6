"""The image's judge of its two systems: which one it lets stay, and when it starts again. GRUB's own file; systemctl is stood in for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.agent.cli.unit import ROOT

SCRIPT = ROOT / "packaging/image/root/usr/lib/doorward-image/slot"
pytestmark = pytest.mark.needs("grub-editenv")


class Slot:
    """The system B runs."""

    def __init__(self, folder: Path) -> None:
        self.env, self.did = folder / "grubenv", folder / "did"
        self._bin = folder / "bin"
        self._bin.mkdir()
        (folder / "cmdline").write_text("quiet rauc.slot=B\n", encoding="ascii")
        text = SCRIPT.read_text(encoding="ascii")
        text = text.replace("/boot/efi/grub/grubenv", str(self.env)).replace("/proc/cmdline", str(folder / "cmdline"))
        self._script = folder / "slot"
        self._script.write_text(text, encoding="utf-8")
        self.updater("dead")

    def updater(self, state: str) -> None:
        program = self._bin / "systemctl"
        program.write_text(
            f'#!/bin/sh\ncase $1 in show) echo {state} ;; *) echo "$@" >>{self.did} ;; esac\n', encoding="utf-8"
        )
        program.chmod(0o755)

    def set(self, *values: str) -> None:
        subprocess.run(["grub-editenv", self.env, "set", *values], check=True)

    def do(self, what: str) -> str:
        path = f"{self._bin}:/usr/sbin:/usr/bin:/sbin:/bin"
        done = subprocess.run(
            ["sh", self._script, what], env={"PATH": path}, capture_output=True, text=True, check=True
        )
        return done.stdout

    def value(self, name: str) -> str:
        told = subprocess.run(["grub-editenv", self.env, "list"], capture_output=True, text=True, check=True).stdout
        return dict(line.split("=", 1) for line in told.splitlines())[name]

    @property
    def restarts(self) -> bool:
        return self.did.exists()


@pytest.fixture
def slot(tmp_path: Path) -> Slot:
    made = Slot(tmp_path)
    subprocess.run(["grub-editenv", made.env, "create"], check=True)
    made.set("ORDER=B A", "A_OK=1", "B_OK=1", "A_TRY=0", "B_TRY=1", "A_NEW=0", "B_NEW=2")
    return made


def test_a_ready_door_does_not_make_a_new_system_stay(slot: Slot) -> None:
    """That is the updater's to say, once the centre has confirmed."""
    assert "on trial" in slot.do("works")
    assert (slot.value("B_NEW"), slot.value("B_TRY")) == ("2", "1")


def test_a_system_that_was_called_good_begins_at_nought_again(slot: Slot) -> None:
    slot.set("B_NEW=0", "B_TRY=3")
    slot.do("works")
    assert slot.value("B_TRY") == "0"


def test_a_new_system_that_nobody_judges_starts_again(slot: Slot) -> None:
    slot.do("trial-over")
    assert slot.restarts


def test_one_that_was_called_good_meanwhile_does_not(slot: Slot) -> None:
    slot.set("B_TRY=0")  # as `rauc status mark-good` does
    slot.do("trial-over")
    assert not slot.restarts


@pytest.mark.claim("F3")
def test_the_end_of_the_trial_restarts_nothing_while_the_updater_is_at_work(slot: Slot) -> None:
    """It may be waiting for a fire's end, or for a door to shut."""
    slot.updater("start")
    slot.do("trial-over")
    assert not slot.restarts
    slot.updater("auto-restart")
    slot.do("trial-over")
    assert slot.restarts


def test_counts_that_a_power_cut_left_unreadable_are_begun_anew_with_the_system_that_runs(slot: Slot) -> None:
    slot.env.write_bytes(b"\0" * 1024)
    slot.do("works")
    assert [slot.value(name) for name in ("ORDER", "B_OK", "A_OK")] == ["B A", "1", "0"]
