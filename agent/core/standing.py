"""Desired state from the centre: notices, rosters, settings, keys. An older revision never replaces a newer one; saved first, then acknowledged and told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agent.core import board, door, limits, panel, refused
from agent.core.effects import (
    AckMessage,
    DropNotices,
    ForgetNotices,
    Resubscribe,
    SaveKeys,
    SaveNotice,
    SaveRosterPart,
    SaveSettings,
    UseKeys,
    UseTimezone,
)
from agent.core.events import (
    HoldersReplaced,
    MessageReceived,
    NoticesLoaded,
    SettingsLoaded,
    StateRefused,
    StateSaved,
    StoreOpened,
)
from agent.core.state import State
from agent.core.turn import Turn
from contract.messages import (
    LEVELS,
    ROSTERS_PER_SCOPE,
    ROSTERS_PER_UNIT,
    Category,
    Keys,
    Kind,
    Notice,
    RosterPart,
    Settings,
)


def store_opened(turn: Turn, event: StoreOpened) -> None:
    known = turn.state.standing
    keys_rev = known.keys_rev if event.keys is None else max(known.keys_rev, event.keys.rev)
    revs = {**event.revs}
    for name, rev in known.revs.items():
        revs[name] = max(rev, revs.get(name, 0))
    turn.change(standing=replace(known, revs=revs, keys_rev=keys_rev, keys=event.keys or known.keys))
    if event.keys is not None:
        turn.emit(UseKeys(event.keys))


def notices_loaded(turn: Turn, event: NoticesLoaded) -> None:
    """Of the cache; what came from the centre meanwhile (also that one was withdrawn) is newer. Notices of scopes that are no longer this unit's go."""
    scopes = frozenset(turn.state.plan.scopes)
    here, revs = turn.state.board.notices, turn.state.standing.revs
    fresh = (n for n in event.notices if n.rev >= revs.get(f"notice {n.scope} {n.id}", 0))
    loaded = dict(here)
    for each in fresh:
        mine = each.scope in scopes and not each.withdrawn and board.key_of(each) not in here
        if mine and board.room_for(each, loaded):
            loaded[board.key_of(each)] = each
    turn.change(board=replace(turn.state.board, notices=loaded))
    gone = tuple(
        board.key_of(n) for n in event.notices if n.scope not in scopes or n.withdrawn or board.key_of(n) not in loaded
    )
    if gone:
        turn.emit(DropNotices(gone))


def settings_loaded(turn: Turn, event: SettingsLoaded) -> None:
    known = turn.state.standing
    scopes = frozenset(turn.state.plan.scopes)
    loaded = {str(s.scope): s for s in event.settings if s.scope in scopes}
    turn.change(standing=replace(known, settings={**loaded, **known.settings}))
    _use_settings(turn)


def holders_replaced(turn: Turn, event: HoldersReplaced) -> None:
    old = turn.state.access
    turn.change(access=replace(old, by_key=event.by_key, have=event.have, loaded=True))
    door.all_ready(turn)
    turn.changed()
    if event.applied is not None:
        scope, id_, rev = event.applied
        turn.fact("roster.applied", scope=scope, id=id_, rev=rev)


def cache_reset(turn: Turn) -> None:
    """The cache is empty: what is known here is saved again, rosters are read again from the broker."""
    turn.change(access=replace(turn.state.access, have=()))
    for notice in turn.state.board.notices.values():
        turn.emit(SaveNotice(0, notice))
    for settings in turn.state.standing.settings.values():
        turn.emit(SaveSettings(0, settings))
    if turn.state.sync.link_up:
        turn.emit(Resubscribe())


# --- messages


def is_outdated(state: State, event: MessageReceived) -> bool:
    """A notice judged by keys that no longer hold: the broker gives it again, to be judged by those in force."""
    known = event.keys_rev
    return isinstance(event.message, Notice) and known is not None and known < state.standing.anew_rev


