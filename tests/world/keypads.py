"""PINs, visitors' codes, reports and rounds as a bystander sees them: rules D8, D9, D10 and D12 of whoever types, by its own count of tries and codes."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC as ZERO
from datetime import datetime
from typing import TYPE_CHECKING

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.time import Now, Trust
from contract.bounds import parse_rfc3339
from contract.messages import Holder
from tests.world.told import told

if TYPE_CHECKING:
    from tests.world.watch import Watch

TRIES, LOCK_OUT_S, LOCK_OUT_MAX_S = 5, 30.0, 900.0
FORGIVEN, FORGOTTEN_S = 12, 600.0
CARD_FIRST_S = 10.0
SAVED = {"checkin.saved": "patrol.checkin", "checkin.next": "patrol.checkin", "checkin.early": "patrol.checkin"} | {
    "checkin.late": "patrol.checkin",
    "checkin.late_next": "patrol.checkin",
    "checkin.out_of_order": "patrol.checkin",
    "report.saved": "report.filed",
    "answer.saved": "ask.answered",
}
"""What the screen says only of a fact of this kind that is on the disk."""


@dataclass
class Guesses:
    """Wrong codes at one reader: in a row, those of the last lock-out, lock-outs so far, the end of this one (monotonic); and what right ones ended, as of `at`."""

    wrong: int = 0
    spent: int = 0
    rounds: int = 0
    until: float = 0.0
    forgiven: float = 0.0
    at: float = 0.0

    def one_more(self, now: float) -> None:
        self.wrong += 1
        if self.wrong >= TRIES or self.left(now) + self.wrong > FORGIVEN:
            self.wrong, self.spent, self.rounds = 0, self.wrong, self.rounds + 1
            self.until = now + lock_out_s(self.rounds)

    def right(self, now: float) -> None:
        self.forgiven, self.at = self.left(now) + self.wrong + self.spent, now
        self.wrong = self.spent = 0
        if self.forgiven <= FORGIVEN / 2:
            self.rounds = 0

    def left(self, now: float) -> float:
        return max(0.0, self.forgiven - (now - self.at) / FORGOTTEN_S)


class KeypadWatch:
    """Called after each step, behind the rules of the doors."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.tries: defaultdict[str, Guesses] = defaultdict(Guesses)
        """By reader."""
        self.shown: dict[str, tuple[tuple[str, ...], float]] = {}
        """By reader: the card that waits for its PIN."""
        self.last: dict[str, tuple[tuple[str, ...], float]] = {}
        """By reader: the last card, and when it was read last."""
        self.typed: dict[tuple[str, str], str] = {}
        """By door and code: the reader at which somebody typed it last."""
        self.let_in: dict[tuple[str, str], tuple[int, int | None]] = {}
        """By door and code, in which run and by which order; None: nothing had to be ordered."""

    def booted(self) -> None:
        self.tries, self.shown, self.last = defaultdict(Guesses), {}, {}
        for door in self.watch.world.doors.values():
            door.carried_out.clear()

    def stepped(self, event: ev.Event, now: Now, found: tuple[fx.Effect, ...]) -> None:
        if isinstance(event, ev.StoreOpened):
            self._kept(event, now)
        granted = [data for data in told(found, "access.granted", "access.duress") if data["via"] in {"pin", "visitor"}]
        for data in granted:
            assert isinstance(event, ev.PinEntered | ev.VisitorEntered | ev.Recorded), "nobody typed"
            if data["via"] == "visitor":
                self._visitor(str(data["door"]), str(data["visitor"]), now, found)
        if isinstance(event, ev.PinEntered | ev.VisitorEntered):
            self._entered(event, now, found, granted)
            self.shown.pop(event.reader, None)
        elif isinstance(event, ev.CardRead):
            self._card(event, now)
        elif isinstance(event, ev.Typed) and event.count == 0 and not event.starred:
            self.shown.pop(event.reader, None)
        elif isinstance(event, ev.CodeEntered | ev.Chosen | ev.Confirmed | ev.Cancelled | ev.BadEntry):
            assert not granted, "no code of a door"
            self.shown.pop(event.reader, None)
        self._told()

    def _card(self, event: ev.CardRead, now: Now) -> None:
        """One that may pass with its PIN, and that is looked at: that PIN is waited for."""
        hashes, at = self.last.get(event.reader, ((), -1e9))
        self.last[event.reader] = (event.hashes, now.mono)
        old = (event.not_before_mono or now.mono) < now.mono - 1.0
        if old or (hashes == event.hashes and now.mono - at < 0.8):
            return
        people = self.watch.world.people
        own = [each for key in event.hashes for each in people.get(key, ()) if each.pin_required]
        door = self.watch.door_of(event.reader)
        locked_out = now.mono < self.tries[event.reader].until
        self.shown.pop(event.reader, None)
        if self.watch.loaded and not locked_out and any(self.watch.passes(door, each, now) for each in own):
            self.shown[event.reader] = (event.hashes, now.mono)

    def _kept(self, event: ev.StoreOpened, now: Now) -> None:
        """D8: what is on the disk counts on; a lock-out that is not surely over lasts its whole length."""
        for kept in event.tries:
            over = kept.until_utc is None or (now.sure_utc is not None and now.sure_utc >= kept.until_utc)
            until = 0.0 if over else now.mono + lock_out_s(kept.rounds)
            self.tries[kept.reader] = Guesses(
                kept.wrong if over else 0, TRIES if kept.rounds else 0, kept.rounds, until
            )

    def _entered(
        self,
        event: ev.PinEntered | ev.VisitorEntered,
        now: Now,
        found: tuple[fx.Effect, ...],
        granted: list[dict[str, object]],
    ) -> None:
        door = self.watch.door_of(event.reader)
        tries = self.tries[event.reader]
        if (event.not_before_mono or now.mono) < now.mono - 1.0:
            assert not granted, "too old to count (D12)"
            return
        if now.mono < tries.until:
            assert not granted, "let in while this reader takes no codes (D8)"
            assert not told(found, "visitor.used"), "looked at while this reader takes no codes (D8)"
            return
        if not self.watch.loaded:
            assert not granted, "nobody is known yet"
            return
        right = (
            self._pin(event, door, now, found, granted)
            if isinstance(event, ev.PinEntered)
            else self._code(event, door, now, found)
        )
        before = tries.rounds
        if right is False:
            assert not granted, "a code of nobody"
            tries.one_more(now.mono)
        elif granted and isinstance(event, ev.PinEntered):
            tries.right(now.mono)
        alarms = [(data["device"], data["lock_s"]) for data in told(found, "access.locked_out")]
        begun = [(event.reader, lock_out_s(tries.rounds))] if tries.rounds > before else []
        assert alarms == begun, "one alarm a lock-out, and none else"

    def _pin(
        self, event: ev.PinEntered, door: str, now: Now, found: tuple[fx.Effect, ...], granted: list[dict[str, object]]
    ) -> bool:
        """Whether it is one of somebody's. D6, D7: whoever may pass gets the order in this very step; D9: by PIN as by card."""
        entries = self._holders(event, now)
        passes = any(self.watch.passes(door, each, now) for each in entries)
        assert bool(granted) == passes, "a PIN that opens for whom it should not, or the other way round"
        forced = [each for each in entries if each.duress in event.hashes]
        assert not granted or [each["kind"] for each in granted] == ["access.duress" if forced else "access.granted"]
        if passes and door not in self.watch.latched and self.watch.mode(door, now) != "hold_open":
            pulsed = any(isinstance(e, fx.PulseLock) and e.door == door for e in found)
            assert pulsed or self.watch.runs_on(door, now)
        return bool(entries)

    def _holders(self, event: ev.PinEntered, now: Now) -> list[Holder]:
        hashes, at = self.shown.get(event.reader, ((), -1e9))
        shown = hashes if now.mono - at < CARD_FIRST_S else ()
        people = self.watch.world.people
        own = [holder for each in people.values() for holder in each if {holder.pin, holder.duress} & {*event.hashes}]
        return [each for each in own if not each.pin_required or any(each in people.get(key, ()) for key in shown)]

    def _code(self, event: ev.VisitorEntered, door: str, now: Now, found: tuple[fx.Effect, ...]) -> bool | None:
        """None where the clock cannot tell (D9)."""
        if now.clock not in {Trust.SYNCED, Trust.HOLDOVER}:
            assert not told(found, "visitor.used", "access.granted"), "a visitor's code without a clock (D9)"
            return None
        self.typed[door, f"{event.day}/{event.serial}"] = event.reader
        return event.serial is not None and event.day == today(now)

    def _visitor(self, door: str, code: str, now: Now, found: tuple[fx.Effect, ...]) -> None:
        """D10: used on the disk before anybody is let in; and once, whatever was cut off when. An order that the lock never had opened nothing."""
        used = [(each.door, f"{each.day}/{each.serial}") for each in self.watch.world.disk.visitors]
        assert (door, code) in used, "let in before it was on the disk that it is used"
        if (door, code) in self.typed:
            self.tries[self.typed[door, code]].right(now.mono)
        world = self.watch.world
        run, order = self.let_in.get((door, code), (world.runs, -1))
        spent = order is None or order in world.doors[door].carried_out
        assert run == world.runs, "a visitor's code that opened before the restart"
        assert not spent, "a visitor's code that opened twice"
        pulses = [each.order for each in found if isinstance(each, fx.PulseLock) and each.door == door]
        self.let_in[door, code] = (run, pulses[0] if pulses else None)

    def _told(self) -> None:
        """D10: what the screen says is saved is on the disk."""
        before, answer = self.watch.world.history[-1][0].answer, self.watch.world.state.answer
        kind = None if answer is None or answer == before else SAVED.get(answer.key)
        if answer is not None and kind is not None:
            code = f'"code": "{answer.fields.get("code", "")}"' if kind == "report.filed" else ""
            lines = (line.decode() for line in self.watch.world.disk.lines)
            assert any(f'"{kind}"' in line and code in line for line in lines), "told before it was on the disk"

    def ended(self) -> None:
        """When all is quiet: no stop was told as missed twice, nor one to which somebody came in its window."""
        disk = self.watch.world.disk
        missed = [data for _, kind, data in map(json.loads, disk.lines) if kind == "patrol.missed"]
        stops = Counter((each["round"], each["stop"], each["from"], each["until"]) for each in missed)
        assert [one for one, times in stops.items() if times > 1] == [], "missed twice"
        for _, stop, begins, ends in stops:
            span = (parse_rfc3339(begins), parse_rfc3339(ends))
            came = [each for each in disk.visits if each.timed and each.door == stop and _in(span, each.utc)]
            assert came == [], "missed, and somebody was there"


def lock_out_s(rounds: int) -> float:
    return min(LOCK_OUT_S * 2 ** (rounds - 1), LOCK_OUT_MAX_S)


def today(now: Now) -> str:
    return datetime.fromtimestamp(now.utc + now.offset_s, ZERO).date().isoformat()


def _in(span: tuple[float | None, float | None], utc: float) -> bool:
    return (span[0] or 0.0) <= utc <= (span[1] or 0.0)
