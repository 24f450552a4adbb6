"""`doorward apply-update`: the updater's own program, run as root by doorward-update.service. Imports all it needs at once: its own files may be replaced under it."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import click

from agent.cli import Invocation
from agent.config.model import IDENTITY, STATE
from agent.errors import ConfigError, UnreachableError
from agent.identity import Identity
from agent.update.installing import Updater
from agent.update.machine import ToolError
from agent.update.places import OWN, STATUS, OwnFolder
from agent.words import _, speak
from contract.language import ENGLISH


@click.command("apply-update")
@click.option("--own", type=click.Path(path_type=Path), default=OWN, hidden=True)
@click.option("--status", type=click.Path(path_type=Path), default=STATUS, hidden=True)
@click.pass_context
def command(ctx: click.Context, own: Path, status: Path) -> None:
    """Take what was ordered, judge it by the centre's keys, install it, watch it, and go back where it does not prove itself.

    Goes on with what a power cut broke off. Does nothing where nothing is ordered.
    """
    if os.geteuid() and own == OWN:
        raise UnreachableError(_("only root can install: the service doorward-update does it"))
    speak(ENGLISH)  # what is logged and recorded is the same whatever the machine speaks
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    invocation: Invocation = ctx.obj
    identity, state = IDENTITY, STATE
    try:
        config = invocation.config()
        identity, state = config.identity, config.state
    except ConfigError as error:  # what is under way has to be gone on with all the same
        logging.getLogger("update").warning("%s", error)
    try:
        Updater(OwnFolder(own), state, status, lambda: Identity.load(identity)).run()
    except (ToolError, OSError) as error:
        raise UnreachableError(_("it is gone on with later: {why}").format(why=error)) from None
