"""What the configuration sees of the drivers."""

from __future__ import annotations

from drivers.display.texts import PAGES, Font
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
    def able(role: str) -> set[str]:
        return {name for name, driver in DRIVERS.items() if getattr(driver, role)}

    assert able("draws") == {"dwin", "tjc"}
    assert able("has_tone") == {"dwin", "tjc", "osdp"}
    assert able("reads_cards") == {"line-reader", "rdm6300", "osdp"}
    assert able("reads_keys") == {"line-reader", "keypad", "tjc", "osdp", "dwin"}
    assert able("shared") == {"modbus-relay", "osdp", "meter", "gas-detector"}
    assert able("counts_water") == {"meter"}
    for model in ("waveshare-d", "waveshare-io8"):
        options = BoardOptions(model=model)
        assert DRIVERS["modbus-relay"].outputs(options) == DRIVERS["modbus-relay"].inputs(options) == 8


def test_every_display_tells_its_size_by_page_and_whether_it_has_a_title() -> None:
    for driver in DRIVERS.values():
        if not driver.draws:
            continue
        options = driver.options(columns=20, rows=4, fonts={"answer": Font(10, 2)})
        assert options.check() == []
        assert [options.size(page) for page in PAGES] == [(20, 4), (20, 4), (10, 2)]
        assert options.titled
        wrong = driver.options(fonts={"answer": Font(7, 21), "fire": Font(20, 4)})
        assert [key for key, _ in wrong.check()] == ["fonts.answer.columns", "fonts.answer.rows", "fonts.fire"]


def test_board_options_are_checked() -> None:
    assert [key for key, _ in BoardOptions(address=0, model="none", poll_ms=5).check()] == [
        "address",
        "model",
        "poll_ms",
    ]
