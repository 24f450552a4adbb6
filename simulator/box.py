"""A whole unit's hardware in software: relay board, readers, panel and doors behind serial ports that any driver can open.

In-process and threaded (one thread): `with Box(folder, spec) as box:`. It knows the wiring, and nothing of the agent.
"""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator.card_reader import CardReader
from simulator.clockwork import Clockwork
from simulator.dwin_panel import DwinPanel, Layout
from simulator.dwin_set.project import DwinProject
from simulator.line import Line
from simulator.osdp_reader import OsdpReader, Peripheral
from simulator.panel import Panel
from simulator.relay_board import RelayBoard
from simulator.stairwell import Door, DoorSpec, Wire
from simulator.tjc_canvas import TjcCanvas, TjcCanvasPanel
from simulator.tjc_panel import TjcPanel, TjcProject
from simulator.trace import Trace
from simulator.water_meter import WaterMeter

METER_BAUD = 2400


@dataclass(frozen=True, slots=True)
class BoxSpec:
    """What is built in. The first reader and the n-th belong to the first and the n-th door; `gas` is a relay board input. `panel` is a
    DWIN panel's layout or the files of its project, or a TJC panel's project.
    """

    doors: tuple[DoorSpec, ...] = (DoorSpec(),)
    board: str = "waveshare-d"
    address: int = 1
    further_boards: tuple[int, ...] = ()
    """Addresses of boards on the same line that no door uses."""
    io_baud: int = 9600
    reader_baud: int = 9600
    screen_baud: int = 115200
    reader_form: str = "decimal"
    """A form of card_reader.py, or `osdp`: readers with Secure Channel and keypad, each with a key of its own."""
    panel: Layout | DwinProject | TjcProject = field(default_factory=Layout)
    panel_crc: bool = False
    gas: int | None = 4
    meter: str = ""
    """A water meter with these digits, on a line of its own."""
    seed: int = 1


ONE_DOOR = BoxSpec()
TJC_BOX = BoxSpec(panel=TjcProject(), reader_form="rdm6300")
QR_BOX = BoxSpec(panel=TjcProject(charset="utf-8", body=tuple(f"t{row + 3}" for row in range(8))), reader_form="qr")
TWO_DOORS = BoxSpec(
    doors=(
        DoorSpec(),
        DoorSpec("cellar", lock="maglock", relay_contact="nc", output=2, contact=5, exit_button=6, fire=7),
    )
)


