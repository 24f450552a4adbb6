"""What failed beside other tests gets one more try, alone: many tests measure times, on machines that do other things too.

`python -m tests.again --forget` before a run; after one that failed, `python -m tests.again` names what failed and tries it again.
More than FEW are no accident: then it ends with 1 at once.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

FEW = 5
LAST = Path(__file__).parent.parent / ".pytest_cache" / "v" / "cache" / "lastfailed"


def failed() -> list[str]:
    """Their ids, without the group that pytest-xdist writes behind them."""
    told = json.loads(LAST.read_text(encoding="utf-8")) if LAST.exists() else {}
    return sorted(re.sub(r"@[\w -]+$", "", each) for each in told)


def main() -> int:
    if sys.argv[1:] == ["--forget"]:
        LAST.unlink(missing_ok=True)
        return 0
    tests = failed()
    for each in tests:
        print(f"failed: {each}")
    if not 0 < len(tests) <= FEW:
        return 1
    print("once more, alone:", flush=True)
    return subprocess.run([sys.executable, "-m", "pytest", "-m", "twin or not twin", *tests], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
