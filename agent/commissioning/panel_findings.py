"""Whether a built panel has the files that the configuration names: read from the panel itself, where nobody else holds its line."""

from __future__ import annotations

import termios
from collections.abc import Iterator

from agent.cli.alone import is_held
from agent.cli.running import running
from agent.commissioning.finding import Finding
from agent.commissioning.walk import exchange, why
from agent.config import Config
from agent.driver_words import explained
from agent.errors import UnreachableError
from agent.words import _
from drivers.display.designed import DesignedLayout
from drivers.display.dwin_inquiry import fits
from drivers.display.layout import DwinOptions
from drivers.port import Line
from drivers.probing import Sighting

ASKED = 2
"""Times: a panel that draws may miss one."""


def panel_findings(config: Config) -> Iterator[Finding]:
    """Of displays that a DWIN driver draws by the design, and that may be asked what they have."""
    for name in config.displays:
        options = config.devices[name].options
        if isinstance(options, DwinOptions) and isinstance(options.layout, DesignedLayout) and options.layout.verify:
            yield from _panel(config, name, options, options.layout)


def _panel(config: Config, name: str, options: DwinOptions, layout: DesignedLayout) -> Iterator[Finding]:
    about, port = _("display {name}").format(name=name), config.ports[config.devices[name].port]
    if _runs(config):
        yield Finding(about, "note", _("the agent has its line and asks it what files it has: doorward status tells"))
        return
    if "://" in port.device or is_held(port.device):
        yield Finding(about, "note", _("is not asked what files it has: another program may have its line"))
        return
    try:
        seen = _asked(port.device, port.baud, options, layout)
    except (OSError, termios.error) as fault:
        yield Finding(about, "note", _("cannot be asked what files it has: {why}").format(why=why(fault)))
        return
    if seen is None:
        yield Finding(
            about,
            "failed",
            _("does not answer at {baud} baud: doorward probe {device} finds it").format(
                baud=port.baud, device=port.device
            ),
        )
    elif seen.sure:
        yield Finding(about, "ok", _("has the files for {detail}").format(detail=explained(seen.detail)))
    else:
        yield Finding(about, "failed", explained(seen.note))


def _runs(config: Config) -> bool:
    try:
        return running(config) is not None
    except UnreachableError:  # it may not be known
        return True


def _asked(device: str, baud: int, options: DwinOptions, layout: DesignedLayout) -> Sighting | None:
    line = Line(device, baud)
    try:
        for _ in range(ASKED):
            answer, _took = exchange(line, fits(layout.form, crc=options.crc), baud)
            if isinstance(answer, Sighting):
                return answer
    finally:
        line.close()
    return None
