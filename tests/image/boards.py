"""The computers that qemu makes for an image: a PC by its BIOS, a PC and a 64-bit ARM board by UEFI."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.agent.cli.unit import ROOT

PC_IMAGE = Path(os.environ.get("DOORWARD_IMAGE") or ROOT / "build/image/doorward-amd64.img")


@dataclass(frozen=True)
class Board:
    """`firmware`: code, and the variables it keeps, of which each machine has a copy; none: the BIOS that qemu brings. `first`: the number of the
    first `/dev/ttyS` that is not the console.
    """

    program: str
    package: str
    arch: str
    options: tuple[str, ...]
    firmware: tuple[str, str] | None = None
    first: int = 1
    pci_lines: bool = False

    @property
    def image(self) -> Path:
        return PC_IMAGE.with_name(f"doorward-{self.arch}.img") if self.arch != "amd64" else PC_IMAGE

    def lines(self, count: int) -> list[str]:
        """The device files, in the guest."""
        return [f"/dev/ttyS{number}" for number in range(self.first, self.first + count)]

    def command(self, folder: Path) -> list[str]:
        """Without disk, network and lines. Without KVM unless DOORWARD_KVM is set: a figure shall not hang on whose machine it was measured on."""
        program = shutil.which(self.program)
        assert program, f"{self.program} is missing: apt install {self.package}"
        fast = ("-accel", "kvm") if os.environ.get("DOORWARD_KVM") else ("-accel", "tcg,thread=multi")
        made = [program, *fast, "-smp", "2", "-display", "none", "-monitor", "none", "-nodefaults", *self.options]
        return [*made, "-device", "virtio-rng-pci", *self._firmware(folder)]

    def line(self, number: int) -> list[str]:
        """The further serial line of that number (from 0), joined to the character device `lineN`."""
        attached = f"pci-serial,chardev=line{number}" if self.pci_lines else f"chardev:line{number}"
        return ["-device" if self.pci_lines else "-serial", attached]

    def _firmware(self, folder: Path) -> list[str]:
        if self.firmware is None:
            return []
        code, fresh = self.firmware
        kept = folder / "firmware.vars"
        if not kept.exists():
            subprocess.run(["cp", fresh, kept], check=True)
        flash = f"if=pflash,format=raw,readonly=on,file={code}", f"if=pflash,format=raw,file={kept}"
        return ["-drive", flash[0], "-drive", flash[1]]


_PC = ("-m", "512", "-vga", "none", "-device", "i6300esb", "-action", "watchdog=reset")
BIOS_PC = Board("qemu-system-x86_64", "qemu-system-x86", "amd64", _PC)
EFI_PC = Board(
    "qemu-system-x86_64",
    "qemu-system-x86 ovmf",
    "amd64",
    ("-M", "q35", *_PC),
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
)
ARM = Board(
    "qemu-system-aarch64",
    "qemu-system-arm qemu-efi-aarch64",
    "arm64",
    ("-M", "virt", "-cpu", "cortex-a57", "-m", "1024"),
    ("/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"),
    first=0,
    pci_lines=True,
)
