"""The centre's disk is lost at the end of a day: a new folder from last night's backup, and every unit obeys it at once."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from centre.opened import OpenCentre
from centre.schema import state
from contract.enrolment import parse_enrolment
from contract.scopes import Scope
from simulator.demo.bureau import Bureau
from simulator.demo.children import Commands
from simulator.demo.people import PATROL, RESIDENT
from simulator.demo.stage import UNIT, Stage
from tests.centre.box import Box
from tests.centre.unit import FakeUnit
from tests.system.test_new_card_key import opens
from tests.waiting import eventually

OBEYED_S = 10.0
SCOPES = ("building/b12", "yard/y07")
OTHERS = ("b12-u3", "b12-u4", "b12-u5")
STOLEN = "b12-u9"
"""A box that is taken away and revoked on that day."""


class Street:
    """A real agent, and boxes in software beside it; their centre, which is lost and restored."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.bureau = stage.bureau
        self.phrase = stage.folder / "phrase"
        self.phrase.write_text("a passphrase\n", encoding="utf-8")
        stage.start_broker()
        self.boxes = [self._box(name) for name in (*OTHERS, STOLEN)]
        self.bureau.serve.start()
        stage.start_agent()
        for box in self.boxes:
            assert box.connect(stage._port)
        self.applied()

    def _box(self, name: str) -> Box:
        self.bureau.do("unit", "add", name, *(word for scope in SCOPES for word in ("--scope", scope)))
        file = self.stage.folder / f"{name}.json"
        self.bureau.do("unit", "enrolment", name, "--out", str(file))
        enrolment = parse_enrolment(file.read_bytes())
        return Box(FakeUnit(name, enrolment), [Scope(*scope.split("/")) for scope in SCOPES])  # type: ignore[arg-type]

    def roster(self, *cards: int) -> None:
        """From now on these are all who have rights in the building."""
        file = self.stage.folder / "people.csv"
        lines = "".join(f"h-{card},{card:010d}\n" for card in cards)
        file.write_text(f"id,card\n{lines}", encoding="utf-8")
        self.bureau.do("roster", "put", "--yes", "residents", str(file), "--scope", "building/b12")

    @property
    def rev(self) -> int:
        line = next(each for each in self.bureau.do("roster", "list").splitlines() if each.startswith("residents "))
        return int(line.split()[2])

    def put_utc(self) -> float:
        """When the newest roster was committed."""
        books = OpenCentre(self.bureau.path).books
        with books.reading() as conn:
            made: float = (
                conn.execute(select(state.c.made_utc).where(state.c.id == "residents")).scalars().first() or 0.0
            )
        books.close()
        return made

    def applied(self, limit_s: float = 20.0) -> None:
        """Every unit has the newest roster of the books in force."""
        rev = self.rev
        eventually(lambda: self.bureau.facts(kind="roster.applied", id="residents", rev=rev), limit_s)
        eventually(lambda: all(self._has(box, rev) for box in self.boxes if box.wire is not None), limit_s)

    def _has(self, box: Box, rev: int) -> bool:
        there = box.rosters.get("building/b12/residents")
        return there is not None and there.rev == rev

    def lose(self, backup: Path, *, broker_too: bool) -> None:
        """The disk is gone, and all that was on it; the units go on."""
        self.bureau.serve.kill()
        self.bureau.close()
        shutil.rmtree(self.bureau.path)
        if broker_too:
            self.stage.stop_broker()
            shutil.rmtree(self.stage.folder / "broker")
        self.bureau = Bureau(self.stage.folder / "centre-2", self.stage.folder / "centre-2.log", Commands())
        said = self.bureau.order("restore", str(backup), "--passphrase-file", str(self.phrase))
        assert said.code == 0, said.err
        self.bureau.open_books()

    def close(self) -> None:
        for box in self.boxes:
            box.off()
        self.bureau.close()


@pytest.fixture
def street(stage: Stage) -> Iterator[Street]:
    made = Street(stage)
    yield made
    made.close()


def cards_open(street: Street, card: int) -> list[bool]:
    """At the real door, and at the boxes that are there."""
    number = f"{card:X}"
    return [opens(street.stage, card), *(box.opens(number) for box in street.boxes if box.wire is not None)]


Number = tuple[str, str, int]


def a_day(street: Street) -> set[Number]:
    """A card and a unit are revoked, a notice comes and another goes. Returns the real unit's facts in the books."""
    street.roster(RESIDENT)
    street.bureau.do("notice", "put", "--yes", "--scope", "yard/y07", "--title", "今天", "--text", "x", "--id", "n-day")
    street.bureau.do("notice", "withdraw", "n-before")
    street.bureau.do("unit", "revoke", STOLEN)
    street.boxes[-1].off()
    street.applied()
    assert all(cards_open(street, RESIDENT))
    assert not any(cards_open(street, PATROL))
    eventually(lambda: street.bureau.facts(kind="notice.ended", id="n-before"), 20)
    eventually(lambda: street.bureau.facts(kind="access.denied"), 20)
    street.bureau.serve.stop()
    return {(fact.unit, fact.epoch, fact.seq) for fact in street.bureau.facts() if fact.unit == UNIT}


def recorded(street: Street, facts: set[Number]) -> None:
    """The unit gave all of the day's facts again, and they hold."""
    eventually(lambda: facts <= {(fact.unit, fact.epoch, fact.seq) for fact in street.bureau.facts()}, 30)
    verified = street.bureau.order("verify")
    assert verified.code == 0, verified.err


@pytest.mark.slow
@pytest.mark.parametrize(
    "broker_too",
    [
        pytest.param(False, id="the broker stands"),
        pytest.param(True, id="the broker is lost too", marks=pytest.mark.soak),
    ],
)
def test_a_lost_disk(street: Street, broker_too: bool, record_property: Callable[[str, object], None]) -> None:
    stage, backup = street.stage, street.stage.folder / "last-night"
    street.roster(RESIDENT, PATROL)
    street.bureau.do(
        "notice", "put", "--yes", "--scope", "yard/y07", "--title", "昨天", "--text", "x", "--id", "n-before"
    )
    street.applied()
    eventually(lambda: street.bureau.facts(kind="notice.received", id="n-before"), 20)
    street.bureau.do("backup", str(backup), "--passphrase-file", str(street.phrase))

    facts = a_day(street)
    street.lose(backup, broker_too=broker_too)
    street.bureau.do("unit", "revoke", STOLEN)
    if broker_too:
        stage._broker = None
        stage.start_broker()
    street.bureau.serve.start()
    for box in street.boxes[:-1]:
        if box.wire is None or not box.wire.connected:
            eventually(lambda box=box: box.connect(stage._port), 20)
    log = street.bureau.serve.log
    eventually(lambda: "books older than" in log.read_text(encoding="utf-8"), 70 if broker_too else 20)
    if not broker_too:
        said = log.read_text(encoding="utf-8")
        assert "taken back: roster residents" in said
        assert "taken back: notice n-day" in said
    assert not any(cards_open(street, PATROL)), "nothing older comes back"

    # a revocation
    street.roster(PATROL + 1)
    street.applied()
    took = time.time() - street.put_utc()
    street.bureau.do("notice", "withdraw", "n-day", *(("--scope", "yard/y07") if broker_too else ()))
    eventually(lambda: street.bureau.facts(kind="notice.ended", id="n-day"), 20)
    assert took < OBEYED_S
    assert not any(cards_open(street, RESIDENT))
    assert not any(cards_open(street, PATROL))
    record_property("figure", f"every unit had the revocation {took:.1f} s after it was committed")

    recorded(street, facts)
