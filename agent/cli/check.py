"""`doorward check`: is everything here as it must be, and if not, what mends it. Changes nothing and moves
nothing; of the devices it asks a built panel what files it has, the broker only where asked.
"""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from agent.cli import Invocation
from agent.commissioning.finding import Finding
from agent.commissioning.findings import findings
from agent.errors import EXIT_CHECK_FAILED, EXIT_CONFIG, ConfigError
from agent.words import N_, _, speak
from contract.language import ENGLISH

_MARKS = {"ok": N_("ok  "), "note": N_("note"), "ask": N_("ask "), "failed": N_("FAIL")}


@click.command("check")
@click.option(
    "--no-devices", is_flag=True, help="Only what can be judged away from the unit: no serial devices, no rights."
)
@click.option(
    "--online",
    "on_line",
    is_flag=True,
    help="Connect to the broker too, as this unit: port, certificate, login, rights. Beside a running agent without a login.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def command(ctx: click.Context, no_devices: bool, on_line: bool, as_json: bool) -> None:
    """Check the configuration, the identity, the serial devices, the clock and the state folder; with --online the broker.

    Exit 78 where the configuration is wrong, 1 where something else is.
    """
    invocation: Invocation = ctx.obj
    if as_json:
        speak(ENGLISH)
    try:
        config = invocation.config()
    except ConfigError as error:
        if as_json:
            _say_json([Finding("configuration", "failed", line) for line in error.lines])
            ctx.exit(EXIT_CONFIG)
        raise
    found = findings(config, devices=not no_devices)
    if on_line:
        from agent.cli.online import online  # noqa: PLC0415  # MQTT's library takes its time to load

        found += online(config)
    if as_json:
        _say_json(found)
    else:
        for finding in found:
            click.echo(as_line(finding), err=finding.state == "failed")
    if any(finding.state == "failed" for finding in found):
        ctx.exit(EXIT_CHECK_FAILED)


def as_line(finding: Finding) -> str:
    return _("{mark}  {about}: {text}").format(mark=_(_MARKS[finding.state]), about=finding.about, text=finding.text)


def _say_json(found: list[Finding]) -> None:
    ok = not any(finding.state == "failed" for finding in found)
    click.echo(json.dumps({"ok": ok, "findings": [asdict(finding) for finding in found]}, ensure_ascii=False, indent=2))
