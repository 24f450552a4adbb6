"""A street of three stairwells: a centre whose clock the test moves, a broker, three agents on hardware of their own, and people.

The centre's processes run by the moved clock, and the units learn the time from its signed answers alone: theirs is hours off.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from agent.store import reading
from centre.cli import centre
from contract.chain import FactLine, parse_line
from simulator.box import Box, BoxSpec
from simulator.broker import free_port, start_broker
from simulator.demo.bureau import SITE, Bureau
from simulator.demo.children import Child, Commands, environment
from simulator.stairwell import DoorSpec
from simulator.wiring import UnitNames, config_yaml
from tests.system.shifted import Shift
from tests.waiting import eventually

ZONE = ZoneInfo("Asia/Shanghai")
LATE = "请再刷一次卡"
ALWAYS = ("building/b12", "yard/y07", "grid/g21")
CODES = "code,words,kind,who,to,due\n21,垃圾清运,,,sanitation,4h\n7,水管漏水,service,resident,water,1d\n"


class Tally:
    """What people did and were told at the doors, as they would say it: (unit, what) and how often."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()

    def add(self, *what: str) -> None:
        self.counts[what] += 1


class Home:
    """One stairwell: hardware, files, agent."""

    def __init__(self, folder: Path, unit: str, broker: str, tally: Tally) -> None:
        self.unit, self.tally = unit, tally
        self.folder = folder / unit
        self.folder.mkdir()
        self.box = Box(self.folder / "dev", BoxSpec(reader_form="osdp", doors=(DoorSpec(closer_s=0.7),)))
        self.config = self.folder / "config.yaml"
        names = UnitNames(
            id=unit,
            site=SITE,
            name=unit,
            scopes=ALWAYS,
            broker=broker,
            identity=self.folder / "identity",
            state=self.folder / "state",
            pulse_s=1.0,
        )
        (self.folder / "state").mkdir()
        self.config.write_text(config_yaml(self.box, names), encoding="utf-8")
        self.taps: dict[int, float] = {}
        """By card, when it was last shown (monotonic)."""
        self.let_go = 0.0
        """When the exit button was surely seen to be let go (monotonic)."""
        self.agent = Child("agent", ["-c", str(self.config), "run"], self.folder / "agent.log")

    def start(self) -> None:
        polls = self.box.relay.polls
        self.agent.start()
        eventually(lambda: self.box.relay.polls > polls + 4, 30)
        time.sleep(1.3)  # cards count from then on

    def sees(self, title: str, act: Callable[[], object]) -> None:
        """Do it, again where the panel says that it was not read in time, until the panel says this."""
        panel = self.box.panel
        eventually(lambda: not (panel.title or "").startswith((title, LATE)), 15)
        act()
        for _ in range(5):
            self._until(title)
            if (panel.title or "").startswith(title):
                return
            eventually(lambda: panel.title != LATE, 15)
            act()
        raise AssertionError(f"the panel never said {title}, but {panel.title}")

    def _until(self, title: str) -> None:
        panel = self.box.panel
        try:
            eventually(lambda: (panel.title or "").startswith((title, LATE)), 15)
        except AssertionError:
            shown = self.box.trace.moments("panel", "shows")[-3:]
            raise AssertionError(f"{self.unit}: not {title}, but {shown}") from None

    # --- people; each says what came of it

    def tap(self, number: int) -> None:
        """Not the same card twice within a second: that is one tap."""
        time.sleep(max(0.0, self.taps.get(number, 0.0) + 1.0 - time.monotonic()))
        self.box.tap(number)
        self.taps[number] = time.monotonic()

    def card(self, number: int) -> None:
        self.sees("请进", lambda: self.tap(number))
        self.tally.add(self.unit, "granted", "card")

    def turned_away(self, number: int, title: str, reason: str) -> None:
        self.sees(title, lambda: self.tap(number))
        self.tally.add(self.unit, "denied", "card", reason)

    def code(self, keys: str, via: str) -> None:
        self.sees("请进", lambda: self.box.press_keys(keys))
        self.tally.add(self.unit, "granted", via)

    def no_code(self, keys: str, title: str, via: str, reason: str) -> None:
        self.sees(title, lambda: self.box.press_keys(keys))
        self.tally.add(self.unit, "denied", via, reason)

    def patrol(self, number: int) -> None:
        self.sees("签到成功", lambda: self.tap(number))
        self.tally.add(self.unit, "granted", "card")
        self.tally.add(self.unit, "checkin")

    def report(self, code: str) -> None:
        """Right behind a card."""
        self.sees(f"{code} ", lambda: self.box.press_keys(f"*{code}#"))
        self.sees(f"已收到 {code}", lambda: self.box.press_keys("#"))
        self.tally.add(self.unit, "report", code)

    def answer(self, number: int, value: int) -> None:
        """By whoever is asked behind their card."""
        self.card(number)
        eventually(lambda: self.box.panel.title == "请您回答", 10)
        self.sees(f"已记录 {value}", lambda: self.box.press_keys(f"{value}#"))
        self.tally.add(self.unit, "answer")

    def leaves(self) -> None:
        """Not before the button was let go by whoever went before: that is one press."""
        time.sleep(max(0.0, self.let_go - time.monotonic()))
        self.box.press_exit(held_s=0.5)
        self.let_go = time.monotonic() + 1.0
        self.tally.add(self.unit, "granted", "exit_button")

    def lines(self) -> list[bytes]:
        return [entry.line for entry in reading.facts(self.folder / "state")]


