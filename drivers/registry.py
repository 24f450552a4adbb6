"""The drivers by the name the configuration gives them. A further driver is one module and one row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from contract.frozen import frozen
from drivers.display.designed import DesignedLayout
from drivers.display.dwin import DwinPanel
from drivers.display.layout import DwinOptions
from drivers.display.tjc_drawn import tjc_session
from drivers.display.tjc_layout import TjcOptions
from drivers.meter.gas import INPUTS as DETECTOR_INPUTS
from drivers.meter.gas import detector_line
from drivers.meter.options import DetectorOptions, MeterOptions
from drivers.meter.water import meter_line
from drivers.modbus.line import ModbusLine, round_s
from drivers.modbus.options import BoardOptions
from drivers.osdp.line import OsdpLine
from drivers.osdp.options import ReaderOptions
from drivers.reader.keypad import Keypad, KeypadOptions
from drivers.reader.line import LineOptions, LineReader
from drivers.reader.rdm6300 import Rdm6300, Rdm6300Options
from drivers.session import Session


def _none(options: Any) -> int:
    return 0


def _no_time(options: Any, baud: int) -> float:
    return 0.0


def _never(options: Any) -> bool:
    return False


def _always(options: Any) -> bool:
    return True


@frozen
class Driver:
    """`options` is the dataclass of its configuration; `outputs`, `inputs` count those of a device with such (faultless) options,
    `times_pulses` says whether it ends a pulse of an output by itself: only then may a lock hang on it (rule D3).

    `session(devices, baud)` makes the session of one line with these (name, options) on it; more than one only where `shared`.
    """

    name: str
    options: type[Any]
    session: Callable[[Sequence[tuple[str, Any]], int], Session]
    outputs: Callable[[Any], int] = _none
    inputs: Callable[[Any], int] = _none
    times_pulses: Callable[[Any], bool] = _never
    round_s: Callable[[Any, int], float] = _no_time
    """At this speed the least time of one look at all inputs and outputs that are polled."""
    reads_cards: bool = False
    reads_keys: bool = False
    has_keys: Callable[[Any], bool] = _always
    """Whether a device with such options has keys, where its driver reads them."""
    draws: bool = False
    enlarges: bool = False
    """Its designed pages change to large letters at run time."""
    has_tone: bool = False
    shared: bool = False
    counts_water: bool = False
    counts_by_use: bool = False
    """Options `outputs` and `inputs` that are 0 mean: as many as are used."""
    secrets: tuple[str, ...] = ()
    """Options that name where a secret is kept; who makes the session puts the secret itself there first."""


def _outputs(options: BoardOptions) -> int:
    return options.board().outputs


def _inputs(options: BoardOptions) -> int:
    return options.board().inputs


def _times_pulses(options: BoardOptions) -> bool:
    return options.board().pulse is not None


def _has_keypad(options: DwinOptions) -> bool:
    return isinstance(options.layout, DesignedLayout)


DRIVERS: Mapping[str, Driver] = {
    driver.name: driver
    for driver in (
        Driver(
            "modbus-relay",
            BoardOptions,
            ModbusLine,
            outputs=_outputs,
            inputs=_inputs,
            times_pulses=_times_pulses,
            round_s=round_s,
            shared=True,
        ),
        Driver("line-reader", LineOptions, LineReader, reads_cards=True, reads_keys=True),
        Driver("rdm6300", Rdm6300Options, Rdm6300, reads_cards=True),
        Driver("keypad", KeypadOptions, Keypad, reads_keys=True),
        Driver(
            "osdp",
            ReaderOptions,
            OsdpLine,
            outputs=lambda options: int(options.outputs),
            inputs=lambda options: int(options.inputs),
            times_pulses=_always,
            reads_cards=True,
            reads_keys=True,
            has_tone=True,
            shared=True,
            counts_by_use=True,
            secrets=("key",),
        ),
        Driver("dwin", DwinOptions, DwinPanel, draws=True, has_tone=True, reads_keys=True, has_keys=_has_keypad),
        Driver("tjc", TjcOptions, tjc_session, draws=True, enlarges=True, has_tone=True, reads_keys=True),
        Driver("meter", MeterOptions, meter_line, counts_water=True, shared=True),
        Driver("gas-detector", DetectorOptions, detector_line, inputs=lambda options: DETECTOR_INPUTS, shared=True),
    )
}
