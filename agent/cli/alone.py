"""Nobody else on the ports: the commands that open them keep an agent from starting meanwhile, and give way to one that runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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
    try:
        yield
    finally:
        lock.release()


def configured(invocation: Invocation) -> Config | None:
    """The configuration, where there is one that reads; a unit that is being set up has none yet."""
    try:
        return invocation.config()
    except ConfigError:
        return None
