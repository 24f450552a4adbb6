"""`centre check`: whether the centre and its broker are in order."""

from __future__ import annotations

import time

import click

from centre import checks
from centre.cli.context import CliContext
from centre.names import named
from centre.words import _


@click.command()
@click.pass_obj
def check(office: CliContext) -> None:
    """Look at the broker's and the CA's certificate, the broker's files, the broker and `serve`: a line for each.

    Exit code: 0 all in order, 1 something is not, 69 the broker does not answer.
    """
    code = 0
    for each in checks.check(office, time.time()):
        code = max(code, each.code)
        found = _("no  {about}: {text}") if each.code else _("ok  {about}: {text}")
        click.echo(found.format(about=named(each.about), text=each.text))
    click.get_current_context().exit(code)
