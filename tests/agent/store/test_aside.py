"""What was in hand at a crash leaves the cache at the next start, before anybody reads it; and what was being read when the store died has a name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agent.core import effects, events
from agent.store import bodies
from agent.store.cache import open_cache
from contract.messages import Notice
from tests.agent.store.harness import HOLDERS, holder, notice, part, running
from tests.waiting import eventually


@pytest.mark.claim("D11")
def test_what_was_in_hand_at_a_crash_leaves_the_cache_unread(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(good, tmp_path / "state")
    sound = bodies.load

    def planted(kind: type[Notice], body: bytes) -> Notice:
        loaded = sound(kind, body)
        if isinstance(loaded, Notice) and loaded.id == "n7":
            raise ZeroDivisionError("planted")
        return loaded

    monkeypatch.setattr(bodies, "load", planted)
    aside = {"notice yard/y07 n7 1", "roster yard/y07 staff 1", "command c1", "notice yard/y07 n8 2", "raw 00"}
    with running(tmp_path / "state", aside=lambda: aside) as (_, posted):
        loaded = {each.ident for each in posted.one(events.StateLoaded).messages}
        index = posted.one(events.HoldersReplaced)
    assert loaded == {f"n{n}" for n in range(20)} - {"n7"}, "another revision stays"
    assert [entry[2] for entry in index.applied_revisions] == ["r1"]
    assert len(index.by_key) == HOLDERS


def test_what_is_being_read_has_a_name(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(good, tmp_path / "state")
    cache = open_cache(tmp_path / "state" / "cache.db")

    def planted(_: type[Notice], body: bytes) -> Notice:
        raise ZeroDivisionError(len(body))

    monkeypatch.setattr(bodies, "load", planted)
    with pytest.raises(ZeroDivisionError):
        cache.messages()
    assert cache.reading == ("notice", "yard/y07", "n0", 1)
    cache.close()


def test_a_newer_revision_of_what_was_left_aside_comes_in(good: Path, tmp_path: Path) -> None:
    shutil.copytree(good, tmp_path / "state")
    with running(tmp_path / "state", aside=lambda: ["roster yard/y07 staff 1"]) as (store, posted):
        store.order(effects.SaveState(90, part(2, [holder(7)], roster="staff")))
        store.order(effects.SaveState(91, notice("n7", 2)))
        eventually(lambda: [e for e in posted.of(events.HoldersReplaced) if e.applied == ("yard/y07", "staff", 2)])
