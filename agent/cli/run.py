"""`doorward run`: the agent itself."""

from __future__ import annotations

import click

from agent.cli import Invocation
from agent.words import speak
from contract.language import ENGLISH


@click.command("run")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Run the agent in the foreground until SIGTERM or SIGINT."""
    invocation: Invocation = ctx.obj
    config = invocation.config()
    speak(ENGLISH)  # what is logged, recorded and sent is the same whoever starts it
    from agent.app import run  # noqa: PLC0415  # the whole agent, once the configuration is good

    ctx.exit(run(config, verbose=invocation.verbose))
