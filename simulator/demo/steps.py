"""The steps of the story, in order: each acts, checks, and returns in a few words what it saw. A step that raises has not held."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from simulator.demo import people
from simulator.demo.acting import Scene, course_of, now
from simulator.demo.stage import PULSE_S, UNIT
from simulator.demo.waiting import expect, stays, until
from simulator.trace import Moment

Act = Callable[[Scene], str]


@dataclass(frozen=True, slots=True)
class Step:
    title: str
    act: Act


def set_up(scene: Scene) -> str:
    stage = scene.stage
    stage.start_broker()
    stage.found()
    scene.bureau.serve.start()
    stage.start_agent()
    scene.booked("roster.applied", 0, id="residents")
    scene.in_touch(0)
    scene.stands("王敏")
    scene.keep("between notices: the unit's sign")
    stage.agent.stop()
    scene.bureau.serve.stop()
    stage.stop_broker()
    return f"one unit enrolled by the doorward centre commands, its roster on its disk; broker: {stage.broker_kind}"


def card_without_network(scene: Scene) -> str:
    """Started with the broker down."""
    ready = scene.stage.start_agent()
    since = now()
    arrived = scene.box.tap(people.RESIDENT)
    unlocked = scene.unlocked()
    (pulse,) = scene.pulses(since)
    expect(f"the pulse is timed by the board for {PULSE_S} s", pulse.value == f"1 on {PULSE_S}")
    scene.shown("请进", since)
    scene.walk_through()
    scene.keep("a resident's card")
    opened = scene.box.trace.moments("door main", "opened", since)[0]
    closed = scene.box.trace.moments("door main", "closed", since)[0]
    locked = scene.locked()
    expect("it locks when the door closes, before the pulse is over", closed.at < locked.at < pulse.at + PULSE_S - 0.1)
    return (
        f"door ready {ready:.2f} s after the start; last byte of the card to unlock {_ms(unlocked.at - arrived)}; "
        f"contact open {_ms(opened.at - unlocked.at)} later, locked {_ms(locked.at - closed.at)} after closing"
    )


def refused_cards(scene: Scene) -> str:
    said = []
    for card, title, caption in (
        (people.UNKNOWN, "此卡未登记", "an unknown card"),
        (people.EXPIRED, "此卡已过期", "an expired card"),
        (people.NOT_YET, "时间未校准", "a card that begins later, the day unknown"),
    ):
        since = now()
        scene.box.tap(card)
        screen = scene.shown(title, since)
        expect("it says whom to ask", "王敏" in str(screen))
        expect("the relay is silent", not scene.pulses(since))
        said.append(title)
        scene.keep(caption)
    return " · ".join(said)


def backlog(scene: Scene) -> str:
    after = scene.bureau.last
    scene.stage.start_broker()
    scene.bureau.serve.start()
    scene.in_touch(after, 60.0)
    scene.booked("access.granted", after, by=people.NAMES[people.RESIDENT], via="card")
    scene.booked("door.opened", after)
    scene.booked("door.closed", after)
    for reason in ("unknown", "expired", "clock"):
        scene.booked("access.denied", after, reason=reason)
    return f"{len(scene.bureau.facts(after))} facts, each once"


def notice_shown(scene: Scene) -> str:
    after, since = scene.bureau.last, now()
    put = ("notice", "put", "--yes", "--id", "water", "--scope", "yard/y07", "--category", "service")
    scene.bureau.do(*put, "--title", "停水通知", "--text", "今日8:00至12:00停水，请各户提前储水。")
    screen = scene.shown("停水通知", since, 10.0)
    expect("its text is there whole", "请各户提前储水" in "".join(screen.body))
    expect("all of it is sound in the panel's charset", not scene.box.panel.counts.text_faults)
    scene.keep("a notice to the yard")
    until("coverage counts the screen", lambda: scene.bureau.coverage("water") == (1, 1))
    told = scene.bureau.do("coverage", "water").strip().splitlines()[-1]
    scene.bureau.do("notice", "withdraw", "water")
    scene.booked("notice.ended", after, id="water")
    until("the notice is gone from the panel", lambda: "停水" not in scene.box.panel.text)
    return told.split("units", 1)[-1].strip() + "; withdrawn, it is gone"


def wiped_unit(scene: Scene) -> str:
    after = scene.bureau.last
    scene.bureau.do(
        "notice",
        "put",
        "--yes",
        "--id",
        "fire-drill",
        "--scope",
        "yard/y07",
        "--title",
        "消防演练",
        "--text",
        "周六上午9时，请配合。",
    )
    scene.booked("notice.received", after, id="fire-drill")
    after = scene.bureau.last
    scene.bureau.serve.stop()
    scene.stage.agent.stop()
    scene.stage.wipe()
    scene.stage.enrol()
    scene.box.panel.power_cycle()
    since = now()
    scene.stage.start_agent()
    screen = scene.shown("消防演练", since, 10.0)
    took = next(at for at, shown in scene.box.panel.history if at >= since and shown == screen) - since
    expect("nobody at the centre was asked", scene.bureau.serve.pid is None)
    scene.bureau.serve.start()
    scene.in_touch(after, 30.0)
    return f"shown {took:.2f} s after the start, the centre stopped"


def panel_without_power(scene: Scene) -> str:
    took = scene.loses_power("王敏")
    return f"all of it stands there again after {took:.1f} s"


def remote_open(scene: Scene) -> str:
    open_ = scene.open_remotely()
    scene.unlocked(10.0)
    scene.walk_through()
    scene.keep("opened by the centre")
    done = open_.result()
    expect(f"accepted, done, opened, not {course_of(done)!r}", course_of(done) == "accepted, done, opened")
    expect("exit 0", done.code == 0)
    return course_of(done)


def nobody_came(scene: Scene) -> str:
    scene.locked()
    done = scene.open_remotely().result()
    expect(f"accepted, done, no_entry, not {course_of(done)!r}", course_of(done) == "accepted, done, no_entry")
    expect("exit 5", done.code == 5)
    return course_of(done)


def patrol_offline(scene: Scene) -> str:
    after = scene.bureau.last
    scene.stage.cable.cut()
    told = []
    for card in (people.PATROL, people.SECOND_PATROL):
        since = now()
        scene.box.tap(card)
        scene.heard_tone(since)
        told.append(scene.stands("签到成功").title)
    scene.keep("a patrol check-in, offline")
    scene.stage.agent.kill()
    scene.stage.start_agent()
    expect("nothing of it can be in the books yet", not scene.bureau.facts(after, "patrol.checkin"))
    scene.stage.cable.mend()
    for card in (people.PATROL, people.SECOND_PATROL):
        scene.booked("patrol.checkin", after, 60.0, by=people.NAMES[card])
    return f"told {told[0]!r}; kill -9 right after; both in the books, once"


def fire(scene: Scene) -> str:
    since = now()
    scene.box.fire()
    released = scene.unlocked(1.0)
    began = scene.box.trace.moments("door main", "fire", since)[0]
    took = released.at - began.at
    expect("within 1 s", took <= 1.0)
    scene.shown("火警", since)
    scene.keep("fire")
    after = scene.bureau.last
    scene.stage.agent.kill()
    stays("the door stays released without the agent", lambda: scene.box.lock_unlocked, 0.3)
    scene.stage.start_agent()
    scene.in_touch(after, 30.0)
    refused = scene.bureau.order("fire-reset", "--unit", UNIT, "--why", "too early")
    expect("no reset while it burns", refused.code == 3)
    scene.box.fire(False)
    stays("the end of the signal alone locks nothing", lambda: scene.box.lock_unlocked, 1.0)
    scene.bureau.do("fire-reset", "--unit", UNIT, "--why", "building checked")
    scene.locked()
    held = not scene.box.trace.moments("door main", "locked", released.at)[:-1]
    expect("it was released all the time in between", held)
    return f"released in {_ms(took)}; through kill -9, a reset while burning and the signal's end; locked by the reset"


def exit_on_full_disk(scene: Scene) -> str:
    disk, agent = scene.stage.disk, scene.stage.agent
    after = scene.bureau.last
    assert agent.pid is not None
    disk.fill(agent.pid)
    times = []
    for _ in range(2):
        disk.fill(agent.pid)
        expect("the disk is full", disk.full)
        since = now()
        scene.box.press_exit()
        times.append(scene.unlocked(0.5).at - since)
        scene.walk_through()
        scene.locked()
    expect("each within 200 ms", max(times) <= 0.2)
    if disk.real:
        expect("the store met the full disk", "disk is full" in agent.last_words(20))
    disk.free(agent.pid)
    until("both openings are in the books after all", lambda: len(_exits(scene, after)) == 2, 30.0, 0.03)
    return f"unlocked within {_ms(max(times))}, twice; {disk.words}; their facts followed when there was room again"


def _exits(scene: Scene, after: int) -> list[object]:
    return list(scene.bureau.facts(after, "access.granted", via="exit_button"))


def killed_in_mid_unlock(scene: Scene) -> str:
    after, since = scene.bureau.last, now()
    agent = scene.stage.agent

    def strike(moment: Moment) -> None:
        """At the very frame that unlocks: before its answer is on the wire."""
        if moment.part == "relay" and moment.what == "pulse" and agent.pid is not None:
            os.kill(agent.pid, signal.SIGKILL)

    scene.box.trace.listener = strike
    open_ = scene.open_remotely()
    try:
        unlocked = scene.unlocked(10.0)
    finally:
        scene.box.trace.listener = None
    agent.kill()
    locked = scene.locked()
    lasted = locked.at - unlocked.at
    expect("the board itself ended the pulse", abs(lasted - PULSE_S) < 0.1)
    restarted = now()
    scene.stage.start_agent()
    scene.booked("command.unknown", after, 60.0)
    done = open_.result()
    expect(f"the clerk is told, not {course_of(done)!r}", done.code == 6 and "unknown" in done.out)
    expect("one pulse frame in all", len(scene.pulses(since)) == 1)
    expect("none by the restart", not scene.pulses(restarted))
    return f"the board ended it after {lasted:.2f} s; the restart pulsed nothing; the open: {course_of(done)}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
