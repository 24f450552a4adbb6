"""The one way into the core: a bounded queue of events in two lanes, door before the rest. Never decides, never drops an edge of a door input."""

from __future__ import annotations

import threading
from collections import deque

from agent import limits
from agent.core.events import DoorEvent, Event
from agent.core.events.door import CardRead, KeypadEvent, LockOrderFailed, LockOrderSent, LockRead
from agent.core.events.link import MessageReceived, MessageRefused

_DOOR = DoorEvent.__args__  # a plain tuple: faster for isinstance than the union


class Inbox:
    """Many threads post, one takes."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._filled = threading.Condition(self._mutex)
        self._room = threading.Condition(self._mutex)
        self._door: deque[Event] = deque()
        self._rest: deque[Event] = deque()
        self._messages = 0
        self._refused = 0
        self._closed = False

    def post(self, event: Event) -> bool:
        """Queue an event; False when it did not fit. Only a message of the link ever waits for room."""
        with self._mutex:
            if isinstance(event, _DOOR):
                taken = self._post_door(event)
            elif isinstance(event, MessageReceived):
                taken = self._post_message(event)
            elif isinstance(event, MessageRefused):
                taken = self._post_refused(event)
            else:
                self._rest.append(event)
                taken = True
            if taken:
                self._filled.notify()
            return taken

    def take(self, wait_s: float) -> Event | None:
        """The next event, door lane first; None when there is none within `wait_s`."""
        with self._mutex:
            if not self._door and not self._rest and wait_s > 0:
                self._filled.wait(wait_s)
            if self._door:
                return self._door.popleft()
            if not self._rest:
                return None
            event = self._rest.popleft()
            if isinstance(event, MessageReceived):
                self._messages -= 1
                self._room.notify()
            elif isinstance(event, MessageRefused):
                self._refused -= 1
            return event

    def close(self) -> None:
        """Let go of a thread that waits for room; later messages are refused."""
        with self._mutex:
            self._closed = True
            self._room.notify_all()

    def _post_door(self, event: Event) -> bool:
        """Read-backs are samples of a level: an equal one that still waits stands for both, unless an order lies between. All else is an edge and kept."""
        if isinstance(event, LockRead) and self._waits(event):
            return True
        if len(self._door) >= limits.DOOR_LANE:
            # A card can be shown again, a key pressed again; an edge of an exit button or fire input cannot.
            oldest = next((e for e in self._door if isinstance(e, CardRead | KeypadEvent | LockRead)), None)
            if oldest is None:
                return False
            self._door.remove(oldest)
        self._door.append(event)
        return True

    def _waits(self, event: LockRead) -> bool:
        for waiting in reversed(self._door):
            if isinstance(waiting, LockRead | LockOrderSent | LockOrderFailed) and waiting.door == event.door:
                return waiting == event
        return False

    def _post_message(self, event: Event) -> bool:
        if self._messages >= limits.MESSAGE_LANE:
            self._room.wait_for(
                lambda: self._closed or self._messages < limits.MESSAGE_LANE, timeout=limits.MESSAGE_WAIT_S
            )
        if self._closed or self._messages >= limits.MESSAGE_LANE:
            return False
        self._messages += 1
        self._rest.append(event)
        return True

    def _post_refused(self, event: Event) -> bool:
        if self._refused >= limits.REFUSED_LANE:
            return False
        self._refused += 1
        self._rest.append(event)
        return True
