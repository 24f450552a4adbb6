"""`centre checkpoint`: a signed head of the whole record, to be kept elsewhere. `centre export`: the record for somebody who has no keys."""

from __future__ import annotations

import time
from pathlib import Path

import click

from centre import checkpoints, export
from centre.cli.context import CliContext
from centre.errors import WRONG_USE, CentreError
from centre.words import _, reason_of


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file, which must be new."
)
@click.pass_obj
def checkpoint(office: CliContext, out: Path | None) -> None:
    """Make a checkpoint now (`serve` makes one a day), and print it in a form that can be typed.

    Keep file or paper where nobody of the centre can change it.
    """
    if out is not None and out.exists():
        raise CentreError(_("{path}: is there already").format(path=out), WRONG_USE)
    with office.books.changing() as conn:
        body = checkpoints.make(conn, time.time())
    made = checkpoints.read(body)
    assert not isinstance(made, str)
    if out is not None:
        _write(out, body)
    head = made.head
    click.echo(
        _("checkpoint {number} of {site}, {at}").format(number=head.number, site=head.site, at=office.local(head.at))
    )
    click.echo(_("{leaves} histories of units, {acts} acts of the centre").format(leaves=head.leaves, acts=head.acts))
    click.echo(checkpoints.short(head.digest))


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export_record(office: CliContext, file: Path) -> None:
    """Write the whole record to FILE, for `doorward verify-record`. It holds no keys, and all that the facts say: keep it accordingly."""
    if file.exists():
        raise CentreError(_("{path}: is there already").format(path=file), WRONG_USE)
    with office.books.reading() as conn:
        try:
            with file.open("xb") as out:
                file.chmod(0o600)
                count = 0
                for line in export.lines(conn):
                    out.write(line + b"\n")
                    count += 1
        except CentreError:
            file.unlink()
            raise
        except OSError as error:
            raise CentreError(f"{file}: {reason_of(error)}", WRONG_USE) from None
    click.echo(_("wrote {count} lines to {file}").format(count=count, file=file))


def _write(out: Path, body: bytes) -> None:
    try:
        with out.open("xb") as file:
            file.write(body)
    except OSError as error:
        raise CentreError(f"{out}: {reason_of(error)}", WRONG_USE) from None
