"""The agent on a box where bundles can be installed, in a hurry: `python -m tests.system.updating -c CONFIG run`. $UPDATE_OWN is the updater's folder."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

from agent import uplink
from agent.__main__ import main
from agent.core import limits
from agent.update import shell
from agent.update.shell import Updates


def hurry() -> None:
    limits.FETCH_SPREAD_S, limits.FETCH_RETRY_S, limits.UPDATE_READ_S = 0.1, 0.3, 0.2
    shell.room_kept = lambda *_: 0  # the stage's disk is a small one
    own = Path(os.environ["UPDATE_OWN"])
    uplink.Updates = partial(Updates, own=own, forms=lambda: frozenset({"deb"}))  # type: ignore[misc,assignment]


if __name__ == "__main__":
    hurry()
    sys.exit(main(sys.argv[1:]))
