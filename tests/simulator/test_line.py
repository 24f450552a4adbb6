"""The line keeps the time of its baud rate and has the faults of wire."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.clockwork import Clockwork
from simulator.line import Line
from simulator.trace import Trace
from tests.simulator.host import Host
from tests.waiting import eventually


class Parrot:
    """Says again what it heard, and notes when."""

    gap_s = 0.003

    def __init__(self) -> None:
        self.heard_at: list[tuple[float, bytes]] = []
        self.quiet_at: list[float] = []
        self.answers = True
        self.line: Line | None = None

    def connect(self, line: Line) -> None:
        self.line = line

    def heard(self, data: bytes, now: float) -> None:
        self.heard_at.append((now, data))
        if self.answers and self.line is not None:
            self.line.send(data)

    def quiet(self, now: float) -> None:
        self.quiet_at.append(now)

    @property
    def bytes(self) -> bytes:
        return b"".join(data for _, data in self.heard_at)


class Bench:
    def __init__(self, folder: Path, clockwork: Clockwork) -> None:
        self.line = Line(clockwork, "io", folder / "io", 9600, Trace())
        self.parrot = Parrot()
        self.line.attach(self.parrot)
        self.line.plug()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Clockwork() as clockwork:
        bench = Bench(tmp_path, clockwork)
        yield bench
        bench.line.unplug()


def test_eight_bytes_at_9600_take_their_time_each_way(bench: Bench, record_property: pytest.RecordProperty) -> None:
    with Host(bench.line.link, 9600) as host:
        started = time.monotonic()
        host.write(b"12345678")
        assert host.read(8) == b"12345678"
        took = time.monotonic() - started
    arrived = bench.parrot.heard_at[0][0] - started
    record_property("figure", f"8 bytes at 9600: {arrived * 1000:.2f} ms there, {took * 1000:.2f} ms there and back")
    assert 80 / 9600 <= arrived < 80 / 9600 + 0.02
    assert 160 / 9600 <= took < 160 / 9600 + 0.04


def test_bytes_queue_behind_those_on_the_wire(bench: Bench) -> None:
    bench.parrot.answers = False
    with Host(bench.line.link, 9600) as host:
        started = time.monotonic()
        for _ in range(4):
            host.write(bytes(8))
            time.sleep(0.001)
        eventually(lambda: len(bench.parrot.bytes) == 32)
    assert bench.parrot.heard_at[-1][0] - started >= 320 / 9600


def test_silence_is_noticed_once_and_not_between_bytes_that_follow_at_once(bench: Bench) -> None:
    bench.parrot.answers = False
    with Host(bench.line.link, 9600) as host:
        host.write(bytes(4))
        host.write(bytes(4))
        eventually(lambda: bench.parrot.quiet_at)
        assert len(bench.parrot.bytes) == 8
        assert len(bench.parrot.quiet_at) == 1


def test_an_unplugged_line_is_gone_and_returns_under_another_number(bench: Bench) -> None:
    first = bench.line.link.readlink()
    with Host(bench.line.link, 9600) as host:
        bench.line.unplug()
        assert not bench.line.link.is_symlink()
        assert os.read(host.fd, 1) == b""
        with pytest.raises(OSError):
            os.write(host.fd, b"x")
    bench.line.plug()
    assert bench.line.link.readlink() != first
    with Host(bench.line.link, 9600) as host:
        host.write(b"again")
        assert host.read(5) == b"again"


def test_bytes_on_the_wire_at_the_moment_of_unplugging_are_lost(bench: Bench) -> None:
    with Host(bench.line.link, 9600) as host:
        host.write(bytes(96))
        time.sleep(0.02)
        bench.line.unplug()
        bench.line.plug()
    time.sleep(0.12)
    assert bench.parrot.bytes == b""


def test_nobody_listening_loses_the_bytes(bench: Bench) -> None:
    bench.line.send(b"lost")
    time.sleep(0.02)
    with Host(bench.line.link, 9600) as host:
        bench.line.send(b"heard")
        assert host.read(9, 0.1) == b"heard"


def test_a_silent_line(bench: Bench) -> None:
    bench.line.faults.silent = True
    with Host(bench.line.link, 9600) as host:
        host.write(b"12345678")
        assert host.read(1, 0.05) == b""
        bench.line.faults.silent = False
        host.write(b"again")
        assert host.read(5) == b"again"


def test_a_slow_far_end(bench: Bench) -> None:
    bench.line.faults.slow_s = 0.05
    with Host(bench.line.link, 9600) as host:
        started = time.monotonic()
        host.write(b"1234")
        assert host.read(4) == b"1234"
        assert time.monotonic() - started >= 0.05 + 80 / 9600


def test_an_adapter_that_hears_itself(bench: Bench) -> None:
    bench.line.faults.echo = True
    with Host(bench.line.link, 9600) as host:
        host.write(b"abc")
        assert host.read(6) == b"abcabc"


def test_noise_is_seeded(bench: Bench, tmp_path: Path) -> None:
    bench.parrot.answers = False
    sent = bytes(1000)
    with Clockwork() as clockwork:
        heard = []
        for name in ("one", "two"):
            parrot = Parrot()
            parrot.answers = False
            line = Line(clockwork, name, tmp_path / name, 115200, Trace(), seed=7)
            line.attach(parrot)
            line.faults.flip, line.faults.drop = 0.1, 0.1
            line.plug()
            with Host(line.link, 115200) as host:
                host.write(sent)
                eventually(lambda parrot=parrot: parrot.quiet_at)
            line.unplug()
            heard.append(parrot.bytes)
    assert heard[0] == heard[1]
    assert 800 < len(heard[0]) < 980
    assert 40 < sum(byte != 0 for byte in heard[0]) < 160


def test_a_hung_adapter_lets_writes_pile_up(bench: Bench) -> None:
    bench.line.faults.hang = True
    with Host(bench.line.link, 9600) as host:
        host.write(b"wait")
        assert host.read(1, 0.05) == b""
        bench.line.resume()
        assert host.read(4) == b"wait"


def test_the_wrong_speed_is_noise(bench: Bench) -> None:
    with Host(bench.line.link, 115200) as host:
        host.write(bytes(16))
        assert host.read(16) != bytes(16)
    assert bench.parrot.bytes != bytes(16)


def test_an_idle_line_costs_nothing(bench: Bench) -> None:
    before = time.process_time()
    time.sleep(0.2)
    assert time.process_time() - before < 0.02
