"""A message that crashes the agent must not keep the door shut (rule D11)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from agent import limits
from agent.core.events.link import MessageReceived
from agent.core.replay_codec import decode_steps
from agent.errors import EXIT_CHECK_FAILED, EXIT_OURS
from agent.store import reading
from contract.messages import Notice
from simulator.demo import children
from simulator.demo.people import RESIDENT
from simulator.demo.stage import Stage
from tests.waiting import eventually


class Poisoned:
    """The agent with the planted fault, as a process that a service manager would start again."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.log = stage.folder / "poisoned.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, ready: bool = True) -> subprocess.Popen[bytes]:
        polls = self._stage.box.relay.polls
        command = [sys.executable, "-m", "tests.system.poisoned", "-c", str(self._stage.config), "run"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=children.environment())
        if ready:
            self._stage.until_served(polls)
        return self.process

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)


@pytest.fixture
def poisoned(stage: Stage) -> Iterator[Poisoned]:
    stage.start_broker()
    stage.bureau.serve.start()
    agent = Poisoned(stage)
    yield agent
    agent.stop()


def poison(stage: Stage, title: str = "poison") -> None:
    stage.bureau.do("notice", "put", "--yes", "--scope", "yard/y07", "--title", title, "--text", "x")


def opens_for_a_resident(stage: Stage) -> bool:
    stage.box.tap(RESIDENT)
    eventually(lambda: stage.box.lock_unlocked, 3)
    return bool(eventually(lambda: not stage.box.lock_unlocked, 10))


@pytest.mark.slow
@pytest.mark.claim("D11")
def test_a_poisoned_message_is_set_aside_and_three_mean_the_door_only(stage: Stage, poisoned: Poisoned) -> None:
    process = poisoned.start()
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)

    poison(stage)
    assert process.wait(20) == EXIT_OURS
    (crash,) = stage.disk.folder.glob("crash-*.jsonl")
    _, steps = decode_steps(crash.read_text(encoding="utf-8"))
    culprit = steps[-1].event
    assert isinstance(culprit, MessageReceived)
    assert isinstance(culprit.message, Notice)
    assert culprit.message.title == "poison"
    replayed = children.Commands().run(["-c", str(stage.config), "replay", str(crash)])
    assert replayed.code == EXIT_CHECK_FAILED, "sound code does what the crash left undone, and replay says so"

    process = poisoned.start()  # the broker hands the retained notice over again: it is left aside
    eventually(lambda: "left aside" in poisoned.log.read_text(encoding="utf-8"), 20)
    assert opens_for_a_resident(stage)
    assert process.poll() is None

    for _ in range(2):
        poison(stage)
        assert process.wait(20) == EXIT_OURS
        process = poisoned.start()

    assert "the door only" in poisoned.log.read_text(encoding="utf-8")
    seen = len(stage.bureau.facts())
    said = children.Commands().run(["-c", str(stage.config), "status"]).out
    assert "door only     until 20" in said
    assert "link          off since 20" in said
    assert "online" not in said
    assert opens_for_a_resident(stage)
    granted = [e for e in reading.facts(stage.disk.folder) if b'"access.granted"' in e.line]
    assert len(granted) == 2, "the door only, but its facts are kept"
    assert len(stage.bureau.facts()) == seen, "door-only means no link"
    assert process.poll() is None
    poisoned.stop()


@pytest.mark.slow
@pytest.mark.claim("D11")
@pytest.mark.parametrize(
    "where",
    ["wither", *(pytest.param(w, marks=pytest.mark.soak) for w in ("thorn", "gall", "poison", "venom", "blight"))],
)
def test_a_message_we_trip_over_costs_one_restart_wherever_that_is(
    stage: Stage, poisoned: Poisoned, where: str
) -> None:
    process = poisoned.start()
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
    put(stage, where)
    if where == "blight":  # it is well until it is read back
        eventually(lambda: stage.bureau.facts(kind="notice.received"), 10)
        poisoned.stop()
        process = poisoned.start(ready=False)
    if where != "gall":  # the link's thread begins a new connection instead
        assert process.wait(20) == EXIT_OURS
        process = poisoned.start()

    (fact,) = eventually(lambda: stage.bureau.facts(kind="state.refused"), 20)
    assert (fact.data["state"], fact.data["reason"]) == ("roster" if where == "thorn" else "notice", "internal")
    poison(stage, "sound")
    eventually(lambda: stage.bureau.facts(kind="notice.shown"), 20)
    assert opens_for_a_resident(stage)
    assert process.poll() is None
    poisoned.stop()

    received = len(stage.bureau.facts(kind="state.refused"))
    process = poisoned.start()
    eventually(lambda: len(stage.bureau.facts(kind="state.refused")) > received, 20)
    assert opens_for_a_resident(stage)
    assert process.poll() is None, "remembered over a start that went well"


def put(stage: Stage, where: str) -> None:
    if where != "thorn":
        poison(stage, where)
        return
    roster = stage.folder / "thorn.csv"
    roster.write_text("id,card\nthorn,0012345678\n", encoding="utf-8")
    stage.bureau.do("roster", "put", "--yes", "thorns", str(roster), "--scope", "yard/y07")


@pytest.mark.slow
@pytest.mark.claim("D11")
def test_a_dead_store_thread_restarts_the_agent_and_at_last_the_door_goes_on_without(
    stage: Stage, poisoned: Poisoned
) -> None:
    process = poisoned.start()
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
    for number in range(3):
        poison(stage, "venom")  # another one each time: one that was remembered does no harm
        assert process.wait(20) == EXIT_OURS
        process = poisoned.start(ready=number == 2)
    assert "the door only" in poisoned.log.read_text(encoding="utf-8")
    assert opens_for_a_resident(stage)
    assert process.poll() is None


@pytest.mark.slow
@pytest.mark.claim("D1", "D11")
def test_a_dead_latch_thread_restarts_the_agent_and_at_last_the_door_goes_on_without(
    stage: Stage, poisoned: Poisoned
) -> None:
    process = poisoned.start()
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
    ember = stage.disk.folder / "ember"
    ember.touch()
    stage.box.fire(True)  # it is seen anew at each start, and so is the fault
    for number in range(3):
        assert process.wait(20) == EXIT_OURS
        process = poisoned.start(ready=number == 2)
    eventually(lambda: stage.box.lock_unlocked, 2)
    log = lambda: poisoned.log.read_text(encoding="utf-8")  # noqa: E731
    eventually(lambda: "the fire latch cannot be saved" in log(), limits.STORE_HUNG_S + 3)
    assert process.poll() is None
    assert stage.box.lock_unlocked
    ember.unlink()
    poisoned.stop()
    assert "the fire latch is not on disk" in log()
