"""GRUB's two parts in an image: each told where the next one lies, and what is not GRUB's refused."""

from __future__ import annotations

import importlib.util
import struct
from types import ModuleType

import pytest

from tests.agent.cli.unit import ROOT

BOOT = bytes(510) + b"\x55\xaa"


def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bios_boot", ROOT / "packaging/image/bios_boot.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def core(sectors: int, count: int | None = None) -> bytes:
    first = bytearray(512)
    struct.pack_into("<QHH", first, 500, 2, sectors if count is None else count, 0x820)
    return bytes(first) + bytes(512 * sectors - 100)


def test_each_part_is_told_where_the_next_one_lies() -> None:
    code, image = module().patched(BOOT, core(70), 4096)
    assert len(code) == 440
    assert struct.unpack_from("<Q", code, 0x5C) == (4096,)
    assert struct.unpack_from("<QHH", image, 500) == (4097, 70, 0x820)


@pytest.mark.parametrize(
    ("boot", "image"), [(bytes(512), core(9)), (BOOT, b""), (BOOT, core(9, 8)), (BOOT, bytes(2048))]
)
def test_what_is_not_grubs_is_refused(boot: bytes, image: bytes) -> None:
    with pytest.raises(ValueError, match="img"):
        module().patched(boot, image, 4096)
