"""A relay board played by pymodbus in a process of its own: `python -m tests.drivers.pymodbus_board TTY BAUD UNIT`. Prints what is written.

Coils 0-7 and the pulse addresses 0x200-0x207; inputs 0-7 (1, 3, 8 high); version register V2.00.
"""

from __future__ import annotations

import asyncio
import sys

from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

COILS = [
    SimData(0, values=[False] * 16, datatype=DataType.BITS),
    SimData(0x200, values=[False] * 16, datatype=DataType.BITS),
]
INPUTS = [
    SimData(0, values=[True, False, True, False, False, False, False, True] + [False] * 8, datatype=DataType.BITS)
]
HOLDING = [SimData(0x8000, values=200, datatype=DataType.REGISTERS)]
INPUT_REGISTERS = [SimData(0, values=0, datatype=DataType.REGISTERS)]


async def told(function, start, address, count, registers, values) -> None:
    if values is not None:
        print(f"{function} {address:#06x} {values}", flush=True)


async def main(tty: str, baud: int, unit: int) -> None:
    device = SimDevice(unit, simdata=(COILS, INPUTS, HOLDING, INPUT_REGISTERS), action=told)
    server = ModbusSerialServer(device, port=tty, baudrate=baud)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
