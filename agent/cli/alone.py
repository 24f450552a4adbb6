"""Nobody else on the ports: the commands that open them keep an agent from starting meanwhile, and give way to one that runs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.cli import Invocation
from agent.cli.running import running
from agent.config import Config
from agent.config.model import STATE
from agent.errors import ConfigError, DoorwardError
from agent.store.faults import FolderInUseError
from agent.store.folder import FolderLock

RUNS = "the agent runs and holds the ports: systemctl stop doorward, and start it again afterwards"


@contextmanager
def alone(config: Config | None) -> Iterator[None]:
    """Raises DoorwardError where the agent of this configuration (None: of the usual state folder) runs."""
    if config is not None and running(config) is not None:
        raise DoorwardError(RUNS)
    state = STATE if config is None else config.state
    if not state.is_dir():
        yield
        return
    try:
        lock = FolderLock(state)
    except FolderInUseError:
        raise DoorwardError(RUNS) from None
    _hand_over(state)
    try:
        yield
    finally:
        lock.release()


def _hand_over(state: Path) -> None:
    """A lock file that root made here belongs to whoever owns the folder: the service must be able to take it."""
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):
            owner = state.stat()
            os.chown(state / "lock", owner.st_uid, owner.st_gid, follow_symlinks=False)


def configured(invocation: Invocation) -> Config | None:
    """The configuration, where there is one that reads; a unit that is being set up has none yet."""
    try:
        return invocation.config()
    except ConfigError:
        return None
