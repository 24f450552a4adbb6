"""A card at a reader: the decision, the lock, the fact and the answer on the screen. Never waits for the disk (D6, D7), and never late (D12)."""

from __future__ import annotations

from dataclasses import replace

from agent.core import access, checkin, door, late, limits
from agent.core.events import CardRead
from agent.core.moves import Cue
from agent.core.state import Mode
from agent.core.turn import Turn

FIRE_RESET_FLAG = "fire_reset"


def card(turn: Turn, event: CardRead) -> None:
    plan = turn.door_of_reader(event.reader)
    if plan is None or _same_tap(turn, event):
        return
    if late.dropped(turn, event):
        turn.say("late", limits.ANSWER_NO_S, "no", door=plan.id)
        return
    at = turn.door(plan.id)
    known = turn.state.access
    if at is None:
        return
    entries = tuple(entry for key in event.hashes for entry in known.by_key.get(key, ()))
    mode = Mode.NORMAL if at.latched else at.mode
    decision = access.decide(entries, plan, mode, turn.now, turn.state.plan.unknown_clock_allows)
    if at.blind or (not decision.granted and not known.loaded):
        decision = replace(decision, granted=False, reason=decision.reason or "unknown", rule="not_loaded")
    patrol = checkin.of(entries, turn.now, turn.state.plan.unknown_clock_allows)
    if decision.granted:
        within = limits.CARD_DEADLINE_S - late.age(turn, event)
        turn.fact("access.granted", door=plan.id, by=decision.holder, via="card")
        door.signal(
            turn, plan.id, door.Signal.GRANT, Cue(seconds=decision.unlock_s, who=decision.holder, within_s=within)
        )
    elif patrol is None or decision.reason != "door":
        turn.fact("access.denied", door=plan.id, by=decision.holder, via="card", reason=decision.reason)
    if patrol is not None:
        checkin.take(turn, plan.id, patrol)
    elif decision.granted:
        turn.say("granted", limits.ANSWER_YES_S, "yes", door=plan.id)
    else:
        key = "not_loaded" if decision.rule == "not_loaded" else f"denied.{decision.reason}"
        turn.say(key, limits.ANSWER_NO_S, "no", door=plan.id)
    if decision.granted and FIRE_RESET_FLAG in decision.flags and door.latched(turn):
        _reset(turn, plan.id, decision.holder)


def _reset(turn: Turn, door_id: str, holder: str | None) -> None:
    if door.reset_fire(turn, holder, "card"):
        turn.say("fire_reset", limits.ANSWER_CHECKIN_S, "yes", door=door_id)
    else:
        turn.say("fire_still_on", limits.ANSWER_NO_S, "no", door=door_id)


def _same_tap(turn: Turn, event: CardRead) -> bool:
    """Readers repeat a card while it lies there: one tap, as long as the gaps are short."""
    known, now = turn.state.access, turn.now.mono
    last = known.last.get(event.reader)
    turn.change(access=replace(known, last={**known.last, event.reader: (event.hashes, now)}))
    return last is not None and last[0] == event.hashes and now - last[1] < limits.CARD_REPEAT_S
