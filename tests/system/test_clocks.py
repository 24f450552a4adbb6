"""The real processes on machines whose clock is wrong: what opens, what does not, and that the next start knows better."""

from __future__ import annotations

import contextlib
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.store import reading
from contract.chain import FactLine, parse_line
from simulator.demo import children
from simulator.demo.people import NOT_YET, RESIDENT
from simulator.demo.stage import PULSE_S, UNIT, Stage
from tests.agent.link import far_end
from tests.agent.link.far_end import authority
from tests.waiting import eventually

YEAR_S = 365 * 86_400.0
DATED = 20009
"""A card from last week until next week."""


class Misclocked:
    """A `doorward …` process whose system clock is `ahead_s` off."""

    def __init__(self, ahead_s: float, arguments: list[str], log: Path) -> None:
        command = [sys.executable, "-m", "tests.system.misclocked", str(ahead_s), *arguments]
        with log.open("ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, env=children.environment())

    def stop(self, *, kill: bool = False) -> None:
        if self.process.poll() is None:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait(10)


@pytest.fixture
def set_once(stage: Stage) -> Iterator[Stage]:
    """A unit that was online once, with a right clock, and has a card with dates. Broker and centre are up, the agent is not."""
    day = [time.strftime("%Y-%m-%d", time.gmtime(time.time() + 7 * 86_400 * week)) for week in (-1, 1)]
    roster = stage.folder / "dated.csv"
    roster.write_text(f"id,role,card,from,until\nr-dated,resident,{DATED:010d},{day[0]},{day[1]}\n", encoding="utf-8")
    stage.bureau.do("roster", "put", "--yes", "dated", str(roster), "--scope", "building/b12")
    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: len(stage.bureau.facts(kind="roster.applied")) >= 2, 20)
    eventually(lambda: stage.bureau.facts(kind="clock.changed", trust="synced"), 10)
    assert stage.agent.stop() == 0
    return stage


def denials(stage: Stage) -> list[str]:
    lines = (parse_line(entry.line) for entry in reading.facts(stage.disk.folder))
    return [str(f.data["reason"]) for f in lines if isinstance(f, FactLine) and f.kind == "access.denied"]


def opens(stage: Stage, card: int) -> None:
    stage.box.tap(card)
    eventually(lambda: stage.box.lock_unlocked, 3)
    eventually(lambda: not stage.box.lock_unlocked, PULSE_S + 2)


def refused(stage: Stage, card: int) -> str:
    """The reason, once it is journaled."""
    before = len(denials(stage))
    stage.box.tap(card)
    eventually(lambda: len(denials(stage)) > before, 5)
    assert not stage.box.lock_unlocked
    return denials(stage)[-1]


@pytest.mark.slow
@pytest.mark.claim("F32")
def test_offline_starts_by_a_system_clock_years_off(set_once: Stage) -> None:
    stage = set_once
    stage.bureau.serve.stop()
    stage.stop_broker()
    for ahead_s in (70 * YEAR_S, -50 * YEAR_S):
        polls = stage.box.relay.polls
        agent = Misclocked(ahead_s, ["-c", str(stage.config), "run"], stage.folder / "agent.log")
        try:
            stage.until_served(polls)
            eventually(lambda: reading.summary(stage.disk.folder).boot is not None, 5)
            time.sleep(1.0)
            opens(stage, RESIDENT)
            opens(stage, DATED)
            assert refused(stage, NOT_YET) == "clock"
        finally:
            agent.stop(kill=ahead_s > 0.0)


@pytest.mark.soak
@pytest.mark.claim("F32")
def test_a_centre_years_ahead_and_then_mended(set_once: Stage) -> None:
    stage = set_once
    stage.bureau.serve.stop()
    serve = ["centre", "--dir", str(stage.bureau.path), "serve"]
    wrong = Misclocked(10 * YEAR_S, serve, stage.folder / "centre.log")
    try:
        last = stage.bureau.last
        stage.start_agent()
        eventually(lambda: [f for f in stage.bureau.facts(last) if f.at_utc > time.time() + 9 * YEAR_S], 15)
        assert refused(stage, DATED) == "expired"  # by the centre's own word
        opens(stage, RESIDENT)
    finally:
        wrong.stop()
    stage.bureau.serve.start()
    eventually(lambda: stage.bureau.facts(last, kind="clock.changed")[-1].data["step_s"] < -9 * YEAR_S, 30)
    opens(stage, DATED)
    stage.bureau.order("open", "--door", "main", "--unit", UNIT, "--why", "test")
    eventually(lambda: stage.bureau.facts(last, kind="command.done", action="open"), 10)
    eventually(lambda: not stage.box.lock_unlocked, PULSE_S + 2)
    stage.agent.kill()
    stage.bureau.serve.stop()
    stage.stop_broker()
    stage.start_agent()
    time.sleep(1.0)
    opens(stage, DATED)  # an offline start goes by the newest word, which is the lower one
    assert refused(stage, NOT_YET) == "clock"
    stage.start_broker()
    stage.bureau.serve.start()
    eventually(lambda: stage.bureau.facts(stage.bureau.last - 1), 10)
    assert stage.agent.stop() == 0


@pytest.mark.slow
@pytest.mark.claim("F24")
def test_a_start_refuses_an_expired_certificate_once_the_centre_has_said_the_time(stage: Stage) -> None:
    ca = authority()
    enrolment = stage.identity / "enrolment.json"
    enrolment.write_text(json.dumps(json.loads(enrolment.read_text()) | {"ca": ca.pem}), encoding="utf-8")
    plain = f"mqtt://127.0.0.1:{stage.cable.port}"
    config = stage.config.read_text(encoding="utf-8")
    assert plain in config
    stage.start_broker()
    stage.bureau.serve.start()

    @contextlib.contextmanager
    def started(days: tuple[int, int], ahead_s: float) -> Iterator[None]:
        """The agent, before a broker whose certificate is of these days."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*ca.issue(stage.folder, days=days))
        with far_end.line(stage.cable.port, tls=context) as front:
            stage.config.write_text(config.replace(plain, f"mqtts://127.0.0.1:{front.port}"), encoding="utf-8")
            agent = Misclocked(ahead_s, ["-c", str(stage.config), "run"], stage.folder / "agent.log")
            try:
                yield
            finally:
                agent.stop()

    def words() -> int:
        return (stage.folder / "agent.log").read_text(encoding="utf-8").count("its certificate has expired")

    with started((-30, -1), 0.0):  # nobody has said the time yet: it is let pass, and at once the centre says it
        eventually(lambda: stage.bureau.facts(kind="clock.changed", trust="synced"), 30)
    last = stage.bureau.last
    with started((-30, -1), -40 * YEAR_S):
        eventually(lambda: words() >= 1, 30)
        assert not stage.bureau.facts(last, kind="clock.changed", trust="synced")
    with started((-1, 30), -40 * YEAR_S):
        eventually(lambda: stage.bureau.facts(last, kind="clock.changed", trust="synced"), 30)
    assert words() == 1
