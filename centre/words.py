"""The words of the centre in the language of who reads them. English stands in the code and is what a message is known by; other languages are catalogues in locale/.

What is signed or kept in the books (reasons, details of alarms) is never said through here: it stays as it was written.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "centre"
_spoken: gettext.NullTranslations = gettext.NullTranslations()
_here: ContextVar[gettext.NullTranslations | None] = ContextVar("_here", default=None)


@lru_cache(maxsize=8)
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, LOCALE, [language], fallback=True)


def speak(language: str) -> None:
    """From now on, in all threads of the process."""
    global _spoken  # noqa: PLW0603  # a process has one terminal
    _spoken = _catalogue(language)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within this block, and in what it hands its context to: one page among others, each in the language of who reads it."""
    before = _here.set(_catalogue(language))
    try:
        yield
    finally:
        _here.reset(before)


def _(text: str) -> str:
    """`text` as it is said now. Placeholders are filled in afterwards, by `format`: what comes from outside is never formatted itself."""
    here = _here.get()
    return (_spoken if here is None else here).gettext(text)


def N_(text: str) -> str:  # noqa: N802  # gettext's own name for it
    """Marks a text for the catalogue that is said through `_` elsewhere."""
    return text


def reason_of(error: OSError) -> str:
    """Why the system refused, in the language of who reads it where it is one of the usual reasons."""
    return _(error.strerror) if error.strerror else str(error)


REASONS = (
    N_("No such file or directory"),
    N_("Permission denied"),
    N_("File exists"),
    N_("Not a directory"),
    N_("Is a directory"),
    N_("Directory not empty"),
    N_("No space left on device"),
    N_("Read-only file system"),
    N_("Input/output error"),
    N_("Operation not permitted"),
    N_("Too many open files"),
    N_("File name too long"),
    N_("Exec format error"),
    N_("Connection refused"),
    N_("Connection reset by peer"),
    N_("Connection timed out"),
    N_("Network is unreachable"),
    N_("No route to host"),
    N_("Address already in use"),
    N_("Name or service not known"),
    N_("Bad user name or password"),
    N_("Not authorized"),
    N_("Server unavailable"),
    N_("Keep alive timeout"),
    N_("Unspecified error"),
    N_("Normal disconnection"),
    N_("Temporary failure in name resolution"),
)
"""As the system and the MQTT library word them in English."""
