"""Whether anything takes a TCP connection at the address in FILE: its last line is `answers`, or `away` and why. No word is sent, none is read.

A program of its own, run without any rights by doorward-update-look.service: the standard library alone, and nothing of ours.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

TRY_S = 10.0
"""For each address that the name stands for."""


def main() -> None:
    host, port = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    _say("away: nothing came in time")  # so it is where it is ended: a resolver without network may take a minute
    try:
        socket.create_connection((host, port), TRY_S).close()
    except OSError as error:
        _say(f"away: {error}")
    else:
        _say("answers")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
