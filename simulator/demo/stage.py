"""The whole scene under one folder: hardware on ptys, broker, cable, centre and agent as real processes. Sets up and clears away."""

from __future__ import annotations

import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from simulator.box import ONE_DOOR, Box, BoxSpec
from simulator.broker import Broker, Kind, free_port, start_broker
from simulator.demo.bureau import SITE, Bureau
from simulator.demo.children import Child, Commands
from simulator.demo.clock import StoryClock
from simulator.demo.disk import SmallDisk
from simulator.demo.people import CODES_CSV, roster_csv
from simulator.demo.waiting import NotHeldError, until
from simulator.demo.words import LANGUAGES, PANEL
from simulator.dwin_set.project import DwinProject
from simulator.network import Cable
from simulator.stairwell import DoorSpec
from simulator.tjc_canvas import TjcCanvas
from simulator.wiring import UnitNames, config_yaml

UNIT = "b12-u2"
NAME = "12号楼2单元"
NEXT, NEXT_NAME = "b12-u1", "12号楼1单元"
"""The unit next door, where the story needs two."""
SCOPES = ("building/b12", "yard/y07", "grid/g21", "community/c05")
TIMEZONE = "Asia/Shanghai"
PULSE_S = 2.0
CLOSER_S = 0.5
READERS_S = 1.3
"""After a start cards count from then on: what a line says in its first second may be from before."""
SETTLED_POLLS = 4
"""Looks at the board after which every input has been read and debounced."""
SIGN = ("community=八大湖社区", "grid=第21网格", "worker=王敏", "phone=5550 1234")
SIGN_EN = ("community=Badahu", "grid=Grid 21", "worker=Wang Min", "phone=5550 1234")


