"""Notices: revisions, validity, receipts; rosters, settings and keys likewise: saved before they are acknowledged."""

from __future__ import annotations

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.time import Trust
from contract.messages import Holder, Keys, Kind, RosterPart, Settings, WorkingKey
from contract.scopes import Scope
from tests.agent.core.bench import SITE, UTC, YARD, Bench, facts_of, notice, of, the


def saved(bench: Bench, save: fx.SaveState) -> tuple[fx.Effect, ...]:
    n = save.message
    return bench.do(ev.StateSaved(save.token, "notice", str(n.scope), n.id, n.rev))


def put(bench: Bench, *args, **kw) -> tuple[fx.Effect, ...]:
    return saved(bench, the(fx.SaveState, bench.message(notice(*args, **kw))))


def draw(bench: Bench) -> tuple[fx.Effect, ...]:
    return bench.do(ev.PageDrawn("panel", bench.state.screens[0].token))


def on_board(bench: Bench) -> set[tuple[str, int]]:
    return {(n.id, n.rev) for n in bench.state.board.notices.values()}


def test_saved_then_acknowledged_and_told() -> None:
    bench = Bench().start()
    found = bench.message(notice())
    assert of(fx.AckMessage, found) == []
    assert "notice.received" not in bench.kinds()
    found = saved(bench, the(fx.SaveState, found))
    assert the(fx.AckMessage, found).token == 1
    assert facts_of(found)["notice.received"] == {"scope": "yard/y07", "id": "n1", "rev": 1}


def test_shown_when_its_last_page_is_on_the_display_once() -> None:
    bench = Bench().start()
    put(bench, text="停水通知" * 30)
    bench.wait(0.1)
    assert "notice.shown" not in facts_of(draw(bench))
    bench.wait(24.1)
    assert bench.page().footer.endswith("2/2")
    assert facts_of(bench.do(ev.PageDrawn("panel", 1))) == {}  # an older page
    assert facts_of(draw(bench))["notice.shown"]["id"] == "n1"
    for _ in range(20):
        bench.wait(7.0)
        draw(bench)
    assert bench.kinds().count("notice.shown") == 1


def test_an_older_revision_never_replaces_a_newer_one() -> None:
    bench = Bench().start()
    put(bench, rev=5)
    found = bench.message(notice(rev=4))
    assert of(fx.SaveState, found) == []
    assert the(fx.AckMessage, found).token == 2
    assert on_board(bench) == {("n1", 5)}


def test_not_even_after_the_cache_was_lost() -> None:
    bench = Bench()
    bench.do(ev.Started("s1", frozenset()))
    bench.opened(revs={"notice yard/y07 n1": 5})
    assert of(fx.SaveState, bench.message(notice(rev=4))) == []
    assert of(fx.SaveState, bench.message(notice(rev=5))) != []


def test_the_same_revision_again_costs_no_write() -> None:
    bench = Bench().start()
    put(bench)
    assert of(fx.SaveState, bench.message(notice())) == []


def test_until_ends_it_on_the_screen_in_the_cache_and_at_the_centre() -> None:
    bench = Bench().start()
    put(bench, until_utc=UTC + 100.0)
    bench.wait(60.0)
    found = bench.wait(45.0)
    assert facts_of(found)["notice.ended"]["id"] == "n1"
    assert the(fx.DropNotices, found).ids == (("yard/y07", "n1"),)
    assert bench.page().kind == "idle"
    found = bench.message(notice(until_utc=UTC + 100.0))
    assert of(fx.SaveState, found) == []


def test_from_is_waited_for() -> None:
    bench = Bench().start()
    put(bench, from_utc=UTC + 600.0)
    bench.wait(590.0)
    assert bench.page().kind == "idle"
    bench.wait(20.0)
    assert bench.page().kind == "notice"


def test_withdrawn_goes_at_once_and_does_not_come_back() -> None:
    bench = Bench().start()
    put(bench)
    bench.wait(0.1)
    assert bench.page().kind == "notice"
    found = bench.message(notice(rev=2, withdrawn=True))
    assert bench.page().kind == "idle"
    found = saved(bench, the(fx.SaveState, found))
    assert facts_of(found)["notice.ended"] == {"scope": "yard/y07", "id": "n1", "rev": 2}
    assert the(fx.DropNotices, found).ids == (("yard/y07", "n1"),)
    assert of(fx.SaveState, bench.message(notice(rev=1))) == []
    assert of(fx.SaveState, bench.message(notice(rev=2, withdrawn=True))) == []


@pytest.mark.claim("D9")
def test_with_the_clock_unknown_the_newest_revision_shows_whatever_its_dates() -> None:
    bench = Bench(trust=Trust.UNKNOWN).start()
    put(bench, from_utc=UTC + 9e6, until_utc=UTC + 9.1e6)
    put(bench, "old", until_utc=UTC - 9e6)
    bench.wait(20.0)
    assert len(on_board(bench)) == 2
    assert bench.page().kind in {"notice", "idle"}
    bench.trust = Trust.SYNCED
    found = bench.do(ev.ClockStepped(Trust.SYNCED, 0.0))
    assert facts_of(found)["notice.ended"]["id"] == "old"


