"""`centre account`: people who work with the centre by name, on its page; who of them may do what where."""

from __future__ import annotations

import dataclasses
import getpass
import time
from pathlib import Path
from typing import Any

import click

from centre import account_desk, accounts, api_tokens, invitations, sessions, shown, single_sign_on, units
from centre.account_desk import AccountChange
from centre.accounts import Account, Role
from centre.api_tokens import ApiToken
from centre.cli.context import CliContext, json_option, moment_option, yes_option
from centre.errors import BadValueError
from centre.folder import CONSENTS, Oidc
from centre.invitations import Invitation
from centre.names import named
from centre.permits import SECOND_WORDS
from centre.words import _
from contract.scopes import Scope

_by = click.option("--by", default=getpass.getuser, show_default="your login", help="Who does it; kept in the books.")
_role = click.Choice([each.value for each in Role])
_scope_help = "LEVEL/ID: where the role holds, such as community/c3. The whole site, if none is said."


@click.group()
def account() -> None:
    """People who sign in on the centre's page: viewers, grid workers, operators, administrators.

    These commands ask for no account: whoever has the centre's folder is the site.
    """


@account.command()
@click.argument("name", metavar="NAME")
@click.option("--label", help="How people call them.  [default: NAME]")
@click.option("--role", type=_role, required=True)
@click.option("--scope", metavar="LEVEL/ID", help=_scope_help)
@click.option(
    "--holder", metavar="ID", help="A grid worker's id in the rosters: whose rounds and check-ins are theirs."
)
@_by
@yes_option
@click.pass_obj
def add(
    office: CliContext,
    name: str,
    label: str | None,
    role: str,
    scope: str | None,
    holder: str | None,
    by: str,
    yes: bool,
) -> None:
    """A new account, and a one-time link by which its owner sets a password. NAME is what they sign in with."""
    where = _scope(office, scope, yes=yes) or Scope("site", office.site.site)
    account_desk.add(office, Account(name, label or name, Role(role), where, holder), by, time.time())
    tell_invitation(office, invitations.invite(office, name, by, time.time()))


@account.command("list")
@json_option("One object a line.")
@click.pass_obj
def list_accounts(office: CliContext, as_json: bool) -> None:
    """All, by name."""
    with office.books.reading() as conn:
        found = accounts.known(conn, office.account_key) if accounts.any_there(conn) else {}
    for each in found.values():
        click.echo(shown.as_json(_as_value(each)) if as_json else shown.plain(_line(each)))


@account.command()
@click.argument("name", metavar="NAME")
@_by
@click.pass_obj
def invite(office: CliContext, name: str, by: str) -> None:
    """Another one-time link: for who lost theirs, forgot the password, or is back. A link of before ends."""
    tell_invitation(office, invitations.invite(office, name, by, time.time()))


@account.command()
@click.argument("name", metavar="NAME")
@click.option("--label", help="How people call them.")
@click.option("--role", type=_role)
@click.option("--scope", metavar="LEVEL/ID", help="Where the role holds.")
@click.option("--holder", metavar="ID", help="A grid worker's id in the rosters; '' takes it away.")
@_by
@yes_option
@click.pass_obj
def change(
    office: CliContext,
    name: str,
    label: str | None,
    role: str | None,
    scope: str | None,
    holder: str | None,
    by: str,
    yes: bool,
) -> None:
    """Another role, scope, label or holder. With another role or scope they sign in anew, and their API tokens end."""
    wanted = AccountChange(label, None if role is None else Role(role), _scope(office, scope, yes=yes), holder)
    click.echo(shown.plain(_line(account_desk.change(office, name, wanted, by, time.time()))))


@account.command()
@click.argument("name", metavar="NAME")
@_by
@click.pass_obj
def disable(office: CliContext, name: str, by: str) -> None:
    """They are signed out at this moment, and do not get in any more. What they did stays in the record under their name."""
    account_desk.disable(office, name, by, time.time())
    click.echo(_("{name}: disabled").format(name=name))


@account.command()
@click.argument("name", metavar="NAME")
@_by
@click.pass_obj
def enable(office: CliContext, name: str, by: str) -> None:
    """Take them back; the link sets another password."""
    account_desk.enable(office, name, by, time.time())
    tell_invitation(office, invitations.invite(office, name, by, time.time()))


@account.command("sessions")
@click.argument("name", metavar="NAME", required=False)
@click.option("--end", is_flag=True, help="End all of NAME's.")
@_by
@json_option("One object a line.")
@click.pass_obj
def list_sessions(office: CliContext, name: str | None, end: bool, by: str, as_json: bool) -> None:
    """Who is signed in, from where and since when."""
    if end:
        with office.books.reading() as conn:
            who = accounts.one(conn, office.account_key, name or "")
        count = sessions.end(office.books, who.name, by, time.time())
        click.echo(_("{name}: {count} sessions ended").format(name=name, count=count))
        return
    with office.books.reading() as conn:
        there = accounts.any_there(conn)
        found = sessions.listed(conn, office.account_key, time.time(), name) if there else []
    for each in found:
        if as_json:
            value = dataclasses.asdict(each) | {"account": each.account.name}
            click.echo(shown.as_json(value))
            continue
        text = _("{account}  from {address}  since {since}, last used {seen}  {agent}")
        since, seen = office.local(each.made_utc), office.local(each.seen_utc)
        line = text.format(account=each.account.name, address=each.address, since=since, seen=seen, agent=each.agent)
        click.echo(shown.plain(line.rstrip()))


