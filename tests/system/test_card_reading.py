"""A card is held to a reader to be enrolled: the real processes, a real broker, three sorts of readers; nobody but the desk learns its number."""

from __future__ import annotations

import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.box import BoxSpec
from simulator.demo.children import Commands, Outcome
from simulator.demo.people import NAMES, NEIGHBOUR, RESIDENT
from simulator.demo.stage import Stage
from tests.centre.wire import Wire
from tests.system.test_faults import facts, opens
from tests.waiting import eventually

pytestmark = pytest.mark.slow
NEW = 98_765_432
"""In no file and in no list."""
FORMS = tuple(text.encode() for text in (f"{NEW}", f"{NEW:X}", f"{NEW:x}", f"{NEW >> 16},{NEW & 0xFFFF}"))


READERS = ["osdp", *(pytest.param(each, marks=pytest.mark.soak) for each in ("decimal", "rdm6300"))]
"""Those that only send with the long runs."""


@pytest.fixture(params=READERS)
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path / "s", mix=BoxSpec(reader_form=request.param)) as stage:
        stage.found()
        stage.start_broker()
        stage.bureau.serve.start()
        stage.start_agent()
        eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
        time.sleep(1.5)  # what a line says in its first second does not count
        opens(stage, RESIDENT, 10)
        yield stage
        assert stage.agent.stop() == 0


class Asked:
    """`centre holder read-card` on its way."""

    def __init__(self, stage: Stage, holder: str, seconds: int = 60) -> None:
        where = ("--scope", "building/b12", "--roster", "residents", "--unit", "b12-u2", "--reader", "card")
        args = ("holder", "read-card", holder, *where, "--seconds", str(seconds), "--yes")
        self._ended: list[Outcome] = []
        before = len(stage.bureau.facts(kind="command.accepted", action="read_card"))
        self._thread = threading.Thread(target=lambda: self._ended.append(stage.bureau.order(*args)), name="asked")
        self._thread.start()
        accepted = lambda: len(stage.bureau.facts(kind="command.accepted", action="read_card")) > before  # noqa: E731
        eventually(lambda: accepted() or self._ended, 60)
        assert not self._ended, self._ended

    def end(self) -> Outcome:
        self._thread.join(90)
        return self._ended[0]


def shows(stage: Stage, words: str) -> None:
    eventually(lambda: words in "".join((stage.box.panel.title, *stage.box.panel.body)), 5)


def stays_locked(stage: Stage, card: int) -> None:
    stage.box.tap(card)
    time.sleep(1.2)
    assert not stage.box.lock_unlocked


@pytest.mark.claim("F57")
def test_a_card_that_is_read_is_enrolled_and_its_number_is_nowhere(running: Stage) -> None:
    stage = running
    port = stage.cable.port
    ear = Wire(port, "ear", None)
    ear.subscribe("#")
    stays_locked(stage, NEW)
    asked = Asked(stage, NAMES[NEIGHBOUR])
    shows(stage, "请刷要登记的卡")
    time.sleep(1.0)
    stays_locked(stage, NEW)
    shows(stage, "卡已读到")
    done = asked.end()
    assert done.code == 0, done.err
    digits = next(word for word in done.out.split() if word.rstrip(":").isdigit() and len(word.rstrip(":")) == 2)
    shows(stage, digits.rstrip(":"))
    eventually(lambda: len(stage.bureau.facts(kind="roster.applied")) > 1, 20)
    time.sleep(1.5)  # readers that only send count a card anew after that time without it
    opens(stage, NEW, 5)
    assert [fact.data["by"] for fact in facts(stage, "access.granted")][-1] == NAMES[NEIGHBOUR]
    assert [fact.data.get("detail") for fact in facts(stage, "command.done")] == [None]
    packed = stage.folder / "support.tar.gz"
    made = Commands().run(["-c", str(stage.config), "bundle", "-o", str(packed)], 60)
    assert made.code == 0, made.err
    with tarfile.open(packed) as tar:
        tar.extractall(stage.folder / "support", filter="data")
    ear.close()
    for path in stage.folder.rglob("*"):
        if path.is_file():
            found = [form for form in FORMS if form in path.read_bytes()]
            assert not found, (path, found)
    assert [topic for topic, _payload, _retained in ear.got if topic.endswith("/reply")]
    heard = b"\n".join(payload for _topic, payload, _retained in ear.got)
    assert not any(form in heard for form in FORMS)
    assert not any(form in (done.out + done.err).encode() for form in FORMS)


@pytest.mark.claim("F57")
def test_a_resident_who_knows_nothing_of_it_is_in_by_her_second_tap(running: Stage) -> None:
    asked = Asked(running, NAMES[NEIGHBOUR])
    time.sleep(1.0)
    stays_locked(running, RESIDENT)
    shows(running, "要进门隔两秒再刷")
    time.sleep(1.0)  # with `stays_locked` two seconds: readers that only send count a card anew after 1.5 s without it
    opens(running, RESIDENT, 3)
    done = asked.end()
    assert done.code == 2
    assert NAMES[RESIDENT] in done.err, "it is hers already, and given to nobody else"


@pytest.mark.claim("F57")
def test_a_power_cut_while_it_waits_ends_it_in_words_and_the_next_card_opens(running: Stage) -> None:
    asked = Asked(running, NAMES[NEIGHBOUR])
    running.agent.kill()
    running.start_agent()
    eventually(lambda: running.bureau.facts(kind="command.refused", action="read_card", reason="abandoned"), 20)
    time.sleep(1.5)
    opens(running, RESIDENT, 10)
    done = asked.end()
    assert done.code == 3
    assert "something came between" in done.out


@pytest.mark.claim("F57")
def test_fire_while_it_waits_releases_the_door_and_ends_it(running: Stage) -> None:
    asked = Asked(running, NAMES[NEIGHBOUR])
    began = time.monotonic()
    running.box.fire()
    eventually(lambda: running.box.lock_unlocked, 2)
    assert time.monotonic() - began < 1.5
    done = asked.end()
    assert done.code == 3
    assert "released by fire" in done.out
    running.box.fire(burning=False)
