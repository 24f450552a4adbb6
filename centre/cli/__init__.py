"""The command `centre` (as `doorward centre`): one module a command. What the operator can mend is one line and an exit code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import OperationalError

from centre import shown
from centre.books import one_line
from centre.cli import (
    account,
    alarms,
    backup,
    broker,
    check,
    checkpoint,
    command,
    console,
    coverage,
    facts,
    files,
    health,
    holder,
    home_assistant,
    hook,
    init,
    keys,
    notice,
    places,
    poll,
    recipient,
    report,
    roster,
    rounds,
    serve,
    settings,
    software,
    unit,
    verify,
    visitor,
)
from centre.cli.context import CliContext
from centre.cli.language import SpokenCommand
from centre.errors import UNREACHABLE, BadValueError, CentreError
from centre.folder import ENVIRONMENT
from centre.words import _


class _Centre(SpokenCommand, click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CentreError as error:
            text = f"--{error}" if isinstance(error, BadValueError) else str(error)
            for line in text.split("\n"):
                click.echo(shown.plain(f"centre: {line}"), err=True)
            return ctx.exit(error.code)
        except OperationalError as error:
            click.echo(_("centre: books: {error}").format(error=one_line(error)), err=True)
            return ctx.exit(UNREACHABLE)


@click.group(cls=_Centre, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--dir",
    "path",
    type=click.Path(path_type=Path, file_okay=False),
    default=lambda: os.environ.get(ENVIRONMENT) or ".",
    help=f"The centre's folder, with its keys and books (default: ${ENVIRONMENT} or the current folder).",
)
@click.pass_context
def centre(ctx: click.Context, path: Path) -> None:
    """The neighbourhood centre: units, notices, rosters, remote opens, and the books of all that happened.

    All of it works on one folder, made by `init`: name it with --dir or $DOORWARD_CENTRE, or stand in it.

    Exit codes: 0 fine, 1 a check failed, 2 wrong use, 69 something needed is unreachable, 70 our fault, 78 configuration.
    """
    ctx.obj = CliContext(path)


for _command in (
    init.init,
    account.account,
    unit.unit,
    broker.broker,
    check.check,
    notice.notice,
    report.report,
    poll.poll,
    roster.roster,
    visitor.visitor,
    rounds.round_group,
    holder.holder,
    holder.org,
    recipient.recipient,
    settings.settings,
    software.software,
    files.files,
    console.console,
    places.places,
    command.open_door,
    command.say,
    command.mode,
    command.identify,
    command.restart,
    command.resync,
    command.fire_reset,
    facts.facts,
    coverage.coverage,
    verify.verify,
    checkpoint.checkpoint,
    checkpoint.export_record,
    keys.keys,
    alarms.alarms,
    hook.hook,
    home_assistant.home_assistant,
    health.health,
    serve.serve,
    backup.backup,
    backup.restore,
    backup.retain,
):
    centre.add_command(_command)
