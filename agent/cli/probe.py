"""`doorward probe`: what is on each serial port, at which speed and address, as a configuration wants it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from agent.cli import Invocation
from agent.cli.alone import HELD, alone, configured
from agent.cli.portname import stable
from agent.commissioning.hardware import Hardware, hardware, yaml_lines
from agent.commissioning.walk import Look, Walk
from agent.driver_words import explained
from agent.errors import EXIT_CHECK_FAILED, EXIT_UNREACHABLE, UnreachableError
from agent.words import _, plain

LISTEN_S = 15.0


def numbers(low: int, high: int) -> Callable[[click.Context, click.Parameter, str], tuple[int, ...]]:
    """Reads `9600,115200` or `1-8,16` as an option's value: whole numbers within bounds."""

    def read(ctx: click.Context, parameter: click.Parameter, text: str) -> tuple[int, ...]:
        found: list[int] = []
        for part in filter(None, text.split(",")):
            first, dash, last = part.partition("-")
            if not first.strip().isdecimal() or (dash and not last.strip().isdecimal()):
                raise click.BadParameter(_("{part!r} is no number").format(part=part), ctx, parameter)
            begin, end = int(first), int(last) if dash else int(first)
            if not low <= begin <= end <= high:
                raise click.BadParameter(
                    _("{part!r} is outside {low} to {high}").format(part=part, low=low, high=high), ctx, parameter
                )
            found += range(begin, end + 1)
        return tuple(dict.fromkeys(found))

    return read


@click.command("probe")
@click.argument("ports", nargs=-1, metavar="[PORT]…")
@click.option(
    "--speeds",
    callback=numbers(300, 4_000_000),
    default="",
    help="Only these, as 9600,115200 (default: the usual ones).",
)
@click.option(
    "--addresses",
    callback=numbers(0, 255),
    default="",
    help="Ask these, as 1-32 (default: where devices come out of the box, 1-8 and some more).",
)
@click.option(
    "--listen",
    type=click.FloatRange(0, 600),
    default=LISTEN_S,
    show_default=True,
    help="Seconds to wait for a card at ports where nothing answers; 0: do not.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    ports: tuple[str, ...],
    speeds: tuple[int, ...],
    addresses: tuple[int, ...],
    listen: float,
    as_json: bool,
) -> None:
    """Find what is on the serial ports PORT, or on every USB serial adapter. Only reads: no lock moves.

    The output is YAML for the configuration as it stands. Exit 1 where nothing was found, 69 where another
    program holds a port. The agent must not run meanwhile.
    """
    invocation: Invocation = ctx.obj
    asked = named(ports) or all_adapters()
    with alone(configured(invocation)):
        looks = survey(asked, speeds, addresses, listen)
    found = hardware(looks)
    if as_json:
        click.echo(json.dumps(as_plain(looks, found), ensure_ascii=False, indent=2))
    else:
        for line in (*report(looks), *(yaml_lines(found) if found.devices else ())):
            click.echo(line)
    if any(plain(look.fault) == HELD for look in looks):
        ctx.exit(EXIT_UNREACHABLE)
    if not found.devices:
        ctx.exit(EXIT_CHECK_FAILED)


def named(ports: Sequence[str]) -> tuple[str, ...]:
    """The ports as a configuration may have them: whole paths, each once."""
    return tuple(dict.fromkeys(each if "://" in each else str(Path(each).absolute()) for each in ports))


def all_adapters() -> tuple[str, ...]:
    """Raises UnreachableError where none is plugged in."""
    from drivers.port import adapters  # noqa: PLC0415  # only where no port is named

    found = tuple(adapters())
    if not found:
        raise UnreachableError(_("no USB serial adapter is plugged in; name the ports: doorward probe /dev/ttyS1 …"))
    return found


def survey(ports: Sequence[str], speeds: Sequence[int], addresses: Sequence[int], listen_s: float) -> list[Look]:
    """Ask at all ports, then have a card held to the readers at those that stayed silent. What a person is to do goes to stderr."""
    walk = Walk(speeds, addresses)
    click.echo(_("Asking at {ports} …").format(ports=", ".join(ports)), err=True)
    looks = walk.look(ports)
    silent = [look.port for look in looks if not look.found and not look.fault]
    if silent and listen_s:
        click.echo(
            _("Nothing answers at {silent}. Readers that only send show themselves by a card:").format(
                silent=", ".join(silent)
            ),
            err=True,
        )
        click.echo(_("Hold a card to each reader now, for a second ({seconds:g} s)").format(seconds=listen_s), err=True)
        looks = walk.listen(
            looks,
            listen_s,
            lambda port: click.echo(
                _("{port}: not at that speed. Hold the card to it once more").format(port=port), err=True
            ),
        )
    return looks


def report(looks: Sequence[Look]) -> Iterator[str]:
    """As comments, so that the whole output is YAML."""
    for look in looks:
        name = look.port if stable(look.port) == look.port else f"{look.port} ({stable(look.port)})"
        if look.fault:
            yield _("# {name}: {fault}").format(name=name, fault=look.fault)
        elif look.speed is None:
            yield _("# {name}: nothing that is known here").format(name=name)
        else:
            yield _("# {name}: {speed} baud").format(name=name, speed=look.speed)
        for sighting in look.found:
            at = "" if sighting.address is None else _(" at address {address}").format(address=sighting.address)
            sure = _("certain") if sighting.sure else _("likely")
            yield _("#   {driver}{at}: {detail} ({sure})").format(
                driver=sighting.driver, at=at, detail=explained(sighting.detail), sure=sure
            )


def as_plain(looks: Sequence[Look], found: Hardware) -> dict[str, Any]:
    return {
        "ports": [
            {"device": look.port, "stable": stable(look.port), "speed": look.speed, "fault": plain(look.fault) or None}
            | {"found": [asdict(sighting) for sighting in look.found]}
            for look in looks
        ],
        "yaml": "\n".join((*yaml_lines(found), "")) if found.devices else "",
    }
