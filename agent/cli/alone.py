"""Nobody else on the ports: the commands that open them keep an agent from starting meanwhile, and give way to one that runs."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.cli import Invocation
from agent.cli.running import running
from agent.config import Config
from agent.config.model import STATE
from agent.errors import ConfigError, UnreachableError
from agent.store.faults import FolderInUseError
from agent.store.folder import FolderLock
from agent.words import N_, _

RUNS = N_("the agent runs and holds the ports: systemctl stop doorward, and start it again afterwards")
HELD = N_("another program holds it; if that is the agent: systemctl stop doorward, and start it again afterwards")


@contextmanager
def alone(config: Config | None, ports: Iterable[str] = ()) -> Iterator[None]:
    """Raises UnreachableError where the agent of this configuration (None: of the usual state folder) runs, or one of `ports` is held."""
    if config is not None and running(config) is not None:
        raise UnreachableError(_(RUNS))
    state = STATE if config is None else config.state
    if not state.is_dir():
        _see_free(ports)
        yield
        return
    try:
        lock = FolderLock(state)
    except FolderInUseError:
        raise UnreachableError(_(RUNS)) from None
    _hand_over(state)
    try:
        _see_free(ports)
        yield
    finally:
        lock.release()


def _see_free(ports: Iterable[str]) -> None:
    """Raises UnreachableError where another program holds one: the agent of another configuration, most likely."""
    held = [port for port in ports if "://" not in port and is_held(port)]
    if held:
        raise UnreachableError(*(_("{port}: {why}").format(port=port, why=_(HELD)) for port in held))


def is_held(port: str) -> bool:
    """Whether another program has the port for itself, as the agent has its own. What is not there is held by nobody."""
    try:
        descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return error.errno == errno.EBUSY
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


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
