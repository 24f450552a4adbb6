"""Desired state from the centre: notices, rosters, settings, keys, secrets. An older revision never replaces a newer one; saved first, then acknowledged and told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.core import door, limits, notice_board, panel, refused, rounds, sealed, settings
from agent.core.effects import (
    AckMessage,
    DropNotices,
    ForgetNotices,
    Resubscribe,
    SaveState,
    UseKeys,
)
from agent.core.events.link import MessageReceived
from agent.core.events.store import (
    HoldersReplaced,
    SecretsOpened,
    StateLoaded,
    StateNotKept,
    StateSaved,
    StoreOpened,
)
from agent.core.state import State
from agent.core.step_builder import StepBuilder
from contract.facts import KeysApplied, NoticeEnded, NoticeReceived, RosterApplied, SettingsApplied, StateApplied
from contract.messages import (
    ROSTERS_PER_SCOPE,
    ROSTERS_PER_UNIT,
    Category,
    Keys,
    Kind,
    Notice,
    RosterPart,
    Secrets,
    Settings,
    StateMessage,
)
from contract.rounds import ROUNDS_PER_UNIT, Round
from contract.software import Software


def store_opened(step: StepBuilder, event: StoreOpened) -> None:
    known = step.state.desired
    keys_rev = known.keys_rev if event.keys is None else max(known.keys_rev, event.keys.rev)
    revs = {**event.revs}
    for name, rev in known.revs.items():
        revs[name] = max(rev, revs.get(name, 0))
    step.state = replace(
        step.state, desired=replace(known, revs=revs, keys_rev=keys_rev, keys=event.keys or known.keys)
    )
    if event.keys is not None:
        step.emit(UseKeys(event.keys))
    sealed.kept(step, event.secrets)


def loaded(step: StepBuilder, event: StateLoaded) -> None:
    if step.state.door_only:
        step.state = replace(step.state, unread=(*step.state.unread, event))
        return
    notices = [each for each in event.messages if isinstance(each, Notice)]
    _kept_loaded(step, [each for each in event.messages if not isinstance(each, Notice)])
    _notices_loaded(step, notices)


def _notices_loaded(step: StepBuilder, notices: Sequence[Notice]) -> None:
    """Of the cache; what came from the centre meanwhile (also that one was withdrawn) is newer. Notices of scopes that are no longer this unit's go."""
    plan = step.state.plan
    here, revs = step.state.board.notices, step.state.desired.revs
    fresh = (n for n in notices if n.rev >= revs.get(f"notice {n.scope} {n.id}", 0))
    taken = dict(here)
    for each in fresh:
        mine = plan.covers(each.scope) and not each.withdrawn and notice_board.key_of(each) not in here
        if mine and notice_board.room_for(each, taken):
            taken[notice_board.key_of(each)] = each
    step.state = replace(step.state, board=replace(step.state.board, notices=taken))
    gone = tuple(
        notice_board.key_of(n)
        for n in notices
        if not plan.covers(n.scope) or n.withdrawn or notice_board.key_of(n) not in taken
    )
    if gone:
        step.emit(DropNotices(gone))


def _kept_loaded(step: StepBuilder, messages: Sequence[StateMessage]) -> None:
    known = step.state.desired
    loaded = {_name(each): each for each in messages if step.state.plan.covers(each.scope) and not _is_over(each)}
    step.state = replace(step.state, desired=replace(known, kept={**loaded, **known.kept}))
    settings.use(step)
    rounds.anew(step)
    for each in filter(_is_over, messages):
        step.emit(DropNotices(((str(each.scope), each.ident),), each.KIND.value))


def holders_replaced(step: StepBuilder, event: HoldersReplaced) -> None:
    old = step.state.access
    ready = old.loaded or not sealed.waits(step)
    new = replace(
        old,
        by_key=event.by_key,
        by_pin=event.by_pin,
        applied_revisions=event.applied_revisions,
        card_keys=event.card_keys,
        loaded=ready,
    )
    step.state = replace(step.state, access=new)
    sealed.choose(step)
    if ready:
        door.all_ready(step)
    step.changed()
    if event.applied is not None:
        scope, id_, rev = event.applied
        step.fact(RosterApplied(scope, id_, rev))


def cache_reset(step: StepBuilder) -> None:
    """The cache is empty: what is known here is saved again, rosters are read again from the broker."""
    step.state = replace(step.state, access=replace(step.state.access, applied_revisions=()))
    for notice in step.state.board.notices.values():
        step.emit(SaveState(0, notice))
    for message in step.state.desired.kept.values():
        step.emit(SaveState(0, message))
    if step.state.sync.link_up:
        step.emit(Resubscribe())


# --- messages


def received(step: StepBuilder, event: MessageReceived) -> None:
    """A message of desired state whose signature held."""
    token, signed = event.token, event.signed
    match event.message:
        case Notice() as message:
            _notice(step, event, message)
        case RosterPart() as message:
            _roster_part(step, token, message, signed)
        case Keys() as message:
            _keys(step, token, message, signed)
        case Secrets() as message:
            sealed.received(step, token, message, signed)
        case StateMessage() as message:
            _keep(step, token, message, signed)


