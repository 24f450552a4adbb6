"""`centre backup` and `centre restore`: the whole centre in one file, and a centre from it. `centre retain`: how long facts are kept."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from centre import backup as backing
from centre import retention
from centre.cli.context import CliContext
from centre.errors import WRONG_USE, CentreError
from centre.words import _

_FILE = click.Path(path_type=Path, dir_okay=False)
_passphrase = click.option(
    "--passphrase-file", type=_FILE, help="The passphrase is this file's first line (default: it is asked for)."
)


@click.command()
@click.argument("path", metavar="FILE", type=_FILE)
@_passphrase
@click.option("--books-only", is_flag=True, help="Leave all keys out: FILE is then readable by anybody who has it.")
@click.pass_obj
def backup(office: CliContext, path: Path, passphrase_file: Path | None, books_only: bool) -> None:
    """Write the centre as it is now into FILE: books, keys, CA and settings, encrypted with a passphrase. `serve` goes on meanwhile.

    Not in it: the broker's files, which `broker` writes anew, and enrolment files. Keep the passphrase elsewhere: without it FILE is nothing.
    """
    passphrase = None if books_only else _asked(passphrase_file, confirm=True)
    made = backing.back_up(office, path, passphrase, time.time())
    click.echo(_("wrote {path} ({size:.1f} MB)").format(path=made.path, size=made.size / 1_000_000))
    if not made.books:
        click.echo(
            _("centre: the books are not in it. Copy them just before, so that they name no key that is not in it:"),
            err=True,
        )
        click.echo(f"centre: {made.dump}", err=True)
    if not made.keys:
        click.echo(_("centre: no key is in it, and it is not encrypted: keep keys/ and tls/ elsewhere"), err=True)


@click.command()
@click.argument("path", metavar="[FILE]", type=_FILE, required=False)
@_passphrase
@click.option("--copied", is_flag=True, help="No FILE: the folder, or its database, was put back by other means.")
@click.option(
    "--broker-files",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The folder of mosquitto's files, where it was not lost: units that have no login there were revoked since, and are again.",
)
@click.pass_obj
def restore(
    office: CliContext, path: Path | None, passphrase_file: Path | None, copied: bool, broker_files: Path | None
) -> None:
    """Make the centre's folder (--dir, which must be empty) from a backup.

    `serve` then reads what the broker retains before it publishes anything, and asks each unit what it has: what was published
    since the backup is taken back as far as it is there. docs/operations.md, "Losing a disk", says the rest.
    """
    if (path is None) != copied:
        raise CentreError(_("either FILE or --copied"), WRONG_USE)
    if path is None:
        for unit in backing.mark_copied(office, time.time(), broker_files):
            click.echo(_("revoked {unit}: the broker lets it in no longer").format(unit=unit))
        _tell_accounts()
        click.echo(_("marked as restored: start `serve` again"))
        return
    passphrase = _asked(passphrase_file, confirm=False) if backing.is_sealed(path) else None
    made = backing.restore(path, office.folder.path, passphrase, time.time(), broker_files)
    when = datetime.fromtimestamp(made.made_utc, UTC)
    click.echo(
        _("made the centre of site {site} as it was at {when:%Y-%m-%d %H:%M:%S} UTC").format(site=made.site, when=when)
    )
    for unit in made.revoked:
        click.echo(_("revoked {unit}: the broker lets it in no longer").format(unit=unit))
    if not made.keys:
        click.echo(_("centre: no key was in it: put keys/ and tls/ into the folder"), err=True)
    if not made.books:
        click.echo(
            _("centre: the books were not in it. Where their database is lost, make an empty one and fill it:"),
            err=True,
        )
        click.echo(f"centre: {made.load}", err=True)
        click.echo(_("centre: then `restore --copied`, with --broker-files if there are any"), err=True)
    elif broker_files is None:
        click.echo(
            _("centre: revoke again what was revoked since (`unit revoke`), before `broker` writes logins"), err=True
        )
    if made.books:
        _tell_accounts()
    click.echo(_("centre: then `broker`, reload mosquitto, `serve`"), err=True)


def _tell_accounts() -> None:
    text = _(
        "centre: accounts are those of the copy: who was disabled since the copy is not, see `account list`; everybody signs in anew, and API tokens and links have ended"
    )
    click.echo(text, err=True)


@click.command()
@click.option("--months", type=click.IntRange(min=retention.LEAST_MONTHS), default=6, show_default=True)
@click.pass_obj
def retain(office: CliContext, months: int) -> None:
    """Take out facts that came more than so many months ago. A cutoff stays in their place, and `verify` goes on from it.

    Receipts, orders and matched alarms as old go too. Backups made before keep what they have.
    """
    gone = retention.retain(office, months, time.time())
    click.echo(_("took out {facts} facts of {epochs} epochs").format(facts=gone.facts, epochs=gone.epochs))


def _asked(file: Path | None, *, confirm: bool) -> str:
    if file is None:
        text = str(click.prompt(_("Passphrase"), hide_input=True, confirmation_prompt=confirm, err=True))
    else:
        try:
            text = (file.read_text(encoding="utf-8").splitlines() or [""])[0]
        except (OSError, UnicodeError) as error:
            raise CentreError(f"{file}: {error}", WRONG_USE) from None
    if not text:
        raise CentreError(_("the passphrase is empty"), WRONG_USE)
    return text
