"""What is told to the person who builds a panel: lines and an exit code."""

from __future__ import annotations

CHECK_FAILED, WRONG_USE, MISSING = 1, 2, 69


class PanelError(Exception):
    """Something a person can put right; `lines`: one a fault."""

    def __init__(self, *lines: str, code: int = WRONG_USE) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
        self.code = code