def notice(turn: Turn, token: int, message: Notice) -> None:
    key = board.key_of(message)
    name = f"notice {key[0]} {key[1]}"
    known = turn.state.standing.revs.get(name, 0)
    here = turn.state.board.notices.get(key)
    over = board.ended(message, turn.state)
    if message.rev < known or (message.rev == known and (over or (here is not None and here.rev == message.rev))):
        turn.emit(AckMessage(token))
        return
    if not over and not board.room_for(message, turn.state.board.notices):
        refused.refuse(turn, ("notice", *key, message.rev), "full", message.until_utc)
        turn.emit(AckMessage(token))
        return
    _saving(turn, token, message, name, message.rev)
    turn.emit(SaveNotice(token, message))
    turn.changed()
    if over:
        board.take_off(turn, (key,), drop=False)
        return
    board.off_screens(turn, (key,))
    turn.change(board=replace(turn.state.board, notices={**turn.state.board.notices, key: message}))
    if message.category is Category.EMERGENCY and not turn.state.door_only and board.begun(message, turn.state):
        for screen in turn.state.screens:
            panel.put(turn, panel.show(turn, screen, message))


def roster_part(turn: Turn, token: int, part: RosterPart) -> None:
    """A part of what is in force already costs no write: it comes again at each connection."""
    scope = str(part.scope)
    name = f"roster {scope} {part.id}"
    in_force = max(
        (rev for kind, s, i, rev in turn.state.access.have if (kind, s, i) == ("roster", scope, part.id)), default=0
    )
    if part.rev <= in_force or part.rev < turn.state.standing.revs.get(name, 0):
        turn.emit(AckMessage(token))
        return
    left = turn.state.standing.refused.entries.get(("roster", scope, part.id))
    if left is not None and left.rev >= part.rev:
        turn.emit(AckMessage(token))
        return
    if not _room_for_roster(turn.state, scope, part.id):
        refused.refuse(turn, ("roster", scope, part.id, part.rev), "full")
        turn.emit(AckMessage(token))
        return
    _saving(turn, token, part.id, name, part.rev)
    turn.emit(SaveRosterPart(token, part))


def _room_for_roster(state: State, scope: str, ident: str) -> bool:
    """Whether the contract allows this one too, beside those in force and under way."""
    known = {(s, i) for _, s, i, _ in state.access.have}
    known |= {(s, i) for kind, s, i in (name.split(" ") for name in state.standing.revs) if kind == "roster"}
    here = {str(each) for each in state.plan.scopes}
    others = [s for s, i in known if (s, i) != (scope, ident) and s in here]
    return len(others) < ROSTERS_PER_UNIT and others.count(scope) < ROSTERS_PER_SCOPE


def settings(turn: Turn, token: int, message: Settings) -> None:
    scope = str(message.scope)
    name = f"settings {scope} "
    here = turn.state.standing.settings.get(scope)
    known = max(turn.state.standing.revs.get(name, 0), 0 if here is None else here.rev)
    if message.rev < known or (here is not None and here.rev == message.rev):
        turn.emit(AckMessage(token))
        return
    _saving(turn, token, message, name, message.rev)
    standing = turn.state.standing
    turn.change(standing=replace(standing, settings={**standing.settings, scope: message}))
    turn.emit(SaveSettings(token, message))
    turn.changed()
    _use_settings(turn)


def keys(turn: Turn, token: int, message: Keys) -> None:
    """Verified by the root key in the link. In force when durable, so that a crash leaves old or new, never neither."""
    if message.rev <= turn.state.standing.keys_rev:
        turn.emit(AckMessage(token))
        return
    _saving(turn, token, message, f"keys {message.scope} ", message.rev)
    if _takes_away(message, turn.state):
        turn.emit(ForgetNotices())  # ahead of the keys: a crash between them leaves notices to read, never keys without
    turn.emit(SaveKeys(token, message))


def _takes_away(new: Keys, state: State) -> bool:
    """Whether a key that could sign notices no longer can: then nobody knows which of those here are the centre's."""
    old = state.standing.keys
    if old is None:
        return new.rev > 1
    good = {(key.kid, key.public) for key in new.keys if Kind.NOTICE in key.kinds}
    return any(Kind.NOTICE in key.kinds and (key.kid, key.public) not in good for key in old.keys)


