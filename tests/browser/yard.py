"""A yard of twelve units at a running demo: two real doors with simulated hardware, ten that are in software alone, and the console that `serve` starts."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import update

from centre.opened import OpenCentre
from centre.schema import units
from contract.scopes import Scope
from simulator.box import BoxSpec
from simulator.broker import free_port
from simulator.demo.acting import AtDoor
from simulator.demo.stage import SCOPES, Pace, Stage
from simulator.demo.web.play import TURN_S, playing
from simulator.demo.web.scene import WebScene
from simulator.demo.web.serving import Serving
from simulator.fleet.enlisting import enlist
from simulator.fleet.fleet import Fleet
from tests.waiting import eventually

NEIGHBOURS = 10
YARD = {
    "type": "Feature",
    "properties": {"yard": "y07", "name": "7号院"},
    "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [0.004, 0], [0.004, 0.003], [0, 0.003], [0, 0]]]},
}
UNHURRIED = Pace(15.0, 2.0)
"""A busy machine's browser takes its time from the click to the push."""


@dataclass(frozen=True)
class Yard:
    """`console`: its address."""

    stage: Stage
    scene: WebScene
    console: str

    def door(self, unit: str) -> AtDoor:
        return self.scene.places[unit].hands.door

    @property
    def first_link(self) -> str:
        """What `centre init` printed for the first administrator."""
        return f"{self.console}{self.stage.bureau.welcome()}"


@contextmanager
def yard(folder: Path) -> Iterator[Yard]:
    port, kind = free_port(), BoxSpec(reader_form="osdp")
    with (
        Serving(0) as serving,
        Stage(folder, None, kind, pace=UNHURRIED) as stage,
        playing(stage, serving, port) as scene,
        _meanwhile("turns", lambda: (scene.turn(), time.sleep(TURN_S))),
        _neighbours(stage),
    ):
        yield Yard(stage, scene, f"http://127.0.0.1:{port}")


@contextmanager
def _neighbours(stage: Stage) -> Iterator[None]:
    """They enrol themselves, take what stands and say so; each at the broker as any unit is."""
    centre = OpenCentre(stage.bureau.path)
    broker = urlsplit(centre.site.broker).port
    assert broker is not None
    enlisted = enlist(centre, NEIGHBOURS, time.time(), pinned=False, scopes=_scopes)
    with centre.books.changing() as conn:
        for number, each in enumerate(enlisted):
            name = f"{_building(number)}号楼{number % 2 + 1}单元"
            conn.execute(update(units).where(units.c.unit == each.enrolment.unit).values(name=name))
    centre.books.close()
    file = stage.folder / "places.json"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [YARD]}), encoding="utf-8")
    stage.bureau.do("places", "import", str(file))
    with Fleet(broker, enlisted=enlisted) as fleet:
        for unit in fleet.units:
            unit.shown_s = 0.05
        fleet.connect()
        with _meanwhile("neighbours", lambda: fleet.run(TURN_S)):
            eventually(lambda: not fleet.unconfirmed, 30.0)
            yield


def _building(number: int) -> int:
    return 13 + number // 2


def _scopes(number: int) -> list[Scope]:
    """The yard's, and a building of two."""
    shared = [Scope(*each.split("/")) for each in SCOPES if not each.startswith("building")]
    return [*shared, Scope("building", f"b{_building(number)}")]


@contextmanager
def _meanwhile(name: str, again: Callable[[], object]) -> Iterator[None]:
    """On a thread of its own, over and over."""
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            again()

    thread = threading.Thread(target=run, name=name)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10.0)
        assert not thread.is_alive()
