"""`doorward selftest`: the hardware tried out by hand, with an acceptance sheet as its result."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import click

from agent import __version__
from agent.cli import Invocation
from agent.cli.bench import Bench
from agent.cli.findings import wiring
from agent.cli.running import running
from agent.config import Config
from agent.errors import EXIT_CHECK_FAILED, DoorwardError
from agent.store.faults import FolderInUseError
from agent.store.folder import FolderLock
from agent.wiring import Drive, Sense, drives, senses
from drivers.facts import DrawPage

FOUND_S = 3.5
"""A port that is there is open within 2 s and its device found within 3."""
PULSE_S = 1.0
READ_S = 1.5
"""An output is read back after each order, and polled at least once a second."""
DRAWN_S = 5.0

_RUNS = "the agent runs and holds the ports: systemctl stop doorward, and start it again afterwards"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the sheet. `passed` None: only a person can say."""

    about: str
    passed: bool | None
    text: str


@click.command("selftest")
@click.option("--yes", is_flag=True, help="Do not ask before the locks move.")
@click.option("--json", "as_json", is_flag=True, help="The sheet as JSON.")
@click.pass_context
def command(ctx: click.Context, yes: bool, as_json: bool) -> None:
    """Move each lock for a second and read it back, read each input, draw each screen. Exit 1 where something failed.

    The agent must not run meanwhile.
    """
    invocation: Invocation = ctx.obj
    config = invocation.config()
    lock = _alone(config)
    try:
        if not yes:
            click.echo(
                f"Each lock moves for {PULSE_S:g} s: {', '.join(config.doors)}. See that nobody leans on a door.",
                err=True,
            )
            click.confirm("Go on?", abort=True, err=True)
        with Bench(config) as bench:
            rows = list(_rows(config, bench))
    finally:
        if lock is not None:
            lock.release()
    rows += [Row(finding.about, None, finding.text) for finding in wiring(config) if finding.state == "ask"]
    passed = all(row.passed is not False for row in rows)
    if as_json:
        sheet = {
            "unit": config.unit.id,
            "site": config.unit.site,
            "version": __version__,
            "at": _now(),
            "passed": passed,
        }
        click.echo(json.dumps({**sheet, "rows": [asdict(row) for row in rows]}, ensure_ascii=False, indent=2))
    else:
        for line in sheet_lines(config, rows):
            click.echo(line)
    if not passed:
        ctx.exit(EXIT_CHECK_FAILED)


def sheet_lines(config: Config, rows: list[Row]) -> Iterator[str]:
    """The acceptance sheet, for paper."""
    yield f"Doorward {__version__}: acceptance of unit {config.unit.id} of {config.unit.site}, {config.unit.name}, {_now()}"
    width = max(len(row.about) for row in rows)
    for row in rows:
        mark = {True: " ok ", False: "FAIL", None: "[  ]"}[row.passed]
        yield f"  {mark}  {row.about:<{width}}  {row.text}"
    failed = sum(row.passed is False for row in rows)
    yield f"{failed} failed" if failed else "nothing failed"
    yield "Each [  ] was looked at and is in order:  ____________________  (name, date)"


def _alone(config: Config) -> FolderLock | None:
    """Keeps an agent from starting meanwhile; raises where one runs."""
    if running(config) is not None:
        raise DoorwardError(_RUNS)
    if not config.state.is_dir():
        return None
    try:
        return FolderLock(config.state)
    except FolderInUseError:
        raise DoorwardError(_RUNS) from None


def _rows(config: Config, bench: Bench) -> Iterator[Row]:
    end = time.monotonic() + FOUND_S
    for name, device in config.devices.items():
        detail = bench.known(name, max(0.0, end - time.monotonic()))
        text = _why(name, config, bench) if detail is None else detail or "there"
        yield Row(f"device {name}", detail is not None, f"{device.driver}: {text}")
    for name, drive in drives(config).items():
        yield _lock(name, drive, bench)
    for place, uses in senses(config).items():
        for sense in uses:
            yield _input(sense, place, bench)
    for name in config.displays:
        yield _screen(name, config, bench)
    for name in (reader for door in config.doors.values() for reader in door.readers):
        yield Row(f"reader {name}", None, "does a card make it beep?")


def _why(name: str, config: Config, bench: Bench) -> str:
    why, line = bench.why(name), config.ports[config.devices[name].port]
    if why.startswith("port"):
        return why
    return f"{why}; is it powered, and wired to {line.device}, at {line.baud} baud?"


def _lock(door: str, drive: Drive, bench: Bench) -> Row:
    """Away from where it rests for one pulse of the board's own, and back."""
    place, about = (drive.device, drive.number), f"door {door}, lock"
    if drive.device not in bench.found or not bench.wait(lambda: place in bench.outputs, READ_S):
        return Row(about, False, f"output {drive.number} of {drive.device} cannot be read")
    rest = bench.outputs[place]
    refused = bench.pulse(drive.device, drive.number, PULSE_S, on=not rest)
    if refused is not None:
        return Row(about, False, f"the order failed: {refused}")
    begun = time.monotonic()
    moved = bench.wait(lambda: bench.outputs[place] is not rest, READ_S)
    if not moved:
        return Row(about, False, f"output {drive.number} of {drive.device} did not move")
    if not bench.wait(lambda: bench.outputs[place] is rest, PULSE_S + READ_S):
        return Row(
            about,
            False,
            f"output {drive.number} of {drive.device} did not come back by itself: {_state(drive, not rest)} still",
        )
    took = time.monotonic() - begun
    return Row(about, True, f"{_state(drive, not rest)} for {took:.1f} s, then {_state(drive, rest)} again by itself")


def _state(drive: Drive, on: bool) -> str:
    return "unlocked" if on == drive.high_unlocks else "locked"


_REST = {
    "contact": ("shut", "open: shut the door, or correct `normally`"),
    "exit": ("not pressed", "pressed: let it go, or correct `normally`"),
    "fire": ("no fire", "FIRE: clear it, mend the wire, or correct `normally`"),
    "input": ("at rest", "not at rest: look at it, or correct `normally`"),
}


def _input(sense: Sense, place: tuple[str, int], bench: Bench) -> Row:
    device, number = place
    about = f"input {sense.name}" if sense.part == "input" else f"door {sense.name}, {sense.part}"
    if device not in bench.found or not bench.wait(lambda: place in bench.inputs, READ_S):
        return Row(about, False, f"input {number} of {device} cannot be read")
    at_rest = bench.inputs[place] == sense.normal_high
    return Row(about, at_rest, _REST[sense.part][0 if at_rest else 1])


def _screen(name: str, config: Config, bench: Bench) -> Row:
    about = f"display {name}"
    if name not in bench.found:
        return Row(about, False, "not there")
    token = bench.next_order()
    body = (config.unit.id, "自检 SELFTEST", "0123456789", time.strftime("%H:%M UTC", time.gmtime()))
    bench.order(DrawPage(name, token, "notice", config.unit.name, body, config.unit.site))
    drawn = bench.wait(lambda: token in bench.drawn, DRAWN_S)
    return Row(about, drawn, "drawn, and acknowledged" if drawn else "nothing was acknowledged")


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
