"""`centre recipient`: who deals with reports and services."""

from __future__ import annotations

import dataclasses
import getpass
import time

import click

from centre import recipients, shown
from centre.cli.context import CliContext, json_option
from centre.names import named
from centre.recipients import RecipientKind
from centre.words import _

_by = click.option("--by", default=getpass.getuser, show_default="your login", help="Who does it; kept in the books.")


@click.group()
def recipient() -> None:
    """Who reports and services go to: grid, community, street, police, partner organisations, volunteers."""


@recipient.command()
@click.argument("name", metavar="ID")
@click.option("--name", "title", required=True, help="How people call them.")
@click.option("--kind", type=click.Choice([each.value for each in RecipientKind]), required=True)
@_by
@click.pass_obj
def add(office: CliContext, name: str, title: str, kind: str, by: str) -> None:
    """Enter one, or change its name and kind. ID is what `report assign --to` and the codes name."""
    made = recipients.add(office, name, title, RecipientKind(kind), by, time.time())
    click.echo(shown.plain(f"{made.id}  {named(made.kind.value)}  {made.name}"))


@recipient.command("list")
@json_option("One object a line.")
@click.pass_obj
def list_recipients(office: CliContext, as_json: bool) -> None:
    """All, by id."""
    with office.books.reading() as conn:
        found = recipients.known(conn)
    for each in found.values():
        text = (
            shown.as_json(dataclasses.asdict(each)) if as_json else f"{each.id}  {named(each.kind.value)}  {each.name}"
        )
        click.echo(text if as_json else shown.plain(text))


@recipient.command()
@click.argument("name", metavar="ID")
@_by
@click.pass_obj
def remove(office: CliContext, name: str, by: str) -> None:
    """Take one off the list; what it was assigned stays as it is."""
    recipients.remove(office, name, by, time.time())
    click.echo(_("{name}: removed").format(name=name))
