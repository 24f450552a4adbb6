"""Child processes that end with whoever started them, however that ends: also by `kill -9`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

_CODE = (
    "import ctypes, os, sys; "
    "ctypes.CDLL(None).prctl(1, 9); "  # PR_SET_PDEATHSIG, SIGKILL: when the thread that started us ends
    "os.getppid() == int(sys.argv[1]) or os._exit(1); "  # it ended before we asked for that
    "os.execvp(sys.argv[2], sys.argv[2:])"
)


def mortal(command: Sequence[str]) -> list[str]:
    """`command` so that the kernel kills it when the starting thread ends. Start it from a thread that lives as long as it is wanted."""
    return [sys.executable, "-c", _CODE, str(os.getpid()), *command]
