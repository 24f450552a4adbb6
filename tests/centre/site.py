"""A site for the centre's tests: a real broker, a centre's folder, `serve` in a thread, units on the wire."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Self

from centre.alarm_hook import AlarmHook
from centre.folder import Folder
from centre.service import Service
from centre.words import _
from contract.envelope import key_ring, verify
from contract.messages import Confirm, Kind
from contract.parse import parse
from contract.scopes import Scope
from contract.topics import Down
from simulator.broker import Broker
from tests.centre.conftest import Desk, Fresh
from tests.centre.unit import SITE, FakeUnit
from tests.centre.wire import Wire
from tests.waiting import eventually

OWN = f"doorward/1/{SITE}"
STOPS_S = 15
"""`serve` ends within a few seconds, on a busy machine too."""


class Site:
    """A broker, a centre's folder, `serve` in a thread, units on the wire. Ends with its `with`, so that no `serve` outlives its test."""

    def __init__(self, path: Path, fresh: Fresh, broker: Broker) -> None:
        self.broker = broker
        folder = Folder(fresh.copy(path / "c"))
        folder.save(replace(folder.load(), broker=broker.url))
        self.desk = Desk(path / "c")
        self.said: list[str] = []
        self.service: Service | None = None
        self._thread: threading.Thread | None = None
        self._wires: list[Wire] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def serve(self, hook: AlarmHook | None = None) -> Service:
        office = self.desk.office
        self.service = Service(office.folder, office.site, office.keys, office.books, self.said.append, hook)
        self._thread = threading.Thread(target=self.service.run, name="serve")
        self._thread.start()
        eventually(lambda: _("connected") in self.said)
        return self.service

    def copied(self, name: str = "copy") -> Path:
        """The folder, as a clerk copies it, `serve` running or not."""
        return Path(shutil.copytree(self.desk.path, self.desk.path.parent / name))

    def stop(self) -> None:
        if self.service is not None and self._thread is not None:
            self.service.stop()
            self._thread.join(STOPS_S)
            assert not self._thread.is_alive()
        self.service = self._thread = None
        self.said.clear()

    def wire(self, unit: FakeUnit) -> Wire:
        """The unit's connection, with its subscriptions, enrolment sent."""
        made = Wire(self.broker.port, unit.name, None)
        self._wires.append(made)
        made.subscribe(f"{OWN}/down/unit/{unit.name}/#", f"{OWN}/down/yard/y07/#", f"{OWN}/centre")
        made.send(unit.enrol())
        return made

    def unit(self, name: str = "b12-u2", *, enrolled: bool = False) -> tuple[FakeUnit, Wire]:
        unit = self.desk.unit(name, "yard/y07", enrolled=enrolled)
        return unit, self.wire(unit)

    def confirms(self, unit: FakeUnit, wire: Wire) -> list[Confirm]:
        """Those that a unit would take."""
        assert unit.enrolment is not None
        ring = key_ring(bytes.fromhex(unit.enrolment.root_key), unit.enrolment.working_keys)
        found = []
        for token in wire.payloads("/confirm"):
            payload = verify(token, Kind.CONFIRM, ring)
            assert isinstance(payload, dict)
            message = parse(Kind.CONFIRM, SITE, Down(SITE, Scope("unit", unit.name), Kind.CONFIRM), payload)
            assert isinstance(message, Confirm)
            found.append(message)
        return found

    def confirmed(self, unit: FakeUnit, wire: Wire, seq: int) -> Confirm:
        eventually(lambda: any(c.seq == seq and c.epoch == unit.epoch for c in self.confirms(unit, wire)))
        return next(c for c in self.confirms(unit, wire) if c.seq == seq)

    def close(self) -> None:
        try:
            self.stop()
        finally:
            for wire in self._wires:
                wire.close()
            self.desk.close()
