"""What the centre tells its operator: one line and an exit code. Nothing here catches anything."""

from __future__ import annotations

from centre.words import _

CHECK_FAILED = 1
WRONG_USE = 2
UNREACHABLE = 69
CONFIGURATION = 78
TWIN = 79
"""Another `serve` of the site is there: started again, this one would only meet it again. Above those of sysexits.h."""


class CentreError(Exception):
    """Something the operator can mend: its text is the one line, `code` the exit code of the command."""

    def __init__(self, text: str, code: int = CHECK_FAILED) -> None:
        super().__init__(text)
        self.code = code


class BadValueError(CentreError):
    """One value of those that were handed over is wrong: `name` says which, so that a command can name its option, a form its field."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}", WRONG_USE)
        self.name, self.text = name, text


class MissingValueError(BadValueError):
    """A value that is needed was not handed over; `text` says why it is needed."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name, text)
        self.args = (_("{name} is needed: {text}").format(name=name, text=text),)


class ForbiddenError(CentreError):
    """Whoever asks is not allowed to, by their role or outside their scope."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text or _("this is not yours to do"), WRONG_USE)
