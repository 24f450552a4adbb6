"""`doorward setup`: from what is on the ports and a few questions to a whole configuration, written in one step and checked."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from agent.cli import Invocation
from agent.cli.alone import alone, configured
from agent.cli.panel_files import deliver
from agent.cli.probe import LISTEN_S, all_adapters, named, report, survey
from agent.commissioning.answers import BACK, spoken, yes_or_no
from agent.commissioning.hardware import Hardware, hardware, parity_of, quoted, unpaired
from agent.commissioning.interview import AnswersError, AnswersFile, Interview, TerminalInterview
from agent.commissioning.questions import KnownBefore, Questions
from agent.commissioning.walk import Look
from agent.commissioning.wires import ACT_S, Equipment
from agent.config import DeviceConfig, PortConfig, loads
from agent.config.model import IDENTITY
from agent.errors import ConfigError, DoorwardError, IdentityError, UnreachableError, shown
from agent.identity import Identity
from agent.store.folder import sync_folder
from agent.words import _, joined, reason_of
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
    path = invocation.config_path.absolute()
    writable(path)
    interview: Interview = TerminalInterview() if answers is None else AnswersFile(answers)
    replaced = path.exists()
    question = _("{path} is there already. Replace it? yes or no").format(path=path)
    if replaced and not interview.whole(lambda: interview.ask("replace", question, yes_or_no, "no")):
        raise DoorwardError(_("{path} is left as it is").format(path=path))
    config = configured(invocation)
    asked = named(ports)
    with alone(config, asked):
        looks = survey(asked or all_adapters(), (), (), listen) if probed is None else read_probe(probed)
        for line in report(looks):
            click.echo(line.removeprefix("# "), err=True)
        found = hardware(looks)
        equipment = equipment_of(found)
        if not equipment.counted("outputs"):
            raise UnreachableError(_("no relay board was found, and a door needs one"))
        if isinstance(interview, AnswersFile):
            written(path, interview, found, equipment, wait)
        else:
            with kept(path) as terminal:
                written(path, terminal, found, equipment, wait)
    said = _("{path} is written; the one before is kept beside it.") if replaced else _("{path} is written.")
    after = joined(_(", then "), [*pairings(found), "doorward selftest"])
    click.echo(_("{said} Next: {after}").format(said=said.format(path=path), after=after), err=True)
    deliver(ctx, path, found)
    from agent.cli.check import command as check  # noqa: PLC0415  # a command beside this one

    ctx.invoke(check, no_devices=False, as_json=False)


def written(path: Path, interview: Interview, found: Hardware, equipment: Equipment, wait_s: float) -> None:
    """The questions answered, the configuration checked and in its place. Raises ConfigError."""
    text = Questions(interview, found, equipment, known(), wait_s).text()
    if isinstance(interview, AnswersFile) and interview.unused():
        raise AnswersError(*interview.unused())
    loads(text, path)
    put_in_place(path, text)


@contextmanager
def kept(path: Path) -> Iterator[TerminalInterview]:
    """A terminal whose answers outlive whatever happens to it: the next one offers them again. A written configuration ends that."""
    file = path.with_name(f"{path.name}.answers")

    def keep(answers: Mapping[str, str]) -> None:
        lines = "".join(f"{key}: {quoted(text)}\n" for key, text in answers.items())
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(lines, encoding="utf-8")

    former: Mapping[str, str] = {}
    if file.exists():
        with contextlib.suppress(AnswersError):
            former = AnswersFile(file).texts
            click.echo(_("The answers of last time are offered again, in brackets: Enter takes one."), err=True)
    click.echo(
        _("`{back}` leads to the question before. Ctrl-C ends this; the answers are kept.").format(back=spoken(BACK)),
        err=True,
    )
    try:
        yield TerminalInterview(former, keep)
    except (DoorwardError, click.Abort):
        if file.exists():
            click.echo(
                "\n" + _("The answers are kept in {file}; doorward setup offers them again.").format(file=file),
                err=True,
            )
        raise
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)


def pairings(found: Hardware) -> list[str]:
    """What gives each OSDP reader its own key: without one it is not used."""
    return [f"doorward pair {name}" for name, (_port, sighting) in found.devices.items() if unpaired(name, sighting)]


def writable(path: Path) -> None:
    """Raises ConfigError where the configuration could not be put, before anybody is asked anything."""
    folder = next(each for each in path.parents if each.exists())
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(_("{path}: cannot be written here by this user: use root, or -c FILE").format(path=path))


def known() -> KnownBefore:
    """Of an enrolment that came before."""
    try:
        identity = Identity.load(IDENTITY)
    except IdentityError:
        return KnownBefore()
    return KnownBefore(identity.unit, identity.site)


def equipment_of(found: Hardware) -> Equipment:
    return Equipment(
        {name: PortConfig(device, baud, parity_of(found, name)) for name, (device, baud) in found.ports.items()},
        {
            name: DeviceConfig(sighting.driver, port, DRIVERS[sighting.driver].options(**sighting.options))
            for name, (port, sighting) in found.devices.items()
        },
    )


def read_probe(path: Path) -> list[Look]:
    """What `doorward probe --json` printed. Raises ConfigError."""
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        looks = [_look(entry) for entry in given["ports"]]
    except OSError as error:
        raise ConfigError(_("{path}: {reason}").format(path=path, reason=reason_of(error))) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(_("{path}: is not what doorward probe --json prints").format(path=path)) from None
    for look in looks:
        if not (look.port.startswith("/") or "://" in look.port):
            raise ConfigError(_("{path}: {port} must be a path from / on").format(path=path, port=shown(look.port)))
    return looks


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
        raise ConfigError(_("{path}: cannot be written: {reason}").format(path=path, reason=reason_of(error))) from None
