"""The unit's keys on their way to the centre: ahead of everything else, its own one until the centre has shown that it knows it."""

from __future__ import annotations

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import replay_codec
from tests.agent.core.bench import UTC, Bench, confirm, of, the

ToCentre = fx.SendEnrolment | fx.SendSealingKey | fx.SendBatch | fx.SendAhead | fx.SendStatus
KEYS = [fx.SendEnrolment(), fx.SendSealingKey()]


def up(found: tuple[fx.Effect, ...]) -> list[ToCentre]:
    return [effect for effect in found if isinstance(effect, ToCentre)]


def unit(*, pending: bool = True, **more: bool) -> Bench:
    return Bench().start(enrolment_pending=pending, **more)


def test_the_keys_go_ahead_of_everything_at_each_connection_and_whenever_the_centre_comes() -> None:
    bench = unit()
    assert up(bench.do(ev.LinkUp("5")))[:2] == KEYS
    came = up(bench.do(ev.CentrePresence(online=True, since=UTC)))
    assert came[:2] == KEYS
    assert of(fx.SendBatch, came)
    assert not of(fx.SendSealingKey, bench.do(ev.CentrePresence(online=False, since=UTC + 1)))
    assert up(bench.do(ev.CentrePresence(online=True, since=UTC + 2)))[:2] == KEYS
    bench.do(ev.LinkDown("gone"))
    assert up(bench.do(ev.LinkUp("5")))[:2] == KEYS


def test_an_alarm_that_waited_for_the_link_goes_behind_the_keys() -> None:
    bench = unit()
    bench.recorded(the(fx.AppendFacts, bench.do(ev.ContactChanged("main", open=True))))
    assert [type(effect) for effect in up(bench.do(ev.LinkUp("5")))][:3] == [
        fx.SendEnrolment,
        fx.SendSealingKey,
        fx.SendAhead,
    ]


def test_the_answer_to_a_batch_of_this_run_shows_that_the_centre_has_the_key() -> None:
    bench = unit().online()
    batch = bench.all(fx.SendBatch)[-1].batch
    assert not of(fx.SpendToken, bench.message(confirm(bench, "s0-1")))
    assert the(fx.SpendToken, bench.message(confirm(bench, batch))) == fx.SpendToken()
    assert not of(fx.SpendToken, bench.message(confirm(bench, batch)))
    assert up(bench.do(ev.CentrePresence(online=True, since=UTC + 2)))[0] == fx.SendSealingKey()
    bench.do(ev.LinkDown("gone"))
    assert not of(fx.SendEnrolment, bench.do(ev.LinkUp("5")))


def test_without_a_token_only_the_key_to_seal_to_is_told() -> None:
    bench = unit(pending=False)
    assert up(bench.do(ev.LinkUp("5")))[0] == fx.SendSealingKey()
    bench.online()
    bench.message(confirm(bench, bench.all(fx.SendBatch)[-1].batch))
    assert bench.all(fx.SendEnrolment) == bench.all(fx.SpendToken) == []


def test_with_the_door_only_no_key_is_told_before_its_time_is_over() -> None:
    bench = unit(door_only=True)
    bench.wait(590.0)
    assert bench.all(fx.Connect) == bench.all(fx.SendEnrolment) == bench.all(fx.SendSealingKey) == []
    assert the(fx.Connect, bench.wait(10.0)) == fx.Connect()
    assert up(bench.do(ev.LinkUp("5")))[:2] == KEYS


def test_what_is_kept_of_a_crash_says_that_there_is_a_token_and_never_which() -> None:
    started = ev.Started("s1", frozenset(), enrolment_pending=True)
    bench = unit()
    for value in (started, bench.state, *KEYS, fx.SpendToken()):
        assert replay_codec.loads(replay_codec.dumps(value)) == value
    assert bench.state.enrolment_pending
