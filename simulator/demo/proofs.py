"""Steps of the story that are about proof: opens that must not open, and records that cannot be altered unseen."""

from __future__ import annotations

from pathlib import Path

from simulator.demo.acting import Scene, now
from simulator.demo.bureau import BookFact
from simulator.demo.intruder import Forgery, Intruder, flipped, id_of
from simulator.demo.stage import UNIT
from simulator.demo.waiting import expect, until

_OTHER_UNIT = "b12-u1"


def forged_opens(scene: Scene) -> str:
    """Retained, expired, replayed, for another unit, signed by a notice key, bit-flipped: the relay never moves."""
    scene.locked()
    with Intruder(scene.bureau.path, UNIT) as intruder:
        replayed = _overhear_one(scene, intruder)
        since = now()
        reasons = {"replayed": _answered(intruder, replayed, "replayed")}
        reasons["expired"] = _answered(intruder, intruder.signed(intruder.fresh(ago_s=60.0)), "expired")
        reasons["for another unit"] = _answered(
            intruder, intruder.signed(intruder.fresh(unit=_OTHER_UNIT)), "for another unit"
        )
        forged = intruder.signed(intruder.fresh(), "notice-1")
        reasons["by a notice key"] = _counted(scene, intruder, forged, "wrong_key")
        reasons["retained"] = _retained(scene, intruder)
        _restart(scene)
        forged = flipped(intruder.signed(intruder.fresh()))
        reasons["bit-flipped"] = _counted(scene, intruder, forged, "bad_signature")
    expect("the relay was silent", not scene.pulses(since))
    wanted = {
        "replayed": "refused: replayed",
        "expired": "refused: expired",
        "for another unit": "refused: not_mine",
        "by a notice key": "wrong_key",
        "retained": "retained",
        "bit-flipped": "bad_signature",
    }
    for name, reason in wanted.items():
        expect(f"{name}: {reason}, not {reasons[name]}", reasons[name] == reason)
    return " · ".join(f"{name}: {reason.removeprefix('refused: ')}" for name, reason in reasons.items())


def _overhear_one(scene: Scene, intruder: Intruder) -> Forgery:
    """A real open, copied at the broker as it went by."""
    open_ = scene.open_remotely()
    token = until("a command goes by", intruder.latest, 20.0)
    scene.walk_through()
    expect("the real one opened", open_.result().code == 0)
    scene.locked()
    return Forgery(id_of(token), token)


def _answered(intruder: Intruder, forgery: Forgery, what: str) -> str:
    """Published, and the unit's next answer."""
    before = len(intruder.answers(forgery.id))
    intruder.publish(forgery.token)
    return until(f"an answer to the open that is {what}", lambda: intruder.answers(forgery.id)[before:])[-1]


def _counted(scene: Scene, intruder: Intruder, forgery: Forgery, reason: str) -> str:
    """What fails before its signature holds gets no reply; it is counted, in a fact."""
    after = scene.bureau.last
    intruder.publish(forgery.token)
    return _count(scene, intruder, forgery, reason, after)


def _count(scene: Scene, intruder: Intruder, forgery: Forgery, reason: str, after: int) -> str:
    def counts() -> list[BookFact]:
        return [fact for fact in scene.bureau.facts(after, "refusals") if reason in fact.data["counts"]]

    until(f"a fact counts {reason}", counts, 15.0, 0.03)
    expect("no reply to a forger", not intruder.answers(forgery.id))
    return reason


def _retained(scene: Scene, intruder: Intruder) -> str:
    """A good one, left at the broker while the unit is off and found by it when it comes back, still in time."""
    scene.stage.agent.stop()
    after = scene.bureau.last
    forgery = intruder.signed(intruder.fresh(valid_s=30.0))
    intruder.publish(forgery.token, retain=True)
    scene.stage.start_agent()
    reason = _count(scene, intruder, forgery, "retained", after)
    intruder.publish(b"", retain=True)
    return reason


def _restart(scene: Scene) -> None:
    """Counts are told at most once a minute; a start tells its first at once."""
    after = scene.bureau.last
    scene.stage.agent.stop()
    scene.stage.start_agent()
    scene.in_touch(after)


def verified(scene: Scene) -> str:
    """The chains hold; and they do not any more once a single byte of the books is another."""
    facts = scene.bureau.facts()
    numbers = {(fact.epoch, fact.seq) for fact in facts}
    expect("no fact is there twice", len(numbers) == len(facts))
    scene.stage.agent.stop()
    good = scene.bureau.do("verify")
    scene.bureau.close()
    books = scene.bureau.path / "books.db"
    place = _alter(books)
    broken = scene.bureau.order("verify")
    expect("one altered byte is found", broken.code == 1 and "broken" in broken.out)
    where = broken.err.strip().splitlines()[0]
    _put_back(books, place)
    expect("put back, it holds again", scene.bureau.order("verify").code == 0)
    return f"{len(facts)} facts in {len(good.splitlines())} epochs hold; one byte changed: {where.removeprefix('centre: ')}"


_MARK = b'"kind":"patrol.checkin"'


def _alter(books: Path) -> int:
    """Change one letter inside a check-in's line: who it was by. Returns where."""
    data = books.read_bytes()
    line = data.index(_MARK)
    place = data.index(b'"by":"w-', line) + len(b'"by":"')
    with books.open("r+b") as file:
        file.seek(place)
        file.write(b"v")
    return place


def _put_back(books: Path, place: int) -> None:
    with books.open("r+b") as file:
        file.seek(place)
        file.write(b"w")
