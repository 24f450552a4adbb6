"""A broker that ends the connection over a message of ours: the unit says so, and does not take it for a second client."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from agent.aside import Aside, name_of
from agent.core import effects
from agent.core.events.link import LinkDown, LinkUp, MessageReceived, MessageRefused
from agent.link import translate
from agent.link.reconnect import Ending, Reconnect
from simulator.broker import Broker
from tests.agent.link.far_end import centre, line, unit
from tests.agent.statuses import STATUS
from tests.waiting import eventually

SIZE = 40_000


def test_a_link_cut_after_our_own_message_says_so(broker: Broker) -> None:
    """Three times and more, as it would be sent again at each connection."""
    status = effects.SendStatus(replace(STATUS, name="x" * SIZE))
    with line(broker.port) as wire, unit(f"mqtt://127.0.0.1:{wire.port}", protocol="3.1.1") as near:
        for number in range(1, 5):
            near.wait(LinkUp, number, 10)
            eventually(lambda: (live := near.link._live) is not None and live.outbox.oldest is None, 5)
            before = wire.up_bytes
            wire.down_open.clear()  # so that no acknowledgement comes before the cut
            near.link.order(status)
            eventually(lambda start=before: wire.up_bytes - start >= SIZE, 5)
            wire.cut()
            eventually(lambda n=number: not near.link._live or len(near.of(LinkUp)) > n, 5)
            wire.mend()
        told = near.of(LinkDown)
        assert told
        assert not any(event.taken_over for event in told)
        assert "after our own message of 40" in told[0].reason
        assert "/status" in told[0].reason


def test_only_what_is_not_acknowledged_is_suspected() -> None:
    chosen = Reconnect("3.1.1", lambda a, b: a)
    assert not any(chosen.after(Ending("rejected", 0.1)).taken_over for _ in range(9))
    assert [chosen.after(Ending("closed", 0.1)).taken_over for _ in range(3)] == [False, False, True]


@pytest.mark.claim("D11")
def test_a_message_the_link_trips_over_is_refused_from_then_on(
    any_broker: Broker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[str] = []
    sound = translate.parse

    def planted(kind, site, down, payload):  # type: ignore[no-untyped-def]
        if payload.get("id") == "bad":
            raise ZeroDivisionError("planted")
        return sound(kind, site, down, payload)

    monkeypatch.setattr(translate, "parse", planted)
    caplog.set_level(logging.CRITICAL)
    aside = Aside((), kept.append)
    with centre(any_broker) as far, unit(any_broker.url, aside=aside) as near:
        bad = far.notice("bad")
        refused = near.wait(MessageRefused, 1, 10)
        assert kept == [name_of(bad)]
        assert (refused.kind, refused.reason, refused.entry) == ("notice", "internal", ("notice", "yard/y07", "bad", 1))
        far.notice("good")
        assert near.wait(MessageReceived).message.id == "good"
