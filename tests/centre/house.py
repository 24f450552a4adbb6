"""A centre, its broker with rights, two units, the bridge, and somebody with Home Assistant's login."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path
from typing import Any

from centre.cli.context import CliContext
from centre.home_assistant import topics
from centre.home_assistant.bridge import Bridge
from centre.passwords import hashed
from contract.envelope import key_ring, verify
from contract.messages import Kind
from contract.parse import parse
from contract.plain import Reply, ReplyState
from contract.scopes import Scope
from contract.topics import Down
from tests.centre.guarded import OWN, Guarded
from tests.centre.unit import SITE, FakeUnit, door
from tests.centre.wire import Wire
from tests.waiting import eventually


class House(Guarded):
    """Units `a` (yard/y1) and `b` (yard/y2), each with a door `main`. `home`: Home Assistant's login."""

    def __init__(self, path: Path, *options: str) -> None:
        super().__init__(path, "mqtt")
        told = self.desk.run("home-assistant", "on", "--by", "wang", *options).stdout
        self.user, self.password = re.findall(
            r"(?:user|once:?) (\S+)", told.replace("password, shown this once:", "once:")
        )
        with (self.files / "passwords").open("a") as file:
            file.write(f"watcher:{hashed('w')}\n")
        with (self.files / "access").open("a") as file:
            file.write("\nuser watcher\ntopic read #\n")
        self.reload()
        eventually(lambda: self.watcher().connected)
        self.lines: list[str] = []
        self.bridge: Bridge | None = None
        self._running: threading.Thread | None = None

    def begin(self) -> None:
        """The bridge, in a thread."""
        office = CliContext(self.desk.path)
        home = office.site.home_assistant
        assert home is not None
        self.bridge = Bridge(office, home, "0.1", self.lines.append)
        self._running = threading.Thread(target=self.bridge.run, name="bridge")
        before = len(self.lines)
        self._running.start()
        eventually(lambda: "connected" in self.lines[before:])

    def rest(self) -> None:
        if self.bridge is not None and self._running is not None:
            self.bridge.stop()
            self._running.join(10)
            assert not self._running.is_alive()
        self.bridge = None

    def end(self) -> None:
        self.rest()
        super().end()

    def heard(self, unit: FakeUnit, **changed: Any) -> None:
        """Its status comes into the books."""
        self.desk.now = time.time()
        self.desk.take(unit.status(**({"doors": {"main": door()}} | changed)))

    def home(self) -> Wire:
        made = self.wire(self.user, self.password)
        made.subscribe("homeassistant/#", f"{topics.ROOT}/#")
        return made

    def watcher(self) -> Wire:
        """It reads everything; a new one pushes the last off."""
        made = self.wire("watcher", "w")
        if made.connected:
            made.subscribe("#")
        return made

    def answering(self, unit: FakeUnit, *states: str, reason: str | None = None) -> list[Any]:
        """The unit is at the broker, and answers orders; those it got."""
        got: list[Any] = []
        assert unit.enrolment is not None
        ring = key_ring(bytes.fromhex(unit.enrolment.root_key), unit.enrolment.working_keys)

        def take(topic: str, token: bytes) -> None:
            if not topic.endswith("/command"):
                return
            payload = verify(token, Kind.COMMAND, ring)
            assert isinstance(payload, dict)
            command = parse(Kind.COMMAND, SITE, Down(SITE, Scope("unit", unit.name), Kind.COMMAND), payload)
            got.append(command)
            for state in states:
                wire.post(unit.reply(Reply(payload["id"], ReplyState(state), time.time(), reason, "main")))

        wire = self.wire(unit.name, unit.enrolment.password, take=take)
        wire.subscribe(f"{OWN}/down/unit/{unit.name}/#")
        return got


def said(wire: Wire, topic: str) -> list[Any]:
    """What came on this topic, in order."""
    return [json.loads(payload) for each, payload, _ in list(wire.got) if each == topic and payload]


def asked(value: str, at: float | None = None) -> bytes:
    """As the announced template writes it."""
    return json.dumps({"value": value, "at": time.time() if at is None else at}).encode()
