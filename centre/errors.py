"""What the centre tells its operator: one line and an exit code. Nothing here catches anything."""

from __future__ import annotations

CHECK_FAILED = 1
WRONG_USE = 2
UNREACHABLE = 69
OUR_FAULT = 70
CONFIGURATION = 78


class CentreError(Exception):
    """Something the operator can mend: its text is the one line, `code` the exit code of the command."""

    def __init__(self, text: str, code: int = CHECK_FAILED) -> None:
        super().__init__(text)
        self.code = code
