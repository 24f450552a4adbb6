"""`doorward apply-update`: the updater's own program, run as root by doorward-update.service. Imports all it needs at once: its own files may be replaced under it."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from agent.cli import Invocation
from agent.config.model import IDENTITY, STATE, Config
from agent.errors import ConfigError, DoorwardError, UnreachableError
from agent.identity import Identity
from agent.update import reach
from agent.update.installing import Updater
from agent.update.machine import ToolError
from agent.update.places import OWN, STATUS, OwnFolder
from agent.words import _, speak
from contract.language import ENGLISH


@click.command("apply-update")
@click.option("--own", type=click.Path(path_type=Path), default=OWN, hidden=True)
@click.option("--status", type=click.Path(path_type=Path), default=STATUS, hidden=True)
@click.option("--check", is_flag=True, help="Only show that this program runs: touch nothing.")
@click.pass_context
def command(ctx: click.Context, own: Path, status: Path, check: bool) -> None:
    """Take what was ordered, judge it by the centre's keys, install it, watch it, and go back where it does not prove itself.

    Goes on with what a power cut broke off. Does nothing where nothing is ordered.
    """
    if check:
        _check()
        return
    if os.geteuid() and own == OWN:
        raise UnreachableError(_("only root can install: the service doorward-update does it"))
    speak(ENGLISH)  # what is logged and recorded is the same whatever the machine speaks
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    invocation: Invocation = ctx.obj
    identity, state = IDENTITY, STATE
    answers: Callable[[], bool] = lambda: True  # noqa: E731  # no address is known to be looked at
    try:
        config = invocation.config()
        identity, state = config.identity, config.state
        answers = partial(_broker_answers, config)
    except ConfigError as error:  # what is under way has to be gone on with all the same
        logging.getLogger("update").warning("%s", error)
    try:
        Updater(OwnFolder(own), state, status, lambda: Identity.load(identity), answers=answers).run()
    except (ToolError, OSError) as error:
        raise UnreachableError(_("it is gone on with later: {why}").format(why=error)) from None


def _broker_answers(config: Config) -> bool:
    """Also where there is no address to look at."""
    try:
        broker = reach.broker_of(config.link, Identity.load(config.identity).enrolment)
    except DoorwardError:
        broker = None
    return broker is None or reach.answers(broker)


def _check() -> None:
    """A run in folders where nothing is ordered. The release before asks for it as soon as this one is installed, and gives it up where it fails."""
    with tempfile.TemporaryDirectory() as made:
        empty = Path(made)
        Updater(OwnFolder(empty / "own"), empty, empty / "status.json", lambda: Identity.load(empty)).run()
