"""Keys of one reader's keypad, collected on its port's thread until they mean something. No digit of an entry goes further in but where its shape
says that it is no secret; a PIN goes in as its keyed hashes, a visitor's code as which of the day's twenty it is.

`#` ends an entry. Digits and `*` and digits are a room and its PIN; `*` first begins a code of the wall; another `*` clears.
A `*` that cancelled something may begin a code, or be all that there is of it: what follows says which.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

from agent.core.events import door as events
from agent.core.limits import CARD_DEADLINE_S, CHOICE_S, ENTRY_KEYS, ENTRY_S
from contract.cards import pin_hash
from contract.visitors import CODE_DIGITS

CLEAR, DONE = "*", "#"
ANYWHERE = " "
"""What a screen says that was touched where it draws no key."""
MIN_PIN, MAX_PIN = 4, 12
MAX_CODE = MIN_PIN - 1
"""Digits of a code for a report: a PIN that is typed behind a star by mistake is none."""
"""Digits of a code that is printed on the wall."""
OWNERS: Final = 16
"""Rooms and holders one PIN is hashed for at most."""


class KeypadEntry:
    """Keys come on the port's thread, what is expected from the loop's. Times are monotonic. Nothing it holds shows in its repr."""

    def __init__(self, reader: str) -> None:
        self._reader = reader
        self._lock = threading.Lock()
        self._keys = ""
        self._pressed: tuple[float, ...] = ()
        self._cancelling = False
        self._last: float | None = None
        self._spoiled = False
        self._for_pin = False
        self._pin_keys: tuple[bytes, ...] = ()
        self._codes: Mapping[str, tuple[str, int]] = {}
        self._owners: tuple[str, ...] = ()
        self._owners_until = 0.0
        self._most = 0
        self._most_until = 0.0

    def __repr__(self) -> str:
        return f"KeypadEntry(reader={self._reader!r})"

    # --- the loop's thread

    def use_pin_keys(self, keys: tuple[bytes, ...]) -> None:
        with self._lock:
            self._pin_keys = keys

    def use_codes(self, codes: Mapping[str, tuple[str, int]]) -> None:
        """The visitors' codes of this reader's door: local day and serial of each."""
        with self._lock:
            self._codes = codes

    def expect_pin(self, owners: tuple[str, ...], until: float) -> None:
        """Digits begun by then and ended by `#` are the PIN of one of these rooms or holders. What was typed before is none of it."""
        with self._lock:
            self._owners, self._owners_until = owners[:OWNERS], until
            self._clear()

    def expect_choice(self, most: int, until: float) -> None:
        """One digit alone, 1 to `most`, is an answer until then."""
        with self._lock:
            self._most, self._most_until = min(most, 9), until

    def forget(self, upto: float, *, star: bool = False) -> None:
        """Keys pressed up to then are no part of an entry; of `star` the first alone, which cancelled something."""
        with self._lock:
            old = sum(1 for at in self._pressed if at <= upto)
            if self._spoiled or (star and not (old and self._keys.startswith(CLEAR))):
                return
            if not star and old == len(self._pressed):
                self._clear()
                return
            old = 1 if star else old
            self._keys, self._pressed, self._cancelling = self._keys[old:], self._pressed[old:], star

    def lapse(self, now: float) -> list[events.KeypadEvent]:
        """One digit that stayed alone while a question is open."""
        with self._lock:
            if self._last is None or now - self._last < CHOICE_S or not self._chooses(now) or self._spoiled:
                return []
            choice = int(self._keys)
            self._clear()
            return [events.Chosen(self._reader, choice, now)]

    # --- the port's thread

    def key(self, key: str, not_before: float, now: float) -> events.KeypadEvent | None:
        """What this key made of the entry; None for what is no key. It was pressed at `not_before` or later (rule D12)."""
        if key == ANYWHERE:
            return events.Approached(self._reader, not_before)
        if len(key) != 1 or key not in "0123456789*#":
            return None
        with self._lock:
            if self._last is not None and now - self._last > ENTRY_S:
                self._clear()
            if now - not_before > CARD_DEADLINE_S:
                self._clear()
                self._spoiled, self._last = True, now
                return events.Typed(self._reader, 0, False, not_before)
            return self._taken(key, not_before, now)

    def _taken(self, key: str, not_before: float, now: float) -> events.KeypadEvent:
        if key == DONE:
            try:
                return self._ended(not_before, now)
            finally:
                self._clear()
        if key == CLEAR and self._cancelling and not self._keys:
            self._last = now
            return events.Cancelled(self._reader, not_before)
        if key == CLEAR and CLEAR in self._keys:
            self._clear()
            return events.Cancelled(self._reader, not_before)
        if not self._keys and key != CLEAR:
            self._for_pin = bool(self._owners) and now <= self._owners_until
        if len(self._keys) < ENTRY_KEYS:
            self._keys, self._pressed = self._keys + key, (*self._pressed, not_before)
        self._last = now
        self._cancelling = self._cancelling and key != CLEAR
        starred = self._keys.startswith(CLEAR)
        return events.Typed(self._reader, len(self._keys) - starred, starred or self._cancelling, not_before)

    def _ended(self, at: float, now: float) -> events.KeypadEvent:
        """What all keys up to `#` are."""
        reader, keys = self._reader, self._keys
        room, star, pin = keys.partition(CLEAR)
        if self._spoiled:
            return events.Cancelled(reader, at)
        if not keys:
            return events.Confirmed(reader, at)
        if star and not room and 0 < len(pin) <= MAX_CODE:
            return events.CodeEntered(reader, pin, at)
        if self._cancelling and len(keys) <= MAX_CODE and not self._chooses(now):
            return events.CodeEntered(reader, keys, at)
        if star and room and MIN_PIN <= len(pin) <= MAX_PIN:
            return events.PinEntered(reader, self._hashes((room,), pin), at)
        if not star and self._for_pin and MIN_PIN <= len(keys) <= MAX_PIN:
            owners, self._owners = self._owners, ()
            return events.PinEntered(reader, self._hashes(owners, keys), at)
        if not star and self._chooses(now):
            return events.Chosen(reader, int(keys), at)
        if not star and len(keys) == CODE_DIGITS:
            day, serial = self._codes.get(keys, (None, None))
            return events.VisitorEntered(reader, serial, day, at)
        return events.BadEntry(reader, len(keys) - bool(star), at)

    def _hashes(self, owners: tuple[str, ...], pin: str) -> tuple[str, ...]:
        return tuple(pin_hash(key, owner, pin) for key in self._pin_keys for owner in owners)

    def _chooses(self, now: float) -> bool:
        return now <= self._most_until and len(self._keys) == 1 and "0" < self._keys <= str(self._most)

    def _clear(self) -> None:
        self._keys, self._last, self._spoiled, self._for_pin = "", None, False, False
        self._pressed, self._cancelling = (), False
