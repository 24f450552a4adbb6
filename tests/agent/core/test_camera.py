"""A door's camera goes with what somebody may want to see, and changes nothing where there is none."""

from __future__ import annotations

from typing import get_args

import pytest

from agent.core import events as ev
from contract.chain import line
from contract.facts import KINDS, AccessGranted, Filmed, Via, data_of, fact_of, kind_of
from contract.strict_json import dumps
from tests.agent.core.bench import Bench, door_plan, unit_plan

CAMERA = "nvr1/03"
FILMED = {kind_of_type: each.type for kind_of_type, each in KINDS.items() if each.type in get_args(Filmed)}


def evening(camera: str | None) -> Bench:
    """Somebody is let in, somebody is not; the door is forced, stands open; fire."""
    bench = Bench(unit_plan(door_plan(camera=camera))).start()
    bench.tap("anna")
    bench.settle()
    bench.do(ev.ContactChanged("main", open=True), after=1.0)
    bench.wait(31.0)
    bench.do(ev.ContactChanged("main", open=False))
    bench.wait(10.0)
    bench.tap("nobody")
    bench.wait(10.0)
    bench.do(ev.ContactChanged("main", open=True))
    bench.do(ev.ContactChanged("main", open=False), after=1.0)
    bench.do(ev.FireChanged("main", active=True), after=1.0)
    return bench


def test_what_somebody_may_want_to_see_names_the_camera() -> None:
    bench = evening(CAMERA)
    named = {fact.kind for fact in bench.facts() if fact.data.get("camera") == CAMERA}
    assert named == {"access.granted", "access.denied", "door.held", "door.forced", "door.fire_release"}
    assert named == set(FILMED) - {"access.duress", "access.locked_out"}
    for fact in bench.facts():
        assert ("camera" in fact.data) == (fact.kind in FILMED)


def test_a_door_without_one_writes_what_it_always_wrote() -> None:
    plain, seen = evening(None).facts(), evening(CAMERA).facts()
    assert [fact.kind for fact in plain] == [fact.kind for fact in seen]
    for one, other in zip(plain, seen, strict=True):
        assert dumps(dict(one.data)) == dumps({key: value for key, value in other.data.items() if key != "camera"})


def test_each_door_names_its_own() -> None:
    plans = (door_plan(camera="a"), door_plan(id="yard", readers=("gate",), camera="b"))
    bench = Bench(unit_plan(*plans)).start()
    bench.tap("anna", "gate")
    bench.tap("anna")
    granted = [(fact.data["door"], fact.data["camera"]) for fact in bench.facts() if fact.kind == "access.granted"]
    assert granted == [("yard", "b"), ("main", "a")]


def test_duress_is_told_with_it_as_a_plain_yes_is() -> None:
    for kind in ("access.duress", "access.granted"):
        assert list(data_of(FILMED[kind]("main", None, Via.PIN, camera=CAMERA)))[-1] == "camera"


@pytest.mark.parametrize("kind", sorted(FILMED))
def test_a_reader_of_before_passes_it_over_and_one_of_now_takes_a_fact_of_before(kind: str) -> None:
    data = {"door": "main", "by": None, "via": "card", "reason": "unknown", "device": "reader", "lock_s": 30}
    assert getattr(fact_of(kind, data), "camera", "") is None
    assert fact_of(kind, {**data, "camera": CAMERA, "lens": "wide"}) == fact_of(kind, {**data, "camera": CAMERA})


def test_what_it_costs_a_line() -> None:
    """Nothing where there is none; else the name and twelve bytes."""

    def size(fact: AccessGranted) -> int:
        return len(line(1, 1.79e9, "synced", 1, 1.0, kind_of(fact), data_of(fact)))

    plain = AccessGranted("main", "r-0001", Via.CARD)
    assert size(AccessGranted("main", "r-0001", Via.CARD, camera=CAMERA)) - size(plain) == len(CAMERA) + len(
        ',"camera":""'
    )