def _notices_anew(turn: Turn) -> None:
    """As if none had ever come: what a key signed that is taken away is gone, however high its revision, and the broker gives the rest again."""
    standing, refused_ones = turn.state.standing, turn.state.standing.refused.entries
    revs = {name: rev for name, rev in standing.revs.items() if not name.startswith("notice ")}
    refused.forget(turn, {name for name in refused_ones if name[0] == "notice"})
    board.off_screens(turn, tuple(turn.state.board.notices))
    turn.change(
        standing=replace(turn.state.standing, revs=revs, anew_rev=standing.keys_rev),
        board=replace(turn.state.board, notices={}),
    )
    turn.emit(ForgetNotices())
    turn.emit(Resubscribe())


def saved(turn: Turn, event: StateSaved) -> None:
    """Durable: now the message is acknowledged, and the centre is told."""
    standing = turn.state.standing
    message = standing.saving.get(event.token)
    if message is None:
        return
    turn.change(standing=replace(standing, saving={t: m for t, m in standing.saving.items() if t != event.token}))
    turn.emit(AckMessage(event.token))
    match message:
        case Notice():
            _notice_saved(turn, message)
        case Settings(scope, rev):
            turn.fact("settings.applied", scope=str(scope), id="", rev=rev)
        case Keys(scope, rev):
            if rev > turn.state.standing.keys_rev:
                anew = _takes_away(message, turn.state)
                turn.change(standing=replace(turn.state.standing, keys_rev=rev, keys=message))
                turn.emit(UseKeys(message))
                if anew:
                    _notices_anew(turn)
            turn.fact("keys.applied", scope=str(scope), id="", rev=rev)
            turn.changed()
        case _:
            pass  # a part of a roster: told when the whole is in force


def not_taken(turn: Turn, event: StateRefused) -> None:
    standing = turn.state.standing
    turn.change(standing=replace(standing, saving={t: m for t, m in standing.saving.items() if t != event.token}))
    turn.emit(AckMessage(event.token))
    refused.refuse(turn, (event.kind, event.scope, event.id, event.rev), "full")


def _notice_saved(turn: Turn, message: Notice) -> None:
    kind = "notice.ended" if board.ended(message, turn.state) else "notice.received"
    turn.fact(kind, scope=str(message.scope), id=message.id, rev=message.rev)
    if message.withdrawn or board.key_of(message) not in turn.state.board.notices:
        turn.emit(DropNotices((board.key_of(message),)))
    elif kind == "notice.ended":
        board.take_off(turn, (board.key_of(message),))


def _saving(turn: Turn, token: int, message: object, name: str, rev: int) -> None:
    kind, scope, ident = name.split(" ")
    refused.taken(turn, kind, scope, ident)
    standing = turn.state.standing
    revs = _bounded({**standing.revs, name: max(rev, standing.revs.get(name, 0))}, turn.state)
    turn.change(standing=replace(standing, revs=revs, saving={**standing.saving, token: message}))


def _bounded(revs: dict[str, int], state: State) -> dict[str, int]:
    """Of notices that are over only the newest names are kept, as the journal does: ids without end would fill memory."""
    if len(revs) > limits.REVS_MAX:
        here = {f"notice {scope} {ident}" for scope, ident in state.board.notices}
        old = next((each for each in revs if each.startswith("notice ") and each not in here), None)
        if old is not None:
            del revs[old]
    return revs


# --- settings in force


def merged(state: State) -> Mapping[str, object]:
    """The most specific scope wins, per top-level key."""
    values: dict[str, object] = {}
    for each in sorted(state.standing.settings.values(), key=lambda s: LEVELS.index(s.scope.level)):
        values.update(each.values)
    return values


def _use_settings(turn: Turn) -> None:
    values, plan = merged(turn.state), turn.state.plan
    language, timezone, sign = values.get("language"), values.get("timezone"), values.get("sign")
    language = language if isinstance(language, str) and language in plan.catalogues else plan.language
    timezone = timezone if isinstance(timezone, str) else plan.timezone
    words = {str(k): str(v) for k, v in sign.items()} if isinstance(sign, Mapping) else {}
    if timezone != turn.state.timezone:
        turn.emit(UseTimezone(timezone))
    if language != turn.state.language:
        board.off_screens(turn, tuple(turn.state.board.notices))
    turn.change(language=language, timezone=timezone, sign=words)
