"""Facts up: live, backlog, resending, confirms, the clock, alarms ahead, the digest."""

from __future__ import annotations

import pytest

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits
from agent.core.status import status
from agent.core.time import Trust
from contract.digest import digest
from tests.agent.core.bench import UTC, Bench, confirm, facts_in, facts_of, notice, of, the, unit_plan


def backlog(count: int, **changes: object) -> Bench:
    bench = Bench(unit_plan(**changes)).start()
    bench.seq = count + 1
    bench.opened(next_seq=count + 1)
    bench.forget()
    return bench


def load(bench: Bench, order: fx.LoadBatch, count: int = 500) -> tuple[fx.Effect, ...]:
    last = min(order.first + min(count, order.most) - 1, bench.seq - 1)
    lines = tuple(b"x" for _ in range(order.first, last + 1))
    return bench.do(ev.BatchLoaded(order.first, last, "aa", "bb", lines))


def answered(bench: Bench, batch: fx.SendBatch, window: int | None = None) -> tuple[fx.Effect, ...]:
    """The centre has it: what the unit sends or loads then."""
    found = bench.do(ev.MessageReceived(1, confirm(bench, batch.batch, seq=batch.last, window=window)))
    return (*found, *bench.do(ev.FactsConfirmed(batch.last)))


def begun(bench: Bench, window: int | None = None) -> tuple[fx.Effect, ...]:
    """Connected, and the first few facts are confirmed."""
    found = load(bench, the(fx.LoadBatch, connect(bench)))
    return answered(bench, the(fx.SendBatch, found), window)


def connect(bench: Bench) -> tuple[fx.Effect, ...]:
    bench.do(ev.LinkUp("5"))
    return bench.do(ev.CentrePresence(online=True, since=UTC))


def test_nothing_is_sent_before_the_centre_is_online() -> None:
    bench = backlog(10)
    bench.do(ev.LinkUp("5"))
    bench.do(ev.CentrePresence(online=False, since=UTC))
    bench.recorded(the(fx.AppendFacts, bench.tap("anna")))
    bench.wait(7200.0)
    assert bench.all(fx.LoadBatch) == bench.all(fx.SendBatch) == []
    assert the(fx.LoadBatch, bench.do(ev.CentrePresence(online=True, since=UTC + 1))).first == 1


def test_a_live_fact_goes_at_once_when_nothing_is_before_it() -> None:
    bench = Bench().start().online()
    found = bench.recorded(the(fx.AppendFacts, bench.tap("anna")))
    batch = the(fx.SendBatch, found)
    assert (batch.first, batch.last, batch.epoch) == (1, 1, "e1")
    assert batch.lines == (b"line 1",)


def test_with_nothing_to_send_an_empty_batch_asks_for_a_confirm_and_again_every_six_hours() -> None:
    bench = backlog(0)
    batch = the(fx.SendBatch, connect(bench))
    assert (batch.first, batch.last, batch.lines) == (1, 0, ())
    bench.do(ev.MessageReceived(1, confirm(bench, batch.batch)), after=0.2)
    bench.forget()
    bench.wait(6 * 3600.0 - 1)
    assert bench.all(fx.SendBatch) == []
    bench.wait(1.0)
    assert len(bench.all(fx.SendBatch)) == 1


def test_the_backlog_goes_in_batches_with_at_most_eight_in_flight() -> None:
    bench = backlog(10_000, drain_facts_s=0.0)
    found = begun(bench)
    bench.forget()
    for n in range(limits.FLIGHT_MAX):
        order = the(fx.LoadBatch, found)
        assert order.first == 500 * n + 51
        found = load(bench, order)
        assert the(fx.SendBatch, found).first == order.first
    assert of(fx.LoadBatch, found) == []
    batches = bench.all(fx.SendBatch)
    assert len({b.batch for b in batches}) == len(batches)
    found = bench.do(ev.MessageReceived(1, confirm(bench, batches[0].batch, seq=550, head="bb")))
    assert the(fx.ConfirmFacts, found) == fx.ConfirmFacts("e1", 550, "bb")
    assert the(fx.LoadBatch, found).first == 4051


def test_before_the_first_confirm_of_a_connection_only_a_few_facts_go() -> None:
    bench = backlog(10_000)
    for _ in range(2):
        found = load(bench, the(fx.LoadBatch, connect(bench)))
        assert len(the(fx.SendBatch, found).lines) == limits.FIRST_FACTS
        bench.forget()
        bench.wait(20.0)
        assert bench.all(fx.LoadBatch) == [], "nothing more before the centre has answered"
        bench.do(ev.LinkDown("reset"))


