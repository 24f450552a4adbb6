"""Signed messages with any field at any extreme, against a running core on the real clock: none raises, none leaves a deadline behind, the status stays JSON."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from agent.clock import Clock
from agent.config.plan import designed
from agent.core import effects as fx
from agent.core import events as ev
from agent.core import replay_codec
from agent.core.controller import deadline, initial, step
from agent.core.plan import DisplayPlan
from agent.core.state import State
from agent.core.status import status
from agent.link.translate import AcceptedMessage, MessageReader
from agent.store import bodies
from agent.store.cache import open_cache
from agent.store.database import create
from agent.store.schema import CACHE_KIND
from contract import codec
from contract.commands import Command
from contract.kinds import Message
from contract.messages import Confirm, Keys, Kind, Notice, RosterPart, Secrets, Settings, StateMessage
from contract.plain import Status, parse_status
from contract.strict_json import dumps
from drivers.display.design import Form
from tests.agent import extremes
from tests.agent.core.bench import SITE as SITE_SCOPE
from tests.agent.core.bench import UNIT as OWN
from tests.agent.core.bench import YARD, devices_of, holders, unit_plan
from tests.agent.extremes import UTC

KINDS = sorted({extremes.kind_of(sample) for sample in extremes.SAMPLES})
LIFE_S = 25.0
"""How long the core runs on after each message: over the ends of the samples' notices, modes and commands."""
PANELS = (
    DisplayPlan("panel", 20, 8, "gbk"),
    DisplayPlan("small", 8, 2, "utf-8", titled=False),
    designed("designed", Form(800, 480), enlarges=True),
)


class Running:
    """A core as the loop drives it, with a real clock whose monotonic time the test moves."""

    def __init__(self, state: State, clock: str) -> None:
        self.mono, self.system = 1000.0, UTC
        self.clock = Clock(
            "Asia/Shanghai", monotonic=lambda: self.mono, system=lambda: self.system + self.mono - 1000.0
        )
        if clock == "floor":
            self.clock.raise_floor(UTC)
        if clock == "synced":
            self.clock.set(UTC, self.mono)
        self.state = state
        self.seq = 1

    def do(self, event: ev.Event) -> None:
        """One step, and what the shells answer to its effects at once."""
        events = [event]
        for _ in range(200):
            if not events:
                return
            self.state, effects = step(self.state, events.pop(0), self.clock.now())
            due = deadline(self.state)
            assert due is None or (math.isfinite(due) and due > self.mono), (
                "a deadline that never comes, or came already"
            )
            for effect in effects:
                events += self._carry_out(effect)
        raise AssertionError("the core answers itself without end")

    def _carry_out(self, effect: fx.Effect) -> list[ev.Event]:
        match effect:
            case fx.SetClock(utc, at_mono):
                self.clock.set(utc, at_mono)
            case fx.RaiseFloor(utc):
                self.clock.raise_floor(utc)
            case fx.UseTimezone(timezone):
                self.clock.use_timezone(timezone)
            case fx.AppendFacts():
                first, self.seq = self.seq, self.seq + len(effect.facts)
                return [ev.Recorded(effect.token, first, (b"x",) * len(effect.facts), "00", "01")]
            case fx.ShowPage(display, token, page):
                for text in (page.title, page.footer, *page.body):
                    text.encode("utf-8" if display == "small" else "gbk")
                return [ev.PageDrawn(display, token)]
            case fx.PulseLock() | fx.SetLock():
                level = effect.unlocked if isinstance(effect, fx.SetLock) else True
                return [ev.LockOrderSent(effect.door, effect.order), ev.LockRead(effect.door, level)]
            case fx.SaveState(token, Notice() as notice):
                return [ev.StateSaved(token, "notice", str(notice.scope), notice.id, notice.rev)]
            case fx.SaveState(token, Settings() as settings):
                return [ev.StateSaved(token, "settings", str(settings.scope), "", settings.rev)]
            case fx.SaveState(token, Keys() as keys):
                return [ev.StateSaved(token, "keys", str(keys.scope), "", keys.rev)]
            case fx.OpenSecrets(token, secrets):
                return [ev.SecretsOpened(token, secrets.rev, frozenset({"k1"}))]
            case fx.AllowCardKeys(token):
                return [ev.CardKeysAllowed(token)]
            case fx.SaveState(token, Secrets() as secrets):
                return [ev.StateSaved(token, "secrets", str(secrets.scope), "", secrets.rev)]
            case fx.SaveState(_, RosterPart() as part):
                applied_revisions = (("roster", str(part.scope), part.id, part.rev),)
                return [
                    ev.HoldersReplaced(holders(*part.holders), (str(part.scope), part.id, part.rev), applied_revisions)
                ]
        return []

    def live(self, seconds: float) -> None:
        """From deadline to deadline; the loop's own turn once a second beside them."""
        end = self.mono + seconds
        for _ in range(2000):
            due = deadline(self.state)
            if due is None or due > end:
                self.mono = end
                return
            self.mono = due
            change = self.clock.change()
            if change is not None:
                self.do(ev.ClockStepped(*change))
            self.do(ev.TimePassed())
        raise AssertionError("the core never rests")


