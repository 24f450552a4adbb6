"""What setup does for a display that has no files of its design yet: it has them built where that is possible, and says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from agent.commissioning.designs import Wanted
from agent.commissioning.hardware import Hardware
from agent.config import Config, load
from agent.words import _
from drivers.display.layout import DwinOptions

BUILDS = "panel"
"""The command of the package that builds; a box has it not."""


def deliver(ctx: click.Context, path: Path, found: Hardware) -> None:
    """For each display of the configuration that did not tell of such files."""
    config = load(path)
    wanted = tuple(_wanted(config, found))
    for each in wanted:
        out = path.parent / each.folder
        if _build(ctx, each, config.unit.language, out):
            _tell_card(each, out)
        else:
            _tell_office(each, config.unit.language)


def _wanted(config: Config, found: Hardware) -> list[Wanted]:
    wanted = []
    for name in config.displays:
        options = config.devices[name].options
        told: Mapping[str, object] = found.devices[name][1].options if name in found.devices else {}
        if isinstance(options, DwinOptions) and options.form is not None and "layout" not in told:
            wanted.append(Wanted(name, options.form))
    return wanted


def _build(ctx: click.Context, wanted: Wanted, language: str, out: Path) -> bool:
    """Whether the files are in `out`. A panel that is turned needs its own settings for them, which only its card has."""
    if out.is_dir() and any(out.iterdir()):
        return True
    group = ctx.find_root().command
    builder = group.get_command(ctx, BUILDS) if isinstance(group, click.Group) else None
    if not isinstance(builder, click.Group) or wanted.form.rotate:
        return False
    click.echo(
        _("Making the files of display {device} (this takes half a minute) …").format(device=wanted.device), err=True
    )
    try:
        code = builder.main(wanted.arguments(language, str(out)), "panel", standalone_mode=False, obj=ctx.obj)
    except click.ClickException as error:
        click.echo(error.format_message(), err=True)
        return False
    return not code


def _tell_card(wanted: Wanted, out: Path) -> None:
    click.echo(
        _(
            "Display {device}: copy DWIN_SET of {out} to a FAT32 memory card (clusters of 4096 bytes). Panel without power, card in, power on, wait for END! on the blue screen, card out, power off and on."
        ).format(device=wanted.device, out=out),
        err=True,
    )


def _tell_office(wanted: Wanted, language: str) -> None:
    command = " ".join(["doorward", BUILDS, *wanted.arguments(language, "OUT")])
    own = _(" T5LCFG.CFG is the panel's own settings file: only that turns it.") if wanted.form.rotate else ""
    click.echo(
        _(
            "Display {device} needs its files. At the office: {command}; then OUT/DWIN_SET on a memory card.{own}"
        ).format(device=wanted.device, command=command, own=own),
        err=True,
    )
