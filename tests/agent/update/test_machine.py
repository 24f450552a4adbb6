"""What is told of a program of the machine that said no."""

from __future__ import annotations

import pytest

from agent.update.machine import ToolError, call

SAID = {
    "dpkg names packages last": (
        "dpkg: error processing doorward\\n the script returned error exit status 1\\nErrors were encountered while processing:\\n doorward\\n",
        "sh: the script returned error exit status 1",
    ),
    "one line": ("no room\\n", "sh: no room"),
    "nothing": ("", "sh: exit 3"),
}


@pytest.mark.parametrize("what", SAID)
def test_why_it_failed_is_told_in_one_line(what: str) -> None:
    printed, line = SAID[what]
    with pytest.raises(ToolError) as told:
        call("sh", "-c", f"printf '{printed}' >&2; exit 3")
    assert str(told.value) == line
