"""Steps of the story about the grid's work and the people's word: a round, a report and what became of it, a service, a poll."""

from __future__ import annotations

import json
from typing import Any

from simulator.demo import people
from simulator.demo.acting import AtDoor, Scene
from simulator.demo.stage import NEXT, NEXT_NAME, UNIT
from simulator.demo.waiting import expect

REPORT, SERVICE = "21", "31"
NO_KEYPAD_THERE = "not told here: the reader has no keypad"
_STOPS = f"unit,from,until,name\n{UNIT},12:10,12:30,12号楼2单元\n{NEXT},12:10,12:30,{NEXT_NAME}\n{NEXT},12:50,13:00,{NEXT_NAME}\n"
"""Ten minutes of grace before and after each."""
POLL = ("晾衣架放哪里", "南侧", "北侧")


def rounds(scene: Scene) -> str:
    """Three stops at two units: one in time, one late, one where nobody came."""
    after, file = scene.bureau.last, scene.stage.folder / "stops.csv"
    file.write_text(_STOPS, encoding="utf-8")
    name = scene.bureau.do("round", "put", str(file), "--scope", "yard/y07", "--title", "午间巡查").split()[0]
    scene.both_told(after, "state.applied", state="round")
    day = f"{scene.clock.now():%Y-%m-%d}"
    scene.rests()
    scene.tap(people.PATROL)
    expect("the next stop is named", NEXT_NAME in str(scene.stands("下一站")))
    scene.keep("a round: the next stop")
    scene.booked("patrol.checkin", after, round=name, timing="on_time")
    scene.it_is("12:35", NEXT)
    scene.next_door.tap(people.PATROL)
    scene.next_door.stands("签到成功")
    scene.booked("patrol.checkin", after, round=name, timing="late")
    scene.it_is("13:11", NEXT)
    scene.booked("patrol.missed", after, 30.0, round=name)
    sheet = json.loads(scene.bureau.do("round", "show", name, day, "--json"))
    found = [(stop["unit"], stop["state"], stop["timing"]) for stop in sheet["stops"]]
    wanted = [(UNIT, "done", "on_time"), (NEXT, "done", "late"), (NEXT, "missed", None)]
    expect(f"the sheet says {wanted}, not {found}", found == wanted)
    return scene.bureau.do("round", "show", name, day).strip().splitlines()[-1]


def report(scene: Scene) -> str:
    """Filed at the door by the patrol; assigned and answered at the centre; rated 4 by a resident."""
    if not scene.keypad_at_reader:
        return NO_KEYPAD_THERE
    after = scene.bureau.last
    _files(scene, people.SECOND_PATROL, REPORT, "签到成功", "楼道堆物")
    filed = scene.booked("report.filed", after, code=REPORT, by=people.NAMES[people.SECOND_PATROL])
    name = str(filed.data["report"])
    scene.bureau.do("report", "assign", name, "--to", "sanitation", "--due", "2h")
    scene.bureau.do("report", "answer", name, "已清走", "--notice")
    scene.booked("notice.received", after)
    scene.rests()
    scene.tap(people.RESIDENT)
    scene.stands("请您回答")
    scene.keep("a resident is asked how well it was dealt with")
    scene.types("4#")
    scene.stands("已记录 4")
    scene.booked("ask.answered", after, value=4)
    case = _json(scene, "report", "show", name)
    expect(f"rated 4, not {case['ratings']}", case["ratings"] == [4])
    scene.box.push_door()
    done = [step["what"] for step in case["steps"]]
    expect(
        f"assigned and answered, not {done}",
        [each for each in done if each != "closed"][:2] == ["assigned", "answered"],
    )
    scene.bureau.do("report", "close", name)
    expect("nothing waits for an answer", not scene.bureau.do("report", "list", "--open").strip())
    return f"{REPORT} {case['words']}: filed, assigned to {case['to']}, answered, rated 4, closed"


def service(scene: Scene) -> str:
    """Ordered by a resident, behind their card."""
    if not scene.keypad_at_reader:
        return NO_KEYPAD_THERE
    after = scene.bureau.last
    _files(scene, people.RESIDENT, SERVICE, "请进", "上门修水管")
    filed = scene.booked("report.filed", after, code=SERVICE, by=people.NAMES[people.RESIDENT], room="301")
    case = _json(scene, "report", "list", "--kind", "service")
    expect("it is in the list", case["id"] == filed.data["report"])
    expect("for the waterworks", case["to"] == "water")
    return f"{SERVICE} {case['words']}, for room {case['room']}: waits at {case['to']}"


def _files(scene: Scene, card: int, code: str, greeting: str, words: str) -> None:
    scene.rests()
    scene.listens()
    scene.tap(card)
    scene.unlocked()
    scene.stands(greeting)
    scene.types(f"*{code}#")
    expect("the panel says what it means", words in str(scene.stands(f"{code} {words}"[:6])))
    scene.keep(f"code {code} from the wall, before it is sent")
    scene.types("#")
    expect("and that it was taken", words in str(scene.stands(f"已收到 {code}")))


def poll(scene: Scene) -> str:
    """Three households at two units; one thinks better of it. A vote a household counts, the last."""
    if not scene.keypad_at_reader:
        return NO_KEYPAD_THERE
    after, door = scene.bureau.last, scene.next_door
    title, *options = POLL
    words = [word for option in options for word in ("--option", option)]
    scene.bureau.do("notice", "withdraw", "fire-drill")
    name = scene.bureau.do("poll", "put", "yard/y07", title, *words, "--until", "3d").split()[0]
    scene.both_told(after, "notice.received", id=name)
    for here, card, vote in ((door, people.NEIGHBOUR, 2), (door, people.NEXT_DOOR, 2), (scene, people.RESIDENT, 1)):
        here.rests()
        here.listens()
        here.tap(card)
        here.unlocked()
        here.stands("请进")
        _answers(here, vote)
        expect("the door gives way", here.box.push_door())
        scene.booked("ask.answered", after, by=people.NAMES[card], value=vote)
    door.rests()
    door.listens()
    door.tap(people.NEIGHBOUR)
    door.unlocked()
    door.stands("您已答过")
    _answers(door, 1)
    scene.booked("ask.answered", after, by=people.NAMES[people.NEIGHBOUR], value=1)
    found = _json(scene, "poll", "show", name)
    expect(f"two for the first and one for the second, not {found['votes']}", found["votes"] == [2, 1])
    expect("one was changed", found["replaced"] == 1)
    return f"{title}: {options[0]} 2, {options[1]} 1; one household changed its vote"


def _answers(door: AtDoor, value: int) -> None:
    door.types(f"{value}#")
    door.stands(f"已记录 {value}")


def _json(scene: Scene, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(scene.bureau.do(*arguments, "--json").strip().splitlines()[-1])
    return found
