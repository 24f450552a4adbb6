"""OSDP readers played by libosdp's peripheral in a process of its own: `python -m tests.drivers.libosdp_readers TTY ADDRESS KEY [ADDRESS KEY …]`.

KEY is hex, or `factory` for a reader without one. Prints what each was told to do as a line of JSON; reads orders from its input:
`card ADDRESS NUMBER`, `keys ADDRESS TEXT`, `tamper ADDRESS 0|1`. With several addresses all hang on the one line.
"""

from __future__ import annotations

import json
import os
import select
import sys
import tty

from osdp import (
    Capability,
    CardFormat,
    Channel,
    Command,
    Event,
    LibFlag,
    LogLevel,
    PDCapabilities,
    PdId,
    PDInfo,
    PeripheralDevice,
    StatusReportType,
)

ABILITIES = [
    (Capability.ContactStatusMonitoring, 1, 2),
    (Capability.OutputControl, 1, 2),
    (Capability.LEDControl, 1, 1),
    (Capability.AudibleControl, 1, 1),
    (Capability.TextOutput, 1, 1),
    (Capability.CheckCharacter, 1, 0),
    (Capability.CommunicationSecurity, 1, 0),
]
NAMES = {
    Command.Output: "out",
    Command.LED: "led",
    Command.Buzzer: "buzzer",
    Command.Text: "text",
    Command.Keyset: "keyset",
    Command.Comset: "comset",
}
REFUSED_OUTPUT = 1
"""An output (from 0) that the reader will not switch."""


class Tap(Channel):
    """One reader's ear on the common line: each hears all that comes."""

    def __init__(self, number: int, fd: int) -> None:
        self.id = number
        self.heard = bytearray()
        self._fd = fd

    def read(self, max_bytes: int) -> bytes:
        data = bytes(self.heard[:max_bytes])
        del self.heard[:max_bytes]
        return data

    def write(self, buf: bytes) -> int:
        return os.write(self._fd, buf)

    def flush(self) -> None: ...


class Reader:
    def __init__(self, address: int, key: str, tap: Tap) -> None:
        self.address = address
        self.tap = tap
        self.outputs = [False, False]
        self.news: list[tuple[int, bytes]] = []
        flags = [LibFlag.InstallMode] if key == "factory" else [LibFlag.EnforceSecure]
        info = PDInfo(
            address,
            tap,
            scbk=None if key == "factory" else bytes.fromhex(key),
            flags=flags,
            id=PdId(1, 1, 0xCAFE, 1000 + address, 0x010203),
        )
        self.pd = PeripheralDevice(
            info, PDCapabilities(ABILITIES), log_level=LogLevel.Emergency, command_handler=self.told
        )

    def told(self, command: dict) -> tuple[int, dict | None]:
        kind = command["command"]
        if kind == Command.Status:
            return 0, None  # of these the library refuses inputs and outputs; they are told as events below
        if kind == Command.Output:
            if command["output_no"] == REFUSED_OUTPUT:
                return -1, None
            self.outputs[command["output_no"]] = command["control_code"] in {2, 5}
            self.news.append((StatusReportType.Output, bytes(self.outputs)))
        plain = {
            name: value for name, value in command.items() if name not in {"command", "data"} or kind == Command.Text
        }
        print(
            json.dumps({"address": self.address, "did": NAMES.get(kind, str(kind)), **plain}, default=str), flush=True
        )
        return 0, None

    def turn(self) -> None:
        for kind, report in self.news:
            self.pd.ctx.submit_event({"event": Event.Status, "type": kind, "report": report})
        self.news.clear()
        self.pd.ctx.refresh()

    def order(self, what: str, text: str) -> None:
        if what == "card":
            bits = f"{int(text):024b}"
            whole = f"{bits[:12].count('1') % 2}{bits}{1 - bits[12:].count('1') % 2}000000"
            card = {"format": CardFormat.Wiegand, "length": 26, "data": int(whole, 2).to_bytes(4, "big")}
            self.pd.ctx.submit_event({"event": Event.CardRead, "reader_no": 0, "direction": 0, **card})
        elif what == "keys":
            data = text.replace("*", "\x7f").replace("#", "\r").encode("ascii")
            self.pd.ctx.submit_event({"event": Event.KeyPress, "reader_no": 0, "data": data})
        elif what == "tamper":
            self.news.append((StatusReportType.Local, bytes((int(text), 0))))


def main(path: str, *given: str) -> None:
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(fd)
    readers = {
        int(address): Reader(int(address), key, Tap(number, fd))
        for number, (address, key) in enumerate(zip(given[::2], given[1::2], strict=True))
    }
    print(json.dumps({"did": "ready"}), flush=True)
    orders = b""
    while True:
        ready, _, _ = select.select([fd, 0], [], [], 0.002)
        if fd in ready:
            data = os.read(fd, 256)
            for reader in readers.values():
                reader.tap.heard += data
        if 0 in ready:
            said = os.read(0, 4096)
            if not said:
                return
            *lines, orders = (orders + said).split(b"\n")
            for words in (line.decode("ascii").split() for line in lines):
                readers[int(words[1])].order(words[0], words[2])
        for reader in readers.values():
            reader.turn()


if __name__ == "__main__":
    main(*sys.argv[1:])
