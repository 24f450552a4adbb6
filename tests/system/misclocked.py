"""`doorward …` on a machine whose clock is wrong. Run as `python -m tests.system.misclocked SECONDS …`: so far ahead, or behind where negative."""

from __future__ import annotations

import sys
import time

_true = time.time
_ahead_s = float(sys.argv.pop(1))
time.time = lambda: _true() + _ahead_s

from agent.__main__ import main  # noqa: E402  # the clock first

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
