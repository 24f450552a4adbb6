"""A running unit under faults of its lines, its host and its broker: the door goes on, and what was due comes after."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from agent.store import reading
from contract.bounds import rfc3339
from contract.chain import FactLine, parse_line
from simulator.broker import start_broker
from simulator.demo import children
from simulator.demo.people import PATROL, RESIDENT, SECOND_PATROL
from simulator.demo.stage import PULSE_S, READERS_S, Stage
from tests.system.hurried import hurried
from tests.waiting import eventually

PULSE = "01 05 02 00"
LOOKED_S = 0.3
"""After a stop the ports have looked at their lines: what comes from then on came after it."""
LATE_S = 1.2
"""An order dies after 1 s: nothing may come out later than that plus the time on the wire."""


@pytest.fixture
def running(stage: Stage) -> Iterator[Stage]:
    """Broker, centre and agent at work, the roster in force."""
    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
    yield stage
    assert stage.agent.stop() == 0


def pulses(stage: Stage, since: float) -> list[float]:
    return [m.at for m in stage.box.trace.moments("relay", "frame", since) if m.value.startswith(PULSE)]


def facts(stage: Stage, kind: str) -> list[FactLine]:
    lines = (parse_line(entry.line) for entry in reading.facts(stage.disk.folder))
    return [fact for fact in lines if isinstance(fact, FactLine) and fact.kind == kind]


def opens(stage: Stage, card: int, limit_s: float = 3.0) -> None:
    """The card opens the door, and the door locks again by itself."""
    stage.box.tap(card)
    eventually(lambda: stage.box.lock_unlocked, limit_s)
    eventually(lambda: not stage.box.lock_unlocked, PULSE_S + 2)


@pytest.mark.slow
@pytest.mark.claim("F36")
def test_an_adapter_pulled_and_put_back_under_another_number(
    running: Stage, record_property: Callable[[str, object], None]
) -> None:
    worst = unplugged(running, 6)
    record_property("figure", f"6 times unplugged, back in service {worst:.1f} s after its return at the latest")
    time.sleep(READERS_S)  # what a line says in its first second does not count
    opens(running, RESIDENT)
    assert {fact.data["device"] for fact in facts(running, "device.lost")} == {"relay", "card", "panel"}


@pytest.mark.soak
@pytest.mark.claim("F36")
def test_two_hundred_times_any_adapter_pulled_from_a_running_unit(
    running: Stage, record_property: Callable[[str, object], None]
) -> None:
    worst = unplugged(running, 200)
    record_property("figure", f"200 times unplugged, none stuck, back {worst:.1f} s after its return at the latest")
    time.sleep(READERS_S)  # what a line says in its first second does not count
    opens(running, RESIDENT)
    eventually(lambda: running.box.panel.title or running.box.panel.body, 5)


def unplugged(stage: Stage, times: int) -> float:
    """Pull and return the adapters of board, reader and panel in turn. Gives the longest time (seconds) from a return to service."""
    lines = [("relay", stage.box.io), ("card", stage.box.reader_lines["reader"]), ("panel", stage.box.screen)]
    worst = 0.0
    for cycle in range(times):
        device, line = lines[cycle % len(lines)]
        line.unplug()
        eventually(lambda: _shows(stage, device, "lost"), 5)  # noqa: B023
        line.plug()
        back = time.monotonic()
        eventually(lambda: _shows(stage, device, "ok"), 5)  # noqa: B023
        took = time.monotonic() - back
        assert took <= 3.0, f"{device}, cycle {cycle}: {took:.1f} s"
        worst = max(worst, took)
    return worst


@pytest.mark.slow
@pytest.mark.claim("F36")
def test_an_adapter_that_is_pulled_a_second_time_and_stays_away_is_told(stage: Stage) -> None:
    """Within the minute after the first loss, here 5 s."""
    line = stage.box.reader_lines["reader"]
    with hurried(stage, "DEVICE_FACTS_S=5"):
        eventually(lambda: _shows(stage, "card", "ok"), 10)
        line.unplug()
        eventually(lambda: _shows(stage, "card", "lost"), 5)
        line.plug()
        eventually(lambda: _shows(stage, "card", "ok"), 5)
        line.unplug()
        eventually(lambda: len(facts(stage, "device.lost")) == 2, 8)
    first, second = facts(stage, "device.lost")
    assert second.mono - first.mono >= 5.0
    assert second.data["since"] < rfc3339(second.at_utc)
    line.plug()


@pytest.mark.slow
@pytest.mark.claim("D1")
def test_fire_that_began_while_the_board_was_gone_releases_on_its_return(running: Stage) -> None:
    running.box.io.unplug()
    eventually(lambda: _shows(running, "relay", "lost"), 5)
    running.box.fire(True)
    running.box.io.plug()
    eventually(lambda: running.box.lock_unlocked, 4)
    running.box.fire(False)
    until = time.monotonic() + PULSE_S + 1
    eventually(lambda: time.monotonic() > until, PULSE_S + 2)
    assert running.box.lock_unlocked, "latched: it stays until somebody resets it"


@pytest.mark.slow
@pytest.mark.claim("F37")
@pytest.mark.claim("D7")
def test_a_hung_line_fires_nothing_late_and_comes_back(running: Stage) -> None:
    running.box.io.faults.hang = True
    hung = time.monotonic()
    running.box.tap(RESIDENT)
    eventually(lambda: _shows(running, "relay", "lost"), 15)
    running.box.io.faults.hang = False
    eventually(lambda: _shows(running, "relay", "ok"), 10)
    late = [at - hung for at in pulses(running, hung) if at - hung > LATE_S]
    assert not late, f"an unlock came {late} s after its card"
    opens(running, PATROL)


@pytest.mark.slow
@pytest.mark.claim("F41")
@pytest.mark.claim("D3")
def test_a_stopped_agent_leaves_no_door_open(running: Stage, record_property: Callable[[str, object], None]) -> None:
    running.box.tap(RESIDENT)
    opened = time.monotonic()
    eventually(lambda: running.box.lock_unlocked, 3)
    pid = running.agent.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: not running.box.lock_unlocked, PULSE_S + 1.5)
        record_property("figure", f"locked {time.monotonic() - opened:.1f} s after the card, pulse {PULSE_S:g} s")
    finally:
        os.kill(pid, signal.SIGCONT)
    woken = time.monotonic()
    eventually(lambda: time.monotonic() >= woken + LOOKED_S)
    opens(running, PATROL)


@pytest.mark.slow
@pytest.mark.claim("D6")
def test_a_dead_panel_and_a_dead_reader_line_delay_nobody_else(running: Stage) -> None:
    running.box.screen.faults.silent = True
    eventually(lambda: _shows(running, "panel", "lost"), 15)
    opens(running, RESIDENT, limit_s=1.0)
    running.box.reader_lines["reader"].unplug()
    eventually(lambda: _shows(running, "card", "lost"), 5)
    start = time.monotonic()
    running.box.press_exit()
    eventually(lambda: pulses(running, start), 1.0)
    running.box.reader_lines["reader"].plug()
    running.box.screen.faults.silent = False
    eventually(lambda: _shows(running, "panel", "ok") and _shows(running, "card", "ok"), 10)
    eventually(lambda: running.box.panel.title or running.box.panel.body, 5)


@pytest.mark.slow
@pytest.mark.claim("F17")
def test_a_broker_killed_and_back_with_nothing_left_loses_no_fact_and_no_notice(running: Stage) -> None:
    running.bureau.do("notice", "put", "--yes", "--scope", "yard/y07", "--title", "停水通知", "--text", "今日停水")
    eventually(lambda: running.bureau.facts(kind="notice.received"), 10)
    broker = running._broker
    assert broker is not None
    broker.kill()
    opens(running, RESIDENT)
    opens(running, PATROL)
    running.stop_broker()
    _wipe(running)
    running.start_broker()
    eventually(lambda: len(running.bureau.facts(kind="access.granted")) >= 2, 60)
    eventually(lambda: _settled(running), 30)
    journal = {entry.first for entry in reading.facts(running.disk.folder)}
    books = [fact.seq for fact in running.bureau.facts()]
    assert len(books) == len(set(books))
    assert journal >= set(books)
    running.agent.stop()
    running.wipe()
    running.enrol()
    running.start_agent()
    eventually(lambda: "停水通知" in (running.box.panel.title or ""), 30)


@pytest.mark.slow
@pytest.mark.claim("F10")
@pytest.mark.claim("F11")
def test_on_a_full_disk_cards_open_and_their_facts_come_after(running: Stage) -> None:
    pid = running.agent.pid
    assert pid is not None
    before = len(facts(running, "access.granted"))
    running.disk.fill(pid)
    for card in (RESIDENT, PATROL, SECOND_PATROL):
        opens(running, card)
        running.disk.fill(pid)
    running.disk.free(pid)
    eventually(lambda: len(facts(running, "access.granted")) == before + 3, 20)
    eventually(lambda: len(running.bureau.facts(kind="access.granted")) == before + 3, 20)


@pytest.mark.slow
@pytest.mark.claim("F13")
@pytest.mark.claim("D10")
def test_a_check_in_that_a_slow_disk_saves_after_the_person_was_told_no_does_not_count(stage: Stage) -> None:
    stage.start_broker()
    stage.bureau.serve.start()
    stall = stage.disk.folder / "stall"
    with hurried(stage, module="tests.system.stalled"):
        eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
        eventually(lambda: _status(stage)["clock"] == "synced" and _status(stage)["backlog"] == 0, 10)
        time.sleep(READERS_S)  # the readers count, and nothing else is about to be written
        stall.touch()
        stage.box.tap(PATROL)
        eventually(lambda: stage.box.panel.title == "签到未能保存", 8)
        stall.unlink()
        eventually(lambda: facts(stage, "patrol.checkin"), 8)
    (taken,) = facts(stage, "patrol.checkin")
    (marked,) = facts(stage, "patrol.not_saved")
    assert (marked.data["by"], marked.data["checkin"]) == (taken.data["by"], rfc3339(taken.at_utc))


@pytest.mark.slow
@pytest.mark.claim("D10")
def test_a_kill_between_a_late_check_in_and_its_word_is_told_at_the_next_start(stage: Stage) -> None:
    stage.start_broker()
    stage.bureau.serve.start()
    stall = stage.disk.folder / "stall"
    with hurried(stage, module="tests.system.stalled") as process:
        eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
        eventually(lambda: stage.bureau.facts(kind="clock.changed", trust="synced"), 20)
        eventually(lambda: len(list(reading.facts(stage.disk.folder))) == len(stage.bureau.facts()), 20)
        stall.touch()
        stage.box.tap(PATROL)
        eventually(lambda: stage.box.panel.title == "签到未能保存", 8)
        eventually(lambda: facts(stage, "patrol.checkin"), 8)
        process.kill()
        process.wait(5)
    assert not facts(stage, "patrol.not_saved")
    stall.unlink()
    stage.start_agent()
    eventually(lambda: facts(stage, "patrol.untold"), 20)
    (taken,), (marked,) = facts(stage, "patrol.checkin"), facts(stage, "patrol.untold")
    assert (marked.data["by"], marked.data["checkin"]) == (taken.data["by"], rfc3339(taken.at_utc))
    stage.box.tap(PATROL)
    eventually(lambda: (stage.box.panel.title or "").startswith("签到成功"), 5)
    assert stage.agent.stop() == 0
    stage.start_agent()
    eventually(lambda: len(facts(stage, "agent.started")) == 3, 10)
    assert len(facts(stage, "patrol.untold")) == 1  # what was told says nothing at the next start


@pytest.mark.slow
def test_at_a_busy_entrance_a_notice_comes_to_its_last_page(stage: Stage) -> None:
    """A page here takes longer to read than there is time between two answers."""
    stage.start_broker()
    stage.bureau.serve.start()
    with hurried(stage, "READING_COLUMN_S=0.015", "READING_MIN_S=2", "ANSWER_YES_S=1"):
        eventually(lambda: stage.bureau.facts(kind="roster.applied"), 20)
        stage.bureau.do(
            "notice", "put", "--yes", "--scope", "yard/y07", "--title", "停水通知", "--text", "今日停水" * 30
        )
        eventually(lambda: stage.box.panel.title == "停水通知", 10)
        for _ in range(12):
            stage.box.tap(RESIDENT)
            time.sleep(2.5)
            if facts(stage, "notice.shown"):
                break
    assert facts(stage, "notice.shown")
    assert len(facts(stage, "access.granted")) >= 3


@pytest.mark.slow
@pytest.mark.needs("mosquitto")
def test_a_unit_that_the_broker_refuses_says_so(stage: Stage) -> None:
    stage._broker = start_broker(stage.folder / "broker", config="allow_anonymous false", port=stage._port)
    stage.start_agent()
    eventually(lambda: "Not authorized" in str(_status(stage)["link"]), 20)
    command = children.Commands()
    said = command.run(["-c", str(stage.config), "status"]).out
    assert "online" not in said
    (line,) = [line for line in said.splitlines() if line.startswith("link ")]
    assert line.startswith("link          down since 20")
    assert line.endswith(": the broker refused: Not authorized")
    link = json.loads(command.run(["-c", str(stage.config), "status", "--json"]).out)["link"]
    assert (link["state"], link["why"]) == ("down", "the broker refused: Not authorized")
    stage.stop_broker()
    stage._broker = start_broker(stage.folder / "broker", port=stage._port)
    eventually(lambda: dict(_status(stage)["link"])["state"] == "up", 30)  # type: ignore[call-overload]
    assert stage.agent.stop() == 0


def _settled(stage: Stage) -> bool:
    status = _status(stage)
    return status["stale"] is False and status["backlog"] == 0


def _status(stage: Stage) -> dict[str, object]:
    return dict(json.loads((stage.disk.folder / "status.json").read_text(encoding="utf-8")))


def _shows(stage: Stage, device: str, state: str) -> bool:
    devices = _status(stage)["devices"]
    assert isinstance(devices, dict)
    return bool(devices.get(device, {}).get("state") == state)


def _wipe(stage: Stage) -> None:
    """The broker lost its disk: no retained message is left."""
    for path in (stage.folder / "broker").rglob("*.db"):
        path.unlink()
