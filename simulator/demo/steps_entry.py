"""Steps of the story at the keypad and by the clock: PINs, wrong ones and one under duress, a visitor's code, the minute at which a door's hours end."""

from __future__ import annotations

from simulator.demo import people
from simulator.demo.acting import Scene, now
from simulator.demo.stage import NEXT, UNIT
from simulator.demo.waiting import expect, until

NO_KEYPAD = "not told here: no keypad is built in"
WRONG_TRIES = 5
HOURS_END, HOURS_BEGIN = "12:00", "12:10"
_SECONDS_BEFORE = 4.0
"""Of a minute that the story is about: time for a card and a way in."""


def second_unit(scene: Scene) -> str:
    """Next door; its people are those of the building."""
    after = scene.bureau.last
    scene.move_in()
    for kind in ("roster.applied", "clock.changed"):
        scene.booked_of(NEXT, kind, after)
    return "registered, enrolled and in touch: the building's roster is on its disk too"


def pins(scene: Scene) -> str:
    """The right one, and the one for duress: the same page, and an alarm."""
    if not scene.has_keypad:
        return NO_KEYPAD
    after, name = scene.bureau.last, people.NAMES[people.RESIDENT]
    scene.types(f"301*{people.PIN[:3]}")
    scene.masks(len(f"301*{people.PIN[:3]}"))
    scene.keep("a PIN, while it is typed")
    mine = scene.opens(lambda: scene.types(f"{people.PIN[3:]}#"))
    under = scene.opens(lambda: scene.types(f"301*{people.DURESS_PIN}#"))
    expect("the same page for both", (mine.title, mine.body) == (under.title, under.body))
    scene.booked("access.duress", after, by=name, via="pin")
    scene.booked("access.granted", after, by=name, via="pin")
    expect("it is an open alarm", "access.duress" in scene.bureau.do("alarms", "list"))
    return "both open, the page is the same; at the centre an alarm: access.duress"


def wrong_pins(scene: Scene) -> str:
    """Five in a row, and the keypad is locked; a card opens all the same."""
    if not scene.has_keypad:
        return NO_KEYPAD
    after = scene.bureau.last
    scene.rests()
    scene.refuses(lambda: scene.types(f"301*{people.WRONG_PIN}#"), "密码不对")
    for _ in range(WRONG_TRIES - 1):
        since = now()
        scene.types(f"301*{people.WRONG_PIN}#")
        scene.heard_tone(since)
    scene.stands("密码输入已锁定")
    scene.keep("five wrong PINs")
    scene.refuses(lambda: scene.types(f"301*{people.PIN}#"), "密码输入已锁定")
    scene.opens(lambda: scene.tap(people.RESIDENT))
    until("five wrong tries are in the books", lambda: len(_wrong(scene, after)) == WRONG_TRIES, 20.0, 0.03)
    scene.booked("access.denied", after, reason="locked_out")
    scene.booked("access.locked_out", after, lock_s=30.0)
    expect("it is an open alarm", "access.locked_out" in scene.bureau.do("alarms", "list"))
    return f"after {WRONG_TRIES} the right one is refused too, for 30 s; a card opens"


def _wrong(scene: Scene, after: int) -> list[object]:
    return list(scene.bureau.facts(after, "access.denied", reason="pin"))


def visitor(scene: Scene) -> str:
    """The code is made while the unit is offline, and good once."""
    if not scene.has_keypad:
        return NO_KEYPAD
    after = scene.bureau.last
    scene.stage.cable.cut()
    code = scene.bureau.do("visitor", "make", UNIT, "main", "--for", "parcel").split()[0]
    expect("eight digits", len(code) == 8 and code.isdecimal())
    scene.opens(lambda: scene.types(f"{code}#"))
    scene.refuses(lambda: scene.types(f"{code}#"), "访客码已用过")
    scene.keep("a visitor's code, a second time")
    scene.stage.cable.mend()
    scene.booked("visitor.used", after, 40.0)
    scene.booked("access.denied", after, reason="used")
    listed = scene.bureau.do("visitor", "list", UNIT)
    expect("the list says that it was used, and no digit of it", "used" in listed and code not in listed)
    return "made with the unit offline, it opened; the second time it was refused"


def hours(scene: Scene) -> str:
    """Closed for ten minutes from noon, as a profile says: a card a few seconds before, and the same a moment after."""
    after = scene.bureau.last
    profile = scene.stage.folder / "hours.csv"
    profile.write_text(f'profile,days,hours\nday,mon-sun,"06:00-{HOURS_END},{HOURS_BEGIN}-22:00"\n', encoding="utf-8")
    scene.bureau.do("settings", "put", "--scope", "yard/y07", "--hours", str(profile), "--door-hours", "main=day")
    scene.both_told(after, "settings.applied")
    scene.it_is(HOURS_END, UNIT, before_s=_SECONDS_BEFORE)
    scene.opens(lambda: scene.tap(people.RESIDENT))
    went_in = scene.clock.now()
    expect(f"that was before {HOURS_END}, not at {went_in:%H:%M:%S}", f"{went_in:%H:%M}" < HOURS_END)
    until(f"it is {HOURS_END}", lambda: f"{scene.clock.now():%H:%M:%S.%f}" >= f"{HOURS_END}:00.2")
    scene.refuses(lambda: scene.tap(people.RESIDENT), "现在不在通行时段")
    scene.keep("a minute after the hours' end")
    refused = scene.clock.now()
    scene.booked("access.denied", after, reason="hours")
    since = now()
    scene.it_is(HOURS_BEGIN, UNIT)
    scene.opens(lambda: scene.tap(people.RESIDENT))
    expect("one pulse since the hours began again", len(scene.pulses(since)) == 1)
    return f"in at {went_in:%H:%M:%S}, refused at {refused:%H:%M:%S}, open again at {HOURS_BEGIN}"
