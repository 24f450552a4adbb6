"""Desired state on its way to the broker, beside commands that publish too."""

from __future__ import annotations

from collections.abc import Sequence

from centre import state
from centre.link import Link
from centre.outbox import Outbox
from centre.state import RetainedMessage
from tests.centre.conftest import Desk


class Connection(Link):
    """Takes what is published; nothing is acknowledged before the test says so."""

    def __init__(self) -> None:
        self.published: list[bytes] = []

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int:
        assert retain
        self.published.append(payload)
        return len(self.published)


def put(desk: Desk, title: str) -> None:
    """By a command that finds no broker: it is in the books, unsent."""
    words = ["notice", "put", "--yes", "--scope", "yard/y07", "--id", "n1", "--title", title, "--text", "y"]
    desk.run(*words)


def unsent(desk: Desk) -> list[RetainedMessage]:
    with desk.books.reading() as conn:
        return [item for item in state.unsent(conn) if item.id == "n1"]


def sent_by_the_command(desk: Desk, items: Sequence[RetainedMessage]) -> None:
    with desk.books.writing() as conn:
        state.mark_sent(conn, items, desk.now)


def test_what_came_to_the_broker_after_its_successor_is_followed_by_it_again(desk: Desk) -> None:
    """`serve` read the older one, a command put and published the newer one, and then `serve`'s publication came to the broker."""
    desk.unit("b12-u2", "yard/y07")
    put(desk, "first")
    outbox, link = Outbox(desk.books), Connection()
    outbox.add(unsent(desk))
    put(desk, "second")
    newer = unsent(desk)
    sent_by_the_command(desk, newer)
    assert unsent(desk) == []
    outbox.send(link)
    outbox.acknowledged(1)
    outbox.note_sent()
    assert unsent(desk) == newer, "what the broker retains now is not the newest"
    outbox.add_new(unsent(desk))
    outbox.send(link)
    outbox.acknowledged(2)
    outbox.note_sent()
    assert unsent(desk) == []
    assert link.published[1:] == [newer[0].token]


def test_what_is_the_newest_is_marked_and_stays_so(desk: Desk) -> None:
    desk.unit("b12-u2", "yard/y07")
    put(desk, "first")
    outbox, link = Outbox(desk.books), Connection()
    outbox.add(unsent(desk))
    outbox.send(link)
    outbox.acknowledged(1)
    outbox.note_sent()
    assert unsent(desk) == []
    sent_by_the_command(desk, [])
    outbox.note_sent()
    assert unsent(desk) == []


def test_what_the_broker_has_and_is_not_marked_yet_is_not_sent_again(desk: Desk) -> None:
    desk.unit("b12-u2", "yard/y07")
    put(desk, "first")
    outbox, link = Outbox(desk.books), Connection()
    outbox.add(unsent(desk))
    outbox.send(link)
    outbox.acknowledged(1)
    outbox.add_new(unsent(desk))
    outbox.send(link)
    assert len(link.published) == 1
