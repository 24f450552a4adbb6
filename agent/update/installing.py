"""The updater: takes what was ordered, judges it anew, puts it in place, watches it prove itself, else goes back. Root's; a program of its own.

Each stage is durable before it begins and can be done again: a power cut at any moment leaves the old or the new, and the next boot goes on.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from agent.core.events.software import UpdateOutcome
from agent.identity import Identity
from agent.update import doors, repack, taking
from agent.update.forms import WAYS, InstallWay, forms_here
from agent.update.machine import ToolError, boot_id
from agent.update.places import INBOX, WANTED, OwnFolder
from agent.update.progress import Progress, Stage, Wish, load, outcome_of, refusal_of, remove, save
from agent.update.trust import UpdateError
from agent.update.watching import Watch, WatchTimes
from contract.software import Form, Software, order

log = logging.getLogger("update")

MOST_TRIES: Final = 3
"""Of one stage, each after a cut. A third power cut in the same minutes is most likely the new software's own doing."""


class Updater:
    """`forms`: what can be installed here. `answers`: whether anything answers at the broker's address."""

    def __init__(
        self,
        own: OwnFolder,
        state: Path,
        status: Path,
        identity: Callable[[], Identity],
        *,
        times: WatchTimes | None = None,
        forms: frozenset[str] | None = None,
        answers: Callable[[], bool] = lambda: True,
    ) -> None:
        self._own = own
        self._inboxes = (own.hand, state / INBOX)
        self._status = status
        self._identity = identity
        self._times = times or WatchTimes()
        self._forms = forms_here() if forms is None else forms
        self._answers = answers

    def run(self) -> None:
        """All that is ordered, until nothing is, or the machine goes down for it. Raises UpdateError, ToolError, OSError: it goes on at the next start."""
        with self._alone():
            for _ in range(MOST_TRIES * 4):
                progress = self._under_way() or self._take()
                if progress is None:
                    return
                if not self._advance(progress):
                    return

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._own.path.mkdir(mode=0o755, exist_ok=True)
        fd = os.open(self._own.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _under_way(self) -> Progress | None:
        """Begun before: what was in hand at a cut counts as one try more."""
        found = load(Progress, self._own.progress)
        if found is None:
            if not self._own.half.exists() and (self._own.progress.exists() or self._own.previous.exists()):
                self._tidy()  # nothing can be gone on with, and systemd starts us as long as it is there
            return None
        if found.stage is Stage.TAKEN:
            self._clear_orders()  # the cut may have come before that
        told = load(UpdateOutcome, self._own.outcome)
        if told is not None and told.id == found.id:
            self._tidy()
            return None
        again = found if found.boot != boot_id() and found.form is Form.RAUC else replace(found, tries=found.tries + 1)
        log.info("going on with %s: %s", found.version, found.stage.value)
        return again

    def _clear_orders(self) -> None:
        for inbox in self._inboxes:
            with taking.folder(inbox) as fd:
                if fd is not None:
                    taking.clear(fd)

    # --- taking

    def _take(self) -> Progress | None:
        """The first order that holds; those that do not are told and gone."""
        for inbox in self._inboxes:
            with taking.folder(inbox) as fd:
                if fd is None or not taking.is_wanted(fd):
                    continue
                by_hand = inbox == self._own.hand
                wish = (load(Wish, inbox / WANTED) if by_hand else None) or Wish()
                taken = self._taken(fd, wish, by_hand=by_hand)
                taking.clear(fd)
            if taken is not None:
                return taken
        return None

    def _taken(self, fd: int, wish: Wish, *, by_hand: bool) -> Progress | None:
        software, before = None, ""
        try:
            software = taking.judged(fd, self._identity(), self._own)
            self._takes(software.form)
            before = self._way(software.form).running()
            self._older(software, before, allowed=wish.downgrade)
            taking.copy(fd, software, self._own)
            self._way(software.form).judge(software.version)
        except UpdateError as error:
            log.error("refused: %s", error)  # noqa: TRY400  # nobody's fault of ours
            self._tell_refused(software or taking.claimed(fd), before, error)
            remove(self._own.payload)
            return None
        status = doors.read(self._status)
        progress = Progress(
            secrets.token_hex(8),
            Stage.TAKEN,
            software.version,
            before,
            software.form,
            software.sha256,
            str(software.scope),
            software.rev,
            centre=not by_hand or doors.confirmed(status),
            now=wish.now,
            boot=boot_id(),
        )
        save(self._own.progress, progress)
        return progress

    def _tell_refused(self, software: Software | None, before: str, error: UpdateError) -> None:
        """Once, however often the same is ordered. What does not even say which version it is stands in the log alone."""
        if software is None:
            return
        made = refusal_of(software, before or software.version, error.reason, str(error))
        last = load(UpdateOutcome, self._own.outcome)
        if last is None or replace(last, id=made.id) != made:
            save(self._own.outcome, made)

    def _takes(self, form: Form) -> None:
        if form.value not in self._forms:
            raise UpdateError("form", f"this box does not take a bundle of form {form.value}")

    @staticmethod
    def _older(software: Software, before: str, *, allowed: bool) -> None:
        if order(software.version) == order(before):
            raise UpdateError("older", f"{before} is installed already")
        if order(software.version) < order(before) and not allowed:
            raise UpdateError("older", f"{software.version} is older than {before}, which is installed")

    def _way(self, form: Form) -> InstallWay:
        return WAYS[form](self._own)

    # --- the stages

    def _advance(self, progress: Progress) -> bool:
        """One update to its end; False where the machine goes down for it."""
        way = self._way(progress.form)
        current: Progress | None = progress
        while current is not None:
            match current.stage:
                case Stage.TAKEN:
                    current = self._prepare(way, current)
                case Stage.INSTALLING:
                    current = self._install(way, current)
                case Stage.WATCHING:
                    if not (current.tries and self._watch(current).runs()) and not way.start(current):
                        return False
                    current = self._prove(way, current)
                case Stage.RETURNING:
                    if current.reason == "centre":  # the door works meanwhile
                        self._await_doors(current)
                    if not way.go_back(current):
                        return False
                    self._finish(current, "returned")
                    current = None
        return True

    def _to(self, progress: Progress, stage: Stage, reason: str = "", detail: str = "") -> Progress:
        made = replace(progress, stage=stage, tries=0, boot=boot_id(), reason=reason, detail=detail)
        save(self._own.progress, made)
        return made

    def _prepare(self, way: InstallWay, progress: Progress) -> Progress | None:
        try:
            way.prepare()
        except (ToolError, OSError) as error:  # nothing was changed, and nothing can be while there is no way back
            self._finish(replace(progress, reason="no_return", detail=str(error)), "refused")
            return None
        self._await_doors(progress)
        return self._to(progress, Stage.INSTALLING)

    def _await_doors(self, progress: Progress) -> None:
        """Fire, lockdown, a door held open or open: until it is over, however long that is."""
        told = ""
        while not progress.now and (why := doors.hindrance(doors.read(self._status))):
            if why != told:
                log.info("%s waits: %s", progress.version, why)
                told = why
            time.sleep(self._times.look_s)

    def _install(self, way: InstallWay, progress: Progress) -> Progress:
        save(self._own.progress, progress)  # with the try counted
        if progress.tries >= MOST_TRIES:
            return self._to(progress, Stage.RETURNING, "install", "cut off each time")
        try:
            way.install(progress)
        except (ToolError, OSError) as error:
            return self._to(progress, Stage.RETURNING, "install", str(error))
        return self._to(progress, Stage.WATCHING)

    def _prove(self, way: InstallWay, progress: Progress) -> Progress | None:
        save(self._own.progress, progress)
        if progress.tries >= MOST_TRIES:
            return self._to(progress, Stage.RETURNING, "door", "the machine went down each time")
        if order(way.running()) != order(progress.version):
            return self._to(progress, Stage.RETURNING, "door", "the one before was booted, or put back, meanwhile")
        why = self._watch(progress).failing()
        if why is not None:
            log.error("%s: %s: going back to %s", progress.version, why.reason, progress.before)
            return self._to(progress, Stage.RETURNING, why.reason, why.detail)
        way.keep()
        self._finish(progress, "installed")
        return None

    def _watch(self, progress: Progress) -> Watch:
        return Watch(progress, self._status, self._times, self._answers)

    def _finish(self, progress: Progress, result: str) -> None:
        """The outcome first, then nothing is under way: a cut between them leaves only the tidying."""
        save(self._own.outcome, outcome_of(progress, result))
        log.info("%s: %s %s", progress.version, result, progress.reason)
        self._tidy()

    def _tidy(self) -> None:
        repack.clear(self._own.path)
        remove(self._own.half, self._own.payload, self._own.progress)
        remove(self._own.previous)  # last: as long as anything is under way, there is an updater that can go on
