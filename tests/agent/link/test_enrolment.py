"""The link and the core together, until a centre on a real broker knows this unit's keys."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from agent.clock import Clock
from agent.core import effects as fx
from agent.core import events as ev
from agent.core.controller import initial
from agent.inbox import Inbox
from agent.loop import Loop
from contract.chain import chain_start, parse_batch
from contract.enrolment import check_enrol
from contract.sealing import check_seal, sealing_key
from simulator.broker import Broker
from tests.agent.core.bench import unit_plan
from tests.agent.link import far_end
from tests.agent.link.far_end import SITE, TOKEN, UNIT, UNIT_KEY, Unit, centre
from tests.waiting import eventually

PUBLIC = UNIT_KEY.public_key().public_bytes_raw()
LINK = fx.SendEnrolment | fx.SendSealingKey | fx.SendBatch | fx.SendStatus | fx.AckMessage


@contextlib.contextmanager
def driven(near: Unit, spent: list[fx.Effect]) -> Iterator[None]:
    """What the core orders is done, as far as it is the link's; `spent`: that the token is."""
    inbox = Inbox()

    def carry_out(effect: fx.Effect) -> None:
        if isinstance(effect, LINK):
            near.link.order(effect)
        elif isinstance(effect, fx.Connect):
            near.link.start()
        elif isinstance(effect, fx.SpendToken):
            spent.append(effect)

    near.hears = inbox.post
    loop = Loop(initial(unit_plan()), inbox, Clock("Asia/Shanghai"), carry_out, turned=lambda: None)
    started = ev.Started("s1", frozenset(), enrolment_pending=True)
    thread = threading.Thread(target=loop.run, args=(started,), name="loop")
    thread.start()
    inbox.post(ev.StoreOpened(1, "e1", 0.0, 1, chain_start(SITE, UNIT, "e1").hex(), 0, (), {}, {}))
    try:
        yield
    finally:
        loop.stop()
        thread.join(5.0)
        assert near.link.stop(3.0)


def leaves(far: far_end.Centre) -> list[str]:
    return [message.topic.rsplit("/", 1)[1] for message in list(far.got) if not message.topic.endswith("/status")]


def test_the_keys_are_told_ahead_of_facts_until_the_centre_answers(any_broker: Broker) -> None:
    """Facts of a unit that is not enrolled yet would be refused, and come again only after half a minute."""
    spent: list[fx.Effect] = []
    with centre(any_broker) as far, far_end.line(any_broker.port) as wire:
        near = Unit(f"mqtt://127.0.0.1:{wire.port}", token=TOKEN)
        with driven(near, spent):
            eventually(lambda: far.ups("seal"))
            far.presence(5.0)  # a centre that comes only now may have missed what was told at the connection
            eventually(lambda: far.ups("facts"))
            assert leaves(far) == ["enrol", "seal", "enrol", "seal", "facts"]
            assert check_enrol(far.ups("enrol")[0], SITE, UNIT, TOKEN) == PUBLIC
            public = sealing_key(UNIT_KEY, SITE, UNIT).public_key().public_bytes_raw()
            assert check_seal(far.ups("seal")[0], SITE, UNIT, PUBLIC) == public
            wire.cut()
            wire.mend()
            eventually(lambda: far.ups("facts")[1:])
            told = leaves(far)
            assert told[5:7] == ["enrol", "seal"]
            assert not spent
            far.confirm(parse_batch(far.ups("facts")[-1]).header.batch)
            eventually(lambda: spent)
            wire.cut()
            wire.mend()
            eventually(lambda: len(far.ups("facts")) > told.count("facts"))
            assert set(leaves(far)[len(told) :]) == {"seal", "facts"}  # a centre set up anew asks for nothing
            assert not any(m.retain for m in far.got if not m.topic.endswith("/status"))
            assert len(spent) == 1
