"""The scene of the measurements with a fleet: a street on a real disk, a desk that is open, and who used how much of the processor."""

from __future__ import annotations

import gc
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.desk import OpenDesk
from benchmarks.process import processor_s
from benchmarks.site import disk_folder
from contract.scopes import Scope
from simulator.fleet.enlisting import scopes_of
from simulator.fleet.street import Street

__all__ = ["FleetSite", "Shares", "on_a_disk"]


@dataclass(frozen=True, slots=True)
class FleetSite:
    """Everything runs; all units are connected and have nothing to tell."""

    street: Street
    desk: OpenDesk

    def shares(self) -> Shares:
        """From now on."""
        return Shares(self.street)


class Shares:
    """What fleet, broker and `serve` used of one core each since it was made."""

    def __init__(self, street: Street) -> None:
        pids = {"fleet": "self", "broker": street.broker.pid, "serve": street.serve.pid}
        self._pids = {name: pid for name, pid in pids.items() if pid is not None}
        self._began = time.monotonic()
        self._before = {name: processor_s(pid) for name, pid in self._pids.items()}

    def so_far(self) -> dict[str, float]:
        """By name, 1.0 for a whole core."""
        took = max(time.monotonic() - self._began, 1e-3)
        return {name: (processor_s(pid) - self._before[name]) / took for name, pid in self._pids.items()}

    def told(self) -> str:
        return ", ".join(f"{name} {share:.0%}" for name, share in self.so_far().items()) + " of a core"


@contextmanager
def on_a_disk(
    units: int, *, scopes: Callable[[int], Sequence[Scope]] = scopes_of, options: Sequence[str] = ()
) -> Iterator[FleetSite]:
    """`options`: of `serve`."""
    folder = Path(tempfile.mkdtemp(prefix="doorward-bench-", dir=disk_folder()))
    try:
        with (
            Street(folder, units, scopes=scopes, options=options) as street,
            OpenDesk(street.centre.folder.path) as desk,
        ):
            street.settle(300.0)
            gc.collect()
            gc.freeze()  # the units that stand are not looked through again while something is measured
            yield FleetSite(street, desk)
    finally:
        gc.unfreeze()
        shutil.rmtree(folder, ignore_errors=True)
