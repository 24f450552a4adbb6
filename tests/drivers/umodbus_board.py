"""uModbus' RTU server as a relay board with inputs, in a process of its own: a slave that neither we nor pymodbus wrote.

    python -m tests.drivers.umodbus_board PATH BAUD UNIT

Prints `ready`, then each coil written as `ADDRESS VALUE`. It knows no timed pulse: to a flash it answers with an exception.
"""

from __future__ import annotations

import struct
import sys
from contextlib import suppress

import serial
from umodbus.client.serial.redundancy_check import CRCError
from umodbus.server.serial import get_server
from umodbus.server.serial.rtu import RTUServer

INPUTS = (1, 0, 1, 0, 0, 0, 0, 1)
VERSION = 0x8000


def main(path: str, baud: int, unit: int) -> None:
    coils = [0] * 8
    server = get_server(RTUServer, serial.Serial(path, baud))

    @server.route(slave_ids=[unit], function_codes=[1, 5], addresses=range(8))
    def coil(slave_id, function_code, address, value=None):
        if function_code == 1:
            return coils[address]
        coils[address] = value
        print(address, value, flush=True)
        return None

    @server.route(slave_ids=[unit], function_codes=[2], addresses=range(8))
    def contact(slave_id, function_code, address):
        return INPUTS[address]

    @server.route(slave_ids=[unit], function_codes=[3], addresses=[VERSION])
    def version(slave_id, function_code, address):
        return 200

    print("ready", flush=True)
    server.serial_port.timeout = 0.005  # its own loop waits half a second for the rest of a frame that is whole
    while True:
        with suppress(CRCError, struct.error, ValueError):  # as its own loop does
            server.serve_once()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