def _is_outdated(state: State, event: MessageReceived) -> bool:
    """A notice judged by keys that no longer hold: the broker gives it again, to be judged by those in force."""
    return event.keys_rev is not None and event.keys_rev < state.desired.anew_rev


def _notice(step: StepBuilder, event: MessageReceived, message: Notice) -> None:
    token, signed = event.token, event.signed
    if _is_outdated(step.state, event):
        step.emit(AckMessage(token))
        return
    key = notice_board.key_of(message)
    name = f"notice {key[0]} {key[1]}"
    known = step.state.desired.revs.get(name, 0)
    here = step.state.board.notices.get(key)
    over = notice_board.ended(message, step.state)
    if message.rev < known or (message.rev == known and (over or (here is not None and here.rev == message.rev))):
        step.emit(AckMessage(token))
        return
    if not over and not notice_board.room_for(message, step.state.board.notices):
        refused.refuse(step, ("notice", *key, message.rev), "full", message.until_utc)
        step.emit(AckMessage(token))
        return
    _saving(step, token, message, name, message.rev)
    step.emit(SaveState(token, message, signed))
    step.changed()
    if over:
        notice_board.take_off(step, (key,), drop=False)
        return
    notice_board.off_screens(step, (key,))
    step.state = replace(
        step.state, board=replace(step.state.board, notices={**step.state.board.notices, key: message})
    )
    if message.category is Category.EMERGENCY and not step.state.door_only and notice_board.begun(message, step.state):
        for screen in step.state.screens:
            panel.put(step, panel.show(step, screen, message))


def _roster_part(step: StepBuilder, token: int, part: RosterPart, signed: bytes) -> None:
    """A part of what is in force already costs no write: it comes again at each connection."""
    scope = str(part.scope)
    name = f"roster {scope} {part.id}"
    in_force = max(
        (rev for kind, s, i, rev in step.state.access.applied_revisions if (kind, s, i) == ("roster", scope, part.id)),
        default=0,
    )
    if part.rev <= in_force or part.rev < step.state.desired.revs.get(name, 0):
        step.emit(AckMessage(token))
        return
    left = step.state.desired.refused.entries.get(("roster", scope, part.id))
    if left is not None and left.rev >= part.rev:
        step.emit(AckMessage(token))
        return
    if not _room_for_roster(step.state, scope, part.id):
        refused.refuse(step, ("roster", scope, part.id, part.rev), "full")
        step.emit(AckMessage(token))
        return
    _saving(step, token, part.id, name, part.rev)
    step.emit(SaveState(token, part, signed))


def _room_for_roster(state: State, scope: str, ident: str) -> bool:
    """Whether the contract allows this one too, beside those in force and under way."""
    known = {(s, i) for _, s, i, _ in state.access.applied_revisions}
    known |= {(s, i) for kind, s, i in (name.split(" ") for name in state.desired.revs) if kind == "roster"}
    others = [s for s, i in known if (s, i) != (scope, ident) and state.plan.covers(s)]
    return len(others) < ROSTERS_PER_UNIT and others.count(scope) < ROSTERS_PER_SCOPE


def _keep(step: StepBuilder, token: int, message: StateMessage, signed: bytes) -> None:
    """Settings, rounds, and every kind that needs no rule but this: the newest revision is in force, as long as there are not too many."""
    name = _name(message)
    here = step.state.desired.kept.get(name)
    known = max(step.state.desired.revs.get(" ".join(name), 0), 0 if here is None else here.rev)
    over = _is_over(message)
    again = over if here is None else here.rev == message.rev
    if message.rev < known or (message.rev == known and again):
        step.emit(AckMessage(token))
        return
    if here is None and not over and _is_full(step.state, message):
        refused.refuse(step, (*name, message.rev), "full")
        step.emit(AckMessage(token))
        return
    _saving(step, token, message, " ".join(name), message.rev)
    desired = step.state.desired
    kept = (
        {each: held for each, held in desired.kept.items() if each != name} if over else {**desired.kept, name: message}
    )
    step.state = replace(step.state, desired=replace(desired, kept=kept))
    step.emit(SaveState(token, message, signed))
    step.changed()
    settings.use(step)
    rounds.anew(step)


def _is_over(message: StateMessage) -> bool:
    """A tombstone: nothing is in force by it."""
    return isinstance(message, Round | Software) and message.withdrawn


def _is_full(state: State, message: StateMessage) -> bool:
    if isinstance(message, Round):
        return len(state.desired.of(Round)) >= ROUNDS_PER_UNIT
    return len(state.desired.kept) >= limits.KEPT_MAX


def _name(message: StateMessage) -> tuple[str, str, str]:
    return message.KIND.value, str(message.scope), message.ident


