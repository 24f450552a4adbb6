"""A `doorward …` command in a process that was forked from one which has read the code already. Imported by that one, ahead of all commands."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Mapping, Sequence

import centre.cli  # noqa: F401  # what most of them need
from agent.__main__ import main
from simulator.demo.clock import VARIABLE
from simulator.demo.clocked import follow


def carry_out(arguments: Sequence[str], out: str, err: str, environment: Mapping[str, str]) -> None:
    """With what it prints in these files; ends this process with the command's exit code."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: when the process that we were forked from ends
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in ((0, os.devnull), (1, out), (2, err)):
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(file, number)
        os.close(file)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    if VARIABLE in environment:
        follow(environment[VARIABLE])
    code = main(list(arguments))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
