"""`python -m agent` and the command `doorward`: the same thing."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from agent.cli import doorward
from agent.errors import EXIT_OURS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code; what nobody foresaw is our fault: traceback and 70."""
    try:
        doorward.main(arguments, prog_name="doorward")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else EXIT_OURS
    except Exception:  # noqa: BLE001  # the main thread's top
        traceback.print_exc()
        return EXIT_OURS
    return 0


if __name__ == "__main__":
    sys.exit(main())
