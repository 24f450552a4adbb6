"""What failed beside other tests gets one more try, alone: many tests measure times, on machines that do other things too.

`python -m tests.again` names what failed in the last run, and ends with 1 where that is more than FEW: then it is no accident.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

FEW = 5
LAST = Path(__file__).parent.parent / ".pytest_cache" / "v" / "cache" / "lastfailed"


def main() -> int:
    failed = sorted(json.loads(LAST.read_text(encoding="utf-8"))) if LAST.exists() else []
    for each in failed:
        print(f"failed: {each}")
    if not 0 < len(failed) <= FEW:
        return 1
    print("once more, alone:", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
