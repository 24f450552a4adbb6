"""The memory card's image: by its bytes, and by the tools that a Linux machine reads it with."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
from pathlib import Path

import pytest

from panel.dwin import sdcard

FILES = {
    "0_DWIN_ASC.HZK": os.urandom(9000),
    "13TOUCH.BIN": b"\xff\xff",
    "22INIT.BIN": bytes(4096),
    "32.ICL": os.urandom(8192),
    "T5LCFG_480272_a.CFG": b"T5LC1",
    "23EMPTY.DZK": b"",
}
PARTITION = 2048 * 512


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "card.img"
    sdcard.write_image(path, "DWIN_SET", FILES)
    return path


def test_partition_and_clusters(image: Path) -> None:
    with image.open("rb") as card:
        master = card.read(512)
        card.seek(PARTITION)
        boot = card.read(512)
    assert master[510:] == boot[510:] == b"\x55\xaa"
    kind, first, sectors = master[450], *struct.unpack_from("<II", master, 454)
    assert (kind, first) == (0x0C, 2048)
    assert (first + sectors) * 512 == image.stat().st_size
    assert master[462:510] == bytes(48)  # no other partition
    bytes_per_sector, per_cluster = struct.unpack_from("<HB", boot, 11)
    assert bytes_per_sector * per_cluster == 4096
    assert struct.unpack_from("<I", boot, 32)[0] == sectors
    assert boot[82:90] == b"FAT32   "


def test_the_image_holds_no_more_than_is_written(image: Path) -> None:
    assert image.stat().st_blocks * 512 < 4_000_000


def test_the_same_files_make_the_same_image(image: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.img"
    sdcard.write_image(again, "DWIN_SET", FILES)
    with image.open("rb") as one, again.open("rb") as other:
        assert one.read(4_000_000) == other.read(4_000_000)


@pytest.mark.needs("fsck.fat")
def test_fsck_finds_fat32_with_clusters_of_4096_bytes_and_nothing_wrong(image: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.img"
    with image.open("rb") as card, part.open("wb") as out:
        card.seek(PARTITION)
        out.write(card.read(2_000_000))
        out.truncate(image.stat().st_size - PARTITION)
    path = f"{os.environ['PATH']}:/usr/sbin"
    checked = subprocess.run(
        ["fsck.fat", "-vn", part], capture_output=True, text=True, check=False, env={**os.environ, "PATH": path}
    )
    assert checked.returncode == 0, checked.stdout
    assert "4096 bytes per cluster" in checked.stdout
    assert "32 bit entries" in checked.stdout
    assert f"{len(FILES) + 2} files" in checked.stdout  # with the folder and the label


@pytest.mark.needs("mcopy")
def test_the_files_come_back_under_their_names(image: Path, tmp_path: Path) -> None:
    out = tmp_path / "back"
    out.mkdir()
    subprocess.run(["mcopy", "-s", "-i", f"{image}@@{PARTITION}", "::DWIN_SET", out], check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in (out / "DWIN_SET").iterdir()} == FILES


@pytest.mark.parametrize("files", [{f"{n:03}_TOO_MANY_FILES.BIN": b"" for n in range(200)}])
def test_too_much_leaves_no_image(files: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more files"):
        sdcard.write_image(tmp_path / "card.img", "DWIN_SET", files)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_no_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sdcard, "_put", full)
    with pytest.raises(OSError, match="No space"):
        sdcard.write_image(tmp_path / "card.img", "DWIN_SET", FILES)
    assert not list(tmp_path.iterdir())
