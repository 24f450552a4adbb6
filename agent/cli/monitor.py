"""`doorward monitor`: what passes on a serial line, byte for byte and in words. Listens; with --ask it puts harmless questions too."""

from __future__ import annotations

import contextlib
import json
import select
import termios
import time
from collections import Counter
from collections.abc import Iterator

import click

from agent.cli import Invocation
from agent.cli.alone import alone, configured
from agent.commissioning.walk import why
from agent.config import Config
from agent.errors import UnreachableError
from agent.words import _
from contract.frozen import frozen
from drivers.decoders import DECODERS, AnyDecoder
from drivers.decoding import OUT, Decoder, Seen
from drivers.inquiries import INQUIRIES
from drivers.port import Line
from drivers.probing import Question
from drivers.wire import Parity

QUIET_S = 0.03
"""Longer than any gap inside a frame, an adapter's 16 ms included."""
ASK_S = 0.5
_ARROWS = {"out": "->", "in": "<-", "": "  "}


@frozen
class Target:
    """What to listen to. `asked`: the questions for the devices that are known to be there."""

    device: str
    speed: int
    driver: str | None
    asked: tuple[Question, ...] = ()
    configured: bool = False
    parity: Parity = "none"


@click.command("monitor")
@click.argument("port")
@click.option("--speed", type=click.IntRange(300, 4_000_000), help="Baud (default: the port's, else 9600).")
@click.option(
    "--driver",
    type=click.Choice(sorted(DECODERS)),
    help="Read it as this (default: what is configured on it, else whatever fits).",
)
@click.option(
    "--ask", is_flag=True, help="Ask each known device its harmless question twice a second, so that something passes."
)
@click.option("--seconds", type=click.FloatRange(0.1, 86400), help="Stop after so long (default: at Ctrl-C).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def command(
    ctx: click.Context,
    port: str,
    speed: int | None,
    driver: str | None,
    ask: bool,
    seconds: float | None,
    as_json: bool,
) -> None:
    """Show what passes on PORT, a port's name in the configuration or a device path. Card numbers are masked.

    A port that the agent holds cannot be looked at meanwhile.
    """
    invocation: Invocation = ctx.obj
    config = configured(invocation)
    target = _target(config, port, speed, driver)
    with alone(config, [target.device]) if target.configured else contextlib.nullcontext():
        try:
            line = Line(target.device, target.speed, target.parity)
        except (OSError, termios.error) as fault:
            raise UnreachableError(_("{device}: {why}").format(device=target.device, why=why(fault))) from None
        click.echo(
            _("{device} at {speed} baud; Ctrl-C ends it").format(device=target.device, speed=target.speed), err=True
        )
        counts: Counter[str] = Counter()
        try:
            for at, seen in listened(line, target, seconds, counts, ask=ask):
                click.echo(_json(at, seen) if as_json else _text(at, seen))
        except KeyboardInterrupt:
            pass
        except (OSError, termios.error) as fault:
            raise UnreachableError(_("{device}: {why}").format(device=target.device, why=why(fault))) from None
        finally:
            line.close()
            click.echo(
                _("{bytes} bytes, {frames} frames, {others} that were none").format(
                    bytes=counts["bytes"], frames=counts["frames"], others=counts["others"]
                ),
                err=True,
            )


def _target(config: Config | None, port: str, speed: int | None, driver: str | None) -> Target:
    name = _name(config, port)
    if config is None or name is None:
        if "/" not in port:
            known = "" if config is None else _("; there are {ports}").format(ports=", ".join(config.ports))
            raise UnreachableError(_("no port is called {port}{known}").format(port=port, known=known))
        return Target(port, speed or 9600, driver)
    entry = config.ports[name]
    devices = [device for device in config.devices.values() if device.port == name]
    asked = tuple(
        question
        for device in devices
        for inquiry in INQUIRIES
        if inquiry.driver == device.driver
        for question in inquiry.questions([getattr(device.options, "address", 0)])
    )
    return Target(
        entry.device, speed or entry.baud, driver or (devices[0].driver if devices else None), asked, True, entry.parity
    )


def _name(config: Config | None, port: str) -> str | None:
    """The configured port of that name or path."""
    entries = {} if config is None else config.ports
    return next((name for name, entry in entries.items() if port in {name, entry.device}), None)


def listened(
    line: Line, target: Target, seconds: float | None, counts: Counter[str], *, ask: bool
) -> Iterator[tuple[float, Seen]]:
    """What passes, each with its time in seconds since the start, until the time is up."""
    decoder = DECODERS.get(target.driver or "", AnyDecoder)()
    begun = time.monotonic()
    ask_at, turn = begun, 0
    held = False
    while seconds is None or time.monotonic() - begun < seconds:
        if ask and target.asked and time.monotonic() >= ask_at and not held:
            frame = target.asked[turn % len(target.asked)].frame
            turn, ask_at = turn + 1, time.monotonic() + ASK_S
            line.write(frame)
            found = _sent(decoder, frame)
        elif select.select([line.fd], [], [], QUIET_S)[0]:
            data = line.read()
            counts["bytes"] += len(data)
            found, held = decoder.add(data), True
        else:
            found, held = decoder.quiet(), False
        for seen in found:
            counts["frames" if seen.frame else "others"] += 1
            yield time.monotonic() - begun, seen


def _sent(decoder: Decoder, frame: bytes) -> list[Seen]:
    """Our own question, told at once: its direction is known."""
    seen = [*decoder.add(frame), *decoder.quiet()]
    return [Seen(each.text, OUT, each.raw, each.frame) for each in seen]


def _text(at: float, seen: Seen) -> str:
    raw = "" if seen.raw is None else f"   [{seen.raw.hex(' ')}]"
    return f"{at:9.3f} {_ARROWS[seen.way]} {'' if seen.frame else '?? '}{seen.text}{raw}"


def _json(at: float, seen: Seen) -> str:
    raw = None if seen.raw is None else seen.raw.hex()
    return json.dumps(
        {"at": round(at, 3), "way": seen.way, "frame": seen.frame, "text": seen.text, "raw": raw}, ensure_ascii=False
    )
