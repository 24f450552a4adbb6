"""Orders and their courses in the words of a clerk: what each will do, each step as it is heard, and how it ended. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from centre import names, shown
from centre.orders import Ended, Outcome
from centre.words import N_, _
from contract.commands import FireReset, Identify, Mode, Open, Order, ReadCard, Reason, Restart, Resync, Say, SetMode
from contract.plain import Reply, ReplyState


class LineState(StrEnum):
    """How a line of a course stands."""

    DONE = "done"
    DOING = "doing"
    COMING = "coming"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CourseLine:
    """A line of a course. `at_utc`: by the unit's clock."""

    step: LineState
    words: str
    at_utc: float | None = None


@dataclass(frozen=True, slots=True)
class End:
    """`sign`: well, look, urgent or away. `then`: what to do, or what it means."""

    sign: str
    title: str
    then: str = ""


def title(order: Order) -> str:
    """What it does, as a button says it."""
    match order:
        case Open():
            return _("Open the door")
        case SetMode(Mode.HOLD_OPEN):
            return _("Hold open")
        case SetMode(Mode.LOCKDOWN):
            return _("Lock down")
        case SetMode():
            return _("Back to normal")
        case Identify():
            return _("Show where it is")
        case Restart():
            return _("Restart the unit")
        case Resync():
            return _("Fetch everything again")
        case FireReset():
            return _("Lock again after the fire")
        case Say():
            return _("Say something on the screen")
        case ReadCard():
            return _("Read a card")
    return order.TAG


def consequence(order: Order, where: str, until: str) -> str:
    """Before it is asked for. `where`: as people call it, with the number of units where it is a place; `until`: when a mode ends."""
    match order:
        case Open():
            words = _("{where}: the door unlocks once, for some seconds, for whoever stands there.")
        case SetMode(Mode.HOLD_OPEN):
            words = _("{where}: stays unlocked until {until}, and anybody can walk in. A restart of the unit ends it.")
        case SetMode(Mode.LOCKDOWN):
            words = _(
                "{where}: locked until {until}. Residents with cards and visitors cannot get in, only emergency cards. Release by fire works as always; so does the exit button, but for a door that is set up without it."
            )
        case SetMode():
            words = _("{where}: a lockdown and holding open end now, and cards open as always.")
        case Identify():
            words = _("{where}: the screen and the tone show which unit it is. No door moves.")
        case Restart():
            words = _(
                "{where}: its program starts again. Doors stay as they are, but holding open ends, and for some seconds no card is answered."
            )
        case Resync():
            words = _("{where}: it reads again what it should have: notices, people, settings. No door moves.")
        case FireReset():
            words = _(
                "{where}: doors that fire released lock again, where the fire input is clear. Do it only when nobody needs the way out any more: people have to be able to leave by the exit button."
            )
        case ReadCard():
            words = _(
                "{where}: the next card shown at this reader is read for the list and opens nothing. The screen says so; whoever wants to get in meanwhile shows theirs a second time. Fire, the exit button, PINs and other readers work as always."
            )
        case _:
            words = _("{where}: the text stands on the screen for up to a minute, for whoever is there.")
    return words.format(where=where, until=until)


def first(order: Order) -> CourseLine:
    """Before anything was heard."""
    return CourseLine(
        LineState.DOING, _("On the way to the door") if isinstance(order, Open) else _("On the way to the unit")
    )


def step(order: Order, reply: Reply) -> CourseLine:
    """As it was heard."""
    if reply.state is ReplyState.REFUSED:
        return CourseLine(LineState.FAILED, _("Not done: {reason}").format(reason=refusal(reply, order)), reply.at_utc)
    return CourseLine(LineState.DONE, _done(order, reply), reply.at_utc)


def _done(order: Order, reply: Reply) -> str:
    match reply.state:
        case ReplyState.ACCEPTED:
            waits = _("The reader waits for the card")
            return waits if isinstance(order, ReadCard) else _("Received by the unit")
        case ReplyState.DONE if isinstance(order, ReadCard):
            return _("A card was read")
        case ReplyState.DONE:
            return _("Unlocked") if isinstance(order, Open) else _("Done")
        case ReplyState.OPENED:
            return _("The door was opened")
        case ReplyState.NO_ENTRY:
            return _("Nobody came, and it is locked again")
        case _:
            return _("The unit restarted in the middle")


