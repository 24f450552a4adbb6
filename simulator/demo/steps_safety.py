"""Steps of the story about people's safety and their rights: a silent household, a lockdown with a fire in it, an emergency, a lost card, erasure."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from functools import partial
from pathlib import Path

from centre.folder import Folder
from centre.keys import load_keys
from contract.cards import card_hash
from simulator.demo import people
from simulator.demo.acting import AtDoor, Scene, now
from simulator.demo.clock import WATCHED_HOUR_S
from simulator.demo.stage import NEXT, UNIT
from simulator.demo.waiting import expect, stays, until
from simulator.panel import Panel
from simulator.tjc_canvas import TjcCanvasPanel

SILENT_H = 1


def silence(scene: Scene) -> str:
    """A household that asked to be looked after shows no sign of life for an hour of the story's clock."""
    after, file = scene.bureau.last, scene.stage.folder / "watched.csv"
    file.write_text(people.watched_csv(), encoding="utf-8")
    name = people.NAMES[people.WATCHED]
    scene.bureau.do("roster", "put", "watched", str(file), "--scope", f"unit/{UNIT}")
    scene.bureau.do("settings", "put", "--scope", f"unit/{UNIT}", "--care-hours", str(SILENT_H))
    scene.booked_of(UNIT, "settings.applied", after)
    scene.booked("roster.applied", after, id="watched")
    seen = now()
    scene.opens(lambda: scene.tap(people.WATCHED))
    silent = scene.booked("care.silent", after, SILENT_H * WATCHED_HOUR_S + 20.0, holder=name)
    took = (now() - seen) / WATCHED_HOUR_S
    expect(f"not before an hour is over, but after {took:.2f}", took >= SILENT_H)
    expect("nothing is to be seen at the door", "304" not in scene.box.panel.text)
    expect("it is an open alarm", "care.silent" in scene.bureau.do("alarms", "list"))
    scene.opens(lambda: scene.tap(people.WATCHED))
    scene.booked("care.seen", after, source="card", holder=name)
    scene.bureau.do("settings", "put", "--scope", f"unit/{UNIT}", "--unset", "care")
    return f"room {silent.data['room']}: told after {SILENT_H} h without a sign of life; the next card takes it back"


def tapped(door: AtDoor, card: int) -> Callable[[], object]:
    return partial(door.tap, card)


def lockdown(scene: Scene) -> str:
    """Of the whole yard, with a fire in the middle of it: the fire goes first, and the lockdown goes on after it."""
    other = scene.next_door
    order = ("mode", "lockdown", "--scope", "yard/y07", "--until", "2h", "--why", "search for somebody")
    scene.bureau.do(*order)
    for door in (scene, other):
        door.refuses(tapped(door, people.RESIDENT), "本门临时管控")
    scene.keep("a lockdown")
    since = now()
    scene.box.fire()
    took = scene.unlocked(1.0).at - scene.box.trace.moments("door main", "fire", since)[0].at
    scene.stands("火警")
    expect("the door next door stays locked", not other.box.lock_unlocked)
    scene.box.fire(False)
    stays("the end of the signal alone locks nothing", lambda: scene.box.lock_unlocked, 0.4)
    scene.bureau.do("fire-reset", "--unit", UNIT, "--why", "building checked")
    scene.refuses(lambda: scene.tap(people.RESIDENT), "本门临时管控")
    expect("the way out is open", _gets_out(scene))
    scene.bureau.do("mode", "normal", "--scope", "yard/y07", "--why", "found")
    for door in (scene, other):
        door.opens(tapped(door, people.RESIDENT))
    return f"both doors locked down; fire released one in {took * 1000:.0f} ms; after the reset locked down again"


def _gets_out(scene: Scene) -> bool:
    scene.rests()
    scene.box.press_exit()
    scene.walk_through()
    scene.rests()
    return True


def emergency(scene: Scene) -> str:
    """On both panels at once, whatever else there is."""
    since = now()
    put = ("notice", "put", "--yes", "--id", "storm", "--scope", "yard/y07", "--category", "emergency")
    scene.bureau.do(*put, "--title", "暴雨红色预警", "--text", "请留在室内，远离地下车库。")
    took = 0.0
    for door in (scene, scene.next_door):
        door.shown("暴雨红色预警", since, 10.0)
        took = max(took, now() - since)
    screen = scene.stands("暴雨红色预警")
    drawn = isinstance(scene.box.panel, TjcCanvasPanel)
    expect("as an emergency", drawn or screen.page in {"alarm", "urgent"})
    expect("it says so", "紧急" in screen.footer)
    scene.keep("an emergency notice")
    scene.bureau.do("notice", "withdraw", "storm")
    for door in (scene, scene.next_door):
        until("it is gone", partial(_without, door.box.panel, "暴雨"))
    return f"on both panels within {took:.1f} s of the clerk's word, and withdrawn"


def _without(panel: Panel, text: str) -> bool:
    return text not in panel.text


def lost_card(scene: Scene) -> str:
    """One command at the centre, and it opens nowhere."""
    after = scene.bureau.last
    scene.opens(lambda: scene.tap(people.NEIGHBOUR))
    said = scene.bureau.do("holder", "revoke", f"{people.NEIGHBOUR:010d}", "--why", "lost")
    scene.both_told(after, "roster.applied", id="residents")
    for door in (scene, scene.next_door):
        door.refuses(tapped(door, people.NEIGHBOUR), "此卡未登记")
    return said.strip().splitlines()[0] + "; refused at both doors"


def erasure(scene: Scene) -> str:
    """Somebody moves out: no byte of their card's hash is left at the units."""
    name = people.NAMES[people.NEXT_DOOR]
    hashes = _hashes(scene, people.NEXT_DOOR)
    places = (scene.stage.disk.folder, scene.stage.folder / "next" / "state")
    expect("both units know the card", all(_holding(place, hashes) for place in places))
    scene.bureau.do("holder", "erase", name, "--why", "moved out")

    def done() -> bool:
        found = json.loads(scene.bureau.do("holder", "erasures", "--json").splitlines()[0])
        return sorted(found["done"]) == sorted((UNIT, NEXT))

    until("both units have forgotten them", done, 30.0, 0.5)
    left = [str(file) for place in places for file in _holding(place, hashes)]
    expect(f"no byte of it is left, but in {left}", not left)
    scene.refuses(lambda: scene.tap(people.NEXT_DOOR), "此卡未登记")
    return f"{name}: out of the roster, and of every file of both units"


def _hashes(scene: Scene, card: int) -> list[bytes]:
    """Under each card key: as text, as bytes, and as base64 shows either, wherever it begins."""
    normal = f"{card:X}"
    keys = load_keys(Folder(scene.bureau.path)).card_keys.values()
    texts = [card_hash(bytes.fromhex(key), normal) for key in keys]
    raw = [form for text in texts for form in (text.encode(), bytes.fromhex(text))]
    return [*raw, *(urlsafe_b64encode(bytes(shift) + each)[4:-4] for each in raw for shift in range(3))]


def _holding(folder: Path, hashes: list[bytes]) -> list[Path]:
    files = [file for file in folder.rglob("*") if file.is_file() and file.name != "ballast"]
    return [file for file in files if any(each in file.read_bytes() for each in hashes)]
