"""Patrol check-ins: durable before the person is told (D10), a bounced tag within a minute counts once. Rounds are not known here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from agent.core import access, limits
from agent.core.effects import CheckedIn
from agent.core.events import StoreOpened
from agent.core.local import hh_mm, rfc3339
from agent.core.state import CheckIn, State
from agent.core.time import Now, Trust
from agent.core.turn import Turn
from contract.messages import Holder, Role


def of(entries: Sequence[Holder], now: Now, allows: frozenset[str]) -> str | None:
    """The holder who checks in with this card: any patrol entry that holds now, whichever doors it opens."""
    for entry in entries:
        if entry.role is Role.PATROL and access.valid_in_time(entry, now, allows) is None:
            return entry.id
    return None


def take(turn: Turn, door_id: str, holder: str) -> None:
    """Ask the store to make the check-in durable; the screen answers when it has."""
    known = turn.state.access
    earlier = known.checkins.get((holder, door_id))
    if earlier is not None and turn.now.mono - earlier.at < limits.CHECKIN_REPEAT_S:
        if earlier.token is None:
            _tell(turn, door_id, earlier)
        return
    if turn.state.health.storage == "hung":
        turn.say("checkin.not_saved", limits.ANSWER_NO_S, "no", door=door_id)
        return
    fact = turn.made("patrol.checkin", round=None, stop=door_id, by=holder)
    mark = CheckedIn(door_id, holder, turn.now.utc)
    token = turn.record((fact,), durable_by_mono=turn.now.mono + limits.CHECKIN_DURABLE_S, checkin=mark)
    taken = CheckIn(turn.now.mono, turn.now.utc, token)
    recent = {k: c for k, c in known.checkins.items() if c.token or turn.now.mono - c.at < limits.CHECKIN_REPEAT_S}
    _keep(turn, {**recent, (holder, door_id): taken})


def recorded(turn: Turn, token: int) -> None:
    for key, taken in turn.state.access.checkins.items():
        if taken.token == token:
            saved = replace(taken, token=None)
            _keep(turn, {**turn.state.access.checkins, key: saved})
            told = (*turn.state.access.told, CheckedIn(key[1], key[0], taken.utc))
            turn.change(access=replace(turn.state.access, told=told))
            _tell(turn, key[1], saved)
            return


def refused(turn: Turn, token: int) -> None:
    """Not saved: the person is told, and the next tap tries again."""
    for key, taken in turn.state.access.checkins.items():
        if taken.token == token:
            _forget(turn, key)
            return


def store_opened(turn: Turn, event: StoreOpened) -> None:
    """The run before ended between the commit and the sure word: what the person was told, if anything, is not known."""
    for left in event.untold:
        fact = turn.made("patrol.untold", stop=left.stop, by=left.by, checkin=rfc3339(left.utc))
        turn.record((fact,), told=(left,))


def tick(turn: Turn) -> None:
    """A store that does not answer at all has not saved it; where it does so after all, the fact behind it says what the person was told."""
    for key, taken in turn.state.access.checkins.items():
        if taken.token is not None and _give_up(taken) <= turn.now.mono:
            _forget(turn, key)
            holder, door_id = key
            fact = turn.made("patrol.not_saved", stop=door_id, by=holder, checkin=rfc3339(taken.utc))
            turn.record((fact,), told=(CheckedIn(door_id, holder, taken.utc),))


def deadlines(state: State) -> Iterator[float | None]:
    for taken in state.access.checkins.values():
        if taken.token is not None:
            yield _give_up(taken)


def _give_up(taken: CheckIn) -> float:
    return taken.at + limits.CHECKIN_DURABLE_S + limits.STORE_SLACK_S


def _tell(turn: Turn, door_id: str, taken: CheckIn) -> None:
    time = "" if turn.now.clock is Trust.UNKNOWN else hh_mm(turn.now, taken.utc)
    turn.say("checkin.saved", limits.ANSWER_CHECKIN_S, "yes", door=door_id, time=time)


def _forget(turn: Turn, key: tuple[str, str]) -> None:
    _keep(turn, {k: c for k, c in turn.state.access.checkins.items() if k != key})
    turn.say("checkin.not_saved", limits.ANSWER_NO_S, "no", door=key[1])


def _keep(turn: Turn, checkins: Mapping[tuple[str, str], CheckIn]) -> None:
    turn.change(access=replace(turn.state.access, checkins=checkins))
