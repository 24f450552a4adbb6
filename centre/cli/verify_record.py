"""`doorward verify-record`: an auditor's proof of an exported record, with no keys and nothing of the centre's but two files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NoReturn

import click

from centre import checkpoints, shown
from centre.audit import BadRecordError, audit
from centre.checkpoints import Checkpoint
from centre.cli.language import SpokenCommand
from centre.errors import CHECK_FAILED, WRONG_USE
from centre.words import _


@click.command("verify-record", cls=SpokenCommand)
@click.argument("export", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("files", metavar="CHECKPOINT...", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--digest", help="As it was printed with the (last) checkpoint: it is to be this one.")
def verify_record(export: Path, files: tuple[Path, ...], digest: str | None) -> None:
    """Prove the record in EXPORT (`doorward centre export`) against checkpoints that were kept where nobody of the centre could change them.

    With several: that the record goes on from each of them. Exit code 1 where it does not hold, 2 where a file is none.
    """
    kept = [_read(path) for path in files]
    if digest is not None and not checkpoints.same_short(kept[-1].head.digest, digest):
        _fail(
            _("{path}: not the checkpoint of that digest; its own is {digest}").format(
                path=files[-1], digest=checkpoints.short(kept[-1].head.digest)
            )
        )
    try:
        with export.open("rb") as lines:
            found = audit(lines, kept, time.time())
    except BadRecordError as error:
        _fail(f"{export}: {error}", WRONG_USE)
    for fault in (*found.said, *found.faults):
        click.echo(shown.plain(fault), err=True)
    word = _("broken") if found.faults else _("holds")
    click.echo(
        _("{site}: {word} ({facts} facts of {units} units, key of the centre {key})").format(
            site=found.site, word=word, facts=found.facts, units=found.units, key=found.key
        )
    )
    click.get_current_context().exit(CHECK_FAILED if found.faults else 0)


def _read(path: Path) -> Checkpoint:
    found = checkpoints.read(path.read_bytes())
    if isinstance(found, str):
        _fail(f"{path}: {found}", WRONG_USE)
    return found


def _fail(what: str, code: int = CHECK_FAILED) -> NoReturn:
    click.echo(what, err=True)
    click.get_current_context().exit(code)
