"""A command as a person has it before them: its questions come on stderr, answers go to its stdin, as they are asked."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from tests.agent.cli.unit import ROOT

Act = str | Callable[[], object]
END = "\4"
"""There is no more input: as Ctrl-D, or as when the terminal goes away."""


def talk(
    arguments: Sequence[str], answers: Mapping[str, Act | list[Act]], limit_s: float = 25.0, *, typed: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `doorward …`; each text on stderr that matches a pattern (the first that does, from where the last ended) is answered
    with a line, or by doing something; END ends its input. A pattern answers once, one with a list once for each. `typed`: the answers come from a terminal and not
    from a pipe, and this was typed before the command asked anything.
    """
    keys, end_of_keys = os.pipe()[::-1] if typed is None else pty.openpty()
    hands = os.fdopen(keys, "wb", buffering=0)
    hands.write((typed or "").encode())
    child = _started(arguments, end_of_keys)
    assert child.stdout is not None
    assert child.stderr is not None
    said, done, left = "", 0, dict(answers)
    end = time.monotonic() + limit_s
    try:
        while time.monotonic() < end:
            if select.select([child.stderr], [], [], 0.1)[0]:
                data = os.read(child.stderr.fileno(), 65536)
                if not data:
                    break
                said += data.decode()
            while (found := _next(left, said[done:])) is not None:
                at, pattern = found
                answer = left.pop(pattern)
                act, *further = answer if isinstance(answer, list) else [answer]
                if further:
                    left[pattern] = further
                done += at
                if act == END:
                    hands.close()
                elif isinstance(act, str):
                    hands.write(f"{act}\n".encode())
                else:
                    act()
        hands.close()
        out = child.stdout.read().decode()
        return subprocess.CompletedProcess(arguments, child.wait(5), out, said)
    finally:
        child.kill()
        child.wait()
        hands.close()
        child.stdout.close()
        child.stderr.close()


def _started(arguments: Sequence[str], stdin: int) -> subprocess.Popen[bytes]:
    """`stdin` is the command's alone from now on."""
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "agent", *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    finally:
        os.close(stdin)


def _next(answers: Mapping[str, Act | list[Act]], text: str) -> tuple[int, str] | None:
    """The earliest match: where it ends, and of which pattern."""
    return min(((match.end(), pattern) for pattern in answers if (match := re.search(pattern, text))), default=None)
