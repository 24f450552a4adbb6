"""The words of the agent's commands in the language of who reads them. English stands in the code; other languages are catalogues in locale/.

`doorward run` chooses no language: what is logged, recorded and sent stays English. So does JSON, by `english_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from contract.language import ENGLISH

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "doorward"
_said: Callable[[str], str] | None = None
"""How a text is said now; None: as it stands in the code."""


class SaidText(str):
    """A text as it is said now, and the same in English for JSON and for what goes home. What is filled in keeps both."""

    __slots__ = ("english",)
    english: str

    def __new__(cls, said: str, english: str) -> Self:
        made = super().__new__(cls, said)
        made.english = english
        return made

    def __reduce__(self) -> tuple[type[SaidText], tuple[str, str]]:
        """For copies of what holds it."""
        return SaidText, (str(self), self.english)

    def format(self, *_positional: object, **fields: object) -> SaidText:
        """By name only: an order of words is not the same in every language."""
        plain = {name: english_of(value) for name, value in fields.items()}
        return SaidText(super().format(**fields), self.english.format(**plain))


def speak(language: str) -> None:
    """From now on, in all threads of the process. English loads nothing."""
    global _said  # noqa: PLW0603  # a process has one terminal
    if language == ENGLISH:
        _said = None
        return
    import gettext  # noqa: PLC0415  # the service never needs it

    _said = gettext.translation(DOMAIN, LOCALE, [language]).gettext


def speaks_chinese() -> bool:
    return _said is not None


@contextmanager
def in_english() -> Iterator[None]:
    """For what is read elsewhere, whoever has it made."""
    global _said  # noqa: PLW0603
    before, _said = _said, None
    try:
        yield
    finally:
        _said = before


def _(text: str) -> str:
    """`text` as it is said now. Placeholders are filled in afterwards, by `format`: what comes from outside is never formatted itself."""
    return text if _said is None else SaidText(_said(text), text)


def N_(text: str) -> str:  # noqa: N802  # gettext's own name for it
    """Marks a text for the catalogue that is said through `_` elsewhere."""
    return text


def english_of(value: object) -> object:
    """A text as it is in English; anything else as it is."""
    return value.english if isinstance(value, SaidText) else value


def plain(text: str) -> str:
    """`english_of` a text."""
    return text.english if isinstance(text, SaidText) else text


def changed(text: str, how: Callable[[str], str]) -> str:
    """`text` made into another, in both languages."""
    return SaidText(how(text), how(text.english)) if isinstance(text, SaidText) else how(text)


def joined(separator: str, texts: Iterable[str]) -> str:
    """As `separator.join`, in both languages."""
    every = list(texts)
    whole = separator.join(every)
    return whole if _said is None else SaidText(whole, plain(separator).join(map(plain, every)))


def reason_of(error: OSError) -> str:
    """Why the system refused, in lower case; in the language of who reads it where it is one of the usual reasons."""
    text = error.strerror or str(error)
    return text.lower() if _said is None else SaidText(_said(text), text.lower())


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
    N_("Connection refused"),
    N_("Connection reset by peer"),
    N_("Connection timed out"),
    N_("Network is unreachable"),
    N_("No route to host"),
    N_("Name or service not known"),
    N_("Temporary failure in name resolution"),
    N_("Bad user name or password"),
    N_("Not authorized"),
    N_("Server unavailable"),
    N_("Unspecified error"),
)
"""As the system and the MQTT library word them in English."""
