"""`doorward enrol FILE`: the unit becomes who the centre says it is."""

from __future__ import annotations

from pathlib import Path

import click

from agent import wiping
from agent.cli import Invocation
from agent.config.model import IDENTITY
from agent.errors import DoorwardError
from agent.identity import Identity, differences, enrol, is_made_from, read_enrolment
from agent.words import _, reason_of


@click.command("enrol")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--identity", type=click.Path(path_type=Path), help="The identity folder, where there is no configuration yet."
)
@click.option(
    "--wipe",
    is_flag=True,
    help="Overwrite and remove FILE once the identity is on the disk. After a power cut, run it again.",
)
@click.pass_context
def command(ctx: click.Context, file: Path, identity: Path | None, wipe: bool) -> None:
    """Make this unit's own key and keep what FILE holds. A former identity is kept beside the new one."""
    invocation: Invocation = ctx.obj
    if wipe and not file.exists() and wiping.aside_of(file).exists():
        _wipe(file)
        click.echo(_("{file} was being wiped when this was cut off: it is now").format(file=file))
        return
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
    _take_over(file, identity or IDENTITY, again=wipe)
    if wipe:
        _wipe(file)
        click.echo(
            _("{file} is wiped; the agent uses the identity from its next start: systemctl restart doorward").format(
                file=file
            )
        )
        return
    click.echo(
        _("delete {file} now, it holds the unit's secrets; the agent uses the new identity from its next start").format(
            file=file
        )
    )


def _take_over(file: Path, folder: Path, *, again: bool) -> None:
    """`again`: a file that made the identity there is only to be wiped."""
    if again and is_made_from(folder, file):
        known = Identity.load(folder)
        click.echo(
            _("enrolled as unit {unit} of {site} already, by this very file").format(unit=known.unit, site=known.site)
        )
        return
    before = set(_aside(folder))
    made = enrol(file, folder)
    click.echo(
        _("enrolled as unit {unit} of {site}; the identity is in {folder}").format(
            unit=made.unit, site=made.site, folder=folder
        )
    )
    for kept in sorted(set(_aside(folder)) - before):
        click.echo(_("the former identity is kept in {kept}").format(kept=kept))


def _wipe(file: Path) -> None:
    try:
        wiping.wipe(file)
    except OSError as error:
        raise DoorwardError(
            _("the box is enrolled, but {file} cannot be wiped: {why}: remove it by hand").format(
                file=file, why=reason_of(error)
            )
        ) from None


def _aside(folder: Path) -> list[Path]:
    return list(folder.parent.glob(f"{folder.name}.replaced-*"))
