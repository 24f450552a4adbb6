"""Our own code as another process: the same interpreter, the same folder of code as this one, nothing of the folder it is started in.

`python -m agent` finds it only where it was installed into that Python; Debian's package keeps it apart. Knows no command.
"""

from __future__ import annotations

import sys
from pathlib import Path

_BEGIN = Path(__file__).resolve().parent / "cli" / "begin.py"


def command(module: str, *arguments: str) -> list[str]:
    """The words that run `module` as the program, as `python -m` does."""
    apart = "-I" if sys.flags.isolated else "-P"
    return [sys.executable, apart, *(["-B"] if sys.dont_write_bytecode else []), str(_BEGIN), module, *arguments]
