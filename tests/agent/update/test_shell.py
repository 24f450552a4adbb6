"""What the agent's side does with the core's orders, on a real folder and a real server."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.effects import software as fx
from agent.core.events import Event
from agent.core.events.software import BundleFailed, BundleFetched, UpdateOutcome, UpdateRead
from agent.update import taking
from agent.update.places import KEYS, PAYLOAD, SIGNED, WANTED, OwnFolder
from agent.update.progress import save
from agent.update.shell import Updates
from tests.agent.update.far_end import Behaviour, FarEnd, far_end
from tests.waiting import eventually

DATA = bytes(range(256)) * 400
OUTCOME = UpdateOutcome("0a", "installed", "0.2.0", "0.1.0", "unit/b12-u2", 1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FarEnd]:
    with far_end(tmp_path / "server", Behaviour(DATA)) as made:
        yield made


class Side:
    """The agent's side of a unit in a folder."""

    def __init__(self, folder: Path, server: FarEnd | None) -> None:
        self.state, self.own = folder / "state", OwnFolder(folder / "own")
        self.inbox = self.state / "update"
        self.state.mkdir()
        self.own.path.mkdir()
        self.posted: queue.Queue[Event] = queue.Queue()
        context = None if server is None else server.context
        self.updates = Updates(
            self.state, self.posted.put, context, journal_mb=0, own=self.own.path, forms=lambda: frozenset({"deb"})
        )

    def order(self, *effects: fx.SoftwareEffect) -> None:
        for effect in effects:
            self.updates.order(effect)

    def told(self) -> Event:
        return self.posted.get(timeout=10)


def test_from_the_fetch_to_the_order(tmp_path: Path, server: FarEnd) -> None:
    side, wanted = Side(tmp_path, server), server.software(DATA)
    side.order(fx.ReadUpdate())
    assert side.told() == UpdateRead(None, "", busy=False, ordered=False, forms=frozenset({"deb"}))
    side.order(fx.FetchBundle(wanted))
    assert side.told() == BundleFetched("unit/b12-u2", 1, fresh=True)
    side.order(fx.OrderUpdate(wanted, b"signed", b"keys"))
    read = side.told()
    assert isinstance(read, UpdateRead)
    assert read.ordered
    assert {path.name: path.read_bytes() for path in side.inbox.iterdir()} == {
        PAYLOAD: DATA, SIGNED: b"signed", KEYS: b"keys", WANTED: b"{}",
    }  # fmt: skip
    assert side.inbox.stat().st_mode & 0o777 == 0o700


def test_an_outcome_is_read_and_remembered_as_told(tmp_path: Path) -> None:
    side = Side(tmp_path, None)
    save(side.own.outcome, OUTCOME)
    side.own.progress.touch()
    side.order(fx.ReadUpdate())
    assert side.told() == UpdateRead(OUTCOME, "", busy=True, ordered=False, forms=frozenset({"deb"}))
    side.order(fx.KeepTold("0a"))
    eventually((side.inbox / "told").exists)
    side.order(fx.ReadUpdate())
    read = side.told()
    assert isinstance(read, UpdateRead)
    assert read.told == "0a"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id":"0a"}', "\0" * 100])
def test_what_is_no_outcome_is_passed_over(tmp_path: Path, text: str) -> None:
    side = Side(tmp_path, None)
    side.own.outcome.write_text(text, encoding="ascii")
    side.order(fx.ReadUpdate())
    read = side.told()
    assert isinstance(read, UpdateRead)
    assert read.outcome is None


def test_what_replaces_another_waits_for_its_end_and_takes_its_place(tmp_path: Path, server: FarEnd) -> None:
    side, drip = Side(tmp_path, server), threading.Event()
    server.how = Behaviour(DATA, drip=drip)
    side.order(fx.FetchBundle(server.software(DATA)))
    eventually(lambda: server.asked)
    other = DATA[::-1]
    server.how = Behaviour(other)
    side.order(fx.DropBundle(), fx.FetchBundle(server.software(other, rev=2)))
    assert side.told() == BundleFetched("unit/b12-u2", 2, fresh=True)
    drip.set()
    assert (side.inbox / PAYLOAD).read_bytes() == other
    assert side.posted.empty()


def test_what_is_dropped_is_no_longer_ordered(tmp_path: Path, server: FarEnd) -> None:
    side, wanted = Side(tmp_path, server), server.software(DATA)
    side.order(fx.FetchBundle(wanted))
    assert isinstance(side.told(), BundleFetched)
    side.order(fx.OrderUpdate(wanted, b"signed", b""), fx.DropBundle(), fx.ReadUpdate())
    assert [side.told() for _ in range(2)][-1] == UpdateRead(
        None, "", busy=False, ordered=False, forms=frozenset({"deb"})
    )
    with taking.folder(side.inbox) as fd:
        assert fd is not None
        assert not taking.is_wanted(fd)
    assert not (side.inbox / PAYLOAD).exists()


def test_failures_are_told_with_their_reason(tmp_path: Path, server: FarEnd) -> None:
    (tmp_path / "a").mkdir()
    side = Side(tmp_path / "a", None)
    side.order(fx.FetchBundle(server.software(DATA)))
    told = side.told()
    assert isinstance(told, BundleFailed)
    assert (told.reason, told.detail) == ("away", "there is no link")
    (tmp_path / "b").mkdir()
    side = Side(tmp_path / "b", server)
    server.how = Behaviour(DATA, status=503)
    side.order(fx.FetchBundle(server.software(DATA)))
    told = side.told()
    assert isinstance(told, BundleFailed)
    assert told.reason == "away"
    assert "503" in told.detail


def test_a_folder_that_cannot_be_written_ends_nothing(tmp_path: Path, server: FarEnd) -> None:
    side = Side(tmp_path, server)
    side.inbox.write_text("in the way", encoding="ascii")
    side.order(fx.FetchBundle(server.software(DATA)))
    told = side.told()
    assert isinstance(told, BundleFailed)
    assert told.reason == "disk"
    side.order(fx.OrderUpdate(server.software(DATA), b"", b""), fx.ReadUpdate())
    for _ in range(2):
        read = side.told()
        assert isinstance(read, UpdateRead)
        assert not read.ordered
