"""The proof of the record, asked for on a page: one at a time, on a thread of its own, told as it goes."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from centre import verifying
from centre.checkpoints import Checkpoint
from centre.errors import CentreError
from centre.opened import OpenCentre
from centre.verifying import Verified
from centre.words import _, speaking

TOPIC = "verification"
TOLD_S = 0.5
"""Open pages hear of its progress so often at most."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Of the newest. `fault`: why it could not be carried out to its end."""

    by: str
    begun_utc: float
    found: Verified
    ended_utc: float | None = None
    fault: str | None = None


class Verification:
    """Of one process. `touch` tells open pages."""

    def __init__(self, centre: OpenCentre, touch: Callable[[str], None]) -> None:
        self._centre, self._touch = centre, touch
        self._lock = threading.Lock()
        self._progress: Progress | None = None

    @property
    def progress(self) -> Progress | None:
        with self._lock:
            return self._progress

    def begin(self, given: Sequence[Checkpoint], by: str, language: str) -> None:
        """Raises CentreError while one is on its way."""
        with self._lock:
            if self._progress is not None and self._progress.ended_utc is None:
                raise CentreError(_("the record is being verified already"))
            self._progress = Progress(by, time.time(), Verified())
        threading.Thread(target=self._run, args=(given, by, language), name="verification", daemon=True).start()

    def _run(self, given: Sequence[Checkpoint], by: str, language: str) -> None:
        fault: str | None = _("it was cut off")
        told_mono = 0.0
        found = Verified()
        try:
            with speaking(language):
                for found in verifying.verify(self._centre, given, by):
                    if time.monotonic() - told_mono > TOLD_S:
                        told_mono = time.monotonic()
                        self._set(found, None, None)
                fault = None
        except CentreError as error:
            fault = str(error)
        except DBAPIError:
            fault = _("the books cannot be reached")
        finally:
            self._set(found, time.time(), fault)

    def _set(self, found: Verified, ended_utc: float | None, fault: str | None) -> None:
        with self._lock:
            assert self._progress is not None
            before = self._progress
            self._progress = Progress(before.by, before.begun_utc, copy.deepcopy(found), ended_utc, fault)
        self._touch(TOPIC)