@account.command()
@click.argument("what", metavar="[lockdown|erase|keys]...", nargs=-1, type=click.Choice(CONSENTS))
@click.option("--none", "nothing", is_flag=True, help="Ask for no second person any more.")
@click.pass_obj
def consent(office: CliContext, what: tuple[str, ...], nothing: bool) -> None:
    """What on the page waits until a second person agrees. Without any, tells what does."""
    if what or nothing:
        chosen = tuple(each for each in CONSENTS if each in what)
        office.save(dataclasses.replace(office.site, consent=chosen or None))
    now = office.site.consent or ()
    click.echo(
        _("waits for a second person: {what}").format(what=", ".join(_(SECOND_WORDS[each]) for each in now))
        if now
        else _("nothing waits for a second person")
    )


@account.command()
@click.argument("name", metavar="NAME")
@_by
@click.pass_obj
def unlink(office: CliContext, name: str, by: str) -> None:
    """Whom the site's provider names signs in to this account no longer."""
    account_desk.unlink(office, name, by, time.time())
    click.echo(_("{name}: changed").format(name=name))


@account.command()
@click.option("--issuer", metavar="URL", help="The provider: what it calls itself, https://…")
@click.option("--client", metavar="ID", help="What the console is called there.")
@click.option(
    "--secret-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Its secret there, the file's first line; none of a client that needs none.",
)
@click.option("--label", default="", help="What the button on the sign-in page says.  [default: the URL]")
@click.option("--off", is_flag=True, help="No provider any more.")
@click.pass_obj
def provider(
    office: CliContext, issuer: str | None, client: str | None, secret_file: Path | None, label: str, off: bool
) -> None:
    """Have people sign in at an OpenID provider of the site. Without options, tells which.

    Accounts are made here as ever: one without a password is joined to who is called so there, when they first come. The provider has to
    know the console's address followed by /sign-in/provider/back. `serve`, or `console`, is to be started again.
    """
    if off:
        single_sign_on.keep_secret(office.folder, None)
        office.save(dataclasses.replace(office.site, oidc=None))
    elif issuer is not None or client is not None:
        if not issuer or not client or not single_sign_on.is_safe(issuer):
            raise BadValueError("issuer", _("https://…, and a client, are needed"))
        lines = [] if secret_file is None else secret_file.read_text("utf-8").splitlines()
        single_sign_on.keep_secret(office.folder, lines[0].strip() if lines else None)
        office.save(dataclasses.replace(office.site, oidc=Oidc(issuer, client, label)))
    found = office.site.oidc
    click.echo(
        _("no provider") if found is None else shown.plain(f"{found.issuer}  {found.client}  {found.label}".rstrip())
    )


@account.group()
def token() -> None:
    """Tokens by which programs use the console's calls."""


@token.command("add")
@click.argument("name", metavar="NAME")
@click.option("--role", type=_role, required=True)
@click.option("--scope", metavar="LEVEL/ID", help=_scope_help)
@click.option("--until", required=True, help="A date, or how long from now: 90d. At most 400 days.")
@_by
@yes_option
@click.pass_obj
def add_token(office: CliContext, name: str, role: str, scope: str | None, until: str, by: str, yes: bool) -> None:
    """A new token, told this once. What it does is entered under token.NAME."""
    where = _scope(office, scope, yes=yes) or Scope("site", office.site.site)
    ends = moment_option(office, "until", until, end=True)
    assert ends is not None
    click.echo(api_tokens.make(office, name, Role(role), where, ends, by, time.time()))


@token.command("list")
@json_option("One object a line.")
@click.pass_obj
def list_tokens(office: CliContext, as_json: bool) -> None:
    """Those that were not taken back."""
    with office.books.reading() as conn:
        found = api_tokens.listed(conn)
    for each in found:
        click.echo(shown.as_json(_token_value(each)) if as_json else shown.plain(_token_line(office, each)))


@token.command("end")
@click.argument("name", metavar="NAME")
@_by
@click.pass_obj
def end_token(office: CliContext, name: str, by: str) -> None:
    """Take it back."""
    api_tokens.end(office, name, by, time.time())
    click.echo(_("{name}: ended").format(name=name))


def tell_invitation(office: CliContext, made: Invitation) -> None:
    """How to open it: where the console is reached from outside nobody knows here."""
    text = _("{account}: sets a password until {until} at the console's address, followed by {path}")
    click.echo(text.format(account=made.account, until=office.local(made.ends_utc), path=made.path))


def _scope(office: CliContext, text: str | None, *, yes: bool) -> Scope | None:
    if text is None:
        return None
    scope = units.parse_scope(text, office.site.site)
    if scope.level != "site":
        office.check_scope(scope, yes=yes)
    return scope


def _line(each: Account) -> str:
    parts = [each.name, named(each.role.value), str(each.scope), each.label]
    parts += [] if each.holder is None else [_("holder {holder}").format(holder=each.holder)]
    if not each.sound:
        return "  ".join([each.name, _("not what this centre wrote: may do nothing")])
    if not each.enabled:
        parts.append(_("disabled"))
    elif not each.ready:
        parts.append(_("invited"))
    return "  ".join(parts)


def _as_value(each: Account) -> dict[str, Any]:
    return dataclasses.asdict(each) | {"role": each.role.value, "scope": str(each.scope), "enabled": each.enabled}


def _token_line(office: CliContext, each: ApiToken) -> str:
    text = _("{name}  {role}  {scope}  until {until}  by {by}  last used {used}")
    until, used, role = office.local(each.ends_utc), office.local(each.used_utc), named(each.person.role.value)
    return text.format(name=each.person.label, role=role, scope=each.person.scope, until=until, by=each.by, used=used)


def _token_value(each: ApiToken) -> dict[str, Any]:
    value = dataclasses.asdict(each)
    del value["person"]
    return value | {"name": each.person.label, "role": each.person.role.value, "scope": str(each.person.scope)}
