"""`doorward firstboot FOLDER`: take over what an installer laid on a partition, and leave the answer there."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import click

from agent import __version__
from agent.cli import Invocation
from agent.errors import ConfigError, shown
from agent.firstboot import network, notes
from agent.firstboot.files import Partition
from agent.firstboot.said import Remark, wrong
from agent.store import plainfile
from agent.words import plain, reason_of, speak
from contract.language import CHINESE


@click.command("firstboot")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--mounted", is_flag=True, help="FOLDER is a file system of its own, mounted read-only: made writable where needed."
)
@click.option("--no-devices", is_flag=True, help="Ask no serial devices for the answer's check.")
@click.option(
    "--network",
    "run_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the network's files for this run under this folder (the image: /run).",
)
@click.pass_context
def command(ctx: click.Context, folder: Path, mounted: bool, no_devices: bool, run_folder: Path | None) -> None:
    """Take config.yaml, *.enrolment.json (then wiped) and network.txt from FOLDER, before the agent starts; result.txt says what came of it.

    What is wrong is said and changes nothing. Each file counts once; a changed one is taken again.
    """
    speak(CHINESE)  # and English below: nobody has told this box yet who reads it
    invocation: Invocation = ctx.obj
    config_path = invocation.config_path
    if folder.is_dir() and (not mounted or folder.is_mount()):
        partition = Partition(folder, (lambda: _remount(folder)) if mounted else _nothing)
        lines = _settle(partition, config_path, devices=not no_devices)
    else:
        lines = [wrong("没有 DOORWARD 分区，或无法读取", "there is no DOORWARD partition, or it cannot be read")]
    for line in lines:
        click.echo(str(line))
    if run_folder is not None:
        _lay_network(config_path.parent / network.KEPT, run_folder)


def _settle(partition: Partition, config_path: Path, *, devices: bool) -> list[Remark]:
    try:
        if config_path.exists() and partition.untouched(notes.read(config_path.parent)):
            return []
    except OSError:
        pass  # it is said where each file is looked at
    from agent.firstboot.take import Settling, missing  # noqa: PLC0415  # an ordinary start does not wait for all they import

    settling = Settling(partition, config_path)
    settling.run()
    lines = [*settling.lines, *missing(config_path)]
    if settling.changed or not (partition.folder / "result.txt").exists():
        try:
            partition.answer(_answer(lines, config_path, devices=devices))
        except OSError as error:
            why = reason_of(error)
            lines.append(
                wrong(f"result.txt 写不进去：{shown(why)}", f"result.txt cannot be written: {shown(plain(why))}")
            )
    return lines


def _answer(lines: Iterable[Remark], config_path: Path, *, devices: bool) -> str:
    from agent.cli.check import as_line  # noqa: PLC0415  # as above
    from agent.commissioning.findings import findings  # noqa: PLC0415  # as above
    from agent.config import load  # noqa: PLC0415

    text = [f"doorward {__version__}", "", *map(str, lines)]
    try:
        config = load(config_path)
    except ConfigError:
        return "\n".join([*text, ""])  # said among the lines
    found = [as_line(each) for each in findings(config, devices=devices)]
    return "\n".join([*text, "", "doorward check", *found, "", *map(plain, found), ""])


def _lay_network(kept: Path, run_folder: Path) -> None:
    """The files of systemd-networkd and wpa_supplicant, anew at each start; what is kept was judged when it was taken."""
    try:
        found = network.parse(plainfile.read(kept, 8192))
    except (OSError, network.NetworkFaults):
        return  # none was laid there: every wire asks for an address
    _write(run_folder / "systemd/network/10-doorward.network", network.networkd(found), 0o644)
    if found.wifi:
        _write(run_folder / "doorward-wifi/wpa.conf", network.supplicant(found), 0o600)


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    plainfile.replace(path, text.encode(), durable=False, mode=mode)


def _remount(folder: Path) -> None:
    done = subprocess.run(["mount", "-o", "remount,rw", str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"cannot be made writable: {shown(done.stderr.strip(), 200)}")


def _nothing() -> None:
    """A folder that is writable as it is."""
