"""What many open pages ask for at the same change is made once; and never older than the change that they were told of."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from centre.console.shared import KEPT, Shared


class Counted:
    """How often something was made."""

    def __init__(self) -> None:
        self.times = 0
        self.go = threading.Event()
        self.go.set()

    def __call__(self) -> int:
        self.go.wait(10)
        self.times += 1
        return self.times


def shared(pages: int = 1) -> tuple[Shared, Any]:
    live = SimpleNamespace(open_pages=pages, generation=1)
    return Shared(live), live  # type: ignore[arg-type]


def test_fifty_pages_share_one() -> None:
    made, _live = shared(50)
    each = Counted()
    each.go.clear()
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(made.get("key", each)), name="page") for _ in range(50)]
    for thread in threads:
        thread.start()
    each.go.set()
    for thread in threads:
        thread.join(10)
    assert found == [1] * 50
    assert each.times == 1


def test_another_sight_is_another_answer() -> None:
    made, _live = shared()
    each = Counted()
    assert [made.get(key, each) for key in ("a", "b", "a")] == [1, 2, 1]


def test_after_a_change_it_is_made_anew() -> None:
    made, live = shared()
    each = Counted()
    assert made.get("key", each) == 1
    live.generation = 2
    assert made.get("key", each) == 2


def test_while_nobody_listens_nothing_is_kept() -> None:
    made, live = shared(0)
    each = Counted()
    assert [made.get("key", each) for _ in range(2)] == [1, 2]
    live.open_pages = 1
    assert made.get("key", each) == 3


def test_what_fails_is_tried_again() -> None:
    made, _live = shared()

    def failing() -> int:
        raise ValueError

    for _ in range(2):
        try:
            made.get("key", failing)
        except ValueError:
            continue
    assert made.get("key", Counted()) == 1


def test_no_more_is_kept_than_there_is_room_for() -> None:
    made, _live = shared()
    for number in range(KEPT * 2):
        made.get(number, Counted())
    assert len(made._made) == KEPT
    assert made._making == {}
