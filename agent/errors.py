"""Errors whose fault is the operator's or the world's, and the exit codes of the command line. Our own faults are not caught, so they have no class here."""

from __future__ import annotations

from typing import Final

EXIT_CHECK_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_UNREACHABLE: Final = 69
EXIT_OURS: Final = 70
EXIT_CONFIG: Final = 78


class DoorwardError(Exception):
    """Something a person has to put right. `lines`: one a fault, ready for stderr; `code`: the exit code it leads to."""

    code: int = EXIT_CHECK_FAILED

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class ConfigError(DoorwardError):
    """The configuration, or a file it names, is wrong."""

    code = EXIT_CONFIG


class IdentityError(ConfigError):
    """The identity folder or an enrolment file is missing, damaged or open to others."""


class UnreachableError(DoorwardError):
    """Something needed is not there: no running agent, no port."""

    code = EXIT_UNREACHABLE


def shown(text: object, limit: int = 60) -> str:
    """`text` fit for one line of a terminal: no control characters or line ends, at most `limit` characters of it."""
    whole = str(text)
    kept = whole if len(whole) <= limit else whole[: limit - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in kept)
