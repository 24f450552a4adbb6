"""`doorward setup`: from what is on the ports and a few questions to a whole configuration, written in one step and checked."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from agent.cli import Invocation
from agent.cli.alone import alone, configured
from agent.cli.hardware import Hardware, hardware
from agent.cli.interview import Answers, AnswersError, Interview, Terminal, yes_or_no
from agent.cli.probe import LISTEN_S, all_adapters, report, survey
from agent.cli.questions import Known, Questions
from agent.cli.walk import Look
from agent.cli.wires import ACT_S, Equipment
from agent.config import Device, Port, loads
from agent.config.model import IDENTITY
from agent.errors import ConfigError, DoorwardError, IdentityError, UnreachableError
from agent.identity import Identity
from agent.store.folder import sync_folder
from drivers.probing import Sighting
from drivers.registry import DRIVERS


@click.command("setup")
@click.argument("ports", nargs=-1, metavar="[PORT]…")
@click.option(
    "--from",
    "probed",
    type=click.Path(path_type=Path),
    help="What `doorward probe --json` found, instead of probing now.",
)
@click.option(
    "--answers",
    type=click.Path(path_type=Path),
    help="A file with the answers, as `key: answer` lines; nobody is asked.",
)
@click.option("--listen", type=click.FloatRange(0, 600), default=LISTEN_S, show_default=True, help="As for probe.")
@click.option(
    "--wait",
    type=click.FloatRange(1, 600),
    default=ACT_S,
    show_default=True,
    help="Seconds to work a switch that is to be found.",
)
@click.pass_context
def command(
    ctx: click.Context, ports: tuple[str, ...], probed: Path | None, answers: Path | None, listen: float, wait: float
) -> None:
    """Make this unit's configuration: find the devices, ask what only a person knows, write the file, check it.

    The agent must not run meanwhile.
    """
    invocation: Invocation = ctx.obj
    path = invocation.config_path
    interview: Interview = Terminal() if answers is None else Answers(answers)
    replaced = path.exists()
    if replaced and not interview.ask("replace", f"{path} is there already. Replace it? yes or no", yes_or_no, "no"):
        raise DoorwardError(f"{path} is left as it is")
    with alone(configured(invocation)):
        looks = survey(ports or all_adapters(), (), (), listen) if probed is None else read_probe(probed)
        for line in report(looks):
            click.echo(line.removeprefix("# "), err=True)
        found = hardware(looks)
        equipment = equipment_of(found)
        if not equipment.counted("outputs"):
            raise UnreachableError("no relay board was found, and a door needs one")
        text = Questions(interview, found, equipment, known(), wait).text()
    if isinstance(interview, Answers) and interview.unused():
        raise AnswersError(*interview.unused())
    loads(text, path)
    put_in_place(path, text)
    click.echo(
        f"{path} is written{'; the one before is kept beside it' if replaced else ''}. Next: doorward selftest",
        err=True,
    )
    from agent.cli.check import command as check  # noqa: PLC0415  # a command beside this one

    ctx.invoke(check, no_devices=False, as_json=False)


def known() -> Known:
    """Of an enrolment that came before."""
    try:
        identity = Identity.load(IDENTITY)
    except IdentityError:
        return Known()
    return Known(identity.unit, identity.site)


def equipment_of(found: Hardware) -> Equipment:
    return Equipment(
        {name: Port(device, baud) for name, (device, baud) in found.ports.items()},
        {
            name: Device(sighting.driver, port, DRIVERS[sighting.driver].options(**sighting.options))
            for name, (port, sighting) in found.devices.items()
        },
    )


def read_probe(path: Path) -> list[Look]:
    """What `doorward probe --json` printed. Raises ConfigError."""
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        return [_look(entry) for entry in given["ports"]]
    except OSError as error:
        raise ConfigError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(f"{path}: is not what doorward probe --json prints") from None


def _look(entry: dict[str, Any]) -> Look:
    found = tuple(Sighting(**seen) for seen in entry["found"])
    for seen in found:
        DRIVERS[seen.driver].options(**seen.options)
    return Look(str(entry["device"]), entry["speed"], found, entry["fault"] or "")


def put_in_place(path: Path, text: str) -> None:
    """Whole or not at all; a file that was there is kept as `<name>.before-<time>`. Raises ConfigError."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    header = f"# Made by doorward setup, {stamp}. config.example.yaml explains every key; doorward check says what is wrong.\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(made, "w", encoding="utf-8") as file:
                file.write(header + text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            if path.exists():
                path.with_name(f"{path.name}.before-{stamp}").write_bytes(path.read_bytes())
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from None
