"""Carries out what the core orders of the unit's own software: fetches on a thread of its own, writes the order down, reads what the updater says. Decides nothing."""

from __future__ import annotations

import logging
import queue
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from agent.asked import Asked
from agent.core.effects import software as effects
from agent.core.effects.software import SoftwareEffect
from agent.core.events import Event
from agent.core.events.software import BundleFailed, BundleFetched, UpdateOutcome, UpdateRead
from agent.store import plainfile
from agent.update import taking
from agent.update.download import Download, FetchError, room_kept
from agent.update.forms import forms_here
from agent.update.places import INBOX, KEYS, OWN, PAYLOAD, SIGNED, TOLD, WANTED, OwnFolder
from agent.update.progress import load
from contract.software import Software

log = logging.getLogger("update")


class Updates:
    """`context`: TLS as to the broker, made anew for each try; None where there is no link. `journal_mb`: how large the journal may grow."""

    def __init__(
        self,
        state: Path,
        post: Callable[[Event], object],
        context: Callable[[], ssl.SSLContext] | None,
        *,
        journal_mb: int,
        own: Path = OWN,
        forms: Callable[[], frozenset[str]] = forms_here,
    ) -> None:
        self._state = state
        self._folder = state / INBOX
        self._own = OwnFolder(own)
        self._post = post
        self._context = context
        self._journal_mb = journal_mb
        self._forms = forms
        self._download: Download | None = None
        self._works: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="update", daemon=True)

    def order(self, effect: SoftwareEffect) -> None:
        """Called by the loop, never blocks. One after the other; what is being fetched is broken off first."""
        match effect:
            case effects.FetchBundle(software):
                self.stop()
                self._fetch(software)
            case effects.StopFetching():
                self.stop()
            case effects.DropBundle():
                self.stop()
                self._later(self._drop)
            case effects.OrderUpdate():
                self._later(lambda: self._hand_over(effect))
            case effects.KeepTold(outcome):
                Asked("update-told", lambda: taking.put(self._folder, TOLD, outcome.encode("ascii")))
            case effects.ReadUpdate():
                self._later(self._read)

    def stop(self) -> None:
        """What is being fetched is broken off."""
        if self._download is not None:
            self._download.stop()

    def _later(self, work: Callable[[], object]) -> None:
        self._works.put(work)
        if self._thread.ident is None:
            self._thread.start()

    def _run(self) -> None:
        while True:
            work = self._works.get()
            try:
                work()
            except OSError as error:
                log.error("%s", error)  # noqa: TRY400  # the disk's fault

    # --- fetching

    def _fetch(self, software: Software) -> None:
        if self._context is None:
            self._tell_failed(software, FetchError("away", "there is no link"))
            return
        try:
            self._download = made = Download(
                software, self._folder, self._context(), lambda: room_kept(self._state, self._journal_mb)
            )
        except OSError as error:
            self._tell_failed(software, FetchError("away", f"the site's CA: {error}"))
            return
        self._later(lambda: self._run_download(made, software))

    def _run_download(self, download: Download, software: Software) -> None:
        try:
            fresh = download.run()
        except FetchError as error:
            if not download.stopped:
                self._tell_failed(software, error)
            return
        if not download.stopped:
            log.info("software %s is fetched", software.version)
            self._post(BundleFetched(str(software.scope), software.rev, fresh))

    def _tell_failed(self, software: Software, error: FetchError) -> None:
        log.warning("software %s is not fetched: %s", software.version, error)
        self._post(BundleFailed(str(software.scope), software.rev, error.reason, str(error)[:500]))

    # --- the folder

    def _drop(self) -> None:
        with taking.folder(self._folder) as fd:
            if fd is not None:
                taking.clear(fd)

    def _hand_over(self, order: effects.OrderUpdate) -> None:
        try:
            taking.put(self._folder, SIGNED, order.signed)
            taking.put(self._folder, KEYS, order.keys)
            taking.put(self._folder, WANTED, b"{}")
        except OSError as error:
            log.error("the update cannot be ordered: %s", error.strerror)  # noqa: TRY400  # the disk's fault
        self._read()

    def _read(self) -> None:
        outcome = told = None
        with suppress(OSError):
            outcome = load(UpdateOutcome, self._own.outcome)
        with suppress(OSError):
            told = plainfile.read(self._folder / TOLD, 64).decode("ascii", "replace")
        ordered = (self._folder / WANTED).exists() and (self._folder / PAYLOAD).exists()
        self._post(UpdateRead(outcome, told or "", self._own.progress.exists(), ordered, self._forms()))
