"""The centre of the demo: its folder, made and used by the `doorward centre …` commands; its books, read as they grow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from centre import account_key, accounts, reports
from centre.books import Books
from centre.folder import Folder
from centre.founding import ADMINISTRATOR
from centre.reports import FactFilter
from simulator.demo.children import Child, Commands, Outcome
from simulator.demo.waiting import NotHeldError

SITE = "badahu"
_QUIET = {"seq", "at", "clock", "boot", "mono", "kind", "session", "version"}


@dataclass(frozen=True, slots=True)
class BookFact:
    """A fact as the books have it. `n` grows in order of arrival."""

    n: int
    unit: str
    epoch: str
    seq: int
    at_utc: float
    kind: str
    data: Mapping[str, Any]
    line: bytes = b""

    @property
    def rest(self) -> str:
        """What it says beside its kind, on one line."""
        return "  ".join(
            f"{key}={value}" for key, value in self.data.items() if key not in _QUIET and value not in (None, "")
        )


class Bureau:
    """Keys and books under `path`; `serve` as a process of its own. `extra`: added to its environment."""

    def __init__(self, path: Path, log: Path, commands: Commands, extra: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._commands = commands
        self._log, self._extra = log, extra
        self.serve = self._serving()
        self._books: Books | None = None
        self._invitation = "/"

    def _serving(self, *options: str) -> Child:
        return Child("centre", ["centre", "--dir", str(self.path), "serve", *options], self._log, self._extra)

    def order(self, *arguments: str, limit_s: float = 90.0) -> Outcome:
        """`doorward centre …` on this folder, whatever its exit code."""
        return self._commands.run(["centre", "--dir", str(self.path), *arguments], limit_s)

    def do(self, *arguments: str) -> str:
        """As `order`, for what must succeed. Returns what it printed."""
        done = self.order(*arguments)
        if done.code != 0:
            raise NotHeldError(f"doorward centre {' '.join(arguments)}: exit {done.code}: {done.err.strip()}")
        return done.out

    def found(self, broker: str) -> None:
        made = self._commands.run(["centre", "init", str(self.path), "--site", SITE, "--broker", broker])
        if made.code != 0:
            raise NotHeldError(f"doorward centre init: exit {made.code}: {made.err.strip()}")
        found = re.search(r"/invitation/\S+", made.out)
        self._invitation = "/" if found is None else found[0]
        self.open_books()

    def welcome(self) -> str:
        """The path in the console that lets its first administrator set a password; the first page, once they have."""
        assert self._books is not None
        with self._books.reading() as conn:
            first = accounts.known(conn, account_key.load(Folder(self.path))).get(ADMINISTRATOR)
        return self._invitation if first is not None and not first.ready else "/"

    def open_books(self) -> None:
        """Of a folder that is there: from here on they can be looked into."""
        folder = Folder(self.path)
        self._books = Books.of(folder, folder.load())

    def facts(self, after: int = 0, kind: str | None = None, **data: object) -> list[BookFact]:
        """Facts that arrived after number `after`, of one kind where it is named, whose fields are as given."""
        assert self._books is not None
        entries = [entry for page in reports.pages(self._books, FactFilter(), after) for entry in page]
        found = [_fact(entry) for entry in entries if kind in {None, entry.kind}]
        return [fact for fact in found if all(fact.data.get(key) == value for key, value in data.items())]

    @property
    def last(self) -> int:
        """The number of the newest fact in the books."""
        facts = self.facts()
        return facts[-1].n if facts else 0

    def coverage(self, notice: str) -> tuple[int, int]:
        """(units, shown) of a notice."""
        assert self._books is not None
        with self._books.reading() as conn:
            every, _, _, shown = reports.coverage(conn, SITE, notice).counts()
        return every, shown

    def serves_pages(self, port: int, frames: Sequence[str]) -> None:
        """The console too, on that port of the loopback; pages of these origins may show it within them."""
        self.serve = self._serving("--listen", f"127.0.0.1:{port}", "--frame", " ".join(frames))

    def close(self) -> None:
        self.serve.stop()
        if self._books is not None:
            self._books.close()


def _fact(entry: reports.Entry) -> BookFact:
    return BookFact(
        entry.n, entry.unit, entry.epoch, entry.seq, entry.at_utc, entry.kind, json.loads(entry.line), entry.line
    )
