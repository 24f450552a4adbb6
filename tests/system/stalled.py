"""The agent on a disk that takes its time: while the state folder holds a file `stall`, each commit of the journal takes 5 s.

Run as `python -m tests.system.stalled -c CONFIG run`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.__main__ import main
from agent.store.journal import Journal

_sound = Journal.commit
STALL_S = 5.0


def _late(self: Journal, draft: Any, revs: Mapping[str, int], keys: Any) -> None:
    (path,) = (Path(row[2]) for row in self.db.conn.execute("PRAGMA database_list") if row[1] == "main")
    if (path.parent / "stall").exists():
        time.sleep(STALL_S)
    _sound(self, draft, revs, keys)


Journal.commit = _late  # type: ignore[method-assign, assignment]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
