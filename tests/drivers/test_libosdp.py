"""Our controller against a reader that is not ours: libosdp's peripheral in its own process, on a pty slowed to the line's speed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli.bench import Bench
from agent.cli.pair import OneReader
from agent.config import load
from agent.devicekeys import with_keys
from drivers.osdp.line import OsdpLine
from drivers.osdp.options import ReaderOptions
from drivers.port import Port
from drivers.reports import (
    CardSeen,
    DeviceFoundReport,
    DeviceLostReport,
    KeyReport,
    OrderFailed,
    OrderSent,
    OutputLevel,
    PairReader,
    PlayTone,
    PulseOutput,
    SecurityAlarm,
    ShowText,
    TamperReport,
)
from simulator.clockwork import Clockwork
from simulator.line import Line
from simulator.trace import Trace
from tests.agent.cli.unit import Unit
from tests.drivers.osdp_line import CARD, CARD_HEX, KEY, OTHER_KEY
from tests.drivers.osdp_relay import Relay
from tests.drivers.rig import Told
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("libosdp")]


DOOR = """  relay: {driver: modbus-relay, port: io, model: waveshare-d}
doors:
  main:
    lock: {device: relay, output: 1, kind: fail-secure, energised: unlocks, safe_state: locked}
    exit: mechanical
    on_fire: nothing
    readers: [card]
