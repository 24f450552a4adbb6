"""A box that has no configuration yet: it says what is missing on whatever display it finds, and starts when there is one.

Asks at the serial adapters as `doorward probe` does, which reads only, and writes to displays alone: no lock is moved. Between its looks the
ports are free, so that an installer's tools find them so.
"""

from __future__ import annotations

import logging
import os
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agent.asked import Asked
from agent.cli.alone import alone
from agent.cli.bench import Bench
from agent.commissioning.walk import Look, Walk
from agent.config import Config, DeviceConfig, PortConfig
from agent.config.plan import display_plan
from agent.core.plan import Catalogue
from agent.core.unconfigured import Lacks, page
from agent.devices import draw_order
from agent.errors import ConfigError, IdentityError, UnreachableError
from agent.identity import Identity
from agent.notify import Notify
from contract.frozen import frozen
from drivers.registry import DRIVERS

log = logging.getLogger("waiting")

PARTITION = Path("/dev/disk/by-label/DOORWARD")
"""Where an image reads both files from; elsewhere they are made with the installer's commands."""
LOOK_S = 0.5
AGAIN_S = 60.0
"""A page is drawn anew: the display may have been without power."""
SEARCH_S = (30.0, 60.0, 120.0, 300.0)
"""Between looks at ports where no display was: the last of them goes on."""
DRAWN_S = 5.0
END_S = 10.0


@frozen
class FoundDisplays:
    """Displays, as the drivers want them."""

    ports: Mapping[str, PortConfig]
    devices: Mapping[str, DeviceConfig]


def displays(looks: Sequence[Look]) -> FoundDisplays:
    """Of what answered, the displays alone."""
    ports, devices = {}, {}
    for number, look in enumerate(looks):
        for sighting in look.found:
            if DRIVERS[sighting.driver].draws and look.speed is not None:
                name = f"p{number}"
                ports[name] = PortConfig(look.port, look.speed)
                devices[name] = DeviceConfig(
                    sighting.driver, name, DRIVERS[sighting.driver].options(**sighting.options)
                )
    return FoundDisplays(ports, devices)


def lacking(path: Path, identity: Path) -> Lacks:
    """What a box lacks whose configuration at `path` does not read."""
    try:
        Identity.load(identity)
        enrolled = True
    except IdentityError:
        enrolled = False
    return Lacks(path.exists(), enrolled, PARTITION.exists())


class Glass:
    """The displays that are found, and what stands on them. Works on threads of its own: a port may hang."""

    def __init__(self, catalogues: Mapping[str, Catalogue], language: str, ports: Callable[[], Sequence[str]]) -> None:
        self._catalogues = catalogues
        self._language = language
        self._ports = ports
        self._walk = Walk()
        self._found = FoundDisplays({}, {})
        self._asked: tuple[str, ...] = ()
        self._drawn: Lacks | None = None
        self._round: Asked[None] | None = None
        self._rounds = 0
        self._searches = 0
        self._due = 0.0

    def show(self, what: Lacks, now: float) -> None:
        """Called again and again."""
        if self._round is not None and not self._round.answered:
            return
        ports = tuple(self._ports())
        if now < self._due and what == self._drawn and ports == self._asked:
            return
        if ports != self._asked:
            self._asked, self._found, self._searches = ports, FoundDisplays({}, {}), 0
        self._drawn = what
        found = bool(self._found.devices)
        self._due = now + (AGAIN_S if found else SEARCH_S[min(self._searches, len(SEARCH_S) - 1)])
        self._searches += not found
        self._round = Asked("waiting", lambda: self._look(what))

    def end(self) -> None:
        """The ports are free when this returns."""
        self._walk.stop()
        if self._round is not None:
            self._round.wait(END_S)

    def _look(self, what: Lacks) -> None:
        try:
            with alone(None):
                if not self._found.devices:
                    self._found = displays(self._walk.look(self._asked))
                if self._found.devices and not self._draw(what):
                    self._found = FoundDisplays({}, {})
        except (UnreachableError, OSError, termios.error) as error:
            log.info("no display was looked for: %s", error)  # an installer's tool has the ports

    def _draw(self, what: Lacks) -> bool:
        """Whether one display at least says that it shows it."""
        self._rounds += 1
        with Bench(self._found) as bench:
            orders = {}
            for name, device in self._found.devices.items():
                token = orders[name] = bench.next_order()
                made = page(what, display_plan(name, device), self._catalogues, self._language)
                bench.order(draw_order(name, token, made[(self._rounds - 1) % len(made)]))
            bench.wait(lambda: bench.drawn >= set(orders.values()), DRAWN_S)
            shown = [name for name, token in orders.items() if token in bench.drawn]
        for name in shown if self._rounds == 1 else ():
            log.warning("the display at %s says what is missing", self._found.ports[name].device)
        return bool(shown)


def until_configured(
    load: Callable[[], Config], path: Path, identity: Path, glass: Glass, *, anew: bool
) -> Config | None:
    """Waits until there is a configuration that reads. `anew`: who started this process starts it again when something has come, and
    hands it the identity then; None says that it is time.
    """
    notify, before = Notify(), _mark(identity)
    told: tuple[str, ...] = ()
    notify.ready(f"waiting for {path}")
    try:
        while True:
            try:
                config = load()
            except ConfigError as error:
                if error.lines != told:
                    told = error.lines
                    for line in told[:20]:
                        log.error("%s", line)  # noqa: TRY400  # an operator's fault has no traceback
            else:
                return None if anew else config
            if anew and _mark(identity) != before:
                return None
            glass.show(lacking(path, identity), time.monotonic())
            notify.alive()
            time.sleep(LOOK_S)
    finally:
        glass.end()


def _mark(folder: Path) -> tuple[int, int] | None:
    """Of an identity that only root may read: its folder is made anew by each enrolment."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def started_again(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether systemd runs this: it reads the identity before each start, and starts what has ended."""
    return bool(environ.get("NOTIFY_SOCKET"))
