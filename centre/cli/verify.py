"""`centre verify`: the proof that no record was altered."""

from __future__ import annotations

from pathlib import Path

import click

from centre import checkpoints, shown
from centre import verify as proving
from centre.checkpoints import Checkpoint
from centre.cli.context import CliContext
from centre.errors import CHECK_FAILED, WRONG_USE, CentreError
from centre.verify import RecordFault
from centre.words import N_, _

_WORDS = {
    "first": "",
    "linked": N_(", follows the epoch before"),
    "unlinked": N_(", begun anew"),
    "torn": N_(", earlier facts lost"),
    "pruned": N_(", from a cutoff on"),
}


@click.command()
@click.option(
    "--checkpoint",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A checkpoint that was kept elsewhere; may be given several times.",
)
@click.pass_obj
def verify(office: CliContext, files: tuple[Path, ...]) -> None:
    """Check the books: every line against its chain, every batch against its unit's signature, and all that was made of them.

    With --checkpoint also that nothing was cut off, taken away or signed anew since then. Exit code 1 where the proof fails; each place
    is named.
    """
    given = [_read(path) for path in files]
    broken = count = 0
    with office.books.reading() as conn:
        for found in proving.proofs(conn, given):
            if isinstance(found, RecordFault):
                broken += found.broken
                click.echo(shown.plain(f"centre: {found}"), err=True)
                continue
            count += 1
            broken += len(found.breaks)
            word = _("broken") if found.breaks else _("holds")
            what = _("{facts} facts, {gaps} gaps, {batches} signatures{link}").format(
                facts=found.facts,
                gaps=found.gaps,
                batches=found.batches,
                link=_(_WORDS[found.link]) if _WORDS.get(found.link) else "",
            )
            click.echo(
                _("{unit} {epoch}: {word} ({what})").format(unit=found.unit, epoch=found.epoch, word=word, what=what)
            )
            for place in found.breaks:
                click.echo(shown.plain(f"centre: {place}"), err=True)
    if not count:
        click.echo(_("centre: no facts in the books yet, nothing to prove"), err=True)
    click.get_current_context().exit(CHECK_FAILED if broken else 0)


def _read(path: Path) -> Checkpoint:
    found = checkpoints.read(path.read_bytes())
    if isinstance(found, str):
        raise CentreError(f"{path}: {found}", WRONG_USE)
    return found
