"""Passwords of accounts, kept as Argon2id of what only this centre's key makes of them. Knows the library and its parameters; no table.

Without the key of the folder nobody can try passwords against the books.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHash, VerificationError

from centre.account_key import AccountKey
from centre.errors import UNREACHABLE, BadValueError, CentreError
from centre.words import _

LEAST, MOST = 12, 200
"""Characters. NIST SP 800-63B asks for length and against rules of composition; the most keeps a megabyte from being hashed."""
LEAST_DIFFERENT = 5
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's least for Argon2id: 19 MiB, two passes, one lane; 19 to 30 ms on the development machine."""
AT_ONCE = 2
"""Hashes under way: 40 threads of a web server would want 760 MiB for them."""
WAITING = 8
"""More are told to try again: pages have to be answered meanwhile, by the same threads."""
WAIT_S = 5.0
_queue = threading.BoundedSemaphore(AT_ONCE + WAITING)
_room = threading.BoundedSemaphore(AT_ONCE)


def hashed(key: AccountKey, name: str, password: str) -> str:
    with _turn():
        return HASHER.hash(_keyed(key, name, password))


def holds(key: AccountKey, name: str, password: str, kept: str | None) -> bool:
    """Whether `kept` is this password's. With None, for a name that nobody has, it takes as long to say no."""
    given = _keyed(key, name, password)
    with _turn():
        try:
            good = HASHER.verify(kept or _nobodys(), given)
        except (VerificationError, InvalidHash):
            return False
    return good and kept is not None


def is_old(kept: str) -> bool:
    """Whether it was hashed with other parameters than new ones are."""
    return HASHER.check_needs_rehash(kept)


def check(name: str, label: str, password: str) -> None:
    """Raises BadValueError where it may not be taken for a new one."""
    plain = _normal(password)
    if not LEAST <= len(plain) <= MOST:
        raise BadValueError("password", _("{least} to {most} characters").format(least=LEAST, most=MOST))
    if len(set(plain)) < LEAST_DIFFERENT:
        raise BadValueError("password", _("too many of the same character"))
    for known in (name, label):
        rest = plain.casefold().replace(known.casefold(), "") if known else plain
        if len(rest) < LEAST // 2:
            raise BadValueError("password", _("little more than the name"))


def _normal(password: str) -> str:
    """One keyboard's ü is two characters, another's one."""
    return unicodedata.normalize("NFKC", password)


def _keyed(key: AccountKey, name: str, password: str) -> str:
    return key.seal("password", name, _normal(password))


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return HASHER.hash("nobody")


@contextmanager
def _turn() -> Iterator[None]:
    """Raises CentreError where too many are before us."""
    with _in(_queue, 0.0), _in(_room, WAIT_S):
        yield


@contextmanager
def _in(room: threading.BoundedSemaphore, wait_s: float) -> Iterator[None]:
    if not room.acquire(timeout=wait_s):
        raise CentreError(_("too many sign in at this moment; try again"), UNREACHABLE)
    try:
        yield
    finally:
        room.release()
