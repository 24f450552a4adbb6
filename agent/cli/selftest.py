"""`doorward selftest`: the hardware tried out by hand, with an acceptance sheet as its result."""

from __future__ import annotations

import json
import time

import click

from agent import __version__, sheetfile
from agent.cli import Invocation
from agent.cli.alone import alone
from agent.cli.bench import Bench
from agent.commissioning.acceptance import ACT_S, PULSE_S, Acceptance
from agent.commissioning.measure import EXCHANGES, elsewhere, measured
from agent.commissioning.person import Nobody, Person, PersonAtTerminal, confirmed
from agent.commissioning.sheet import DeviceTiming, Row, as_lines, as_plain, passed
from agent.config import Config
from agent.devicekeys import with_keys
from agent.errors import EXIT_CHECK_FAILED
from agent.words import _, plain, reason_of


@click.command("selftest")
@click.option("--yes", is_flag=True, help="Nobody is there: ask nothing, and leave out what needs a person.")
@click.option(
    "--wait", type=click.FloatRange(1, 60), default=ACT_S, show_default=True, help="Seconds a person has for each step."
)
@click.option("--json", "as_json", is_flag=True, help="The sheet as JSON.")
@click.pass_context
def command(ctx: click.Context, yes: bool, wait: float, as_json: bool) -> None:
    """Move each lock and read it back, have doors opened, cards held and screens read, measure each line. Exit 1 where something failed.

    The agent must not run meanwhile.
    """
    invocation: Invocation = ctx.obj
    config = invocation.config()
    person: Person = Nobody() if yes else PersonAtTerminal()
    with alone(config, [port.device for port in config.ports.values()]):
        if person.there:
            click.echo(
                _(
                    "Each lock moves, for {seconds:g} s and then until you have opened the door: {doors}. See that nobody leans on a door."
                ).format(seconds=PULSE_S, doors=", ".join(config.doors)),
                err=True,
            )
            if not confirmed(_("Go on?")):
                raise click.Abort
        rows, timings = tried(config, person, wait)
        keep(config, rows, attended=person.there)
    if as_json:
        click.echo(json.dumps(as_plain(config, rows, timings, attended=person.there), ensure_ascii=False, indent=2))
    else:
        for line in as_lines(config, rows):
            click.echo(line)
    if not passed(rows):
        ctx.exit(EXIT_CHECK_FAILED)


def keep(config: Config, rows: list[Row], *, attended: bool) -> None:
    """For the agent to tell the centre, in English like all that is told. A sheet that cannot be kept is still one on paper."""
    told = [sheetfile.row(plain(row.about), row.passed, plain(row.text)) for row in rows]
    try:
        sheetfile.keep(config.state, sheetfile.parts_of(told, time.time(), __version__, attended=attended))
    except OSError as error:
        click.echo(
            _("the sheet cannot be kept for the centre: {folder}: {why}").format(
                folder=config.state, why=reason_of(error)
            ),
            err=True,
        )
    else:
        click.echo(_("the sheet is kept: the agent tells the centre when it runs"), err=True)


def tried(
    config: Config, person: Person, act_s: float = ACT_S, exchanges: int = EXCHANGES
) -> tuple[list[Row], list[DeviceTiming]]:
    """The whole unit tried once, its lines measured."""
    config = with_keys(config)
    with Bench(config) as bench:
        rows = list(Acceptance(config, bench, person, act_s).rows())
        found = list(bench.found)
    line_rows, timings = measured(config, found, exchanges)
    return [*rows, *line_rows, *elsewhere(config, found)], timings
