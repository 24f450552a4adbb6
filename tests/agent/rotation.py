"""A unit whose keys change: the real core, store, shell of secrets and hashing of cards; the broker is whoever calls `deliver`."""

from __future__ import annotations

import queue
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.calendar import Calendar
from agent.clock import Clock
from agent.config import load
from agent.core import effects as fx
from agent.core import events as ev
from agent.core.controller import initial, step
from agent.core.state import State
from agent.core.time import Now, Trust
from agent.devices import Devices
from agent.dispatch import Dispatch
from agent.identity import Identity
from agent.sealed import Sealed
from agent.statusfile import StatusFile
from agent.store import Store
from agent.store.waiting import OrderLanes
from agent.update.shell import Updates
from contract.cards import card_hash
from contract.enrolment import Enrolment
from contract.facts import AccessGranted, Fact
from contract.kinds import Message
from contract.messages import Holder, Kind, RosterPart, Secrets
from contract.scopes import Scope
from contract.sealing import SealedSecrets, seal_secrets, sealing_key
from drivers import reports as wire
from simulator.box import Box
from simulator.wiring import UnitNames, config_yaml
from tests.agent.core.bench import UTC, unit_plan
from tests.contract import signing
from tests.waiting import eventually

SITE, UNIT = "badahu", "b12-u2"
OWN, YARD = Scope("unit", UNIT), Scope("yard", "y07")
KEYS = {name: bytes([number]) * 32 for number, name in enumerate(("k1", "k2", "k3"), 0x31)}
CARD = "BC614E"
PRIVATE = signing.private_key(9)
PUBLIC = sealing_key(PRIVATE, SITE, UNIT).public_key().public_bytes_raw()
ENROLMENT = Enrolment(SITE, UNIT, "mqtt://127.0.0.1:1", "first", "aa" * 32, (), {"k1": KEYS["k1"].hex()}, {}, "bb" * 32)


def secrets(rev: int, *names: str, public: bytes = PUBLIC, login: str | None = None) -> Secrets:
    """Card keys of these names, sealed to the unit."""
    inside = SealedSecrets({name: KEYS[name].hex() for name in names}, {}, login, login and "second")
    return Secrets(OWN, rev, UTC, UNIT, seal_secrets(public, SITE, UNIT, rev, inside))


def roster(rev: int, key: str, part: int = 1, parts: int = 1) -> RosterPart:
    """A card's roster, hashed with this key. The card is in the first part."""
    people = (Holder("anna", key=card_hash(KEYS[key], CARD)),) if part == 1 else (Holder("wang"),)
    return RosterPart(YARD, "people", rev, UTC, part, parts, key, people)


class Stops:
    """Holds the store's thread where it is about to call the disk, or waits for orders."""

    def __init__(self, waiting: OrderLanes[object]) -> None:
        self._waiting, self._beat = waiting, waiting.beat
        self._on, self._here = threading.Event(), threading.Event()
        self._on.set()
        waiting.beat = self._stop  # type: ignore[method-assign]

    def _stop(self) -> None:
        if not self._on.is_set():
            self._here.set()
            self._on.wait()
            self._here.clear()
        self._beat()

    @contextmanager
    def held(self) -> Iterator[None]:
        self._on.clear()
        try:
            eventually(lambda: self._here.is_set() or self._waiting._rests)
            yield
        finally:
            self._on.set()