class Street:
    """`with Street(folder, monkeypatch) as street`: three homes, all that runs for them, and what the clerk does."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.tally = folder, Tally()
        self.shift = Shift(folder / "ahead")
        monkeypatch.setattr(time, "time", self.shift.clock())
        here = datetime.now(ZONE)
        self.morning = here.replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=1)
        self.shift.seconds = (self.morning - here).total_seconds()
        self.port = free_port()
        broker = f"mqtt://127.0.0.1:{self.port}"
        self.homes = [Home(folder, f"b12-u{number}", broker, self.tally) for number in (1, 2, 3)]
        self._commands = Commands()
        self.bureau = Bureau(folder / "centre", folder / "centre.log", self._commands)
        self._serve = [
            "-m",
            "tests.system.shifted",
            str(folder / "ahead"),
            "centre",
            "--dir",
            str(folder / "centre"),
            "serve",
        ]
        self._stack = ExitStack()
        self._broker_url = broker

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        self._stack.callback(self._commands.stop)
        self._stack.callback(self.bureau.close)
        self._central("init", str(self.folder / "centre"), "--site", SITE, "--broker", self._broker_url)
        self.bureau.open_books()
        self.broker = start_broker(self.folder / "broker", port=self.port)
        self._stack.callback(self.broker.kill)
        self.serve = Served(self._serve, self.folder / "centre.log")
        self._stack.callback(self.serve.stop)
        scopes = [word for scope in ALWAYS for word in ("--scope", scope)]
        for home in self.homes:
            self.do("unit", "add", home.unit, "--name", home.unit, *scopes)
            file = self.folder / f"{home.unit}.json"
            self.do("unit", "enrolment", home.unit, "--out", str(file))
            self._stack.enter_context(home.box)
            done = self._commands.run(["-c", str(home.config), "enrol", str(file)])
            assert done.code == 0, done.err
            self._stack.callback(home.agent.stop)
        for home in self.homes:
            home.start()

    @staticmethod
    def _central(*arguments: str) -> str:
        result = CliRunner().invoke(centre, list(arguments))
        assert result.exit_code == 0, (arguments, result.output, result.exception)
        return str(result.stdout)

    def do(self, *arguments: str) -> str:
        """`doorward centre …` by the street's clock."""
        return self._central("--dir", str(self.bureau.path), *arguments)

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    @staticmethod
    def now() -> datetime:
        return datetime.fromtimestamp(time.time(), ZONE)

    def at(self, text: str) -> None:
        """Let it be this time of the day: the centre's clock goes on to it, and each unit hears of it with its next fact."""
        hour, minute = map(int, text.split(":"))
        ahead = (self.morning.replace(hour=hour, minute=minute) - self.now()).total_seconds()
        if ahead > 0:
            self.shift.seconds += ahead
        self.in_step(self.homes)

    def in_step(self, homes: list[Home]) -> None:
        """A fact of each is dated by the street's clock: the first one's answer sets theirs."""
        waiting, after = list(homes), self.bureau.last
        for _ in range(20):
            for home in waiting:
                home.leaves()
            with suppress(AssertionError):
                eventually(lambda asked=tuple(waiting): all(self._knows(home, after) for home in asked), 1.5, 0.1)
            waiting = [home for home in waiting if not self._knows(home, after)]
            if not waiting:
                return
        raise AssertionError(f"never in step: {[home.unit for home in waiting]}")

    def _knows(self, home: Home, after: int) -> bool:
        facts = [each for each in self.bureau.facts(after) if each.unit == home.unit]
        return any(abs(each.at_utc - time.time()) < 60.0 for each in facts)

    # --- at the end

    def settled(self) -> None:
        """Every unit is stopped, and its journal and the books have the same lines."""
        for home in self.homes:
            assert home.agent.stop() == 0
        eventually(lambda: all(self._booked(home) for home in self.homes) or None, 30, 0.2)

    def _booked(self, home: Home) -> bool:
        facts = [each for each in self.bureau.facts() if each.unit == home.unit]
        assert len({(each.epoch, each.seq) for each in facts}) == len(facts), "a fact twice"
        lines = [parse_line(line) for line in home.lines()]
        kept = {(each.epoch, each.seq) for each in facts}
        newest = max(
            (line.seq for line in lines if isinstance(line, FactLine) and line.kind != "agent.stopping"), default=0
        )
        return {seq for _, seq in kept} >= set(range(1, newest + 1))

    def told(self) -> Counter[tuple[str, ...]]:
        """The books' words for what the tally counts."""
        found: Counter[tuple[str, ...]] = Counter()
        for each in self.bureau.facts():
            data = each.data
            match each.kind:
                case "access.granted" | "access.duress":
                    found[each.unit, "granted", str(data["via"])] += 1
                case "access.denied":
                    found[each.unit, "denied", str(data["via"]), str(data["reason"])] += 1
                case "patrol.checkin":
                    found[each.unit, "checkin"] += 1
                case "report.filed":
                    found[each.unit, "report", str(data["code"])] += 1
                case "ask.answered":
                    found[each.unit, "answer"] += 1
                case _:
                    pass
        return found


class Served:
    """`serve` by the street's clock."""

    def __init__(self, words: list[str], log: Path) -> None:
        import subprocess
        import sys

        with log.open("ab") as out:
            self._process = subprocess.Popen([sys.executable, *words], stdout=out, stderr=out, env=environment())

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(15)
