"""`centre hook`: programs elsewhere that are sent alarms."""

from __future__ import annotations

import getpass
import time

import click

from centre import hook_post, hooks, shown, units
from centre.cli.context import CliContext, json_option, yes_option
from centre.errors import UNREACHABLE, CentreError
from centre.hook_post import Post
from centre.hooks import ListedHook
from centre.words import _
from contract.scopes import Scope


@click.group()
def hook() -> None:
    """Web hooks: alarms posted as signed JSON to programs elsewhere, by `serve`. docs/monitoring.md says what they get."""


_by = click.option("--by", default=getpass.getuser, show_default="your login", help="Who did it; kept in the books.")
_number = click.argument("number", metavar="ID", type=click.IntRange(1, 2**63 - 1))


@hook.command("add")
@click.argument("url")
@click.option("--kind", "kinds", multiple=True, help="Only these, once for each: door.forced, or care for every care.…")
@click.option("--scope", help="Only of units of LEVEL/ID (default: all, and what concerns the centre itself).")
@click.option("--plain", is_flag=True, help="http to another machine, which everybody between can read.")
@_by
@yes_option
@click.pass_obj
def add(
    office: CliContext, url: str, kinds: tuple[str, ...], scope: str | None, plain: bool, by: str, yes: bool
) -> None:
    """Post each alarm from now on to URL, until it is taken or somebody takes note. Prints the secret of its signatures, once."""
    site = office.site.site
    where = Scope("site", site) if scope is None else units.parse_scope(scope, site)
    if scope is not None:
        office.check_scope(where, yes=yes)
    made = hooks.add(office, url, kinds, where, by, time.time(), plain=plain)
    click.echo(_("hook {id}: {url}").format(id=made.id, url=made.shown))
    click.echo(_("secret, shown this once: {secret}").format(secret=made.secret))


@hook.command("list")
@json_option("One object a line.")
@click.pass_obj
def list_hooks(office: CliContext, as_json: bool) -> None:
    """All there are, what waits for each, and whether it takes it."""
    with office.books.reading() as conn:
        found = hooks.listed(conn, office.site.site)
    for each in found:
        click.echo(_as_json(each) if as_json else _as_text(office, each))


@hook.command("remove")
@_number
@_by
@click.pass_obj
def remove(office: CliContext, number: int, by: str) -> None:
    """Send it nothing more, nor what waits for it."""
    gone = hooks.remove(office, number, by, time.time())
    click.echo(_("removed hook {id}: {url}").format(id=gone.id, url=gone.shown))


@hook.command("test")
@_number
@click.pass_obj
def test(office: CliContext, number: int) -> None:
    """Post a message of type `test` to it now, and say what it answers. Exit 69 where it does not take it."""
    with office.books.reading() as conn:
        wanted = hooks.one(conn, number)
    answer = Post(wanted).send(*hook_post.test_message(office.site.site, time.time()))
    if answer.fault is not None:
        raise CentreError(f"{wanted.shown}: {_(answer.fault)}", UNREACHABLE)
    click.echo(_("{url} took it").format(url=wanted.shown))


def _as_json(each: ListedHook) -> str:
    of = each.hook
    value = {"id": of.id, "url": of.shown, "kinds": sorted(of.kinds), "scope": str(of.scope), "added": of.added_utc}
    value |= {"by": of.by, "waiting": each.waiting, "passed": each.passed, "taken": of.taken_utc}
    return shown.as_json(value | {"failing": of.failing_utc, "fault": of.fault})


def _as_text(office: CliContext, each: ListedHook) -> str:
    of = each.hook
    words = [str(of.id), of.shown, str(of.scope), " ".join(sorted(of.kinds)) or _("every kind")]
    words.append(_("{count} wait").format(count=each.waiting))
    if each.passed:
        words.append(_("{count} refused").format(count=each.passed))
    if of.taken_utc is not None:
        words.append(_("took one {at}").format(at=office.local(of.taken_utc)))
    if of.failing_utc is not None and of.fault is not None:
        since = _("takes nothing since {at}: {fault}")
        words.append(since.format(at=office.local(of.failing_utc), fault=_(of.fault)))
    return shown.plain("  ".join(words))