class Unit:
    """One run of the process after another, on one folder. `facts`: all that was written down; `acked`: tokens."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts: list[Fact] = []
        self.acked: set[int] = set()
        self.logins: list[int] = []
        self.tokens = 0
        self.runs = 0
        self.boot()

    # --- runs

    def boot(self) -> None:
        self.runs += 1
        self.mono = 1000.0
        state = self.folder / f"state-{self.runs}"
        names = UnitNames(UNIT, SITE, "12-2", (), "mqtt://127.0.0.1:1", self.folder / "identity", state)
        file = self.folder / "config.yaml"
        file.write_text(config_yaml(Box(self.folder / "dev"), names), encoding="utf-8")
        identity = Identity(self.folder, ENROLMENT, PRIVATE, None)
        self._posted: queue.Queue[ev.Event] = queue.Queue()
        self._state: State = initial(unit_plan())
        self.sealed = Sealed(identity, self._posted.put)
        state.mkdir(mode=0o700, exist_ok=True)
        self.store = Store(
            state, SITE, UNIT, self._posted.put, retention_days=180, journal_mb=64, ballast_bytes=64 * 1024,
            scopes=[str(scope) for scope in self._state.plan.scopes], utc=lambda: UTC, card_keys=self.sealed.enrolled,
        )  # fmt: skip
        clock = Clock("Asia/Shanghai")
        self._devices = Devices(load(file), identity.card_keys, self._posted.put, time.monotonic, frozenset())
        self._carry_out = Dispatch(
            devices=self._devices, store=self.store, link=None, clock=clock, calendar=Calendar(clock, self._posted.put),
            status=StatusFile(state), stop=lambda _fault: None, sealed=self.sealed,
            spend_token=lambda: None, updates=Updates(state, self._posted.put, None, journal_mb=64), sheet_told=lambda _sheet: None,
        )  # fmt: skip
        self._stops = Stops(self.store._waiting)
        self.store.start()
        self._give(ev.Started(f"s{self.runs}", frozenset(), card_keys=self.sealed.enrolled))
        while not self._take(ev.StateLoaded):
            pass

    def end(self) -> None:
        assert self.store.stop(10.0)

    def boot_again(self) -> None:
        """On the folder as it is by now; the run before has ended."""
        (self.folder / f"state-{self.runs}").rename(self.folder / f"state-{self.runs + 1}")
        self.boot()

    def restart(self, *, kill: bool) -> None:
        """`kill`: on what the disk holds between two of the store's calls to it, whatever is still to be written."""
        old, new = (self.folder / f"state-{run}" for run in (self.runs, self.runs + 1))
        if kill:
            with self._stops.held():
                shutil.copytree(old, new)
            self.end()
        else:
            self.end()
            shutil.copytree(old, new)
        shutil.rmtree(old)
        self.boot()

    # --- what comes

    def deliver(self, message: Message) -> int:
        """As the link gives it. What becomes of it comes with `rest`."""
        kind = {RosterPart: Kind.ROSTER, Secrets: Kind.SECRETS}[type(message)]
        self.tokens += 1
        self._give(ev.MessageReceived(self.tokens, message, True, 0, signing.signed(message, SITE, kind)))
        return self.tokens

    def rest(self) -> None:
        """Until the store has done all it was given, and the core has heard of it."""
        quiet = 0
        while quiet < 2:
            self.store.order(fx.LoadBatch(2**40))
            quiet = 0 if self._take(ev.BatchLoaded) else quiet + 1

    def _take(self, last: type[ev.Event]) -> int:
        """Events up to one of this type, which is the harness's own business; how many others came."""
        others = 0
        while True:
            event = self._posted.get(timeout=20.0)
            if isinstance(event, ev.StateLoaded) or not isinstance(event, last):
                self._give(event)
                others += not isinstance(event, last)
            if isinstance(event, last):
                return others if last is ev.BatchLoaded else 1

    def _give(self, event: ev.Event) -> None:
        self.mono += 0.01
        self._state, effects = step(self._state, event, self.now())
        for effect in effects:
            match effect:
                case fx.AckMessage(token):
                    self.acked.add(token)
                case fx.UseLogin(rev):
                    self.logins.append(rev)
                case fx.AppendFacts(_, facts):
                    self.facts += [each.fact for each in facts]
                    self._carry_out(effect)
                case (
                    fx.SaveState()
                    | fx.UseCardKeys()
                    | fx.AllowCardKeys()
                    | fx.OpenSecrets()
                    | fx.KeepSecrets()
                    | fx.DropNotices()
                ):
                    self._carry_out(effect)
        self.check()

    # --- what must hold

    def now(self) -> Now:
        return Now(self.mono, UTC, 28_800, Trust.SYNCED)

    @property
    def state(self) -> State:
        return self._state

    @property
    def roster(self) -> int:
        """The revision in force; 0: none."""
        return max((rev for *_, rev in self._state.access.applied_revisions), default=0)

    def opens(self) -> bool:
        """Whether the card would open now. The core is pure: nothing comes of asking."""
        seen = wire.CardSeen("card", CARD, "", self.mono)
        (read,) = self._devices._events(seen)
        assert isinstance(read, ev.CardRead)
        now = Now(self.mono + 5.0, UTC, 28_800, Trust.SYNCED)
        _, effects = step(self._state, ev.CardRead("card", read.hashes), now)
        made = [each.fact for effect in effects if isinstance(effect, fx.AppendFacts) for each in effect.facts]
        return any(isinstance(fact, AccessGranted) for fact in made)

    def check(self) -> None:
        if self._state.access.loaded and self.roster:
            assert self.opens(), f"the card of roster {self.roster} does not open"


@contextmanager
def unit(folder: Path) -> Iterator[Unit]:
    folder.mkdir(parents=True, exist_ok=True)
    made = Unit(folder)
    try:
        yield made
    finally:
        made.end()
