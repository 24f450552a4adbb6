"""The scene of a measurement: hardware on ptys, broker, centre and agent as real processes, their files on a real disk.

As the demo's stage, but the unit's state is on no small tmpfs, the agent may be watched, and no cable stands between it and the broker.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from benchmarks.marks import Mark, read
from benchmarks.process import Process
from centre.folder import Folder
from centre.keys import CentreKeys, load_keys
from centre.signing import Signer
from simulator.box import Box, BoxSpec
from simulator.broker import Broker, free_port, start_broker
from simulator.demo.bureau import SITE, Bureau
from simulator.demo.children import Commands
from simulator.demo.stage import NAME, READERS_S, SCOPES, UNIT
from simulator.demo.waiting import NotHeldError, until
from simulator.wiring import UnitNames, config_yaml

__all__ = ["SCOPES", "SITE", "UNIT", "Site", "disk_folder"]

FIRST_CARD = 1_000_000
"""Cards of the residents are numbered from here on."""
MEMORY = Path("/dev/shm")  # for marks: writing them down must not touch the disk


def disk_folder() -> Path:
    """Where benchmarks keep their files: DOORWARD_BENCH_DIR, else /var/tmp, which is a disk where /tmp often is memory."""
    return Path(os.environ.get("DOORWARD_BENCH_DIR", "/var/tmp"))


class Site:
    """`with Site(…) as site`: a centre with one enrolled unit; nothing runs yet but the hardware. On leaving nothing is left.

    `holders`: residents in the roster. `drain_facts_s`: the link's limit for a backlog; None is the product's default.
    """

    def __init__(
        self,
        holders: int = 50,
        *,
        io_baud: int = 9600,
        reader_baud: int = 9600,
        reader_form: str = "decimal",
        drain_facts_s: float | None = None,
    ) -> None:
        self.holders = holders
        self._drain = drain_facts_s
        self._stack = ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="doorward-bench-", dir=disk_folder()))
        memory = MEMORY if MEMORY.is_dir() else disk_folder()
        self._memory = Path(tempfile.mkdtemp(prefix="doorward-bench-", dir=memory))
        self.port = free_port()
        self.broker: Broker | None = None
        self.box = Box(self.folder / "dev", BoxSpec(io_baud=io_baud, reader_baud=reader_baud, reader_form=reader_form))
        self._commands = Commands()
        self.bureau = Bureau(self.folder / "centre", self.folder / "centre-cli.log", self._commands)
        self.config = self.folder / "config.yaml"
        self.state = self.folder / "state"
        self.agent_marks = self._memory / "agent"
        self.centre_marks = self._memory / "centre"
        runtime = {"RUNTIME_DIRECTORY": str(self._memory)}  # as under systemd: the status file is in memory
        config = ["-c", str(self.config), "run"]
        self.agent = Process.python("agent", *config, log=self.folder / "agent.log", extra=runtime)
        probe = ["benchmarks.agent_probe", str(self.agent_marks), str(self.config)]
        self.probe_command = probe
        self.runtime = runtime
        self.watched = Process.python(*probe, log=self.folder / "agent.log", extra=runtime)
        serve = ["benchmarks.centre_probe", str(self.centre_marks), str(self.bureau.path)]
        self.centre = Process.python(*serve, log=self.folder / "centre.log")

    def __enter__(self) -> Self:
        try:
            self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self._stack.callback(shutil.rmtree, self._memory, ignore_errors=True)
            self._stack.enter_context(self.box)
            self._stack.callback(self.stop_broker)
            self._stack.callback(self.bureau.close)
            for process in (self.centre, self.agent, self.watched):
                self._stack.callback(process.stop)
            self.state.mkdir()
            self._write_config()
            self._found()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _write_config(self) -> None:
        names = UnitNames(
            id=UNIT,
            site=SITE,
            name=NAME,
            scopes=SCOPES,
            broker=f"mqtt://127.0.0.1:{self.port}",
            identity=self.folder / "identity",
            state=self.state,
        )
        text = config_yaml(self.box, names)
        if self._drain is not None:
            text = text.replace("insecure: true}", f"insecure: true, drain_facts_s: {self._drain:g}}}")
        self.config.write_text(text, encoding="utf-8")

    def _found(self) -> None:
        self.bureau.found(f"mqtt://127.0.0.1:{self.port}")
        scopes = [word for scope in SCOPES for word in ("--scope", scope)]
        self.bureau.do("unit", "add", UNIT, "--name", NAME, *scopes)
        roster = self.folder / "residents.csv"
        rows = [f"r-{n},resident,{FIRST_CARD + n:010d},{n % 3000 + 101}" for n in range(self.holders)]
        roster.write_text("\n".join(["id,role,card,room", *rows, ""]), encoding="utf-8")
        self.bureau.do("roster", "put", "residents", str(roster), "--scope", "building/b12")
        file = self.folder / "unit.enrolment.json"
        self.bureau.do("unit", "enrolment", UNIT, "--out", str(file))
        done = self._commands.run(["-c", str(self.config), "enrol", str(file)])
        if done.code != 0:
            raise NotHeldError(f"doorward enrol: exit {done.code}: {done.err.strip()}")

    # --- broker and centre

    def start_broker(self) -> Broker:
        if self.broker is None:
            self.broker = start_broker(self.folder / "broker", port=self.port)
        elif self.broker.pid is None:
            self.broker.start()
        return self.broker

    def stop_broker(self) -> None:
        if self.broker is not None:
            self.broker.stop()

    @property
    def keys(self) -> CentreKeys:
        return load_keys(Folder(self.bureau.path))

    @property
    def signer(self) -> Signer:
        return Signer(SITE, self.keys)

    # --- the agent

    def start_agent(self, process: Process | None = None, limit_s: float = 20.0) -> None:
        """Start it (the watched one where none is named) and wait until it polls its relay board and has drawn its screen."""
        process = process or self.watched
        polls = self.box.relay.polls
        process.start()
        until("the agent polls", lambda: process.pid and self.box.relay.polls > polls + 3, limit_s)
        until("the agent draws its screen", lambda: process.pid and self.box.panel.title, limit_s)

    def settle(self, process: Process | None = None) -> None:
        """Everything runs, the roster is in force at the unit, its own first facts are confirmed, and its readers' cards count."""
        process = process or self.watched
        self.start_broker()
        self.centre.start()
        self.start_agent(process)
        until("the roster is applied", lambda: process.pid and self.bureau.facts(kind="roster.applied"), 60)
        time.sleep(READERS_S)

    def marks(self, *names: str) -> list[Mark]:
        return read(self.agent_marks, *names)

    def committed(self) -> list[Mark]:
        return read(self.centre_marks, "committed")

    def await_mark(self, name: str, limit_s: float = 20.0, after: float = 0.0) -> Mark:
        """The first mark of this name later than `after`."""

        def look() -> Mark | None:
            return next((mark for mark in self.marks(name) if mark.at > after), None)

        found = until(f"mark {name}", look, limit_s)
        assert found is not None
        return found

    def tap(self, n: int) -> None:
        """The card of resident `n`; returns when its last byte has been sent."""
        arrives = self.box.tap(FIRST_CARD + n % self.holders)
        time.sleep(max(0.0, arrives - time.monotonic()))
