"""The updater in a process of its own, which the test may end at any moment of it: before and after each of its steps on the disk."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.identity import Identity
from agent.update import forms, installing, machine, progress, taking
from agent.update.installing import Updater
from agent.update.places import OwnFolder
from agent.update.watching import WatchTimes
from tests.agent.update.box import AWAY_IMAGE_S, AWAY_S, CENTRE_S

MACHINE = Path(os.environ["MACHINE"])


def tools() -> Any:
    spec = importlib.util.spec_from_file_location("tools", Path(__file__).with_name("tools.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOLS = tools()


def with_moments(call: Callable[..., Any]) -> Callable[..., Any]:
    def around(*args: Any, **more: Any) -> Any:
        TOOLS.moment()
        made = call(*args, **more)
        TOOLS.moment()
        return made

    return around


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for name in ("save", "remove"):
        cut = with_moments(getattr(progress, name))
        for module in (installing, forms, taking):
            if hasattr(module, name):
                setattr(module, name, cut)
    taking.copy = with_moments(taking.copy)
    taking.clear = with_moments(taking.clear)
    boot = MACHINE / "boot"
    for module in (installing, forms, machine):
        module.boot_id = boot.read_text  # type: ignore[attr-defined]
    if (MACHINE / "booted").exists():
        forms.__version__ = TOOLS.load(TOOLS.load("booted"))["Version"]
    forms.UPDATER = "doorward"  # type: ignore[misc]  # the machine's
    own, state, identity = map(Path, sys.argv[1:4])
    times = WatchTimes(
        look_s=0.01,
        door_s=0.3,
        centre_s=CENTRE_S,
        settled_s=0.05,
        reach_s=0.02,
        away_s=AWAY_S,
        away_image_s=AWAY_IMAGE_S,
    )
    here = frozenset({"rauc" if (MACHINE / "booted").exists() else "deb"})
    away = MACHINE / "broker-away"
    Updater(
        OwnFolder(own),
        state,
        MACHINE / "status.json",
        lambda: Identity.load(identity),
        times=times,
        forms=here,
        answers=lambda: not away.exists(),
    ).run()


if __name__ == "__main__":
    main()
