"""A file that is filled at one pace and read at another: whoever reads slowly, or no further, holds nothing."""

from __future__ import annotations

import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from centre import spool
from centre.errors import CentreError
from centre.spool import Spool
from tests.agent.store.disks import small_disk


def test_a_spool_is_read_as_it_fills_and_has_no_name(tmp_path: Path) -> None:
    may = threading.Event()

    def parts() -> Generator[bytes]:
        yield b"a" * spool.PIECE
        assert may.wait(20)
        yield b"b"

    read = Spool(tmp_path, parts).read()
    assert next(read) == b"a" * spool.PIECE, "while the rest is not there yet"
    assert list(tmp_path.iterdir()) == []
    may.set()
    assert list(read) == [b"b"]


def test_who_reads_no_further_has_it_filled_no_further(tmp_path: Path) -> None:
    closed = threading.Event()

    def parts() -> Generator[bytes]:
        try:
            while True:
                yield b"a" * spool.PIECE
        finally:
            closed.set()

    read = Spool(tmp_path, parts).read()
    next(read)
    read.close()
    assert closed.wait(20)


def test_what_goes_wrong_in_the_middle_is_told_and_is_no_end(tmp_path: Path) -> None:
    def parts() -> Generator[bytes]:
        yield b"a" * spool.PIECE
        raise CentreError("broken")

    read = Spool(tmp_path, parts).read()
    assert len(next(read)) == spool.PIECE
    with pytest.raises(CentreError, match="broken"):
        next(read)


def test_a_disk_that_takes_no_more_is_told_in_a_line(tmp_path: Path) -> None:
    with small_disk(tmp_path, "1m") as disk:
        disk.fill()
        with pytest.raises(CentreError, match="cannot be prepared: "):
            list(Spool(disk.folder, lambda: (b"a" * spool.PIECE for _ in range(100))).read())
