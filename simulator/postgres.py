"""A real PostgreSQL on this machine for tests and benchmarks: a cluster of its own in a temporary folder, reached by a socket in it.

It ends with the process that started it. PostgreSQL refuses to run as root: then it runs as the machine's user `postgres`, or `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from simulator.mortal import mortal

START_S = 20.0
STOP_S = 10.0
USER = "doorward"
PACKAGED = Path("/usr/lib/postgresql")
"""Where Debian puts each version's programs, out of PATH."""


class ClusterError(Exception):
    """The server could not be made or started; the text holds its last words."""


class Cluster:
    """A running server. `sync`: whether it waits for the disk, as it does by default; without, a power cut may damage it, a kill may not."""

    def __init__(self, *, sync: bool = False, port: int | None = None) -> None:
        self.port = port
        """On 127.0.0.1, beside the socket; none where None."""
        self._sync = sync
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = _owner()
        self.path = Path(tempfile.mkdtemp(prefix="dw-pg-"))
        if self._owner is not None:
            os.chown(self.path, *self._owner)
        made = self._run("initdb", "--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8",
                         "--no-sync", str(self.path / "data"))  # fmt: skip
        if made.returncode:
            self.remove()
            raise ClusterError(made.stderr.decode(errors="replace"))

    def url(self, database: str) -> str:
        """For the books."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.path}"

    @property
    def programs(self) -> Path:
        """Where its client programs are."""
        return Path(_program("pg_dump")).parent

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Returns when it answers. Raises ClusterError when it does not within 20 s."""
        settings = {
            "unix_socket_directories": self.path,
            "listen_addresses": "127.0.0.1" if self.port else "",
            "port": self.port or 5432,
            "fsync": "on" if self._sync else "off",
            "shared_buffers": "32MB",
            "max_connections": 50,
        }
        command = [_program("postgres"), "-D", str(self.path / "data")]
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.path / "log").open("ab") as log:
            self._process = subprocess.Popen(
                _as(self._owner, mortal(command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.path
            )
        end = time.monotonic() + START_S
        while self._run("pg_isready", "-q", *self._where()).returncode:
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise ClusterError(self.last_words())
            time.sleep(0.02)

    def sql(self, statement: str, database: str = "postgres") -> str:
        """One statement, outside a transaction; what psql prints of its rows. Raises ClusterError."""
        return self.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement).strip()

    def run(self, program: str, *args: str) -> str:
        """What a client program of it prints. Raises ClusterError."""
        done = self._run(program, *self._where(), "-U", USER, *args)
        if done.returncode:
            raise ClusterError(done.stderr.decode(errors="replace"))
        return done.stdout.decode()

    def stop(self) -> None:
        """Connections are cut, and all is written."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """As a crash ends it: with all its children, nothing written."""
        self._end(signal.SIGQUIT)

    def kill_first(self) -> None:
        """`kill -9` of the server's first process alone; its children end when they see it."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.path, ignore_errors=True)

    def last_words(self) -> str:
        log = self.path / "log"
        return log.read_text(errors="replace")[-500:].strip() if log.exists() else ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def _where(self) -> list[str]:
        return ["-h", str(self.path), "-p", str(self.port or 5432)]

    def _run(self, program: str, *args: str) -> subprocess.CompletedProcess[bytes]:
        command = _as(self._owner, [_program(program), *args])
        return subprocess.run(command, capture_output=True, cwd=self.path, check=False)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def postgres() -> bool:
    """Whether a server is installed here."""
    try:
        return bool(_program("postgres") and _program("initdb"))
    except ClusterError:
        return False


def _program(name: str) -> str:
    """The newest version's."""
    newest = sorted(PACKAGED.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    found = str(newest[-1]) if newest else shutil.which(name)
    if found is None:
        raise ClusterError(f"{name}: not installed (Debian, Ubuntu: apt install postgresql)")
    return found


def _owner() -> tuple[int, int] | None:
    """User and group to run as; None: as we are."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return user.pw_uid, user.pw_gid
    raise ClusterError("no user to run PostgreSQL as, which refuses root")


def _as(owner: tuple[int, int] | None, command: list[str]) -> list[str]:
    if owner is None:
        return command
    return ["setpriv", f"--reuid={owner[0]}", f"--regid={owner[1]}", "--clear-groups", "--", *command]
