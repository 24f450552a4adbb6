"""A second process that checks and opens batches while the first one enters those before into the books: for backlogs, on a machine with two cores.

Kept for as long as there is something to check. What it does not answer, for whatever reason, the intake does itself.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import IO

from centre import own_process
from centre.opening import CheckedBatch, Expected, check
from contract.chain import Holds

IDLE_S = 60.0
"""It is ended when nothing came for so long."""
AGAIN_S = 30.0
"""From one that failed to the next."""

Jobs = Sequence[tuple[bytes, Expected]]
"""Messages, each with what is known of the unit it came from."""
Checked = list[CheckedBatch]


class Checker:
    """`wake` is called by another thread when an answer is there. Used by one thread."""

    def __init__(self, site: str, wake: Callable[[], None]) -> None:
        self._site = site
        self._wake = wake
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._offered_mono = float("-inf")
        self._failed_mono = float("-inf")
        self._usable = len(os.sched_getaffinity(0)) > 1

    @property
    def pid(self) -> int | None:
        """Of the second process; None where there is none."""
        return None if self._process is None else self._process.pid

    def offer(self, jobs: Jobs) -> Future[Checked] | None:
        """Have these checked; None where they are better checked here. The future holds an error, or is cancelled, where the process failed."""
        now = time.monotonic()
        if not self._usable or now - self._failed_mono < AGAIN_S:
            return None
        self._offered_mono = now
        try:
            process, thread = self._process or self._start(), self._thread
        except OSError:
            self._failed_mono = now
            return None
        assert thread is not None
        future = thread.submit(_ask, process, self._site, jobs)
        future.add_done_callback(self._answered)
        return future

    def _answered(self, _: Future[Checked]) -> None:
        self._wake()

    def failed(self) -> None:
        """It did not answer."""
        self._failed_mono = time.monotonic()
        self.close()

    def tend(self) -> None:
        """Ends it when it was idle for long."""
        if self._process is not None and time.monotonic() - self._offered_mono >= IDLE_S:
            self.close()

    def close(self) -> None:
        process, self._process = self._process, None
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown(wait=False, cancel_futures=True)  # before the process ends: none of them asks it any more
        if process is not None:
            process.kill()
            process.wait()
        if thread is not None:
            thread.shutdown()
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                with suppress(OSError):
                    pipe.close()

    def _start(self) -> subprocess.Popen[bytes]:
        command = own_process.command("centre.checker")
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checker")
        return self._process


def _ask(process: subprocess.Popen[bytes], site: str, jobs: Jobs) -> Checked:
    assert process.stdin is not None
    assert process.stdout is not None
    pickle.dump((site, jobs), process.stdin, pickle.HIGHEST_PROTOCOL)
    process.stdin.flush()
    answer: Checked = pickle.load(process.stdout)  # noqa: S301  # our own process's
    if len(answer) != len(jobs):
        raise EOFError("not all were answered")
    return answer


def _answer(asked: IO[bytes], told: IO[bytes], holds: Holds) -> None:
    """Until nobody asks any more: who asks is gone, however it ended, when its pipe is."""
    while True:
        try:
            site, jobs = pickle.load(asked)  # noqa: S301  # from the process that started us
        except EOFError:
            return
        answer = [check(payload, site, expected, holds) for payload, expected in jobs]
        pickle.dump(answer, told, pickle.HIGHEST_PROTOCOL)
        told.flush()


if __name__ == "__main__":
    from centre.sodium import holds  # which the first process needs no room for

    with suppress(KeyboardInterrupt, BrokenPipeError):
        _answer(os.fdopen(0, "rb"), os.fdopen(1, "wb"), holds)