@pytest.mark.parametrize("window", [1, 50, 499, 700, 1000, 2600, 1_000_000])
def test_no_more_of_the_backlog_is_on_its_way_than_the_centres_window(window: int) -> None:
    bench = backlog(10_000, drain_facts_s=0.0)
    begun(bench, window)
    sent: list[fx.SendBatch] = []
    while bench.all(fx.LoadBatch)[-1].first < 9000:
        orders, before = bench.all(fx.LoadBatch), len(sent)
        bench.forget()
        while orders:
            sent += of(fx.SendBatch, load(bench, orders[-1]))
            orders = bench.all(fx.LoadBatch)
            bench.forget()
        on_way = sum(len(batch.lines) for batch in sent[before:])
        assert 0 < on_way <= min(window, limits.FLIGHT_MAX * 500)
        answered(bench, sent[-1], window)
        if not bench.all(fx.LoadBatch) or len(sent) > 100:
            break
    assert len(sent) >= 3
    assert all(len(batch.lines) == min(window, 500) for batch in sent[:2])


def test_a_smaller_window_holds_from_the_next_batch_on_and_none_is_no_limit() -> None:
    bench = backlog(10_000, drain_facts_s=0.0)
    found = begun(bench, 2000)
    for _ in range(4):
        found = load(bench, the(fx.LoadBatch, found))
    assert of(fx.LoadBatch, found) == []
    batches = bench.all(fx.SendBatch)[1:]
    assert of(fx.LoadBatch, answered(bench, batches[0], 600)) == [], "1,500 are still on their way"
    found = answered(bench, batches[3], 600)
    assert the(fx.LoadBatch, found).most == 500
    found = load(bench, the(fx.LoadBatch, found))
    assert of(fx.LoadBatch, found) == []
    assert the(fx.LoadBatch, answered(bench, the(fx.SendBatch, found), None)).most == 500


def test_what_is_new_does_not_wait_for_a_window() -> None:
    bench = backlog(50)
    batch = the(fx.SendBatch, load(bench, the(fx.LoadBatch, connect(bench))))
    answered(bench, batch, 1)
    for _ in range(3):
        found = bench.recorded(the(fx.AppendFacts, bench.tap("stranger")))
        assert len(the(fx.SendBatch, found).lines) == 1
        bench.wait(1.0)


def test_the_backlog_keeps_to_its_rate() -> None:
    bench = backlog(10_000, drain_facts_s=100.0)
    begun(bench)
    start, sent = bench.mono, 50
    while bench.mono - start < 20.0:
        orders = bench.all(fx.LoadBatch)[-1:]
        bench.forget()
        for order in orders:
            batch = the(fx.SendBatch, load(bench, order, 50))
            sent += len(batch.lines)
            bench.do(ev.MessageReceived(1, confirm(bench, batch.batch, seq=batch.last)))
            bench.do(ev.FactsConfirmed(batch.last))
        bench.wait(0.1)
    assert 2000 <= sent <= 2200  # one second's worth at once, then 100 a second


def test_unconfirmed_is_sent_again_after_30_s_doubling_to_10_min() -> None:
    bench = backlog(5)
    load(bench, the(fx.LoadBatch, connect(bench)))
    times, start = [], bench.mono
    while bench.mono - start < 4000.0:
        for order in of(fx.LoadBatch, bench.wait(1.0)):
            times.append(bench.mono - start)
            assert order.first == 1
            load(bench, order)
    gaps = [round(b - a) for a, b in zip([0.0, *times], times, strict=False)]
    assert gaps == [30, 60, 120, 240, 480, 600, 600, 600, 600, 600]


def test_confirmed_is_not_sent_again() -> None:
    bench = backlog(5)
    batch = the(fx.SendBatch, load(bench, the(fx.LoadBatch, connect(bench))))
    bench.do(ev.MessageReceived(1, confirm(bench, batch.batch, seq=5)))
    bench.do(ev.FactsConfirmed(5))
    bench.forget()
    bench.do(ev.LinkDown("x"))
    bench.wait(3600.0)
    connect(bench)
    bench.wait(30.0)
    assert bench.all(fx.LoadBatch) == []


def test_facts_recorded_while_the_backlog_drains_come_after_it() -> None:
    bench = backlog(750)
    order = the(fx.LoadBatch, begun(bench))
    found = bench.recorded(the(fx.AppendFacts, bench.tap("anna")))
    assert of(fx.SendBatch, found) == []
    found = load(bench, order)
    assert the(fx.LoadBatch, found).first == 551
    found = load(bench, the(fx.LoadBatch, found))
    assert the(fx.SendBatch, found).last == 751


def test_what_the_centre_lacks_before_a_batch_is_sent_again_at_once() -> None:
    bench = backlog(2000)
    found = begun(bench)
    for _ in range(3):
        found = load(bench, the(fx.LoadBatch, found))
    third = bench.all(fx.SendBatch)[3]
    found = bench.do(ev.MessageReceived(1, confirm(bench, third.batch, seq=550)))
    bench.do(ev.FactsConfirmed(550))
    orders = of(fx.LoadBatch, found) or bench.all(fx.LoadBatch)
    assert orders[-1].first == 551


