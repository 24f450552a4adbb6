"""A street to try a centre with: its folder with thousands of units, mosquitto configured as `doorward centre broker` does it, and `serve` as a process."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol, Self

from agent.link.reconnect import Pace
from centre import broker_files
from centre.folder import Site
from centre.founding import found
from centre.opened import OpenCentre
from contract.scopes import Scope
from simulator.broker import Broker, BrokerError, free_port, mosquitto
from simulator.demo.children import Child
from simulator.demo.waiting import until
from simulator.fleet.connections import room_for
from simulator.fleet.enlisted import Enlisted
from simulator.fleet.enlisting import enlist, scopes_of
from simulator.fleet.fleet import Fleet

SITE = "badahu"


class Running(Protocol):
    """A broker of one process or several. `pid`: of the one, None where there are several."""

    @property
    def pid(self) -> int | None: ...

    def start(self) -> None: ...

    def kill(self) -> None: ...


class Street:
    """`with Street(folder, 2000) as street`: broker and `serve` run, the units are in the books, and none is connected.

    Plain MQTT: TLS would be another thing to measure.
    """

    def __init__(
        self,
        folder: Path,
        units: int,
        *,
        pinned: bool = True,
        pace: Pace | None = None,
        scopes: Callable[[int], Sequence[Scope]] = scopes_of,
        books: str | None = None,
        further: Sequence[str] = (),
        options: Sequence[str] = (),
        port: int | None = None,
    ) -> None:
        """`books`: the URL of an empty database, SQLite where None; `further`: names of more `serve` that share it; `options`: of each `serve`.

        `port`: of the broker, as `serve` is told it; a free one where None.
        """
        self.folder = folder
        room_for(units)
        self._stack = ExitStack()
        self._port = port or free_port()
        url = f"mqtt://127.0.0.1:{self._port}"
        found(folder / "centre", Site(SITE, url, "Asia/Shanghai", books), None, time.time())
        self.centre = OpenCentre(folder / "centre")
        enlisted = enlist(self.centre, units, time.time(), pinned=pinned, scopes=scopes)
        self.broker = self._broker(enlisted, further)
        self.serves = [self._serve(name, options) for name in (None, *further)]
        self.serve = self.serves[0]
        self.fleet = Fleet(*self._ports(), enlisted=enlisted, pace=pace)

    def _serve(self, name: str | None, options: Sequence[str]) -> Child:
        words = ["centre", "--dir", str(self.centre.folder.path), "serve", *options]
        named = [] if name is None else ["--name", name]
        return Child(name or "centre", [*words, *named], self.folder / f"serve{f'-{name}' if name else ''}.log")

    def _ports(self) -> Sequence[int]:
        """Where units connect."""
        return [self._port]

    def _broker(self, enlisted: Sequence[Enlisted], further: Sequence[str]) -> Running:
        binary = mosquitto()
        if binary is None:
            raise BrokerError("mosquitto is not installed")
        path = broker_files.configure(self.centre, listen="127.0.0.1", port=self._port, serves=further)
        command = [binary, "-c", path.name]
        return Broker("mosquitto", command, (self._port, self._port), self.folder / "broker.log", "mqtt", path.parent)

    def __enter__(self) -> Self:
        self._stack.callback(self.centre.books.close)
        self._stack.callback(self.broker.kill)
        for serve in self.serves:
            self._stack.callback(serve.stop)
        self._stack.callback(self.fleet.close)
        try:
            self.broker.start()
            for serve in self.serves:
                self.start_serve(serve)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start_serve(self, serve: Child | None = None) -> None:
        """The first where none is named. Returns when it is connected."""
        serve = serve or self.serve
        before = self._connections(serve)
        serve.start()
        until("serve is connected", lambda: self._connections(serve) > before, 60.0)

    def _connections(self, serve: Child) -> int:
        log = serve.log
        return log.read_text(errors="replace").count(" connected\n") if log.exists() else 0

    def ask(self, query: str, *values: Any) -> Any:
        """The first value of the first row of a query to the books, as another process reads them; `?` where a value goes."""
        if self.centre.books.engine.dialect.name == "postgresql":
            query = query.replace("%", "%%").replace("?", "%s")
        with self.centre.books.reading() as conn:
            row = conn.exec_driver_sql(query, values).first()
        return None if row is None else row[0]

    def booked(self) -> int:
        """Facts in the books."""
        return int(self.ask("SELECT coalesce(sum(seq - base), 0) FROM epochs"))

    def settle(self, limit_s: float = 120.0) -> None:
        """All units are connected, have what stands, and the centre has confirmed all they wrote."""
        self.fleet.connect(limit_s=limit_s)
        self.fleet.run(1.0)
        self.fleet.until("all is confirmed", lambda: not (self.fleet.unconfirmed or self.fleet.sending), limit_s, 0.1)
