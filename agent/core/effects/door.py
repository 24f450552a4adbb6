"""For the doors' devices: locks, displays, tones, keypads; and the fire latch."""

from __future__ import annotations

from contract.frozen import frozen


@frozen
class PulseLock:
    """Unlock for `seconds`, timed by the relay or reader itself. Outcome: LockOrderSent or LockOrderFailed, then LockRead."""

    door: str
    order: int
    seconds: float
    not_after_mono: float


@frozen
class SetLock:
    """Drive the lock to a lasting level: locked (relock on closing, safe state) or unlocked (fire latch, safe state unlocked)."""

    door: str
    order: int
    unlocked: bool
    not_after_mono: float


@frozen
class SaveLatch:
    """Write the fire latch file: the doors that are latched released. On a thread of its own, which waits for nothing else."""

    doors: frozenset[str]


@frozen
class Page:
    """What a screen shows: a value of state and time, wrapped to the display's columns and rows. `tone`: none, yes, no, warning, fire.

    `kind`: fire, emergency, answer, notice, idle. At most `rows` lines in `body`. What follows is for displays with designed pages alone:
    `look` is the picture, `large` the clock or the masked digits, `aside` the date, `contact` whom to ask; `sizes` says which of its sizes
    a part has where that is not the first, `enlarged` that all are the large letters.
    """

    kind: str
    title: str
    body: tuple[str, ...]
    footer: str
    tone: str = "none"
    look: str = ""
    large: str = ""
    aside: str = ""
    contact: str = ""
    sizes: tuple[tuple[str, int], ...] = ()
    enlarged: bool = False


@frozen
class ShowPage:
    """Outcome: PageDrawn when all of it is on the display."""

    display: str
    token: int
    page: Page


@frozen
class SoundTone:
    """At the reader or display that can: yes, no, warning, card, key."""

    door: str
    tone: str


@frozen
class ExpectPin:
    """At this reader digits ended by `#` are the PIN of one of `owners` (a holder's room, or else id), if begun by then. None: no more."""

    reader: str
    owners: tuple[str, ...]
    until_mono: float


@frozen
class ExpectChoice:
    """At this reader a digit alone, 1 to `most`, is an answer until then; 0: no more."""

    reader: str
    most: int
    until_mono: float


@frozen
class ExpectCard:
    """Seal the number of each card at this reader until then to `seal_to` (X25519), for the answer to `command`; an empty `command`: no more."""

    reader: str
    command: str
    seal_to: bytes
    until_mono: float


@frozen
class ForgetKeys:
    """What was pressed at this reader up to then is no part of an entry. `star`: only a star, which cancelled something, and may yet begin a code."""

    reader: str
    upto_mono: float
    star: bool = False


@frozen
class UseVisitorDay:
    """The local date (`2026-11-26`) whose visitors' codes are looked for from now on, and those of the day after."""

    day: str
