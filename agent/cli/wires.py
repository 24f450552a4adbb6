"""Which input a wire is on: said by number, or found by watching which input changes while somebody works the switch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

from agent.cli.bench import Bench
from agent.cli.interview import Interview, choice
from agent.config import Device, Port
from drivers.registry import DRIVERS

FOUND_S = 5.0
ACT_S = 30.0


@dataclass(frozen=True, slots=True)
class Equipment:
    """The devices that were found, as the drivers want them."""

    ports: Mapping[str, Port]
    devices: Mapping[str, Device]

    def counted(self, what: str) -> dict[str, int]:
        """How many `outputs` or `inputs` each device has that has any."""
        counts = {name: getattr(DRIVERS[each.driver], what)(each.options) for name, each in self.devices.items()}
        return {name: count for name, count in counts.items() if count}


@dataclass(frozen=True, slots=True)
class Wire:
    device: str
    input: int
    normally: str

    @property
    def keys(self) -> dict[str, object]:
        return {"device": self.device, "input": self.input, "normally": self.normally}


def place(counts: Mapping[str, int], text: str) -> tuple[str, int]:
    """`3`, or `relay2 3` where several devices have terminals. Raises ValueError."""
    *device, number = text.split() or [""]
    if not device and len(counts) == 1:
        device = list(counts)
    name = device[0] if len(device) == 1 else ""
    if name not in counts:
        raise ValueError(f"say device and number, as in {next(iter(counts))} 1 (there are {', '.join(counts)})")
    if not number.isdecimal() or not 1 <= int(number) <= counts[name]:
        raise ValueError(f"{name} has 1 to {counts[name]}")
    return name, int(number)


class Wires:
    """`taken`: inputs that have a meaning already; one input has one."""

    def __init__(self, equipment: Equipment, interview: Interview, act_s: float = ACT_S) -> None:
        self._equipment = equipment
        self._interview = interview
        self._act_s = act_s
        self._counts = equipment.counted("inputs")
        self._taken: dict[tuple[str, int], str] = {}

    def ask(self, key: str, what: str, act: str, usual: str, *, optional: bool) -> Wire | None:
        """`what` is on the wire; `act` what to do to make it change; `usual` how its circuit stands at rest. None: not wired."""
        others = " or none" if optional else ""
        question = f"{what}: on which input? Its number{others}, or find, to see which one changes"

        def read(text: str) -> tuple[str, int] | str:
            if text.lower() == "find" or (optional and text.lower() == "none"):
                return text.lower()
            where = place(self._counts, text)
            if where in self._taken and not key.endswith(".fire"):
                raise ValueError(f"input {where[1]} of {where[0]} is {self._taken[where]} already")
            return where

        while True:
            answer = self._interview.ask(f"{key}.input", question, read)
            if answer == "none":
                return None
            if isinstance(answer, tuple):
                closed = f"{what}: at rest, is its circuit open or closed?"
                return self._wire(
                    key, answer, self._interview.ask(f"{key}.normally", closed, choice("open", "closed"), usual)
                )
            found = self._find(act)
            if found is not None and (found[0] not in self._taken or key.endswith(".fire")):
                return self._wire(key, *found)
            click.echo("No input changed." if found is None else f"That is {self._taken[found[0]]} already.", err=True)

    def _wire(self, key: str, where: tuple[str, int], normally: str) -> Wire:
        self._taken.setdefault(where, key)
        return Wire(*where, normally)

    def _find(self, act: str) -> tuple[tuple[str, int], str] | None:
        """The input that changed while somebody did `act`, and how its circuit stood before."""
        boards = Equipment(self._equipment.ports, {name: self._equipment.devices[name] for name in self._counts})
        with Bench(boards) as bench:
            count = sum(self._counts.values())
            if not bench.wait(lambda: len(bench.inputs) == count, FOUND_S):
                silent = [name for name in self._counts if name not in bench.found]
                click.echo(f"Not every input can be read: {', '.join(silent) or 'still waiting'}", err=True)
            with bench.lock:
                before, since = dict(bench.inputs), len(bench.moves)
            click.echo(f">> {act} ({self._act_s:g} s)", err=True)
            if not bench.wait(lambda: len(bench.moves) > since, self._act_s):
                return None
            moved = bench.moves[since]
        click.echo(f"Input {moved[1]} of {moved[0]}.", err=True)
        return moved, "closed" if before.get(moved) else "open"


def free_output(counts: Mapping[str, int], taken: Sequence[tuple[str, int]], text: str) -> tuple[str, int]:
    """An output that no other door has. Raises ValueError."""
    where = place(counts, text)
    if where in taken:
        raise ValueError(f"output {where[1]} of {where[0]} moves another door's lock")
    return where