def test_a_scope_that_is_not_ours_is_left_alone() -> None:
    bench = Bench().start()
    found = bench.message(notice(scope=Scope("yard", "y99")))
    assert of(fx.SaveState, found) == []
    assert the(fx.AckMessage, found)


def test_at_start_notices_of_scopes_left_behind_go() -> None:
    bench = Bench()
    bench.do(ev.Started("s1", frozenset()))
    found = bench.do(ev.StateLoaded((notice(), notice("far", scope=Scope("yard", "y99")))))
    assert the(fx.DropNotices, found).ids == (("yard/y99", "far"),)
    assert on_board(bench) == {("n1", 1)}


def test_a_freshly_flashed_unit_shows_todays_notices_with_no_server_asked() -> None:
    bench = Bench()
    bench.do(ev.Started("s1", frozenset()))
    bench.opened()
    bench.do(ev.LinkUp("5"))
    bench.message(notice(), retained=True)
    bench.wait(0.1)
    assert bench.page().kind == "notice"


# --- rosters, settings, keys


def part(rev: int = 1, number: int = 1, parts: int = 1) -> RosterPart:
    return RosterPart(YARD, "people", rev, UTC, number, parts, "k1", (Holder("anna", key="key-anna"),))


def test_a_roster_part_is_saved_then_acknowledged_and_the_whole_is_told() -> None:
    bench = Bench().start()
    found = bench.message(part())
    save = the(fx.SaveState, found)
    assert of(fx.AckMessage, found) == []
    assert the(fx.AckMessage, bench.do(ev.StateSaved(save.token, "roster", "yard/y07", "people", 1)))
    applied = ev.HoldersReplaced({}, ("yard/y07", "people", 1), (("roster", "yard/y07", "people", 1),))
    assert facts_of(bench.do(applied))["roster.applied"] == {"scope": "yard/y07", "id": "people", "rev": 1}
    assert of(fx.SaveState, bench.message(part())) == []  # in force already: no write at each connection
    assert of(fx.SaveState, bench.message(part(rev=2, number=1, parts=2))) != []
    assert of(fx.SaveState, bench.message(part(rev=2, number=2, parts=2))) != []
    assert of(fx.SaveState, bench.message(part(rev=1))) == []


def test_settings_are_used_saved_acknowledged_and_told() -> None:
    bench = Bench().start()
    found = bench.message(Settings(SITE, 3, UTC, language="en"))
    save = the(fx.SaveState, found)
    found = bench.do(ev.StateSaved(save.token, "settings", "site/badahu", "", 3))
    assert facts_of(found)["settings.applied"]["rev"] == 3
    assert of(fx.SaveState, bench.message(Settings(SITE, 2, UTC, language="zh-CN"))) == []
    assert bench.state.language == "en"


def test_keys_are_in_force_when_durable_and_never_older_ones() -> None:
    bench = Bench().start()

    def keys(rev: int) -> Keys:
        return Keys(SITE, rev, UTC, (WorkingKey("c1", "00" * 32, frozenset({Kind.COMMAND})),))

    found = bench.message(keys(2))
    assert of(fx.UseKeys, found) == []
    save = the(fx.SaveState, found)
    found = bench.do(ev.StateSaved(save.token, "keys", "site/badahu", "", 2))
    assert the(fx.UseKeys, found).keys.rev == 2
    assert facts_of(found)["keys.applied"]["rev"] == 2
    assert of(fx.SaveState, bench.message(keys(1))) == []
    restarted = Bench()
    restarted.do(ev.Started("s2", frozenset()))
    assert the(fx.UseKeys, restarted.opened(keys=keys(2))).keys.rev == 2
    assert of(fx.SaveState, restarted.message(keys(1))) == []


def test_a_lost_cache_is_filled_again() -> None:
    bench = Bench().start().online()
    put(bench)
    bench.do(ev.HoldersReplaced({}, None, (("roster", "yard/y07", "people", 1),)))
    found = bench.do(ev.CacheReset())
    assert the(fx.SaveState, found).message.id == "n1"
    assert the(fx.Resubscribe, found)
    assert of(fx.SaveState, bench.message(part())) != []


def test_a_notice_withdrawn_before_the_cache_was_read_does_not_come_back_from_it() -> None:
    """The journal could not be opened: the link came first."""
    bench = Bench()
    bench.do(ev.Started("s1", frozenset()))
    bench.do(ev.StoreFailed("failed", ""))
    bench.online()
    bench.message(notice(rev=5, withdrawn=True))
    bench.do(ev.StateLoaded((notice(rev=4), notice("n2"))))
    assert [n.id for n in bench.state.board.notices.values()] == ["n2"]
