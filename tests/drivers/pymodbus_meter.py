"""Water meters and a gas detector played by pymodbus in a process of its own: `python -m tests.drivers.pymodbus_meter TTY BAUD UNIT`.

Holding registers: 0x0010 a count of 0.01 m³ in two words, 0x0020 the same with the low word first, 0x0030 in BCD, 0x0100 a detector's state.
0x0040 is full of ones. Input registers: 0x0000 cubic metres as a float.
"""

from __future__ import annotations

import asyncio
import struct
import sys

from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

COUNT = 1_234_567
HOLDING = [
    SimData(0x0010, values=[COUNT >> 16, COUNT & 0xFFFF], datatype=DataType.REGISTERS),
    SimData(0x0020, values=[COUNT & 0xFFFF, COUNT >> 16], datatype=DataType.REGISTERS),
    SimData(0x0030, values=[0x0123, 0x4567], datatype=DataType.REGISTERS),
    SimData(0x0040, values=[0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF], datatype=DataType.REGISTERS),
    SimData(0x0100, values=[0], datatype=DataType.REGISTERS),
]
INPUT = [SimData(0, values=list(struct.unpack(">2H", struct.pack(">f", 12_345.5))), datatype=DataType.REGISTERS)]
BITS = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]


async def main(tty: str, baud: int, unit: int) -> None:
    device = SimDevice(unit, simdata=(BITS, BITS, HOLDING, INPUT))
    server = ModbusSerialServer(device, port=tty, baudrate=baud)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