REFUSALS: Mapping[str, str] = {
    Reason.LOCKDOWN: N_("the door is locked down"),
    Reason.CLOCK: N_("the unit does not know the time"),
    Reason.DEVICE: N_("the lock does not answer"),
    Reason.STORAGE: N_("its disk takes nothing"),
    Reason.EXPIRED: N_("it came too late"),
    Reason.RATE: N_("too many orders in a short time"),
    Reason.NOT_MINE: N_("it is not for this unit"),
    Reason.REPLAYED: N_("it had come already"),
    Reason.UNKNOWN_KEY: N_("it does not know the centre's key"),
    Reason.WRONG_KEY: N_("it does not know the centre's key"),
    Reason.BAD_SIGNATURE: N_("the signature does not hold"),
    Reason.FIRE: N_("a door is released by fire"),
    Reason.BUSY: N_("it waits for another card already"),
    Reason.NO_CARD: N_("nobody showed a card in time"),
    Reason.ABANDONED: N_("something came between"),
    Reason.INTERNAL: N_("a fault of its own"),
}
OF_READING: Mapping[str, str] = {
    Reason.DEVICE: N_("the reader is not there"),
    Reason.RATE: N_("this reader waited for cards too long already: in ten minutes it can again"),
    Reason.MALFORMED: N_("its program is older and cannot do this"),
}
"""Where a card was to be read."""


def refusal(reply: Reply, order: Order | None = None) -> str:
    """Why, with what the unit says beside it."""
    of_order = OF_READING if isinstance(order, ReadCard) else {}
    known = of_order.get(reply.reason or "") or REFUSALS.get(reply.reason or "")
    if isinstance(order, ReadCard) and reply.reason == Reason.MALFORMED:
        return _(of_order[Reason.MALFORMED])
    reason = names.named(shown.plain(reply.reason or "")) if known is None else _(known)
    detail = names.explained(shown.plain(reply.detail)) if reply.detail else ""
    return _("{words} ({detail})").format(words=reason, detail=detail) if detail else reason


def end(order: Order, ended: Ended, at: Callable[[float], str]) -> End:
    """In every case. `at`: a moment as it is told."""
    heard = _("never heard of") if ended.heard_utc is None else _("last heard {at}").format(at=at(ended.heard_utc))
    is_open = isinstance(order, Open)
    match ended.outcome:
        case Outcome.DONE if isinstance(order, ReadCard):
            return End("well", _("Read"))
        case Outcome.REFUSED if isinstance(order, ReadCard):
            return End("look", _("No card was read"), _("The reader opens for cards as always."))
        case Outcome.DONE:
            return End("well", _("Opened") if is_open else _("Done"))
        case Outcome.REFUSED:
            return End("urgent", _("Not opened") if is_open else _("Not done"))
        case Outcome.OFFLINE:
            then = _("It is offline, {heard}. Nothing was sent: no door moves later because of this.")
            return End("away", _("Not sent"), then.format(heard=heard))
        case Outcome.NO_ENTRY:
            return End("look", _("Nobody came"), _("It was unlocked, nobody pushed it, and it is locked again."))
        case Outcome.UNKNOWN:
            return End("look", _("Not known"), _("The unit restarted in the middle: ask whoever is there."))
    if ended.answered:
        then = _("It had answered, and then nothing more was heard: ask whoever is there.")
        return End("look", _("Not known"), then)
    then = _("No answer ({heard}). The order has expired: nothing of it happens later.").format(heard=heard)
    return End("away", _("No answer"), then)


def end_of_many(ends: list[Ended]) -> End:
    """Of a place: how many did it."""
    done = sum(each.outcome is Outcome.DONE for each in ends)
    words = _("{done} of {count} units: done").format(done=done, count=len(ends))
    if done == len(ends):
        return End("well", words)
    return End("urgent" if any(each.outcome is Outcome.REFUSED for each in ends) else "look", words)
