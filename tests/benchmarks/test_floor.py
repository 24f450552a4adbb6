"""The floor of P2 against the frames that driver and simulated hardware really exchange."""

import pytest

from benchmarks import floor
from benchmarks.figures import spread
from benchmarks.p2_card_to_unlock import beside_floor
from drivers.osdp.line import OsdpLine
from drivers.osdp.options import ReaderOptions
from drivers.reports import CardSeen, PulseOutput
from simulator.osdp_reader import Peripheral

KEY = bytes.fromhex("8A1F33C7E05B9D4268F70E91BC25A6D3")


def test_osdp_frames_are_as_long_as_the_floor_says() -> None:
    line, reader = OsdpLine([("card", ReaderOptions(key=KEY.hex(), outputs=1))], 115_200), Peripheral(KEY)
    now, shown, told = 10.0, False, ""
    seen: dict[str, tuple[int, int]] = {}

    def did(what: str, _: str) -> None:
        nonlocal told
        told = what

    reader.did = did
    line.opened(now)
    for _ in range(400):
        now += 0.005
        frame = line.send(now)
        if frame is None:
            continue
        if reader.polls == 5 and not shown:
            reader.present(12345678)
            shown = True
        told, polls = "", reader.polls
        answer = reader.answer(frame, now)
        what = told or ("poll" if reader.polls > polls else "")
        line.receive(answer, now + 0.002)
        if any(isinstance(fact, CardSeen) for fact in line.facts()):
            line.order(PulseOutput("card", 1, True, 0.5, 1, now + 1.0), now)
            what = "card"
        seen[what] = (len(frame), len(answer))
    assert seen["poll"] == (floor.POLL, floor.ACK)
    assert seen["card"] == (floor.POLL, floor.CARD)
    assert seen["pulse"] == (floor.OUT, floor.ACK)


def test_the_floor_is_bytes_at_the_lines_speed() -> None:
    assert floor.modbus_order_s(9600) == pytest.approx((8 + (8 + 6) / 2) * 10 / 9600)
    assert floor.line_card_s("decimal", 9600) == pytest.approx(12 * 10 / 9600)
    assert 1000 * (floor.osdp_card_s(9600) - floor.osdp_wait_s(9600) + floor.osdp_order_s(9600)) == pytest.approx(
        79.2, abs=0.1
    )
    assert floor.osdp_card_s(115_200) == pytest.approx(floor.osdp_card_s(9600) / 12)


def test_a_figure_tells_how_many_times_the_floor_its_median_is() -> None:
    figure = beside_floor(spread("idle", [0.012, 0.015, 0.030]), 0.010)
    assert figure.values["ratio"] == pytest.approx(1.5)
    assert figure.text.endswith("floor 10.0 ms, ratio 1.50")
    assert beside_floor(spread("idle", []), 0.010).text == "no values"
