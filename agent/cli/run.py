"""`doorward run`: the agent itself."""

from __future__ import annotations

import os

import click

from agent.cli import Invocation
from agent.config import Config
from agent.errors import ConfigError
from agent.words import speak
from contract.language import CHINESE, ENGLISH, language_of


@click.command("run")
@click.option(
    "--wait",
    is_flag=True,
    help="Without a configuration that reads: say on a display what is missing, and start when there is one.",
)
@click.pass_context
def command(ctx: click.Context, wait: bool) -> None:
    """Run the agent in the foreground until SIGTERM or SIGINT."""
    invocation: Invocation = ctx.obj
    try:
        config: Config | None = invocation.config()
    except ConfigError:
        if not wait:
            raise
        config = _waited_for(invocation)
    if config is None:
        return
    speak(ENGLISH)  # what is logged, recorded and sent is the same whoever starts it
    from agent.app import run  # noqa: PLC0415  # the whole agent, once the configuration is good

    ctx.exit(run(config, verbose=invocation.verbose))


def _waited_for(invocation: Invocation) -> Config | None:
    """None: systemd is to start this anew, for it hands over the identity at a start alone."""
    from agent.cli.language import LANGUAGES  # noqa: PLC0415
    from agent.commissioning import waiting  # noqa: PLC0415  # a box in service never needs it
    from agent.config.model import IDENTITY  # noqa: PLC0415
    from agent.locale import load as catalogues  # noqa: PLC0415
    from agent.log import Log  # noqa: PLC0415
    from drivers.port import adapters  # noqa: PLC0415

    lines = Log(verbose=invocation.verbose, journal="JOURNAL_STREAM" in os.environ)
    lines.start()
    try:
        shown = language_of(os.environ, otherwise=CHINESE)  # no configuration says it yet
        on_display = next(name for name, language in LANGUAGES.items() if language == shown)
        glass = waiting.Glass(catalogues(), on_display, adapters)
        path = invocation.config_path
        return waiting.until_configured(invocation.config, path, IDENTITY, glass, anew=waiting.started_again())
    finally:
        lines.stop()