class Box:
    """Ports `io`, `reader` (`reader2` … for further doors) and `screen` under `folder`; one trace; controls for hands and faults."""

    def __init__(self, folder: Path, spec: BoxSpec = ONE_DOOR) -> None:
        self.spec = spec
        self.folder = folder
        self.trace = Trace()
        self._clockwork = Clockwork()
        self._stack = ExitStack()
        self.io = self._line("io", spec.io_baud)
        self.screen = self._line("screen", spec.screen_baud)
        self.relay = RelayBoard(self._clockwork, spec.board, spec.address, self.trace)
        self.boards = {spec.address: self.relay}
        for address in spec.further_boards:
            self.boards[address] = RelayBoard(self._clockwork, spec.board, address, self.trace, f"relay {address}")
        for board in self.boards.values():
            self.io.attach(board)
        self.panel = self._panel()
        self.screen.attach(self.panel)
        self.doors: dict[str, Door] = {}
        self.readers: dict[str, CardReader | OsdpReader] = {}
        self.reader_keys: dict[str, bytes] = {}
        self.reader_lines: dict[str, Line] = {}
        for number, door in enumerate(spec.doors, 1):
            self.doors[door.name] = Door(self._clockwork, door, self.relay.set_input, self.trace)
            self._add_reader("reader" if number == 1 else f"reader{number}")
        self.meter_line: Line | None = None
        self.meter: WaterMeter | None = None
        if spec.meter:
            self.meter_line = self._line("meters", METER_BAUD)
            self.meter = WaterMeter(self._clockwork, spec.meter, self.trace)
            self.meter_line.attach(self.meter)
        self.gas_wire = Wire(True, self._carry_gas)
        self.relay.switched = self._relay_switched

    def _line(self, name: str, baud: int) -> Line:
        return Line(self._clockwork, name, self.folder / name, baud, self.trace, self.spec.seed)

    def _panel(self) -> Panel:
        if isinstance(self.spec.panel, TjcCanvas):
            return TjcCanvasPanel(self._clockwork, self.spec.panel, self.trace)
        if isinstance(self.spec.panel, TjcProject):
            return TjcPanel(self._clockwork, self.spec.panel, self.trace)
        if isinstance(self.spec.panel, DwinProject):
            crc, project = self.spec.panel_crc, self.spec.panel
            return DwinPanel(self._clockwork, Layout(), self.trace, crc=crc, project=project)
        return DwinPanel(self._clockwork, self.spec.panel, self.trace, crc=self.spec.panel_crc)

    def _add_reader(self, name: str) -> None:
        line = self._line(name, self.spec.reader_baud)
        reader: CardReader | OsdpReader
        if self.spec.reader_form == "osdp":
            self.reader_keys[name] = _reader_key()
            reader = OsdpReader(self._clockwork, Peripheral(self.reader_keys[name]), self.trace, name)
        else:
            reader = CardReader(self._clockwork, self.spec.reader_form, self.trace, name)
        line.attach(reader)
        self.readers[name], self.reader_lines[name] = reader, line

    def _carry_gas(self, high: bool) -> None:
        if self.spec.gas is not None:
            self.relay.set_input(self.spec.gas, high)

    def _relay_switched(self, relay: int, on: bool) -> None:
        for door in self.doors.values():
            if door.spec.output == relay:
                door.relay(on)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, key in self.reader_keys.items():
            self.key_file(name).touch(0o600)
            self.key_file(name).write_text(key.hex() + "\n", encoding="ascii")
        self._stack.enter_context(self._clockwork)
        for line in self.lines.values():
            self._stack.callback(line.unplug)
            line.plug()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    @property
    def lines(self) -> dict[str, Line]:
        meters = {} if self.meter_line is None else {"meters": self.meter_line}
        return {"io": self.io, "screen": self.screen, **self.reader_lines, **meters}

    @property
    def ports(self) -> dict[str, Path]:
        """Stable paths of the serial ports by name."""
        return {name: line.link for name, line in self.lines.items()}

    @property
    def bauds(self) -> dict[str, int]:
        return {name: line.baud for name, line in self.lines.items()}

    def key_file(self, reader: str) -> Path:
        """Where the installer left this OSDP reader's key."""
        return self.folder / f"{reader}.key"

    # --- hands

    def door(self, name: str | None = None) -> Door:
        """The door of that name, the first one by default."""
        return next(iter(self.doors.values())) if name is None else self.doors[name]

    def tap(self, card: int, reader: str = "reader", held_s: float = 0.0) -> float:
        """Hold a card (its number) to a reader. Returns when its last byte is at the host (monotonic)."""
        return self.readers[reader].tap(card, held_s)

    def show_code(self, text: str, reader: str = "reader") -> float:
        """Hold a QR code to a scanner. Returns when its last byte is at the host (monotonic)."""
        scanner = self.readers[reader]
        assert isinstance(scanner, CardReader), "this reader reads no codes"
        return scanner.show(text)

    def touch(self, keys: str) -> None:
        """Touch keys of the panel's keypad, where it has one."""
        for key in keys:
            if isinstance(self.panel, DwinPanel):
                assert self.panel.press(key), f"this page has no key {key}"
            else:
                assert isinstance(self.panel, TjcPanel)
                self.panel.touch(key)

    def press_keys(self, keys: str, reader: str = "reader") -> None:
        """Type on the keypad of an OSDP reader."""
        pad = self.readers[reader]
        assert isinstance(pad, OsdpReader), "this reader has no keypad"
        pad.press(keys)

    def push_door(self, door: str | None = None) -> bool:
        return self.door(door).push()

    def press_exit(self, door: str | None = None, held_s: float = 0.3) -> None:
        self.door(door).press_exit(held_s)

    def fire(self, burning: bool = True) -> None:
        """The building's fire system: it opens or closes the fire contact of every door."""
        for door in self.doors.values():
            door.set_fire(burning)

    def gas(self, leaking: bool = True) -> None:
        with self._clockwork.lock:
            self.trace.add("gas", "leak" if leaking else "clear")
            self.gas_wire.act(leaking)

    def water(self, litres: int) -> None:
        """So much runs through the meter."""
        assert self.meter is not None, "no meter is built in"
        self.meter.use(litres)

    def power_cut(self) -> None:
        """The unit's supply fails and returns: the board reboots, the panel starts empty."""
        self.relay.reboot()
        self.panel.power_cycle()

    def power(self, supply: bool) -> None:
        """The stairwell's supply fails or returns: board, readers, panel and locks. Whoever runs the agent stops or starts it."""
        with self._clockwork.lock:
            for line in self.lines.values():
                line.faults.silent = not supply
            for board in self.boards.values():
                board.reboot()
            for reader in self.readers.values():
                if isinstance(reader, OsdpReader):
                    reader.reboot()
            for door in self.doors.values():
                door.power(supply)
            self.panel.go_dark(not supply)
            if supply:
                self.panel.power_cycle()

    @property
    def lock_unlocked(self) -> bool:
        return self.door().unlocked

    @property
    def contact_open(self) -> bool:
        return self.door().open


def _reader_key() -> bytes:
    """Random; one with many equal bytes would be refused as made by hand, which happens to one in 70,000."""
    while len(set(key := secrets.token_bytes(16))) < 14:
        pass
    return key
