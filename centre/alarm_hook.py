"""The operator's own program, run once for each alarm with JSON on stdin: no shell, one at a time, bounded in time and number.

Owns the thread it runs in. Nothing here keeps `serve` waiting; what happened is fetched by `lines`.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from centre.acknowledgements import as_value
from centre.alarms import RaisedAlarm
from centre.errors import WRONG_USE, CentreError
from centre.shown import as_json
from centre.words import _, reason_of

LIMIT_S = 30.0
"""A program that runs for longer is killed, with all it started."""
WAITING = 100
"""Alarms that wait for the program; one beyond is not handed over, and that is told. It is open in the books all the same."""
STOP_S = 2.0
"""How long a running program may go on when `serve` stops."""


class AlarmHook:
    """`offer`, `lines`, `handed` and `stop` are for the thread that owns it. Raises CentreError where `program` cannot be run."""

    def __init__(self, program: Path) -> None:
        self._program = program.absolute()
        if not (self._program.is_file() and os.access(self._program, os.X_OK)):
            raise CentreError(_("--exec: {program}: no program that can be run").format(program=program), WRONG_USE)
        self._queue: queue.Queue[RaisedAlarm | None] = queue.Queue(WAITING)
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._missed = 0
        self._offered: set[int] = set()
        self._handed: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._stopping = False
        self._running: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="alarm hook", daemon=True)
        self._thread.start()

    def offer(self, alarms: Iterable[RaisedAlarm]) -> None:
        """Never waits. One that was offered before is passed over."""
        for alarm in alarms:
            if alarm.id in self._offered:
                continue
            self._offered.add(alarm.id)
            try:
                self._queue.put_nowait(alarm)
            except queue.Full:
                self._missed += 1

    def lines(self) -> list[str]:
        """What the operator is to be told since the last time."""
        found = []
        with suppress(queue.Empty):
            while True:
                found.append(self._lines.get_nowait())
        if self._missed and not self._queue.full():
            found.append(
                _("{missed} alarms were not handed to {program}: {waiting} waited already").format(
                    missed=self._missed, program=self._program, waiting=WAITING
                )
            )
            self._missed = 0
        return found

    def handed(self) -> list[int]:
        """Numbers of the alarms the program was run for since the last time. They are forgotten here: the books say it from now on."""
        found = []
        with suppress(queue.Empty):
            while True:
                found.append(self._handed.get_nowait())
        self._offered.difference_update(found)
        return found

    def stop(self) -> None:
        """What waits is left for the next start; a program that runs is killed if it does not end soon."""
        self._stopping = True
        with suppress(queue.Empty):
            while True:
                self._queue.get_nowait()
        self._queue.put_nowait(None)
        self._thread.join(STOP_S)
        if (running := self._running) is not None:
            _kill(running)
        self._thread.join(STOP_S)

    # --- its thread

    def _run(self) -> None:
        while (alarm := self._queue.get()) is not None and not self._stopping:
            fault = self._hand(as_json(as_value(alarm)).encode() + b"\n")
            if fault:
                self._lines.put(
                    _("alarm {id}: {program}: {fault}").format(id=alarm.id, program=self._program, fault=fault)
                )
            self._handed.put(alarm.id)

    def _hand(self, text: bytes) -> str | None:
        """Run it once. What went wrong."""
        nowhere = subprocess.DEVNULL
        try:
            process = subprocess.Popen(
                [self._program], stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere, start_new_session=True
            )
        except OSError as error:
            return _("cannot be run: {reason}").format(reason=reason_of(error))
        self._running = process
        try:
            process.communicate(text, timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            _kill(process)
            process.wait()
            return _("killed, since it did not end within {limit_s:.0f} s").format(limit_s=LIMIT_S)
        finally:
            self._running = None
        return _("exit code {returncode}").format(returncode=process.returncode) if process.returncode else None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With all it started and did not move away."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
