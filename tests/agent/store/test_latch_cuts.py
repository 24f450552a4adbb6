"""The power cut at any moment of a write of the fire latch, with any of what was not synced lost: what is read then is the old or the new, never another."""

from __future__ import annotations

import itertools
import os
import random
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.store import latch

PIECE = 16
"""What is surely written whole or not at all: far less than any disk promises."""
NONE: frozenset[str] = frozenset()
MANY = frozenset(f"door-{n:02d}-of-a-long-corridor-in-a-large-house" for n in range(60))
"""As many as fill most of the block."""


class Recorded:
    """The calls by which `latch` changes files, in order, while they are carried out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.steps: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def _name(self, fd: int) -> str:
        return Path(f"/proc/self/fd/{fd}").readlink().name

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        self.steps.append(("write", self._name(fd), offset, data))
        return os.pwrite(fd, data, offset)

    def ftruncate(self, fd: int, size: int) -> None:
        self.steps.append(("size", self._name(fd), size))
        os.ftruncate(fd, size)

    def fsync(self, fd: int) -> None:
        self.steps.append(("sync", self._name(fd)))

    def fdatasync(self, fd: int) -> None:
        self.steps.append(("sync", self._name(fd)))


def recorded(folder: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> list[tuple[Any, ...]]:
    log = Recorded(folder)
    with monkeypatch.context() as patched:
        patched.setattr(latch, "os", log)
        patched.setattr(latch, "sync_folder", lambda _: log.steps.append(("names",)))
        act()
    return log.steps


class Disk:
    """What is surely on the disk, and what may be: names, sizes and sectors that nobody synced yet. No bytes: there is no such name."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.sure: dict[str, bytes | None] = dict.fromkeys(latch.NAMES) | files
        self.named = {name for name, data in self.sure.items() if data is not None}
        self.maybe: dict[str, list[tuple[Any, ...]]] = {name: [] for name in latch.NAMES}

    def take(self, step: tuple[Any, ...]) -> None:
        if step[0] == "names":
            self.named |= {name for name, data in self.sure.items() if data is not None}
        elif step[0] == "sync":
            self.sure[step[1]] = self._with(step[1], self.maybe[step[1]])
            self.maybe[step[1]] = []
        elif step[0] == "size":
            self.maybe[step[1]].append(("size", step[2]))
        else:
            _, name, offset, data = step
            was = self.sure[name] or b""
            for at in range(0, len(data), PIECE):
                if was[offset + at : offset + at + PIECE] != data[at : at + PIECE]:
                    self.maybe[name].append(("write", offset + at, data[at : at + PIECE]))

    def _with(self, name: str, changes: list[tuple[Any, ...]]) -> bytes:
        data = bytearray(self.sure[name] or b"")
        for change in changes:
            if change[0] == "size":
                data = data[: change[1]].ljust(change[1], b"\0")
            else:
                _, at, part = change
                data = data.ljust(at, b"\0")
                data[at : at + len(part)] = part
        return bytes(data)

    def after_cut(self, rng: random.Random) -> Iterator[dict[str, bytes | None]]:
        """What may be found; all of it where that is a few hundred, else some."""
        ways = {name: list(self._ways(name, rng)) for name in latch.NAMES}
        for found in itertools.product(*ways.values()):
            yield dict(zip(ways, found, strict=True))

    def _ways(self, name: str, rng: random.Random) -> Iterator[bytes | None]:
        if name not in self.named:
            yield None
        changes = self.maybe[name]
        if self.sure[name] is None and not changes:
            return
        picks = itertools.product((False, True), repeat=len(changes))
        some = list(picks) if len(changes) <= 8 else [tuple(rng.random() < 0.5 for _ in changes) for _ in range(200)]
        for kept in {*some, (True,) * len(changes), (False,) * len(changes)}:
            yield self._with(name, [change for change, there in zip(changes, kept, strict=True) if there])


def old_form(doors: frozenset[str]) -> bytes:
    return "".join(f"{door} {zlib.crc32(door.encode()):08x}\n" for door in sorted(doors)).encode()


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in latch.NAMES if (folder / name).exists()}


@pytest.mark.claim("D1")
@pytest.mark.parametrize(
    ("before", "act", "may"),
    [
        pytest.param({"main"}, {"main", "back"}, ({"main"}, {"main", "back"}), id="another door"),
        pytest.param({"main"}, NONE, ({"main"}, NONE), id="reset"),
        pytest.param(NONE, MANY, (NONE, MANY), id="many doors"),
        pytest.param(MANY, {"main"}, (MANY, {"main"}), id="few after many"),
        pytest.param(None, None, (NONE, None), id="made ready for the first time"),
        pytest.param("old form", None, ({"main"},), id="made ready from the older form"),
        pytest.param("old form", {"back"}, ({"main"}, {"back"}), id="written over the older form"),
        pytest.param(latch.NAMES[:1], {"back"}, ({"main"}, {"back"}), id="written where the first is damaged"),
        pytest.param(latch.NAMES[1:], {"back"}, ({"main"}, {"back"}), id="written where the second is damaged"),
        pytest.param(latch.NAMES[1:], None, ({"main"},), id="made ready where the second is damaged"),
        pytest.param(latch.NAMES, {"back"}, (None, {"back"}), id="written where both are damaged"),
    ],
)
def test_a_cut_leaves_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, before: Any, act: Any, may: tuple[Any, ...]
) -> None:
    folder, after = tmp_path / "state", tmp_path / "after"
    folder.mkdir()
    after.mkdir()
    if before == "old form":
        for name in latch.NAMES:
            (folder / name).write_bytes(old_form(frozenset({"main"})))
    elif before is not None:
        latch.begin(folder)
        latch.write(folder, {"main"} if isinstance(before, tuple) else before)
    for name in before if isinstance(before, tuple) else ():
        (folder / name).write_bytes(b"\xff" * latch.BLOCK)
    disk, rng, count = Disk(files(folder)), random.Random(seed), 0
    doing = (lambda: latch.prepare(folder)) if act is None else (lambda: latch.write(folder, act))
    steps = recorded(folder, monkeypatch, doing)
    for step in (*steps, None):
        for found in disk.after_cut(rng):
            count += 1
            for name, data in found.items():
                (after / name).unlink(missing_ok=True)
                if data is not None:
                    (after / name).write_bytes(data)
            read = latch.read(after)
            assert read in may, f"{count}: before {step}"
        if step is not None:
            disk.take(step)
    now = act if act is not None else NONE if before is None else {"main"}
    assert latch.read(folder) == now
    assert count > 4