def test_a_batch_from_elsewhere_than_asked_does_not_end_sending() -> None:
    bench = backlog(900)
    order = the(fx.LoadBatch, connect(bench))
    bench.do(ev.BatchLoaded(order.first + 3, order.first + 4, "aa", "bb", (b"x", b"x")))
    assert bench.all(fx.SendBatch) == []
    again = of(fx.LoadBatch, bench.wait(limits.LOAD_RETRY_S + 0.1))
    assert [load.first for load in again] == [order.first]


def test_what_the_centre_says_of_the_past_goes_to_the_store_also_when_it_is_behind() -> None:
    bench = backlog(1500)
    begun(bench)
    second = bench.all(fx.LoadBatch)[-1]
    batch = the(fx.SendBatch, load(bench, second))
    found = bench.do(ev.MessageReceived(2, confirm(bench, batch.batch, seq=20, head="cc")))
    assert the(fx.ConfirmFacts, found) == fx.ConfirmFacts("e1", 20, "cc")


def test_a_link_that_flaps_starts_again_from_what_is_confirmed() -> None:
    bench = backlog(2000)
    load(bench, the(fx.LoadBatch, connect(bench)))
    bench.do(ev.LinkDown("reset"))
    late = bench.do(ev.BatchLoaded(51, 100, "a", "b", (b"x",) * 50))
    assert of(fx.SendBatch, late) == []
    assert the(fx.LoadBatch, connect(bench)).first == 1


# --- confirms


def test_a_confirm_is_a_time_sample_only_for_a_batch_sent_lately() -> None:
    bench = Bench(trust=Trust.FLOOR).start()
    batch = the(fx.SendBatch, connect(bench)).batch
    found = bench.do(ev.MessageReceived(1, confirm(bench, batch, now_utc=UTC + 500.0)), after=0.4)
    clock = the(fx.SetClock, found)
    assert clock.utc == UTC + 500.0
    assert clock.at_mono == pytest.approx(bench.mono - 0.2)
    assert of(fx.SetClock, bench.do(ev.MessageReceived(2, confirm(bench, batch)))) == []  # answered already
    assert of(fx.SetClock, bench.do(ev.MessageReceived(3, confirm(bench, "made-up")))) == []
    late = Bench(trust=Trust.FLOOR).start()
    batch = the(fx.SendBatch, connect(late)).batch
    assert of(fx.SetClock, late.do(ev.MessageReceived(1, confirm(late, batch)), after=10.5)) == []


def test_a_synced_clock_is_not_set_again_with_every_fact() -> None:
    bench = backlog(0)
    batch = the(fx.SendBatch, connect(bench)).batch
    assert of(fx.SetClock, bench.do(ev.MessageReceived(1, confirm(bench, batch))))
    for _ in range(10):
        batch = the(fx.SendBatch, bench.recorded(the(fx.AppendFacts, bench.tap("stranger")))).batch
        answer = confirm(bench, batch, seq=bench.seq - 1)
        assert of(fx.SetClock, bench.do(ev.MessageReceived(1, answer))) == []
        bench.do(ev.FactsConfirmed(bench.seq - 1))
        bench.wait(8.0)


def test_a_confirm_for_another_unit_or_from_another_epoch_counts_for_nothing() -> None:
    bench = backlog(5)
    bench.wait(1.0)
    connect(bench)
    assert of(fx.ConfirmFacts, bench.do(ev.MessageReceived(1, confirm(bench, "b", unit="b12-u3", seq=5)))) == []
    assert of(fx.ConfirmFacts, bench.do(ev.MessageReceived(2, confirm(bench, "b", epoch="old", seq=5)))) == []


@pytest.mark.claim("F5")
def test_a_history_that_differs_begins_a_new_epoch_and_says_so() -> None:
    bench = backlog(5)
    batch = the(fx.SendBatch, load(bench, the(fx.LoadBatch, connect(bench))))
    found = bench.do(ev.MessageReceived(1, confirm(bench, batch.batch, seq=90, head="ff")))
    assert the(fx.ConfirmFacts, found).seq == 90
    found = bench.do(ev.HistoryDiffers("e2", bench.utc, 3, "cc", "the centre has more"))
    assert "new epoch" in facts_of(found)["journal.recovered"]["detail"]
    order = the(fx.LoadBatch, found)
    assert order.first == 1
    assert the(fx.SendBatch, bench.do(ev.BatchLoaded(1, 2, "a", "b", (b"x", b"y")))).epoch == "e2"