"""


class Readers:
    """The process, its end of the line, and what it said it did."""

    def __init__(self, folder: Path, baud: int, *given: str) -> None:
        self.folder = folder
        self.baud = baud
        self.given = given
        self.did: list[dict] = []
        self.told = Told()
        self._clockwork = Clockwork()
        self._clockwork.__enter__()
        trace = Trace()
        self.near = Line(self._clockwork, "near", folder / "near", baud, trace)
        self.far = Relay(self._clockwork, self.near)
        self.near.attach(self.far)
        self.near.plug()
        self.process: subprocess.Popen | None = None
        self.port: Port | None = None
        self.start()

    def start(self) -> None:
        root = Path(__file__).parents[2]
        command = [sys.executable, "-m", "tests.drivers.libosdp_readers", self.far.tty, *self.given]
        self.process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        count = len(self.happened("ready"))
        threading.Thread(target=self._listen, args=(self.process,), name="libosdp-output").start()
        eventually(lambda: len(self.happened("ready")) > count, 20.0)

    def _listen(self, process: subprocess.Popen) -> None:
        for line in process.stdout:
            self.did.append(json.loads(line))

    def open(self, **options) -> Told:
        """Our controller, for all of them."""
        devices = [
            (
                f"card{address}",
                ReaderOptions(
                    **{"address": int(address), "key": "" if key == "factory" else key, "outputs": 2, **options}
                ),
            )
            for address, key in zip(self.given[::2], self.given[1::2], strict=True)
        ]
        self.port = Port("reader", str(self.near.link), self.baud, OsdpLine(devices, self.baud), self.told.append)
        self.port.start()
        return self.told

    def found(self, limit_s: float = 5.0) -> None:
        eventually(
            lambda: {f.device for f in self.told.of(DeviceFoundReport)} == {f"card{a}" for a in self.given[::2]},
            limit_s,
        )

    def happened(self, what: str) -> list[dict]:
        return [each for each in list(self.did) if each["did"] == what]

    def say(self, *words: object) -> None:
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait(10)
        process.stdin.close()
        eventually(lambda: not [t for t in threading.enumerate() if t.name == "libosdp-output"])
        process.stdout.close()

    def close(self) -> None:
        if self.port is not None:
            self.port.stop(2.0)
        self.stop()
        self.near.unplug()
        self.far.close()
        self._clockwork.__exit__(None, None, None)


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    made = Unit(tmp_path)
    made.state.mkdir()
    return made


@pytest.fixture
def make(tmp_path: Path) -> Iterator:
    made: list[Readers] = []

    def readers(*given: str, baud: int = 115200) -> Readers:
        made.append(Readers(tmp_path, baud, *given))
        return made[-1]

    yield readers
    for each in made:
        each.close()


def pulse(order: int, device: str = "card0", number: int = 1, seconds: float = 30.0) -> PulseOutput:
    return PulseOutput(device, number, True, seconds, order, time.monotonic() + 1.0)


@pytest.mark.parametrize("baud", [9600, 115200])
def test_everything_a_reader_can(make, baud: int) -> None:
    far = make("0", KEY.hex(), baud=baud)
    told = far.open()
    far.found()
    assert "Secure Channel" in told.of(DeviceFoundReport)[0].detail
    far.say("card", 0, CARD)
    far.say("keys", 0, "12*#")
    eventually(lambda: len(told.of(KeyReport)) == 4)
    assert [f.card for f in told.of(CardSeen)] == [CARD_HEX]
    assert [f.key for f in told.of(KeyReport)] == ["1", "2", "*", "#"]
    far.port.order(pulse(1))
    eventually(lambda: told.of(OrderSent))
    (out,) = far.happened("out")
    assert (out["output_no"], out["control_code"], out["timer_count"]) == (0, 5, 300)
    eventually(lambda: [f for f in told.of(OutputLevel) if f.on])
    far.port.order(PlayTone("card0", "no"))
    eventually(lambda: far.happened("buzzer") and far.happened("led"))
    far.port.order(PlayTone("card0", "yes"))
    far.port.order(ShowText("card0", "Door open", 3))
    eventually(lambda: far.happened("text"))
    assert [light["on_color"] for light in far.happened("led")] == [1, 2]
    no, yes = far.happened("buzzer")
    assert (no["rep_count"], no["on_count"], no["off_count"]) == (3, 2, 2)
    assert (yes["rep_count"], yes["on_count"]) == (1, 8)
    assert far.happened("text")[0]["data"] == "Door open"
    far.say("tamper", 0, 1)
    eventually(lambda: [f for f in told.of(TamperReport) if f.what == "tamper" and f.active], 1.5)
    assert not told.of(DeviceLostReport) + told.of(SecurityAlarm)


def test_a_refusal_costs_nothing_but_itself(make) -> None:
    far = make("0", KEY.hex())
    told = far.open()
    far.found()
    far.port.order(pulse(1, number=2))
    far.port.order(pulse(2))
    eventually(lambda: told.of(OrderSent))
    assert told.of(OrderFailed) == [OrderFailed("card0", 1, "refused")]
    far.say("card", 0, CARD)
    eventually(lambda: told.of(CardSeen), 0.5)
    assert not told.of(DeviceLostReport) + told.of(SecurityAlarm)


def test_a_reader_from_the_factory_gets_its_key_in_a_window(make) -> None:
    far = make("0", "factory")
    told = far.open()
    eventually(lambda: told.of(DeviceLostReport))
    far.port.order(PairReader("card0", OTHER_KEY, 7, time.monotonic() + 60.0))
    far.found()
    assert [f.order for f in told.of(OrderSent)] == [7]
    assert len(far.happened("keyset")) == 1
    far.say("card", 0, CARD)
    eventually(lambda: told.of(CardSeen), 0.5)


@pytest.mark.parametrize(("given", "code"), [("factory", 0), (OTHER_KEY.hex(), 1)])
def test_doorward_pair_keys_it_and_its_configuration_then_finds_it(make, unit: Unit, given: str, code: int) -> None:
    far = make("0", given)
    line = f"{{device: {far.near.link}, baud: {far.baud}}}"
    devices = f"devices:\n  card: {{driver: osdp, port: reader, key: card.osdp-key}}\n{DOOR}"
    unit.write(hardware=f"ports:\n  reader: {line}\n  io: {{device: /dev/ttyS9}}\n{devices}")
    outcome = unit.doorward("pair", "card", "--yes", "--wait", "3")
    assert outcome.exit_code == code, outcome.output
    assert len(far.happened("keyset")) == 1 - code
    config = with_keys(load(unit.config))
    assert (config.devices["card"].options.key_bytes() is None) == bool(code)
    reader = OneReader({"reader": config.ports["reader"]}, {"card": config.devices["card"]})
    with Bench(reader) as bench:
        assert ("Secure Channel" in (bench.known("card", 3.0) or "")) == (not code)


def test_back_within_a_second_after_its_restart(make, record_property: pytest.RecordProperty) -> None:
    far = make("0", KEY.hex())
    told = far.open()
    far.found()
    far.stop()
    eventually(lambda: told.of(DeviceLostReport), 2.0)
    told.clear()
    far.start()
    start = time.monotonic()
    far.found(1.0)
    record_property("figure", f"found again {1000 * (time.monotonic() - start):.0f} ms after its restart")


def test_back_within_a_second_after_ten_seconds_of_silence(make, record_property: pytest.RecordProperty) -> None:
    far = make("0", KEY.hex())
    told = far.open()
    far.found()
    far.near.faults.silent = True
    eventually(lambda: told.of(DeviceLostReport), 2.0)
    told.clear()
    cut = time.monotonic()
    eventually(lambda: time.monotonic() - cut >= 10.0, 11.0)
    assert not told, "told once"
    far.near.faults.silent = False
    start = time.monotonic()
    far.found(1.0)
    record_property("figure", f"found again {1000 * (time.monotonic() - start):.0f} ms after 10 s of silence")


@pytest.mark.claim("D12")
@pytest.mark.parametrize("cut_s", [1.5, pytest.param(10.0, marks=pytest.mark.soak)])
def test_what_it_kept_while_nobody_polled_is_known_to_be_old(
    make, record_property: pytest.RecordProperty, cut_s: float
) -> None:
    far = make("0", KEY.hex())
    told = far.open()
    far.found()
    far.near.faults.silent = True
    cut = time.monotonic()
    far.say("card", 0, CARD)
    far.say("keys", 0, "12")
    eventually(lambda: time.monotonic() - cut >= cut_s, cut_s + 1.0)
    far.near.faults.silent = False
    eventually(lambda: len(told.of(DeviceFoundReport)) == 2, 3.0)
    far.say("card", 0, CARD + 1)  # with what is old, or behind it
    eventually(lambda: [f for f in told.of(CardSeen) if f.card == f"{CARD + 1:X}"], 2.0)
    old = [f for f in [*told.of(CardSeen), *told.of(KeyReport)] if getattr(f, "card", "") != f"{CARD + 1:X}"]
    assert all(f.at - f.not_before > 1.0 for f in old)
    drained = time.monotonic()
    eventually(lambda: time.monotonic() - drained >= 0.2)
    far.say("card", 0, CARD + 2)
    eventually(lambda: [f for f in told.of(CardSeen) if f.card == f"{CARD + 2:X}"], 2.0)
    assert told.of(CardSeen)[-1].at - told.of(CardSeen)[-1].not_before < 0.3
    record_property("figure", f"{len(old)} cards and keys kept over {cut_s:g} s without a poll, all known to be old")


def test_two_readers_on_one_line(make) -> None:
    far = make("3", KEY.hex(), "7", OTHER_KEY.hex())
    told = far.open()
    far.found()
    far.say("card", 3, CARD)
    far.say("card", 7, CARD + 1)
    far.port.order(pulse(1, "card3"))
    far.port.order(pulse(2, "card7"))
    eventually(lambda: len(told.of(CardSeen)) == 2 and len(told.of(OrderSent)) == 2)
    assert {(f.device, f.card) for f in told.of(CardSeen)} == {("card3", f"{CARD:X}"), ("card7", f"{CARD + 1:X}")}
    assert {each["address"] for each in far.happened("out")} == {3, 7}
    assert not told.of(DeviceLostReport) + told.of(SecurityAlarm)


def seen(told: Told, kind: type, count: int) -> None:
    eventually(lambda: len(told.of(kind)) == count, 2.0)


def exchanges(far: Readers, count: int) -> str:
    """Cards and pulses until that many packets have been exchanged: none lost, in order."""
    told = far.open(poll_ms=5)
    far.found()
    cards = orders = 0
    start = time.monotonic()
    while far.far.commands < count:
        cards += 1
        far.say("card", 0, 1000 + cards)
        seen(told, CardSeen, cards)
        if cards % 2:
            orders += 1
            far.port.order(pulse(orders, seconds=1.0))
            seen(told, OrderSent, orders)
    assert [f.card for f in told.of(CardSeen)] == [f"{1000 + number:X}" for number in range(1, cards + 1)]
    again = len(far.happened("out")) - orders
    assert again >= 0
    assert not [f for f in told if isinstance(f, DeviceLostReport | SecurityAlarm | OrderFailed)]
    rate = far.far.commands / (time.monotonic() - start)
    return f"{far.far.commands:,} exchanges, {rate:.0f} a second: {cards} cards and {orders} pulses, none lost, {again} done twice"


def test_five_hundred_exchanges(make, record_property: pytest.RecordProperty) -> None:
    record_property("figure", exchanges(make("0", KEY.hex()), 500))


@pytest.mark.soak
def test_ten_thousand_exchanges(make, record_property: pytest.RecordProperty) -> None:
    record_property("figure", exchanges(make("0", KEY.hex()), 10_000))