@cache
def started(language: str) -> State:
    """Online, its store open, a flight of facts out that a confirm may answer."""
    running = Running(initial(unit_plan(displays=PANELS, language=language)), "synced")
    running.do(ev.Started("s1", frozenset()))
    for device in devices_of(running.state.plan):
        running.do(ev.DeviceBack(device, "here"))
    running.do(ev.FireChanged("main", active=False))
    running.do(ev.ContactChanged("main", open=False))
    running.do(ev.StoreOpened(1, "e1", UTC - 86_400, 1, "00", 0, (), {}, {}))
    running.do(ev.HoldersReplaced({}, None, ()))
    running.do(ev.LinkUp("5"))
    running.do(ev.CentrePresence(online=True, since=UTC))
    return running.state


def run(message: Message, language: str, clock: str) -> None:
    running = Running(started(language), clock)
    running.do(ev.MessageReceived(1, message))
    if isinstance(message, RosterPart):
        for holder in message.holders[:3]:
            running.do(ev.CardRead("card", (holder.key or "",)))
    running.live(LIFE_S)
    assert isinstance(parse_status(dumps(codec.write(status(running.state)))), Status)
    assert replay_codec.loads(replay_codec.dumps(ev.MessageReceived(1, message))).message == message, (
        "the crash file has another"
    )


def accepted(kind: Kind, one_in: int) -> list[tuple[str, Message, bytes]]:
    """What passes, as read and as sent; all of the numbers, and of texts and the rest one in so many."""
    reader = MessageReader(extremes.SITE, extremes.UNIT, (YARD,))
    ring = extremes.signing.ring()
    found = []
    for count, (name, number, payload) in enumerate(extremes.cases(kind)):
        if number >= len(extremes.NUMBERS) and count % one_in:
            continue
        sent = extremes.sealed(kind, payload)
        reading = reader.read(extremes.topic_of(kind, payload), sent, ring, retained=False)
        if isinstance(reading, AcceptedMessage):
            found.append((name, reading.message, sent))
    return found


def kept(message: Message, sent: bytes) -> Message | None:
    """As the store reads it back; `sent` empty: as it writes it anew."""
    if isinstance(message, Command | Confirm):
        return None
    body = bodies.body_of(message, sent)
    if isinstance(message, RosterPart):
        return replace(message, holders=bodies.PartReader().holders(body))
    return bodies.load(type(message), body)


@pytest.mark.claim("F48")
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_field_at_its_extremes(
    kind: Kind, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    _try(kind, 20, tmp_path, record_property)


@pytest.mark.claim("F48")
@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_every_field_at_every_extreme(
    kind: Kind, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    _try(kind, 1, tmp_path, record_property)


def _try(kind: Kind, one_in: int, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    found = accepted(kind, one_in)
    create(tmp_path / "cache.db", CACHE_KIND, lambda db: None)
    cache_db = open_cache(tmp_path / "cache.db")
    ways = [("zh-CN", "synced"), ("en", "unknown"), ("zh-CN", "floor"), ("en", "synced")]
    for number, (name, message, sent) in enumerate(found):
        try:
            run(message, *ways[number % len(ways)])
            assert kept(message, sent) in (message, None)
            assert kept(message, b"") in (message, None)
            with cache_db.transaction():
                if isinstance(message, StateMessage) and not isinstance(message, RosterPart):
                    cache_db.save(message, sent)
                    assert cache_db.messages() == (message,)
                    cache_db.clear()
        except Exception as error:
            raise AssertionError(f"{name}: {error!r}") from error
    cache_db.close()
    assert len(found) > 20
    record_property("figure", f"{len(found)} accepted, each run for {LIFE_S:.0f} s of its clock")


def test_no_field_of_a_message_is_left_out_of_the_table() -> None:
    assert extremes.unset() == []
    assert {extremes.kind_of(sample) for sample in extremes.SAMPLES} == set(Kind)
    assert (SITE_SCOPE, YARD, OWN) == (extremes.WHOLE, extremes.YARD, extremes.OWN)