def test_the_digest_is_over_what_is_here_and_a_lasting_difference_is_stale() -> None:
    bench = backlog(0)
    bench.message(notice())
    right = digest([("notice", "yard/y07", "n1", 1)])
    batch = the(fx.SendBatch, connect(bench)).batch
    bench.do(ev.MessageReceived(1, confirm(bench, batch, digest=right)))
    assert bench.state.sync.differs_since is None
    batch = the(fx.SendBatch, bench.recorded(the(fx.AppendFacts, bench.tap("stranger")))).batch
    wrong = digest([("notice", "yard/y07", "n1", 1), ("notice", "yard/y07", "n2", 1)])
    bench.do(ev.MessageReceived(2, confirm(bench, batch, digest=wrong, seq=1)))
    bench.do(ev.FactsConfirmed(1))
    bench.wait(59.0)
    assert not bench.state.sync.stale
    bench.forget()
    bench.wait(3.0)
    assert bench.state.sync.stale
    assert any(s.status.stale for s in bench.all(fx.SendStatus))
    assert bench.all(fx.SendBatch) != []  # asks again
    save = the(fx.SaveState, bench.message(notice("n2")))
    bench.do(ev.StateSaved(save.token, "notice", "yard/y07", "n2", 1))
    assert not bench.state.sync.stale


# --- alarms


def test_alarms_go_ahead_of_the_queue_also_with_the_centre_away() -> None:
    bench = backlog(1000)
    bench.do(ev.LinkUp("5"))
    found = bench.do(ev.FireChanged("main", active=True))
    record = the(fx.AppendFacts, found)
    index = [f.kind for f in facts_in(record)].index("door.fire_release")
    found = bench.recorded(record)
    assert the(fx.SendAhead, found).seq == 1001 + index
    assert of(fx.SendBatch, found) == []


def receipt(bench: Bench, name: str) -> tuple[fx.Effect, ...]:
    """A notice comes and its receipt is on the disk: what follows."""
    bench.forget()
    message = notice(name)
    bench.do(ev.MessageReceived(7, message))
    bench.do(ev.StateSaved(the(fx.SaveState, bench.all(fx.SaveState)).token, "notice", str(message.scope), name, 1))
    (record,) = [r for r in bench.all(fx.AppendFacts) if "notice.received" in [f.kind for f in facts_in(r)]]
    return bench.recorded(record)


def test_receipts_of_notices_go_ahead_of_a_backlog_and_of_nothing_else() -> None:
    bench = backlog(1000)
    assert of(fx.SendAhead, receipt(bench, "n1")) == [], "the centre is away: the chain brings it"
    connect(bench)
    (copy,) = of(fx.SendAhead, receipt(bench, "n2"))
    assert (copy.leaf, copy.seq) == ("receipt", bench.seq - 1)
    idle = Bench().start().online()
    found = receipt(idle, "n1")
    assert of(fx.SendAhead, found) == []
    assert the(fx.SendBatch, found).last == idle.seq - 1


def test_a_flood_of_notices_sends_few_receipts_ahead() -> None:
    bench = backlog(1000)
    connect(bench)
    copies = [len(of(fx.SendAhead, receipt(bench, f"n{n}"))) for n in range(10)]
    assert copies == [1] * limits.RECEIPTS_AHEAD + [0] * 6
    bench.wait(limits.RECEIPTS_AHEAD_S)
    assert len(of(fx.SendAhead, receipt(bench, "late"))) == 1


def test_alarms_wait_for_the_link() -> None:
    bench = Bench().start()
    bench.recorded(the(fx.AppendFacts, bench.do(ev.ContactChanged("main", open=True))))
    assert bench.all(fx.SendAhead) == []
    assert the(fx.SendAhead, bench.do(ev.LinkUp("5"))).line == b"line 1"
    assert of(fx.SendAhead, bench.do(ev.LinkUp("5"))) == []


def test_a_new_checkpoint_of_the_centre_is_written_down_once() -> None:
    """By the answer to a batch of ours; a confirm that somebody plays again brings nothing back."""
    bench = Bench().start().online()
    first, second = "ab" * 32, "cd" * 32
    batch = the(fx.SendBatch, bench.recorded(the(fx.AppendFacts, bench.tap("anna"))))
    old = confirm(bench, batch.batch, checkpoint=first)
    found = bench.do(ev.MessageReceived(1, old), after=0.2)
    assert facts_of(found)["centre.checkpoint"] == {"digest": first}
    assert status(bench.state).checkpoint == first
    bench.forget()
    bench.do(ev.MessageReceived(2, confirm(bench, "another", checkpoint=second)), after=limits.CHECKPOINT_S)
    bench.do(ev.MessageReceived(3, old), after=limits.CHECKPOINT_S)
    assert "centre.checkpoint" not in bench.kinds()
