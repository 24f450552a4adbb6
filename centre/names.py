"""The words for what has one name in the protocol, in JSON and in the books, and another for people: states, reasons, causes, faults of a message.

Kinds of fact keep their names.
"""

from __future__ import annotations

import re

from centre.words import N_, _

NAMES = frozenset(
    {
        # units
        N_("enrolled"),
        N_("not enrolled"),
        N_("revoked"),
        # notices
        N_("up"),
        N_("withdrawn"),
        N_("ended"),
        # reports, whose they are, and polls
        N_("filed"),
        N_("assigned"),
        N_("answered"),
        N_("closed"),
        N_("grid"),
        N_("community"),
        N_("street"),
        N_("holder"),
        N_("room"),
        N_("anyone"),
        # stops of patrol rounds
        N_("early"),
        N_("on_time"),
        N_("late"),
        N_("out_of_order"),
        N_("awaited"),
        N_("missed"),
        N_("unheard"),
        # replies to orders
        N_("accepted"),
        N_("done"),
        N_("opened"),
        N_("no_entry"),
        N_("unknown"),
        N_("refused"),
        # why an order was refused
        N_("retained"),
        N_("unknown_key"),
        N_("wrong_key"),
        N_("bad_signature"),
        N_("not_mine"),
        N_("expired"),
        N_("too_long"),
        N_("replayed"),
        N_("rate"),
        N_("clock"),
        N_("lockdown"),
        N_("device"),
        N_("storage"),
        N_("abandoned"),
        N_("fire"),
        N_("busy"),
        N_("no_card"),
        N_("internal"),
        N_("malformed"),
        # a version rolled out, and a unit in it
        N_("running"),
        N_("stopped"),
        N_("waiting"),
        N_("handed"),
        N_("away"),
        N_("fetched"),
        N_("installed"),
        N_("ready"),
        N_("returned"),
        N_("unready"),
        N_("gone"),
        N_("unfit"),
        # why a unit does not install a version, or gave it up
        N_("older"),
        N_("form"),
        N_("wrong"),
        N_("not_signed"),
        N_("no_room"),
        N_("no_return"),
        N_("install"),
        N_("door"),
        N_("centre"),
        # roles
        N_("viewer"),
        N_("grid_worker"),
        N_("operator"),
        N_("administrator"),
        # what health and check are about
        N_("books"),
        N_("broker"),
        N_("serve"),
        N_("unit"),
        N_("alarm"),
        N_("report"),
        N_("certificate"),
        N_("ca"),
        N_("files"),
        N_("software"),
    }
)


FAULTS = frozenset(
    {
        # of the contract
        N_("missing"),
        N_("not text"),
        N_("not an id"),
        N_("not an object"),
        N_("not 1 to 3 digits, not 0 alone"),
        N_("none"),
        N_("two of one door begin together"),
        N_("neither true nor false"),
        N_("not a scope as yard/y07"),
        N_("not a name of the IANA database"),
        N_("larger than 64 KiB"),
        N_("signature does not hold"),
        N_("chain does not reach head"),
        N_("the token does not prove this key"),
        N_("not the topic's"),
        N_("no such key"),
        N_("more than 500 lines"),
        N_("not JSON"),
        N_("not UTF-8"),
        N_("duplicate key"),
        N_("nested too deeply"),
        N_("not a finite number"),
        N_("lone surrogate"),
        N_("number out of range"),
        N_("not 64 bytes in base64url"),
        N_("not sealed bytes in base64url"),
        N_("not a signed message"),
        N_("not a time as 2026-11-24T07:35:54.123Z"),
        # of a checkpoint
        N_("not an id or empty"),
        N_("not 64 lower-case hex digits or empty"),
        # of the intake
        N_("no topic of this site"),
        N_("no such unit"),
        N_("the unit is revoked"),
        N_("not enrolled yet"),
        N_("too much that brings nothing"),
        N_("too many alarms of this unit wait for their facts"),
        N_("another unit's batch"),
        N_("another unit's alarm"),
        N_("another unit's receipt"),
        N_("another unit's list"),
        N_("a kind of alarm that only the books raise"),
        N_("no command to this unit"),
        N_("no unspent token for this unit"),
        N_("a token that is spent or none"),
        N_("nothing can be sealed to it"),
        N_("holds a NUL"),
        N_("more epochs than one unit may begin"),
        N_("more gaps than one unit may leave"),
        # of a unit that refuses an order
        N_("lifetime"),
        N_("before this epoch"),
        N_("before this start"),
        N_("before this start, in a flood"),
        N_("this unit cannot"),
        N_("no such door"),
        N_("not within 31 days from now"),
        N_("lock lost"),
        N_("no such reader"),
        N_("reader lost"),
        N_("the link was lost"),
        N_("a stop came first"),
    }
)
FORMS = (
    N_("not {least} to {most} characters"),
    N_("not a whole number from {least} to {most}"),
    N_("not a number from {least} to {most}"),
    N_("not {digits} lower-case hex digits"),
    N_("not a list of {least} to {most}"),
    N_("more than {count} of one door"),
    N_("and {count} more"),
    N_("{count} receipts wait for their facts"),
)


def explained(fault: str) -> str:
    """A fault of a message as the contract words it, `field: what`, more of them behind semicolons. What is not known stays as it is."""
    found = (each.rpartition(": ") for each in fault.split("; "))
    return "; ".join(f"{field}{colon}{_explained(what)}" for field, colon, what in found)


def _explained(what: str) -> str:
    if what in FAULTS:
        return _(what)
    for form in FORMS:
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[0-9.e+-]+)", re.escape(form))
        if found := re.fullmatch(pattern, what):
            return _(form).format(**found.groupdict())
    return what


def named(name: str) -> str:
    """In the language of who reads it; another name as it is."""
    return _(name) if name in NAMES else name
