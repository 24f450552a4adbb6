"""Which input a wire is on: said by number, or found by watching which input changes while somebody works the switch."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import click

from agent.cli.bench import Bench
from agent.commissioning.answers import FIND, NONE, meant, spoken, yes_or_no
from agent.commissioning.interview import Interview, choice
from agent.config import DeviceConfig, PortConfig
from agent.words import _
from contract.frozen import frozen
from drivers.registry import DRIVERS

FOUND_S = 5.0
ACT_S = 30.0
LATER_S = 1.0
"""What else changes by the same act has changed by then."""


@frozen
class Equipment:
    """The devices that were found, as the drivers want them."""

    ports: Mapping[str, PortConfig]
    devices: Mapping[str, DeviceConfig]

    def counted(self, what: str) -> dict[str, int]:
        """How many `outputs` or `inputs` each device has that has any."""
        counts = {name: getattr(DRIVERS[each.driver], what)(each.options) for name, each in self.devices.items()}
        return {name: count for name, count in counts.items() if count}


@frozen
class InputWire:
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
        raise ValueError(
            _("say device and number, as in {device} 1 (there are {names})").format(
                device=next(iter(counts)), names=", ".join(counts)
            )
        )
    if not number.isdecimal() or not 1 <= int(number) <= counts[name]:
        raise ValueError(_("{name} has 1 to {count}").format(name=name, count=counts[name]))
    return name, int(number)


class Wires:
    """`taken`: inputs that have a meaning already; one input has one."""

    def __init__(self, equipment: Equipment, interview: Interview, act_s: float = ACT_S) -> None:
        self._equipment = equipment
        self._interview = interview
        self._act_s = act_s
        self._counts = equipment.counted("inputs")
        self._taken: dict[tuple[str, int], str] = {}
        self._seen: dict[tuple[str, int], str] = {}

    def ask(self, key: str, what: str, act: str, usual: str, *, optional: bool) -> InputWire | None:
        """`what` is on the wire; `act` what to do to make it change; `usual` how its circuit stands at rest. None: not wired."""
        others = _(" or none") if optional else ""
        question = _("{what}: on which input? Its number{others}, or find, to see which one changes").format(
            what=what, others=others
        )

        def read(text: str) -> tuple[str, int] | str:
            word = meant(text, (FIND, NONE) if optional else (FIND,))
            return self._free(key, text) if word is None else word

        while True:
            answer = self._interview.ask(f"{key}.input", question, read)
            if isinstance(answer, str):
                if answer == NONE:
                    return None
                found = self._find(key, what, act)
                if found is None:
                    self._interview.settle(f"{key}.input", None)
                    continue
                answer, usual = found, self._seen.get(found, usual)
                self._interview.settle(f"{key}.input", " ".join(map(str, answer)))
            closed = _("{what}: at rest, is its circuit open or closed?").format(what=what)
            normally = self._interview.ask(f"{key}.normally", closed, choice("open", "closed"), usual)
            self._taken.setdefault(answer, key)
            return InputWire(*answer, normally)

    def _free(self, key: str, text: str) -> tuple[str, int]:
        """An input by its number. Raises ValueError where it has a meaning already; a fire contact may serve several doors."""
        where = place(self._counts, text)
        if where in self._taken and not key.endswith(".fire"):
            raise ValueError(
                _("input {number} of {device} is {taken} already").format(
                    number=where[1], device=where[0], taken=self._taken[where]
                )
            )
        return where

    def _find(self, key: str, what: str, act: str) -> tuple[str, int] | None:
        """The input that changed while somebody did `act`, and that they say is the one. None: none of them."""
        moved = self._moved(act)
        if not moved:
            click.echo(_("No input changed."), err=True)
            return None
        for where in moved:
            meaning = _(", which is {taken} already").format(taken=self._taken[where]) if where in self._taken else ""
            click.echo(
                _("Input {number} of {device} changed{meaning}; it was {before} before.").format(
                    number=where[1], device=where[0], meaning=meaning, before=spoken(self._seen[where])
                ),
                err=True,
            )
        self._interview.fresh()
        if len(moved) == 1:
            right = self._interview.ask(f"{key}.found", _("{what}: is that it? yes or no").format(what=what), yes_or_no)
            try:
                return self._free(key, " ".join(map(str, moved[0]))) if right else None
            except ValueError as error:
                click.echo(str(error), err=True)
                return None

        def one_of_them(text: str) -> tuple[str, int] | None:
            if meant(text, (NONE,)):
                return None
            where = self._free(key, text)
            if where not in moved:
                raise ValueError(_("that one did not change"))
            return where

        return self._interview.ask(
            f"{key}.found", _("{what}: which of them is it? Its number, or none").format(what=what), one_of_them
        )

    def _moved(self, act: str) -> list[tuple[str, int]]:
        """The inputs that changed while somebody did `act`; how each stood before is in `_seen`."""
        boards = Equipment(self._equipment.ports, {name: self._equipment.devices[name] for name in self._counts})
        with Bench(boards) as bench:
            count = sum(self._counts.values())
            if not bench.wait(lambda: len(bench.inputs) == count, FOUND_S):
                silent = [name for name in self._counts if name not in bench.found]
                click.echo(
                    _("Not every input can be read: {names}").format(names=", ".join(silent) or _("still waiting")),
                    err=True,
                )
            with bench.lock:
                before, since = dict(bench.inputs), len(bench.moves)
            click.echo(_(">> {act} ({seconds:g} s)").format(act=act, seconds=self._act_s), err=True)
            if bench.wait(lambda: len(bench.moves) > since, self._act_s):
                time.sleep(LATER_S)
            with bench.lock:
                moved = list(dict.fromkeys(bench.moves[since:]))
        self._seen = {where: "closed" if before.get(where) else "open" for where in moved}
        return moved


def free_output(counts: Mapping[str, int], taken: Sequence[tuple[str, int]], text: str) -> tuple[str, int]:
    """An output that no other door has. Raises ValueError."""
    where = place(counts, text)
    if where in taken:
        raise ValueError(
            _("output {number} of {device} moves another door's lock").format(number=where[1], device=where[0])
        )
    return where
