"""What a make of board has, and where: register maps as data. A further board is a further row."""

from __future__ import annotations

from contract.frozen import frozen
from drivers.modbus import codec


@frozen
class CoilFlash:
    """A pulse timed by the board: write single coil at `on_base` or `off_base` + output, the value counting `unit_s`."""

    on_base: int
    off_base: int
    unit_s: float
    longest: int

    def request(self, unit: int, index: int, on: bool, seconds: float) -> codec.Request:
        """`index` counts from 0. The nearest number of units, at least one."""
        count = min(self.longest, max(1, round(seconds / self.unit_s)))
        return codec.write_single_coil(unit, (self.on_base if on else self.off_base) + index, count)


@frozen
class RegisterFlash:
    """A pulse timed by the board: write multiple registers at `base` + output × `stride`: `on_mode` or `off_mode`, then the time in `unit_s`."""

    base: int
    stride: int
    on_mode: int
    off_mode: int
    unit_s: float
    longest: int

    def request(self, unit: int, index: int, on: bool, seconds: float) -> codec.Request:
        """`index` counts from 0. The nearest number of units, at least one."""
        count = min(self.longest, max(1, round(seconds / self.unit_s)))
        mode = self.on_mode if on else self.off_mode
        return codec.write_multiple_registers(unit, self.base + index * self.stride, (mode, count))


@frozen
class ControlModes:
    """Holding registers, one an output, that let an input switch the output by itself unless they hold `normal`."""

    base: int
    normal: int
    names: tuple[str, ...]


@frozen
class BoardModel:
    """`pulse` None: the board cannot time a pulse, so no lock may hang on it (rule D3). `sizes`: it is sold with so many outputs and
    inputs, and the configuration says which; `outputs` and `inputs` are then those where it does not. `free`: the configuration may
    say where the coils and inputs are.
    """

    name: str
    outputs: int
    inputs: int
    pulse: CoilFlash | RegisterFlash | None
    address: int = 1
    """As it leaves the factory."""
    highest_address: int = 247
    sizes: tuple[int, ...] = ()
    free: bool = False
    read_least: int = 1
    """Coils or inputs that a read asks for at least, there or not."""
    coil_base: int = 0
    input_base: int = 0
    coil_on: int = codec.COIL_ON
    coil_off: int = codec.COIL_OFF
    version: int | None = None
    """Holding register with the firmware's version times 100."""
    oldest_version: int = 0
    modes: ControlModes | None = None

    def set_request(self, unit: int, index: int, on: bool) -> codec.Request:
        return codec.write_single_coil(unit, self.coil_base + index, self.coil_on if on else self.coil_off)


# LC Technology, "4 channel Modbus relay module": flash at register 3 + 5 × relay, mode 4 on or 2 off, then 100 ms; address 255 ex works,
# 1-255; reads ask for eight. Sold with 1, 2, 4 and 8 relays and as many inputs.
_LC_FLASH = RegisterFlash(base=3, stride=5, on_mode=4, off_mode=2, unit_s=0.1, longest=0xFFFF)

# Waveshare wiki, "Modbus RTU Relay (D)" and "Modbus RTU IO 8CH", development protocol V2/V3: flash-on 0x0200, flash-off 0x0400
# in 100 ms up to 0x7FFF, version 0x8000, control mode 0x1000 (0 normal, 1 linkage, 2 toggle, 3 edge). Firmware before V2.00
# does not answer as standard Modbus does.
_WAVESHARE_FLASH = CoilFlash(on_base=0x0200, off_base=0x0400, unit_s=0.1, longest=0x7FFF)

MODELS = {
    model.name: model
    for model in (
        BoardModel("waveshare-d", outputs=8, inputs=8, pulse=_WAVESHARE_FLASH, version=0x8000, oldest_version=200),
        BoardModel(
            "waveshare-io8",
            outputs=8,
            inputs=8,
            pulse=_WAVESHARE_FLASH,
            version=0x8000,
            oldest_version=200,
            modes=ControlModes(base=0x1000, normal=0, names=("normal", "linkage", "toggle", "edge")),
        ),
        BoardModel(
            "lctech",
            outputs=4,
            inputs=4,
            pulse=_LC_FLASH,
            address=255,
            highest_address=255,
            sizes=(1, 2, 4, 8),
            read_least=8,
        ),
        BoardModel("generic", outputs=8, inputs=0, pulse=None, sizes=tuple(range(1, 33)), free=True),
    )
}
