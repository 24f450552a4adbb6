"""`centre verify`: the proof that no record was altered."""

from __future__ import annotations

import click

from centre import shown
from centre import verify as proving
from centre.cli.context import CliContext
from centre.errors import CHECK_FAILED

_WORDS = {
    "first": "",
    "linked": ", follows the epoch before",
    "unlinked": ", begun anew",
    "torn": ", earlier facts lost",
    "pruned": ", from a checkpoint on",
}


@click.command()
@click.pass_obj
def verify(office: CliContext) -> None:
    """Check every line in the books against its chain and every batch against its unit's signature.

    Exit code 1 where the proof fails; each place is named by unit, epoch and number.
    """
    broken = count = 0
    with office.books.reading() as conn:
        for proof in proving.proofs(conn, office.site.site):
            count += 1
            broken += len(proof.breaks)
            word = "broken" if proof.breaks else "holds"
            what = f"{proof.facts} facts, {proof.gaps} gaps, {proof.batches} signatures{_WORDS[proof.link]}"
            click.echo(f"{proof.unit} {proof.epoch}: {word} ({what})")
            for place in proof.breaks:
                click.echo(shown.plain(f"centre: {place}"), err=True)
    if not count:
        click.echo("centre: no facts in the books yet, nothing to prove", err=True)
    click.get_current_context().exit(CHECK_FAILED if broken else 0)
