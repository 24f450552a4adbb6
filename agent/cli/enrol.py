"""`doorward enrol FILE`: the unit becomes who the centre says it is."""

from __future__ import annotations

from pathlib import Path

import click

from agent.cli import Invocation
from agent.config.model import IDENTITY
from agent.errors import DoorwardError
from agent.identity import differences, enrol, read_enrolment
from agent.words import _


@click.command("enrol")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--identity", type=click.Path(path_type=Path), help="The identity folder, where there is no configuration yet."
)
@click.pass_context
def command(ctx: click.Context, file: Path, identity: Path | None) -> None:
    """Make this unit's own key and keep what FILE holds. A former identity is kept beside the new one."""
    invocation: Invocation = ctx.obj
    if identity is None and invocation.config_path.exists():
        config = invocation.config()
        identity = config.identity
        wrong = differences(read_enrolment(file), config.unit.site, config.unit.id)
        if wrong:
            raise DoorwardError(
                *(
                    _("{path}: {line}: nothing was changed").format(path=invocation.config_path, line=line)
                    for line in wrong
                )
            )
    folder = identity or IDENTITY
    before = set(_aside(folder))
    made = enrol(file, folder)
    click.echo(
        _("enrolled as unit {unit} of {site}; the identity is in {folder}").format(
            unit=made.unit, site=made.site, folder=folder
        )
    )
    for kept in sorted(set(_aside(folder)) - before):
        click.echo(_("the former identity is kept in {kept}").format(kept=kept))
    click.echo(
        _("delete {file} now, it holds the unit's secrets; the agent uses the new identity from its next start").format(
            file=file
        )
    )


def _aside(folder: Path) -> list[Path]:
    return list(folder.parent.glob(f"{folder.name}.replaced-*"))
