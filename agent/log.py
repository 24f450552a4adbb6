"""The process's log: lines to stderr through one background thread, so that no deciding thread waits for a slow journal.

Repeats beyond a burst are counted, not written: a noisy line must not wear the flash.
"""

from __future__ import annotations

import logging
import logging.handlers
import queue
import sys
import time
from collections.abc import Callable

from agent import limits

_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class Burst(logging.Filter):
    """Lets `LOG_BURST` lines of one message pass in each window and says how many it held back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = self._clock()
        key = str(record.msg)
        start, count = self._windows.get(key, (now, 0))
        if now - start >= limits.LOG_WINDOW_S:
            if count > limits.LOG_BURST:
                record.msg = f"{record.msg} [{count - limits.LOG_BURST} more like this were not written]"
            start, count = now, 0
        if len(self._windows) > 500:
            self._windows.clear()
        self._windows[key] = (start, count + 1)
        return count < limits.LOG_BURST


class _Lines(logging.Formatter):
    """With systemd's priority prefix when stderr is its journal, with the time when it is a person's terminal."""

    def __init__(self, *, journal: bool) -> None:
        super().__init__("%(message)s" if journal else "%(asctime)s %(levelname)-7s %(name)s: %(message)s")
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record).replace("\n", "\n  ")
        return f"<{_PRIORITY.get(record.levelno, 6)}>{record.name}: {text}" if self._journal else text


class _Bounded(logging.handlers.QueueHandler):
    """Never blocks whoever has something to say, and never keeps more than LOG_WAITING lines."""

    queue: queue.SimpleQueue[logging.LogRecord]

    def enqueue(self, record: logging.LogRecord) -> None:
        if self.queue.qsize() < limits.LOG_WAITING:
            self.queue.put(record)


class Log:
    """Starts and stops the log's thread (named `log`)."""

    def __init__(self, *, verbose: bool, journal: bool) -> None:
        lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
        out = logging.StreamHandler(sys.stderr)
        out.setFormatter(_Lines(journal=journal))
        self._handler = _Bounded(lines)
        self._handler.addFilter(Burst())
        self._listener = logging.handlers.QueueListener(lines, out)
        self._level = logging.DEBUG if verbose else logging.INFO

    def start(self) -> None:
        root = logging.getLogger()
        root.setLevel(self._level)
        root.addHandler(self._handler)
        for chatty in ("apscheduler", "paho"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        self._listener.start()
        thread = getattr(self._listener, "_thread", None)
        if thread is not None:
            thread.name = "log"

    def stop(self) -> None:
        logging.getLogger().removeHandler(self._handler)
        self._listener.stop()
