"""The composition root: makes every part, starts them in order (door first, then disk, then network), stops them in reverse."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from agent import limits, sheetfile
from agent.aside import culprits
from agent.asked import Asked
from agent.calendar import Calendar
from agent.clock import Clock
from agent.config import Config, unit_plan
from agent.core.controller import initial
from agent.core.events import Event
from agent.core.events.life import LatchRead, LockdownRead, SheetRead, Started, StopAsked, ThreadDied
from agent.core.plan import UnitPlan
from agent.crashes import Crashes, boot_id, write_crash_file
from agent.devices import Devices
from agent.dispatch import Dispatch
from agent.errors import EXIT_OURS
from agent.identity import Identity
from agent.inbox import Inbox
from agent.locale import load as catalogues
from agent.log import Log
from agent.loop import Loop
from agent.notify import Notify
from agent.sealed import Sealed
from agent.statefolder import StateFolder
from agent.statusfile import StatusFile
from agent.store import Store
from agent.store.latch import LatchState
from agent.uplink import forget_token, load_identity, make_link, make_updates, no_link

log = logging.getLogger("app")


def run(config: Config, *, verbose: bool) -> int:
    """Run the agent until a signal or a command ends it. Returns the process's exit code (0, or 70 after a fault of ours)."""
    sys.setswitchinterval(limits.SWITCH_INTERVAL_S)
    lines = Log(verbose=verbose, journal="JOURNAL_STREAM" in os.environ)
    lines.start()
    try:
        return Agent(config).run()
    finally:
        lines.stop()


