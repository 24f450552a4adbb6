"""A desk at the centre that is open already, so that a click costs no start of a process: `python -m benchmarks.desk FOLDER`.

Reads `notice SCOPE` and `identify UNIT` line by line, does what the commands of that name do, and prints a line of JSON for each:
its name, and the monotonic moments of its beginning and its end. An order is sent and not waited for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

from centre import commands, notices, publisher
from centre.notices import Draft
from centre.opened import OpenCentre
from centre.units import parse_scope
from contract.commands import Identify
from contract.messages import Kind
from contract.topics import down
from simulator.mortal import mortal

TITLE, TEXT = "停水通知", "因管网检修，今日 8:00 至 12:00 停水，请提前储水。"


class OpenDesk:
    """The other end of it: orders go in, and what was done comes out when it is asked for."""

    def __init__(self, folder: Path) -> None:
        command = mortal([sys.executable, "-m", "benchmarks.desk", str(folder)])
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self._out.readline()
        os.set_blocking(self._out.fileno(), False)
        self._heard = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._in.close()
        self._process.wait(10.0)
        self._out.close()

    def order(self, *words: str) -> None:
        self._in.write((" ".join(words) + "\n").encode())
        self._in.flush()

    def done(self) -> dict[str, Any] | None:
        """The next order that was carried out; None where none was yet."""
        self._heard += self._out.read() or b""
        first, end, rest = self._heard.partition(b"\n")
        if not end:
            return None
        self._heard = rest
        told: dict[str, Any] = json.loads(first)
        return told


def carry_out(centre: OpenCentre, verb: str, where: str) -> str:
    """Returns the name of the notice or the command."""
    now = time.time()
    if verb == "notice":
        name = notices.put(centre, Draft(parse_scope(where, centre.site.site), TITLE, TEXT), now).id
        publisher.publish(centre)
        return name
    site = centre.site.site
    command = commands.make(site, where, Identify(), "desk", "benchmark", commands.VALID_S, now)
    topic = down(site, command.scope, Kind.COMMAND)
    with centre.books.writing() as conn:
        commands.record(conn, command)
    with publisher.connected(centre.folder, centre.site, centre.keys) as link:
        publisher.send(link, topic, centre.signer.sign_state(topic, command), retain=False)
    return command.id


def main() -> None:
    centre = OpenCentre(Path(sys.argv[1]))
    assert centre.books
    assert centre.signer
    print("ready", flush=True)
    for line in sys.stdin:
        began = time.monotonic()
        name = carry_out(centre, *line.split())
        print(json.dumps({"name": name, "began": began, "ended": time.monotonic()}), flush=True)


if __name__ == "__main__":
    main()