def _keys(step: StepBuilder, token: int, message: Keys, signed: bytes) -> None:
    """Verified by the root key in the link. In force when durable, so that a crash leaves old or new, never neither."""
    if message.rev <= step.state.desired.keys_rev:
        step.emit(AckMessage(token))
        return
    _saving(step, token, message, f"keys {message.scope} ", message.rev)
    if _takes_away(message, step.state):
        step.emit(ForgetNotices())  # ahead of the keys: a crash between them leaves notices to read, never keys without
    step.emit(SaveState(token, message, signed))


def secrets_opened(step: StepBuilder, event: SecretsOpened) -> None:
    opening = sealed.opened(step, event)
    if opening is not None:
        _saving(step, event.token, opening.message, f"secrets {opening.message.scope} ", event.rev)
        step.emit(SaveState(event.token, opening.message, opening.signed))


def _takes_away(new: Keys, state: State) -> bool:
    """Whether a key that could sign notices no longer can: then nobody knows which of those here are the centre's."""
    old = state.desired.keys
    if old is None:
        return new.rev > 1
    good = {(key.kid, key.public) for key in new.keys if Kind.NOTICE in key.kinds}
    return any(Kind.NOTICE in key.kinds and (key.kid, key.public) not in good for key in old.keys)


def _notices_anew(step: StepBuilder) -> None:
    """As if none had ever come: what a key signed that is taken away is gone, however high its revision, and the broker gives the rest again."""
    desired, refused_ones = step.state.desired, step.state.desired.refused.entries
    revs = {name: rev for name, rev in desired.revs.items() if not name.startswith("notice ")}
    refused.forget(step, {name for name in refused_ones if name[0] == "notice"})
    notice_board.off_screens(step, tuple(step.state.board.notices))
    step.state = replace(
        step.state,
        desired=replace(step.state.desired, revs=revs, anew_rev=desired.keys_rev),
        board=replace(step.state.board, notices={}),
    )
    step.emit(ForgetNotices())
    step.emit(Resubscribe())


def saved(step: StepBuilder, event: StateSaved) -> None:
    """Durable: now the message is acknowledged, and the centre is told."""
    desired = step.state.desired
    message = desired.saving.get(event.token)
    if message is None:
        return
    step.state = replace(
        step.state, desired=replace(desired, saving={t: m for t, m in desired.saving.items() if t != event.token})
    )
    step.emit(AckMessage(event.token))
    match message:
        case Notice():
            _notice_saved(step, message)
        case Settings(scope, rev):
            step.fact(SettingsApplied(str(scope), "", rev))
        case Keys(scope, rev):
            if rev > step.state.desired.keys_rev:
                anew = _takes_away(message, step.state)
                step.state = replace(step.state, desired=replace(step.state.desired, keys_rev=rev, keys=message))
                step.emit(UseKeys(message))
                if anew:
                    _notices_anew(step)
            step.fact(KeysApplied(str(scope), "", rev))
            step.changed()
        case Secrets():
            sealed.saved(step, message)
        case RosterPart():
            pass  # told when the whole is in force
        case StateMessage():
            if _is_over(message):
                step.emit(DropNotices(((str(message.scope), message.ident),), message.KIND.value))
            step.fact(StateApplied(*_name(message), message.rev))


def not_taken(step: StepBuilder, event: StateNotKept) -> None:
    desired = step.state.desired
    step.state = replace(
        step.state, desired=replace(desired, saving={t: m for t, m in desired.saving.items() if t != event.token})
    )
    if event.token:
        step.emit(AckMessage(event.token))
    refused.refuse(step, (event.kind, event.scope, event.id, event.rev), "full")


def _notice_saved(step: StepBuilder, message: Notice) -> None:
    over = notice_board.ended(message, step.state)
    made = NoticeEnded if over else NoticeReceived
    step.fact(made(str(message.scope), message.id, message.rev))
    if message.withdrawn or notice_board.key_of(message) not in step.state.board.notices:
        step.emit(DropNotices((notice_board.key_of(message),)))
    elif over:
        notice_board.take_off(step, (notice_board.key_of(message),))


def _saving(step: StepBuilder, token: int, message: object, name: str, rev: int) -> None:
    kind, scope, ident = name.split(" ")
    refused.taken(step, kind, scope, ident)
    desired = step.state.desired
    revs = _bounded({**desired.revs, name: max(rev, desired.revs.get(name, 0))}, step.state)
    step.state = replace(step.state, desired=replace(desired, revs=revs, saving={**desired.saving, token: message}))


def _bounded(revs: dict[str, int], state: State) -> dict[str, int]:
    """Of notices that are over only the newest names are kept, as the journal does: ids without end would fill memory."""
    if len(revs) > limits.REVS_MAX:
        here = {f"notice {scope} {ident}" for scope, ident in state.board.notices}
        old = next((each for each in revs if each.startswith("notice ") and each not in here), None)
        if old is not None:
            del revs[old]
    return revs
