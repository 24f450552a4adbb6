"""A centre and a real mosquitto on the files it wrote: TLS, passwords, access for each unit."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner

from centre.cli import centre
from centre.service import Service
from simulator.broker import free_port, start_written
from tests.centre.conftest import Desk
from tests.centre.unit import SITE, FakeUnit
from tests.centre.wire import Wire
from tests.waiting import eventually

OWN = f"doorward/1/{SITE}"


class Guarded:
    """A centre whose broker runs on its own files, with two units. `ca` is None where `scheme` is mqtt; `books`: what `init` is told of them."""

    def __init__(self, path: Path, scheme: str = "mqtts", books: Sequence[str] = ()) -> None:
        self.port = free_port()
        url = f"{scheme}://127.0.0.1:{self.port}"
        made = CliRunner().invoke(centre, ["init", str(path / "c"), "--site", SITE, "--broker", url, *books])
        assert made.exit_code == 0, made.output
        self.desk = Desk(path / "c")
        self.a: FakeUnit = self.desk.unit("a", "yard/y1")
        self.b: FakeUnit = self.desk.unit("b", "yard/y2")
        self.desk.run("broker", "--listen", "127.0.0.1")
        self.files = self.desk.office.folder.broker
        self.ca = self.desk.office.folder.ca if scheme == "mqtts" else None
        self.broker = start_written(self.files, self.port, path / "log", scheme)
        self._wires: list[Wire] = []
        self.said: list[str] = []
        self._service: Service | None = None

    def wire(self, name: str, password: str | None, **more: object) -> Wire:
        made = Wire(self.port, name, password, self.ca, **more)  # type: ignore[arg-type]
        self._wires.append(made)
        return made

    def centre(self, number: int | None = None) -> Wire:
        name = "centre" if number is None else f"centre.{number}"
        return self.wire(name, self.desk.office.keys.logins[name])

    def unit(self, unit: FakeUnit) -> Wire:
        assert unit.enrolment is not None
        return self.wire(unit.name, unit.enrolment.password)

    def reload(self) -> None:
        """Mosquitto reads its files again."""
        assert self.broker.pid is not None
        os.kill(self.broker.pid, signal.SIGHUP)

    def serve(self, until: str = "connected") -> None:
        """`serve` in a thread, until `stop`; what it says is in `said`. Returns when it said something that begins with `until`."""
        office = self.desk.office
        self._service = Service(office.folder, office.folder.load(), office.keys, office.books, self.said.append)
        self._thread = threading.Thread(target=self._service.run, name="serve")
        before = len(self.said)
        self._thread.start()
        eventually(lambda: any(line.startswith(until) for line in self.said[before:]))

    def stop(self) -> None:
        if self._service is not None:
            self._service.stop()
            self._thread.join(5)
            assert not self._thread.is_alive()
        self._service = None

    def end(self) -> None:
        self.stop()
        self.close_wires()
        self.broker.kill()
        self.desk.close()

    def close_wires(self) -> None:
        for wire in self._wires:
            wire.close()
        self._wires = []
