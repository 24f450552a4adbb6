"""What the journal keeps beside facts: commands seen and pending, check-ins, revisions, keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.core import effects, events
from agent.core.effects import SeenCommand
from agent.core.events.store import PendingCommand
from agent.core.marks import CheckedIn
from agent.store import reading
from agent.store.journal_keeper import KEEP_SEEN_S
from contract.facts import Via
from contract.messages import Keys, Kind, WorkingKey
from contract.scopes import Scope
from tests.agent.store.harness import (
    SITE,
    UTC,
    fact,
    notice,
    record,
    running,
)
from tests.waiting import eventually


def test_a_pending_open_comes_with_what_the_facts_say_of_it(tmp_path: Path) -> None:
    def granted(token: int, name: str) -> effects.AppendFacts:
        return record(token, fact(by=None, via=Via.REMOTE, command=name))

    with running(tmp_path) as (store, posted):
        for token, name in enumerate(("c-1", "c-2", "c-3"), 1):
            store.order(record(token, seen=SeenCommand(name, UTC + 30, "open", "main", "op7", pending=True)))
        store.order(granted(4, "c-1"))
        store.order(
            record(5, fact("door.opened", door="cellar"), fact("agent.started"), fact("door.opened", door="main"))
        )
        store.order(granted(6, "c-2"))
        store.order(record(7, fact("door.opened", door="main")))
        posted.recorded(7)
    with running(tmp_path) as (_, posted):
        pending = posted.one(events.StoreOpened).pending
    assert [(p.id, p.granted, p.opened) for p in pending] == [
        ("c-1", True, False),
        ("c-2", True, True),
        ("c-3", False, False),
    ]


@pytest.mark.claim("D10")
def test_seen_commands_survive_and_pending_ones_are_found(tmp_path: Path) -> None:
    seen = SeenCommand("c-1", UTC + 30, "open", "main", "op7", pending=True)
    with running(tmp_path) as (store, posted):
        store.order(record(1, fact("command.accepted", id="c-1"), seen=seen))
        store.order(
            record(
                2,
                fact("command.refused", id="c-2"),
                seen=SeenCommand("c-2", UTC + 9, "open", None, "op7", pending=False),
            )
        )
        posted.recorded(2)
    with running(tmp_path) as (store, posted):
        opened = posted.one(events.StoreOpened)
        assert opened.seen == {"c-1": UTC + 30, "c-2": UTC + 9}
        assert opened.pending == (PendingCommand("c-1", "open", "main", "op7"),)
        store.order(record(1, fact("command.done", id="c-1"), finish=("c-1",)))
        posted.recorded(1)
    with running(tmp_path) as (store, posted):
        assert posted.one(events.StoreOpened).pending == ()
        store.order(effects.Purge(UTC + 10 + KEEP_SEEN_S))
        eventually(lambda: reading.summary(tmp_path).boot == 3)
        store.order(record(1))
        posted.recorded(1)
    with running(tmp_path) as (_, posted):
        opened = posted.one(events.StoreOpened)
        assert set(opened.seen) == {"c-1"}  # the other is refused by its expiry alone
        assert opened.known is None


@pytest.mark.claim("D10")
def test_a_check_in_stays_marked_until_a_record_says_that_it_was_told(tmp_path: Path) -> None:
    first, second = CheckedIn("main", "wang", UTC), CheckedIn("main", "zhao", UTC + 1)
    with running(tmp_path) as (store, posted):
        store.order(record(1, fact("patrol.checkin"), checkin=first))
        store.order(record(2, fact("patrol.checkin"), checkin=second, reported_checkins=(first,)))
        posted.recorded(2)
    with running(tmp_path) as (store, posted):
        assert posted.one(events.StoreOpened).unreported_checkins == (second,)
        store.order(record(1, reported_checkins=(second,)))
        posted.recorded(1)
    with running(tmp_path) as (_, posted):
        assert posted.one(events.StoreOpened).unreported_checkins == ()


@pytest.mark.claim("F26")
def test_of_refused_commands_the_newest_are_kept_and_they_do_not_count_for_the_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.store.journal.REFUSED", 3)
    with running(tmp_path) as (store, posted):
        for n in range(8):
            seen = SeenCommand(f"r{n}", UTC + 30, "refused", "main", "op7", pending=False)
            store.order(record(n + 1, seen=seen))
        store.order(record(9, seen=SeenCommand("o", UTC + 30, "open", "main", "op7", pending=False)))
        posted.recorded(9)
        store.order(effects.Purge(UTC))
        eventually(lambda: not store.unsaved())
        store.order(record(10))
        posted.recorded(10)
    with running(tmp_path) as (_, posted):
        opened = posted.one(events.StoreOpened)
        assert set(opened.seen) == {"r5", "r6", "r7", "o"}
        assert opened.opens == (("main", UTC + 30),)


def test_with_other_keys_no_revision_of_a_notice_is_known_any_more(tmp_path: Path) -> None:
    root = Scope("site", SITE)
    keys = Keys(root, 2, UTC, (WorkingKey("k", "ab" * 32, frozenset({Kind.COMMAND})),))
    with running(tmp_path) as (store, posted):
        for token, (name, rev) in enumerate((("old", 2**53 - 1), ("news", 2**53 - 1)), start=1):
            store.order(effects.SaveState(token, notice(name, rev)))
        posted.one(events.StateSaved)
        store.order(effects.ForgetNotices())
        store.order(effects.SaveState(3, keys))
        store.order(effects.SaveState(4, notice("news", 1)))
        eventually(lambda: [each.id for each in posted.all if isinstance(each, events.StateSaved)][-1:] == ["news"])
        store.order(record(1))
        posted.recorded(1)
    with running(tmp_path) as (_, posted):
        opened = posted.one(events.StoreOpened)
        assert {name: rev for name, rev in opened.revs.items() if name.startswith("notice")} == {
            f"notice {notice('news', 1).scope} news": 1
        }
        assert [(each.ident, each.rev) for each in posted.one(events.StateLoaded).messages] == [("news", 1)]


def test_revisions_and_keys_live_with_the_journal(tmp_path: Path) -> None:
    root = Scope("site", SITE)
    keys = Keys(root, 4, UTC, (WorkingKey("k-now", "ab" * 32, frozenset({Kind.COMMAND, Kind.CONFIRM})),))
    with running(tmp_path) as (store, posted):
        store.order(effects.SaveState(7, notice("n1", 3)))
        store.order(effects.SaveState(8, keys))
        eventually(lambda: {e.token for e in posted.of(events.StateSaved)} == {7, 8})
        store.order(effects.SaveState(9, Keys(root, 3, UTC, ())))
        eventually(lambda: {e.token for e in posted.of(events.StateSaved)} == {7, 8, 9})
    for name in ("cache.db", "cache.db-wal", "cache.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    with running(tmp_path) as (_, posted):
        opened = posted.one(events.StoreOpened)
        assert opened.revs == {"notice yard/y07 n1": 3}
        assert opened.keys == keys
