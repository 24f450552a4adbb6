"""The ring of last steps is bounded by what it holds on to, not only by their number."""

from agent import limits
from agent.core.controller import initial
from agent.core.events.link import MessageReceived
from agent.core.state import State
from agent.core.time import Now, Trust
from agent.ring import Ring, RingStep
from contract.messages import Holder, Role, RosterPart
from contract.scopes import Scope
from tests.agent.core.bench import unit_plan


def received(state: State, number: int) -> RingStep:
    holders = tuple(Holder(f"r-{n}", Role.RESIDENT, f"{n:032x}") for n in range(400))
    part = RosterPart(Scope("building", "b12"), "residents", 1, 0.0, number, 50, "c1", holders)
    return RingStep(state, MessageReceived(number, part, retained=True), Now(0.0, 0.0, Trust.UNKNOWN, 0), ())


def test_parts_of_a_large_roster_are_let_go() -> None:
    ring, state = Ring(), initial(unit_plan())
    for number in range(1, 51):
        ring.add(received(state, number))
    kept = ring.steps()
    assert kept[-1].event.token == 50
    assert 1 < len(kept) < 20, "20,000 holders would be kept a second time"
    assert sum(len(step.event.message.holders) for step in kept) * 500 <= limits.RING_BYTES
