"""How much of what people send lies in this process's memory at a time: of one account, and in all. One event loop's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

MB = 1024 * 1024
OF_ONE, IN_ALL = 32 * MB, 128 * MB
"""Two of the largest that anybody sends, and eight."""


class Body:
    """Of one request."""

    def __init__(self, by_account: Counter[str]) -> None:
        self._by_account = by_account
        self._whose, self._count = "", 0

    def holds(self, whose: str, count: int) -> bool:
        """Whether there is room for it to have grown to so many bytes; they are its own then."""
        more = count - self._count
        if self._by_account[whose] + more > OF_ONE or self._by_account.total() + more > IN_ALL:
            return False
        self._by_account[whose] += more
        self._whose, self._count = whose, count
        return True

    def end(self) -> None:
        self._by_account[self._whose] -= self._count
        if not self._by_account[self._whose]:
            del self._by_account[self._whose]


class Bodies:
    """All that are under way."""

    def __init__(self) -> None:
        self._by_account: Counter[str] = Counter()

    @contextmanager
    def one(self) -> Iterator[Body]:
        body = Body(self._by_account)
        try:
            yield body
        finally:
            body.end()
