"""Secrets sealed to this unit: opened by a shell, saved as they came, then in force. Here only the names of keys are known, never a key.

A card key is used as long as it is of the newest secrets (of the enrolment before any came), or a roster in force was hashed with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agent.core import door, refused
from agent.core.effects import AckMessage, AllowCardKeys, KeepSecrets, OpenSecrets, UseCardKeys, UseLogin
from agent.core.events.store import SecretsOpened, SecretsRefused
from agent.core.state.desired import Opening, SealedState
from agent.core.state.people import Access
from agent.core.step_builder import StepBuilder
from contract.facts import SecretsApplied
from contract.messages import Secrets

KEPT = 0
"""In the place of a message's token: these secrets are on the disk already."""


def started(step: StepBuilder, enrolled: frozenset[str]) -> None:
    _put(step, replace(step.state.desired.sealed, enrolled=enrolled))
    choose(step)


def kept(step: StepBuilder, messages: tuple[Secrets, ...]) -> None:
    """What the store has. Opened again at each start."""
    for message in messages:
        if message.rev not in step.state.desired.sealed.opened:
            _open(step, KEPT, message, b"")


def received(step: StepBuilder, token: int, message: Secrets, signed: bytes) -> None:
    """A revision that could not be opened is tried again: the unit may have another key since. One that is being saved is not opened twice:
    it is retained, so nothing is lost by acknowledging the copy.
    """
    state = step.state.desired.sealed
    under_way = message.rev in state.opened or any(rev == message.rev for _, rev in state.opening)
    if message.rev <= state.rev or under_way:
        step.emit(AckMessage(token))
        return
    _open(step, token, message, signed)


def _open(step: StepBuilder, token: int, message: Secrets, signed: bytes) -> None:
    opening = {**step.state.desired.sealed.opening, (token, message.rev): Opening(message, signed)}
    _put(step, replace(step.state.desired.sealed, opening=opening))
    step.emit(OpenSecrets(token, message))


def opened(step: StepBuilder, event: SecretsOpened) -> Opening | None:
    """What was opened and is to be saved; what was kept is in force at once."""
    found = _close(step, event.token, event.rev)
    if found is None:
        return None
    sealed = step.state.desired.sealed
    _put(step, replace(sealed, opened={**sealed.opened, event.rev: event.card_keys}))
    if event.token != KEPT:
        return found
    _in_force(step, found.message)
    _all_here(step)
    return None


def not_opened(step: StepBuilder, event: SecretsRefused) -> None:
    """Told; what was in force stays."""
    found = _close(step, event.token, event.rev)
    if found is None:
        return
    if event.token != KEPT:
        step.emit(AckMessage(event.token))
    if event.rev > step.state.desired.sealed.rev:
        refused.refuse(step, ("secrets", str(found.message.scope), "", event.rev), "sealed")
    _all_here(step)


def _close(step: StepBuilder, token: int, rev: int) -> Opening | None:
    opening = step.state.desired.sealed.opening
    left = {name: each for name, each in opening.items() if name != (token, rev)}
    _put(step, replace(step.state.desired.sealed, opening=left))
    return opening.get((token, rev))


def saved(step: StepBuilder, message: Secrets) -> None:
    if message.rev > step.state.desired.sealed.rev:
        _in_force(step, message)
        step.fact(SecretsApplied(str(message.scope), "", message.rev))


def _in_force(step: StepBuilder, message: Secrets) -> None:
    if message.rev > step.state.desired.sealed.rev and message.rev in step.state.desired.sealed.opened:
        _put(step, replace(step.state.desired.sealed, rev=message.rev))
        step.emit(UseLogin(message.rev))
        step.changed()
    choose(step)


def waits(step: StepBuilder) -> bool:
    """Whether something that was kept is not opened yet: rosters may be hashed with a key in it."""
    return any(token == KEPT for token, _ in step.state.desired.sealed.opening)


def _all_here(step: StepBuilder) -> None:
    """Holders that came before the keys of their rosters count from here on."""
    access = step.state.access
    if not access.loaded and access.card_keys is not None and not waits(step):
        step.state = replace(step.state, access=replace(access, loaded=True))
        door.all_ready(step)
        step.changed()


def choose(step: StepBuilder) -> None:
    """Which card keys are wanted by now. More are used at once; fewer only when the store has heard of it, for it may be about to put a roster in force."""
    state = step.state.desired.sealed
    wanted = _wanted(state, step.state.access)
    more = tuple(sorted({*state.used, *wanted}))
    if more != state.used:
        _put(step, replace(step.state.desired.sealed, used=more))
        step.emit(UseCardKeys(more))
    ids = frozenset(ident for _, ident in wanted)
    if ids != state.allowed:
        token = step.number()
        _put(step, replace(step.state.desired.sealed, allowed=ids, asked=token))
        step.emit(AllowCardKeys(token, ids))
    elif state.asked is None:
        _let_go(step, wanted)


def allowed(step: StepBuilder, token: int) -> None:
    """From here on no roster comes in force that is hashed with another key; those that did before are known."""
    state = step.state.desired.sealed
    if token == state.asked:
        _put(step, replace(step.state.desired.sealed, asked=None))
        _let_go(step, _wanted(state, step.state.access))


def _let_go(step: StepBuilder, wanted: tuple[tuple[int, str], ...]) -> None:
    state = step.state.desired.sealed
    if wanted != state.used:
        _put(step, replace(step.state.desired.sealed, used=wanted))
        step.emit(UseCardKeys(wanted))
    needed = {rev for rev, _ in wanted if rev} | {rev for rev in state.opened if rev >= state.rev}
    if step.state.access.card_keys is not None and not waits(step) and not needed.issuperset(state.opened):
        kept = {rev: ids for rev, ids in state.opened.items() if rev in needed}
        _put(step, replace(step.state.desired.sealed, opened=kept))
        step.emit(KeepSecrets(tuple(sorted(needed))))


def _wanted(state: SealedState, access: Access) -> tuple[tuple[int, str], ...]:
    """(revision of the secrets, id) of each key; revision 0 is the enrolment. As long as it is not known what rosters need, all there are."""
    sources: Mapping[int, frozenset[str]] = {0: state.enrolled} | {
        rev: ids for rev, ids in state.opened.items() if rev <= state.rev
    }
    found = dict.fromkeys(sources.get(state.rev, frozenset()), state.rev)
    for rev in sorted(sources, reverse=True):
        for ident in sources[rev]:
            if access.card_keys is None or ident in access.card_keys:
                found.setdefault(ident, rev)
    return tuple(sorted((rev, ident) for ident, rev in found.items()))


def _put(step: StepBuilder, sealed: SealedState) -> None:
    step.state = replace(step.state, desired=replace(step.state.desired, sealed=sealed))
