"""Our own code as another process: the same interpreter, the same folder of code as this one, nothing of the folder it is started in.

`python -m agent` finds it only where it was installed into that Python; Debian's package keeps it apart. Knows no command.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

_CODE = Path(__file__).resolve().parent.parent


def command(module: str, *arguments: str) -> list[str]:
    """The words that run `module` as the program, as `python -m` does."""
    apart = "-I" if sys.flags.isolated else "-P"
    return [sys.executable, apart, *(["-B"] if sys.dont_write_bytecode else []), __file__, module, *arguments]


if __name__ == "__main__":
    if str(_CODE) not in sys.path:
        sys.path.insert(0, str(_CODE))
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
