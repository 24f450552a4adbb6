"""What the disk can be told to do. Apart from the file system, whose library some machines lack."""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """What the disk does. `FAILING` answers each call with an input/output error; `LYING` says that it has synced and has not; the test takes away what was written since (`FaultyDisk.cut`)."""

    WELL = 0
    HANGING = 1
    FULL = 2
    READ_ONLY = 3
    SLOW = 4
    LYING = 5
    FAILING = 6
