"""The Modbus question: coils read, then the version and mode registers that tell the make. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from drivers.modbus import codec
from drivers.modbus.models import MODELS, BoardModel
from drivers.probing import Inquiry, Question, Sighting

THINK_S = 0.08
"""A board answers within 10-20 ms, an FTDI adapter adds 16 ms each way."""
ADDRESSES = tuple(sorted({*range(1, 9), *(model.address for model in MODELS.values())}))
"""As boards come out of the box, or are set by a small switch."""
COILS = 8
FALLBACK = "generic"
"""The model of a board that has no register to tell its make by."""


def questions(addresses: Sequence[int]) -> Iterable[Question]:
    return (coils(address) for address in addresses)


def coils(unit: int) -> Question:
    """Every board with relays answers this, if only with an exception."""
    return _ask(codec.read_coils(unit, 0, COILS), lambda reply: _version(unit))


def _version(unit: int) -> Question:
    unknown = _unknown(unit)
    register = next(model.version for model in MODELS.values() if model.version is not None)

    def then(reply: codec.ModbusReply) -> Sighting | Question:
        if reply.exception:
            return unknown
        version = codec.words(reply.data)[0]
        return _modes(unit, version, [model for model in MODELS.values() if model.version == register])

    return _ask(codec.read_holding_registers(unit, register, 1), then, unknown)


def _modes(unit: int, version: int, models: Sequence[BoardModel]) -> Sighting | Question:
    """Boards of one make differ in whether an input may drive its relay by itself. Where it may, that must be looked after."""
    plain = next(model for model in models if model.modes is None)
    moded = next((model for model in models if model.modes is not None), None)
    if moded is None or moded.modes is None:
        return _known(unit, version, plain)
    return _ask(
        codec.read_holding_registers(unit, moded.modes.base, moded.outputs),
        lambda reply: _known(unit, version, plain if reply.exception else moded),
        _known(unit, version, plain),
    )


def _known(unit: int, version: int, model: BoardModel) -> Sighting:
    alike = " or alike" if model.modes is not None else ""
    detail = f"{model.name}{alike}, version {version // 100}.{version % 100:02d}, {model.outputs} outputs, {model.inputs} inputs"
    old = version < model.oldest_version
    note = f"its firmware is older than {model.oldest_version // 100}.00, which this driver needs" if old else ""
    return Sighting("modbus-relay", detail, unit, {"address": unit, "model": model.name}, sure=not old, note=note)


def _unknown(unit: int) -> Sighting:
    """No register tells the make; an address that only one make comes with hints at it."""
    silent = [model for model in MODELS.values() if model.version is None and not model.free]
    name = next((model.name for model in silent if model.address == unit), FALLBACK)
    return Sighting(
        "modbus-relay",
        "a board that does not say its make",
        unit,
        {"address": unit, "model": name},
        sure=False,
        note=f"look at the board and correct `model` ({', '.join(MODELS)}), `outputs` and `inputs`",
    )


def _ask(
    request: codec.Request, then: Callable[[codec.ModbusReply], Sighting | Question], silence: Sighting | None = None
) -> Question:
    def read(received: bytes) -> Sighting | Question | None:
        reply = codec.find_reply(request, received)
        return None if reply is None else then(reply)

    return Question(request.frame, request.reply_length, THINK_S, read, silence)


INQUIRY = Inquiry("modbus-relay", questions, ADDRESSES, shared=True)
