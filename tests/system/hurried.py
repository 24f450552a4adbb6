"""The agent with other bounds, so that a test need not wait for minutes: `python -m tests.system.hurried NAME=SECONDS … -- -c CONFIG run`.

The names are those of `agent/limits.py` and `agent/core/limits.py`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from agent import limits
from agent.__main__ import main
from agent.core import limits as core_limits
from simulator.demo import children
from simulator.demo.stage import Stage


@contextmanager
def hurried(stage: Stage, *bounds: str, module: str = "tests.system.hurried") -> Iterator[subprocess.Popen[bytes]]:
    """Such an agent (or another changed one, `module`) in the place of the stage's own, until the block ends."""
    polls = stage.box.relay.polls
    command = [sys.executable, "-m", module, *bounds, *(["--"] if bounds else []), "-c", str(stage.config), "run"]
    with (stage.folder / "hurried.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=children.environment())
    try:
        stage.until_served(polls)
        yield process
    finally:
        process.terminate()
        process.wait(10)


def _set(bound: str) -> None:
    name, value = bound.split("=")
    home = core_limits if hasattr(core_limits, name) else limits
    assert hasattr(home, name), f"no bound is called {name}"
    setattr(home, name, float(value))


def _run(words: Sequence[str]) -> int:
    end = list(words).index("--")
    for bound in words[:end]:
        _set(bound)
    return main(words[end + 1 :])


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1:]))