class Agent:
    """One run of the process."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._folder = state = config.state
        self._crashes = Crashes(state)
        self._state = StateFolder(
            state,
            self._crashes,
            lambda k: self._post(LatchRead(k.doors, k.sure)),
            lambda k: self._post(LockdownRead(k.doors, k.known)),
        )
        self._notify = Notify()
        self._clock = Clock(config.unit.timezone)
        self._inbox = Inbox()
        self._status = StatusFile(state)
        identity = load_identity(config)
        sealed = Sealed(identity, self._post, self._crashes.aside)
        plan = unit_plan(config, catalogues())
        latched = self._state.wait()
        door_only = self._crashes.door_only()
        self._session = secrets.token_hex(8)
        self._devices = Devices(
            config,
            {} if identity is None else identity.card_keys,
            self._inbox.post,
            time.monotonic,
            self._state.secure_readers(frozenset(config.devices)),
        )
        self._store = self._make_store(plan, sealed.enrolled)
        self._link = make_link(config, identity, plan, self._session, self._clock, self._inbox, self._crashes.aside)
        self._calendar = Calendar(self._clock, self._inbox.post)
        dispatch = self._make_dispatch(identity, sealed)
        loop_of = (initial(plan), self._inbox, self._clock, dispatch)
        self._loop = Loop(*loop_of, turned=self._turned)
        self._fed = 0.0
        self._fault = False
        if door_only:
            log.error("three crashes in five minutes: the door only, for ten minutes")
        self._started = self._make_started(identity, sealed, latched, door_only=door_only)

    def _make_started(
        self, identity: Identity | None, sealed: Sealed, latched: LatchState, *, door_only: bool
    ) -> Started:
        return Started(
            self._session,
            latched.doors,
            door_only,
            no_link(self._config, identity),
            latch_known=latched.sure,
            card_keys=sealed.enrolled,
            enrolment_pending=identity is not None and identity.token is not None,
            host=boot_id()[:64],
            lockdown=self._state.lockdown.doors,
            lockdown_known=self._state.lockdown.known,
            identified=identity is not None,
            acceptance=identity.public.hex() if identity is not None and identity.enrolment.acceptance else "",
        )

    def _make_store(self, plan: UnitPlan, card_keys: frozenset[str]) -> Store:
        return Store(
            self._folder,
            plan.site,
            plan.unit,
            self._post,
            retention_days=self._config.retention.days,
            journal_mb=self._config.retention.journal_mb,
            scopes=[str(scope) for scope in plan.scopes],
            locked=True,
            utc=lambda: self._clock.sure_utc() or 0.0,
            aside=self._state.aside,
            card_keys=card_keys,
            latch_read=self._state.latch_read,
            lockdown_read=self._state.lockdown_read,
        )

    def _make_dispatch(self, identity: Identity | None, sealed: Sealed) -> Dispatch:
        self._updates = make_updates(self._config, identity, self._clock, self._inbox)
        return Dispatch(
            devices=self._devices,
            store=self._store,
            link=self._link,
            clock=self._clock,
            calendar=self._calendar,
            status=self._status,
            sealed=sealed,
            updates=self._updates,
            spend_token=lambda: forget_token(identity),
            sheet_told=self._sheet_told,
            stop=self._stop,
        )

    def run(self) -> int:
        threading.excepthook = self._thread_died
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._asked)
        try:
            self._devices.start()
            self._store.start()
            if not self._started.door_only:
                Asked("sheet", self._read_sheet)  # the disk may hang
            self._loop.run(self._started)
        except Exception as error:
            log.exception("a fault of ours while handling %s", type(self._loop.current).__name__)
            self._keep_crash(error)
            return EXIT_OURS
        finally:
            self._shut_down()
        self._state.check()
        return EXIT_OURS if self._fault else 0

    def _thread_died(self, death: threading.ExceptHookArgs) -> None:
        """A thread tripped over a fault of ours. A port's is replaced by the devices; of store, latch and link the core is told."""
        name = "" if death.thread is None else death.thread.name
        what = (death.exc_type, death.exc_value or death.exc_type(), death.exc_traceback)
        log.error("a fault of ours on the thread %s", name, exc_info=what)
        if name not in {"store", "latch", "lockdown", "link"}:
            return
        in_hand = culprits(what[1])
        names = in_hand or self._store.in_hand if name == "store" else in_hand
        Asked("crash-file", lambda: self._crashes.add(names)).wait(limits.CRASH_WRITE_S)  # the disk may hang
        self._inbox.post(ThreadDied(name))

    def _read_sheet(self) -> None:
        try:
            parts = sheetfile.read(self._folder)
        except (OSError, ValueError) as error:
            log.warning("the acceptance sheet cannot be read: %s", error)
        else:
            if parts:
                self._post(SheetRead(parts))

    def _sheet_told(self, sheet: str) -> None:
        Asked("sheet", lambda: sheetfile.told(self._folder, sheet))

    def _post(self, event: Event) -> None:
        self._inbox.post(event)

    def _asked(self, number: int, frame: FrameType | None) -> None:
        # A handler runs inside the main thread, which may hold the inbox's lock just now: another thread posts.
        why = StopAsked(signal.Signals(number).name)
        threading.Thread(target=self._inbox.post, args=(why,), name="signal", daemon=True).start()

    def _stop(self, fault: bool) -> None:
        self._fault = self._fault or fault
        self._loop.stop()

    def _turned(self) -> None:
        """Once a turn: hung ports are replaced, a hung disk is noticed, then systemd hears that we live."""
        now = time.monotonic()
        if self._state.learnt():
            self._devices.learn(self._state.secure_readers(frozenset()))
        self._devices.supervise()
        self._store.look(now)
        if self._state.in_use:
            self._loop.stop()
        if now - self._fed >= self._notify.watchdog_s / 3:
            if self._fed == 0.0:
                self._notify.ready("door ready")
            self._fed = now
            self._notify.alive()

    def _keep_crash(self, error: Exception) -> None:
        names = culprits(error, self._loop.current)
        kept = Asked("crash-file", lambda: self._write_crash(names))
        if not kept.wait(limits.CRASH_WRITE_S):
            log.error("the disk does not take the last steps in time")
        elif (path := kept.answer(None)) is not None:
            log.error("the last steps are in %s", path.name)

    def _write_crash(self, names: tuple[str, ...]) -> Path | None:
        self._crashes.add(names)
        from agent.core.replay_codec import encode_steps  # noqa: PLC0415  # only ever needed here

        return write_crash_file(self._folder, encode_steps(self._loop.steps()), self._clock.now().utc)

    def _shut_down(self) -> None:
        self._notify.stopping()
        self._calendar.stop()
        self._updates.stop()
        self._inbox.close()
        survivors: list[str] = []
        if self._link is not None and not self._link.stop(limits.STOP_THREAD_S):
            survivors.append("link")
        if not self._store.stop(limits.STOP_DISK_S):
            survivors.append("store")
        unsaved = self._store.unsaved()
        if unsaved:
            log.error("%d facts are lost: they were not on disk when the agent had to end", unsaved)
        if self._store.latch_unsaved():
            log.error("the fire latch is not on disk as it was when the agent had to end")
        survivors += self._devices.stop()
        self._status.remove(limits.STOP_THREAD_S)
        if survivors:
            log.warning("did not end in time: %s", ", ".join(survivors))
