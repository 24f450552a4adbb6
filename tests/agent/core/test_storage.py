"""Storage that fails, hangs and mends: what the status says, what the facts say after, and who is not left waiting."""

from __future__ import annotations

from agent.core import effects as fx
from agent.core import events as ev
from agent.core.status import backlog
from contract.bounds import rfc3339
from tests.agent.core.bench import Bench, command, facts_of, of, wire


def told(bench: Bench, kind: str) -> list[dict[str, object]]:
    return [dict(fact.data) for fact in bench.facts() if fact.kind == kind]


def test_a_disk_that_hangs_is_in_the_status_and_nobody_waits_for_it() -> None:
    bench = Bench().start().online()
    bench.do(ev.StoreHangs(hangs=True))
    assert wire(bench.state)["storage"] == "hung"
    bench.message(command(bench))
    assert [each.reason for each in bench.all(fx.SendReply)] == ["storage"]
    bench.forget()
    bench.tap("wang")
    assert not [r for r in bench.all(fx.AppendFacts) if r.durable_by_mono is not None], "a check-in is not left to it"
    assert "签到" in bench.page().title
    assert of(fx.PulseLock, bench.tap("anna", after=10.0)), "the door goes on"
    bench.do(ev.StoreHangs(hangs=False), after=60.0)
    assert wire(bench.state)["storage"] == "ok"
    assert told(bench, "storage.mended")[0]["mode"] == "hung"


def test_what_is_in_memory_counts_as_backlog() -> None:
    bench = Bench().start()
    for record in bench.all(fx.AppendFacts):
        bench.recorded(record)
    before = backlog(bench.state)
    bench.forget()
    bench.tap("anna")
    (record,) = bench.all(fx.AppendFacts)
    assert backlog(bench.state) == before + len(record.facts)
    bench.recorded(record)
    assert backlog(bench.state) == before + len(record.facts)
    assert bench.state.sync.unsaved == 0
    bench.forget()
    bench.tap("anna", after=10.0)
    for record in bench.all(fx.AppendFacts):
        bench.do(ev.RecordRefused(record.token, "late", len(record.facts)))
    assert bench.state.sync.unsaved == 0


def test_trouble_is_told_when_it_begins_and_when_it_ends() -> None:
    bench = Bench().start()
    bench.forget()
    bench.do(ev.StoreFailed("full", "no room"))
    assert told(bench, "storage.failed") == [{"mode": "full", "detail": "no room"}]
    bench.do(ev.StoreFailed("failed", "worse"), after=5.0)
    bench.do(ev.StoreMended(7), after=5.0)
    (mended,) = told(bench, "storage.mended")
    assert (mended["mode"], mended["dropped"]) == ("failed", 7)
    assert len(told(bench, "storage.failed")) == 1


def test_a_disk_that_comes_and_goes_is_told_once_a_minute_and_counted() -> None:
    bench = Bench().start()
    bench.forget()
    for _ in range(300):
        bench.do(ev.StoreFailed("full", ""), after=0.5)
        bench.do(ev.StoreMended(0), after=0.5)
    begun, ended = told(bench, "storage.failed"), told(bench, "storage.mended")
    assert len(begun) <= 6
    assert len(ended) == len(begun), "none is left standing in the books"
    assert sum(int(str(data.get("untold", 0))) for data in ended) >= 200


def test_trouble_within_the_minute_of_another_is_told_if_it_lasts() -> None:
    bench = Bench().start()
    bench.do(ev.StoreHangs(hangs=True))
    bench.do(ev.StoreHangs(hangs=False), after=12.0)
    bench.forget()
    began = bench.utc + 10.0
    bench.do(ev.StoreFailed("read_only", "no writing"), after=10.0)
    bench.wait(3600.0)
    (failed,) = told(bench, "storage.failed")
    assert failed == {"mode": "read_only", "detail": "no writing", "since": rfc3339(began)}
    bench.do(ev.StoreMended(0))
    (mended,) = told(bench, "storage.mended")
    assert mended == {"mode": "read_only", "since": rfc3339(began)}
    assert bench.state.health.troubles_suppressed == 0


def test_a_store_that_hangs_at_the_start_lets_the_link_begin_and_says_what_is_not_known() -> None:
    bench = Bench()
    bench.do(ev.Started("s1", frozenset(), lockdown_known=False))
    assert not bench.all(fx.Connect)
    bench.do(ev.StoreHangs(hangs=True), after=10.0)
    assert bench.all(fx.Connect)
    assert "not known" in str(told(bench, "storage.failed")[0]["detail"])
    assert any("lockdown" in each.text for each in bench.all(fx.WriteLog))
    bench.do(ev.StoreHangs(hangs=False), after=10.0)
    assert wire(bench.state)["storage"] == "opening"
    bench.opened()
    assert wire(bench.state)["storage"] == "ok"


def test_a_full_journal_that_drops_says_so_once_a_minute_and_loses_no_count() -> None:
    bench = Bench().start()
    bench.forget()
    for _ in range(100):
        bench.do(ev.FactsDropped(5), after=1.0)
    bench.wait(120.0)
    counts = [int(str(data["count"])) for data in told(bench, "journal.dropped")]
    assert sum(counts) == 500
    assert len(counts) <= 3


def test_a_latch_that_is_only_in_memory_is_told() -> None:
    bench = Bench().start()
    found = bench.do(ev.LatchSaved(saved=False, detail="read-only file system"))
    assert facts_of(found)["storage.failed"]["mode"] == "latch"
    assert wire(bench.state)["storage"] == "latch"
    assert not facts_of(bench.do(ev.LatchSaved(saved=False, detail="again")))
    bench.do(ev.StoreHangs(hangs=True))
    assert wire(bench.state)["storage"] == "hung", "the worse of the two"
    bench.do(ev.StoreHangs(hangs=False))
    found = bench.do(ev.LatchSaved(saved=True))
    assert facts_of(found)["storage.mended"]["mode"] == "latch"
    assert wire(bench.state)["storage"] == "ok"
    assert not facts_of(bench.do(ev.LatchSaved(saved=True)))