def local(utc: float) -> datetime:
    """The time at the unit, as its panel shows it."""
    return datetime.fromtimestamp(utc, ZoneInfo(TIMEZONE))


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a lock is open for whoever may come in, and how long a door that was pushed stands open."""

    pulse_s: float = PULSE_S
    closer_s: float = CLOSER_S


OF_THE_STORY = Pace()
OF_A_HAND = Pace(6.0, 2.0)
"""For people, who read what the panel says and then reach for the door."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """A unit: its hardware, its agent, and the cable between that and the broker."""

    unit: str
    name: str
    box: Box
    agent: Child
    cable: Cable


class Stage:
    """`with Stage(folder) as stage`: everything is made, nothing runs yet but the hardware. On leaving nothing runs any more.

    `mix` is what is built in; its doors are this stage's. `warm`: the centre's commands begin sooner (`children.Commands`).
    `next_door`: what is built in there, if not the same. `language`: the panel's. `pace`: of both doors.
    """

    def __init__(
        self,
        folder: Path,
        broker: Kind | None = None,
        mix: BoxSpec = ONE_DOOR,
        disk: SmallDisk | None = None,
        *,
        warm: bool = False,
        language: str = PANEL,
        next_door: BoxSpec | None = None,
        pace: Pace = OF_THE_STORY,
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.language = language
        self.name = NAME if language == PANEL else LANGUAGES[language]["unit"]
        self._pace = pace
        self._prefer = broker
        self._port = free_port()
        self._broker: Broker | None = None
        self._stack = ExitStack()
        doors = (DoorSpec(closer_s=pace.closer_s),)
        self._next_mix = replace(next_door or mix, doors=doors)
        self.box = Box(folder / "dev", replace(mix, doors=doors))
        self.cable = Cable(self._port)
        self.disk = disk or SmallDisk(folder / "state")
        self.clock = StoryClock(folder / "clock", TIMEZONE)
        extra = self.clock.environment
        self._commands = Commands(extra, warm=warm)
        self.bureau = Bureau(folder / "centre", folder / "centre.log", self._commands, extra)
        self.config = folder / "config.yaml"
        self.agent = Child("agent", ["-c", str(self.config), "run"], folder / "agent.log", extra)

    def __enter__(self) -> Self:
        try:
            self._stack.callback(self.clock.close)
            self._stack.enter_context(self.disk)
            self._stack.enter_context(self.box)
            self._stack.enter_context(self.cable)
            self._stack.callback(self.stop_broker)
            self._stack.callback(self.bureau.close)
            self._stack.callback(self.agent.stop)
            self._stack.callback(self._commands.stop)
            self._write_config()
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
            name=self.name,
            language=self.language,
            scopes=SCOPES,
            broker=f"mqtt://127.0.0.1:{self.cable.port}",
            identity=self.identity,
            state=self.disk.folder,
            timezone=TIMEZONE,
            pulse_s=self._pace.pulse_s,
        )
        self.config.write_text(config_yaml(self.box, names), encoding="utf-8")

    @property
    def entrance(self) -> Entrance:
        return Entrance(UNIT, self.name, self.box, self.agent, self.cable)

    @property
    def identity(self) -> Path:
        return self.folder / "identity"

    @property
    def panel_font(self) -> Path | None:
        """Of a designed panel the file that its letters were made from."""
        panel = self.box.spec.panel
        return panel.font if isinstance(panel, DwinProject | TjcCanvas) else None

    def stop_commands(self) -> None:
        """End the centre's commands that still wait for something."""
        self._commands.stop()

    # --- broker

    @property
    def broker_kind(self) -> str:
        return self._broker.kind if self._broker is not None else "none"

    def start_broker(self) -> None:
        if self._broker is None:
            self._broker = start_broker(self.folder / "broker", prefer=self._prefer, port=self._port)
        else:
            self._broker.start()

    def stop_broker(self) -> None:
        if self._broker is not None:
            self._broker.stop()

    # --- centre and unit

    def found(self) -> None:
        """A centre, one unit in its register and enrolled, the building's roster, the grid's sign. Needs no broker."""
        self.bureau.found(f"mqtt://127.0.0.1:{self._port}")
        self._register(UNIT, self.name)
        roster, codes = self.folder / "residents.csv", self.folder / "codes.csv"
        roster.write_text(roster_csv(time.time()), encoding="utf-8")
        codes.write_text(CODES_CSV, encoding="utf-8")
        self.bureau.do("roster", "put", "residents", str(roster), "--scope", "building/b12")
        signs = [word for text in (SIGN if self.language == PANEL else SIGN_EN) for word in ("--sign", text)]
        shown = (*signs, "--codes", str(codes), "--no-acceptance")
        self.bureau.do("settings", "put", "--scope", "grid/g21", *shown)
        self.enrol()

    def _register(self, unit: str, name: str) -> None:
        self.bureau.do("unit", "add", unit, "--name", name, *(word for scope in SCOPES for word in ("--scope", scope)))

    def enrol(self) -> None:
        """A new enrolment file from the centre, taken over by the unit."""
        self._enrol(UNIT, self.config)

    def _enrol(self, unit: str, config: Path) -> None:
        file = self.folder / "unit.enrolment.json"
        self.bureau.do("unit", "enrolment", unit, "--out", str(file))
        done = self._commands.run(["-c", str(config), "enrol", str(file)])
        if done.code != 0:
            raise NotHeldError(f"doorward enrol: exit {done.code}: {done.err.strip()}")
        file.unlink()

    def add_next_door(self) -> Entrance:
        """A second unit, in the register, enrolled and started; nobody waits for it here."""
        folder = self.folder / "next"
        box = self._stack.enter_context(Box(folder / "dev", self._next_mix))
        cable = self._stack.enter_context(Cable(self._port))
        config = folder / "config.yaml"
        name = NEXT_NAME if self.language == PANEL else LANGUAGES[self.language]["next"]
        names = UnitNames(
            id=NEXT,
            site=SITE,
            name=name,
            language=self.language,
            scopes=SCOPES,
            broker=f"mqtt://127.0.0.1:{cable.port}",
            identity=folder / "identity",
            state=folder / "state",
            timezone=TIMEZONE,
            pulse_s=self._pace.pulse_s,
        )
        names.state.mkdir()
        config.write_text(config_yaml(box, names), encoding="utf-8")
        self._register(NEXT, name)
        self._enrol(NEXT, config)
        agent = Child(f"agent of {NEXT}", ["-c", str(config), "run"], folder / "agent.log", self.clock.environment)
        self._stack.callback(agent.stop)
        agent.start()
        return Entrance(NEXT, name, box, agent, cable)

    def wipe(self) -> None:
        """A fresh flash card: neither identity nor state. The agent must not run."""
        shutil.rmtree(self.identity)
        for path in self.disk.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def start_agent(self, limit_s: float = 10.0) -> float:
        """Start it and wait until its door is ready: the board is polled and the screen drawn. Returns seconds to the first poll."""
        polls, started = self.box.relay.polls, time.monotonic()
        self.agent.start()
        until("the agent polls its relay board", lambda: self._alive() and self.box.relay.polls > polls, limit_s)
        ready = time.monotonic() - started
        until("the agent draws its screen", lambda: self._alive() and self.box.panel.title, limit_s)
        self.until_served(polls, limit_s)
        self._alive()
        return ready

    def until_served(self, polls: int, limit_s: float = 20.0) -> None:
        """Until an agent that was started when the board had been polled `polls` times knows its inputs, and cards count."""
        until("an agent polls the relay board", lambda: self.box.relay.polls > polls, limit_s)
        at, settled = time.monotonic(), self.box.relay.polls + SETTLED_POLLS
        until("it knows its inputs", lambda: self.box.relay.polls >= settled, limit_s)
        until("its readers count", lambda: time.monotonic() >= at + READERS_S, READERS_S + 1.0)

    def _alive(self) -> bool:
        if self.agent.pid is None:
            raise NotHeldError(f"the agent ended by itself:\n{self.agent.last_words()}")
        return True
