"""`python -m simulator [FOLDER]`: a unit's hardware on its own in the foreground, for whoever develops drivers or has no board."""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from simulator.box import ONE_DOOR, TWO_DOORS, Box
from simulator.trace import Moment

HELP = "tap CARD [READER] · push [DOOR] · exit [DOOR] · fire · safe · gas · nogas · unplug PORT · plug PORT · quit"


def obey(box: Box, words: list[str]) -> None:
    """One line typed by the developer."""
    verb, *rest = words
    port = box.lines.get(rest[0]) if rest else None
    if verb == "tap" and rest:
        box.tap(int(rest[0]), rest[1] if len(rest) > 1 else "reader")
    elif verb == "push":
        box.push_door(*rest[:1])
    elif verb == "exit":
        box.press_exit(rest[0] if rest else None)
    elif verb in {"fire", "safe"}:
        box.fire(verb == "fire")
    elif verb in {"gas", "nogas"}:
        box.gas(verb == "gas")
    elif verb in {"unplug", "plug"} and port is not None:
        (port.unplug if verb == "unplug" else port.plug)()
    else:
        print(HELP)


def main(arguments: list[str]) -> int:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    two = "--two-doors" in arguments
    folders = [argument for argument in arguments if not argument.startswith("-")]
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        folder = (
            Path(folders[0]) if folders else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="doorward-")))
        )
        box = stack.enter_context(Box(folder, TWO_DOORS if two else ONE_DOOR))

        def show(moment: Moment) -> None:
            print(moment, flush=True)

        box.trace.listener = show
        for name, path in box.ports.items():
            print(f"{name}: {path} at {box.bauds[name]} baud")
        print(HELP, flush=True)
        for text in sys.stdin:
            words = text.split()
            if words == ["quit"]:
                break
            if words:
                try:
                    obey(box, words)
                except (KeyError, ValueError) as error:
                    print(f"not understood: {error}. {HELP}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
