"""Makes a GPT disk image start on a PC's BIOS: GRUB's two parts, each told where the next one lies. `grub-bios-setup` would need a loop device.

    python3 bios_boot.py IMAGE BOOT_IMG CORE_IMG SECTOR

SECTOR is where the BIOS boot partition begins.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

SECTOR = 512
_CODE = 440
"""Of the first sector; behind it lie the disk's mark and the protective table."""
_KERNEL_SECTOR = 0x5C
"""In boot.img: the sector of core.img, 8 bytes."""
_FIRST_BLOCKLIST = SECTOR - 12
"""In core.img: sector of its rest (8 bytes), how many (2), where to in memory (2)."""


def patched(boot: bytes, core: bytes, sector: int) -> tuple[bytes, bytes]:
    """(first 440 bytes of the disk, the BIOS boot partition's). Raises ValueError for what is not GRUB's."""
    if len(boot) != SECTOR or boot[510:] != b"\x55\xaa":
        raise ValueError("boot.img is no boot sector")
    first, count, segment = struct.unpack_from("<QHH", core, _FIRST_BLOCKLIST) if len(core) > SECTOR else (0, 0, 0)
    rest = -(-(len(core) - SECTOR) // SECTOR)
    if count != rest or not segment or not first:
        raise ValueError("core.img has no list of blocks as grub-mkimage writes it")
    code, image = bytearray(boot[:_CODE]), bytearray(core)
    struct.pack_into("<Q", code, _KERNEL_SECTOR, sector)
    struct.pack_into("<Q", image, _FIRST_BLOCKLIST, sector + 1)
    return bytes(code), bytes(image)


def main(image: str, boot: str, core: str, sector: str) -> None:
    code, rest = patched(Path(boot).read_bytes(), Path(core).read_bytes(), int(sector))
    with Path(image).open("r+b") as disk:
        disk.write(code)
        disk.seek(int(sector) * SECTOR)
        disk.write(rest)


if __name__ == "__main__":
    main(*sys.argv[1:])
