"""What the configuration sees of the drivers."""

from __future__ import annotations

from drivers.modbus.models import MODELS
from drivers.modbus.options import BoardOptions
from drivers.registry import DRIVERS


def test_every_driver_works_with_its_defaults() -> None:
    for name, driver in DRIVERS.items():
        options = driver.options()
        assert driver.name == name
        assert options.check() == []
        session = driver.session([("it", options)], 9600)
        session.closed(1.0, "not there")
        assert [fact.device for fact in session.facts()] == ["it"]
        assert driver.outputs(options) >= 0
        assert driver.inputs(options) >= 0


def test_roles() -> None:
    assert {name for name, driver in DRIVERS.items() if driver.draws} == {"dwin"}
    assert {name for name, driver in DRIVERS.items() if driver.reads_cards} == {"line-reader", "osdp"}
    assert {name for name, driver in DRIVERS.items() if driver.shared} == {"modbus-relay", "osdp"}
    for model in MODELS:
        options = BoardOptions(model=model)
        assert DRIVERS["modbus-relay"].outputs(options) == DRIVERS["modbus-relay"].inputs(options) == 8


def test_board_options_are_checked() -> None:
    assert [key for key, _ in BoardOptions(address=0, model="none", poll_ms=5).check()] == [
        "address",
        "model",
        "poll_ms",
    ]
