"""The configuration keys of a relay board."""

from __future__ import annotations

from dataclasses import replace

from contract.frozen import frozen
from drivers.modbus.codec import COIL_ON
from drivers.modbus.models import MODELS, BoardModel

POLL_MS = (10, 1000)
"""Below 10 the line is never free; above 1000 an exit button would not be seen in time."""
COIL_ON_VALUES = (0xFF00, 0x0100)
"""What switches a coil on: as the Modbus specification wants it, and what some cheap boards want instead."""
_SIZES = ("outputs", "inputs")
_PLACES = ("coil_base", "coil_on", "input_base")


@frozen
class BoardOptions:
    """`model` names a row of models.py; `address` 1-247 where it is not the factory's; `poll_ms` between two looks at the inputs (50 suits
    9600 baud, 20 suits 115200). `outputs` and `inputs` for models sold in several sizes; `coil_base`, `coil_on` and `input_base` only
    for `generic`: the first coil, the value that switches one on, the first input.
    """

    address: int | None = None
    model: str = "waveshare-d"
    poll_ms: int = 50
    outputs: int | None = None
    inputs: int | None = None
    coil_base: int | None = None
    coil_on: int | None = None
    input_base: int | None = None

    def __post_init__(self) -> None:
        if self.address is None and isinstance(self.model, str) and self.model in MODELS:
            object.__setattr__(self, "address", MODELS[self.model].address)

    def check(self) -> list[tuple[str, str]]:
        faults = []
        model = MODELS.get(self.model)
        highest = 247 if model is None else model.highest_address
        if self.address is not None and not 1 <= self.address <= highest:
            faults.append(("address", f"a Modbus address is 1 to {highest}, not {self.address}"))
        if model is None:
            faults.append(("model", f"no board model is called {self.model!r}; known: {', '.join(sorted(MODELS))}"))
        else:
            faults += self._check_sizes(model) + self._check_places(model)
        if not POLL_MS[0] <= self.poll_ms <= POLL_MS[1]:
            faults.append(("poll_ms", f"must be {POLL_MS[0]} to {POLL_MS[1]}, not {self.poll_ms}"))
        return faults

    def _check_sizes(self, model: BoardModel) -> list[tuple[str, str]]:
        faults = []
        for key in _SIZES:
            given = getattr(self, key)
            if given is None or (given == 0 and key == "inputs" and model.sizes):
                continue
            if not model.sizes:
                faults.append((key, f"a {model.name} has {getattr(model, key)}: leave it out"))
            elif given not in model.sizes:
                faults.append((key, f"a {model.name} has {_listed(model.sizes)}, not {given}"))
        return faults

    def _check_places(self, model: BoardModel) -> list[tuple[str, str]]:
        given = [key for key in _PLACES if getattr(self, key) is not None]
        if not model.free:
            return [(key, f"is fixed for a {model.name}: leave it out") for key in given]
        faults = [
            (key, f"must be 0 to 0xFFFF less the number of them, not {getattr(self, key):#06x}")
            for key in given
            if key != "coil_on" and not 0 <= getattr(self, key) <= 0xFFFF - max(model.sizes)
        ]
        if self.coil_on is not None and self.coil_on not in COIL_ON_VALUES:
            faults.append(("coil_on", f"must be 0xFF00 or 0x0100, not {self.coil_on:#06x}"))
        return faults

    def board(self) -> BoardModel:
        """The model as this board has it; only of faultless options."""
        model = MODELS[self.model]
        return replace(
            model,
            outputs=model.outputs if self.outputs is None else self.outputs,
            inputs=model.inputs if self.inputs is None else self.inputs,
            coil_base=self.coil_base or model.coil_base,
            coil_on=self.coil_on or COIL_ON,
            input_base=self.input_base or model.input_base,
        )


def _listed(sizes: tuple[int, ...]) -> str:
    """`1, 2, 4 or 8`; `1 to 32`."""
    if len(sizes) > 4:
        return f"{sizes[0]} to {sizes[-1]}"
    return f"{', '.join(map(str, sizes[:-1]))} or {sizes[-1]}"
