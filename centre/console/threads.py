"""Threads that answer requests: so many for one address at a time, so that what is slow for one leaves room for the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from centre.tries import network
from centre.words import _

T = TypeVar("T")
OF_ONE = 16
"""Of the forty that there are. All people of an office may come from one address: an answer takes them milliseconds."""
WAITING = 250
"""Requests of one address that wait for their turn; each costs its connection and no thread."""


@dataclass(slots=True)
class _Address:
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(OF_ONE))
    count: int = 0


class Threads:
    """One event loop's."""

    def __init__(self) -> None:
        self._addresses: dict[str, _Address] = {}

    async def run(self, request: Request, act: Callable[..., T], *given: object) -> T:
        """What `act` gives, in a thread. Raises HTTPException where too many of this address wait already."""
        async with self._turn(network(request.client.host) if request.client else ""):
            return await run_in_threadpool(act, *given)

    @asynccontextmanager
    async def _turn(self, address: str) -> AsyncIterator[None]:
        mine = self._addresses.setdefault(address, _Address())
        if mine.count >= OF_ONE + WAITING:
            raise HTTPException(503, _("too many requests at once: try again in a moment"), {"retry-after": "5"})
        mine.count += 1
        try:
            async with mine.room:
                yield
        finally:
            mine.count -= 1
            if not mine.count:
                self._addresses.pop(address, None)
