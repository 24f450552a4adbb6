"""A Debian with systemd as its PID 1, in namespaces of its own: no network, nothing of this machine's but the serial lines handed in.

Its root is an overlay: what is done in it stays in `upper`, and may be what the next one starts from.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.waiting import eventually

START_S = 90.0
SETTING_UP = """
set -eu
root=$1; layers=$2; upper=$3; work=$4; shift 4
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$layers,upperdir=$upper,workdir=$work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/doorward"
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for each in "null 3" "zero 5" "full 7" "random 8" "urandom 9"; do
  mknod -m 666 "$root/dev/${each% *}" c 1 "${each#* }"
done
mknod -m 666 "$root/dev/tty" c 5 0
for line in "$@"; do
  touch "$root/dev/doorward/${line%%=*}"
  mount --bind "${line#*=}" "$root/dev/doorward/${line%%=*}"
done
mkdir -p "$root/run/old"
pivot_root "$root" "$root/run/old"
cd /
umount -l /run/old
mount --make-rshared /
exec env -i container=unshare PATH=/usr/sbin:/usr/bin LANG=C.UTF-8 /lib/systemd/systemd --log-target=journal --show-status=no </dev/null
"""


def _cgroups() -> Path:
    """Where the second version of control groups is mounted here."""
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    raise OSError("no cgroup2 is mounted here")


class Machine:
    """`with Machine(folder, [base]) as machine`: booted; on leaving, off. `lines`: serial lines by their names under /dev/doorward."""

    def __init__(self, folder: Path, layers: Sequence[Path], lines: Mapping[str, Path] | None = None) -> None:
        self.folder = folder
        self.upper = folder / "upper"
        self._layers = layers
        self._lines = {name: path.resolve() for name, path in (lines or {}).items()}
        self._group = _cgroups() / f"doorward-{uuid.uuid4().hex[:12]}"
        self._process: subprocess.Popen[bytes] | None = None
        self._init = 0

    def put(self, source: Path, target: str) -> None:
        """A file or folder of ours into it; before it runs."""
        place = self.upper / target.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, place)

    def write(self, target: str, text: str) -> None:
        place = self.upper / target.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def at(self, path: str) -> Path:
        """A file of it as seen from here, while it runs."""
        return Path(f"/proc/{self._init}/root", path.lstrip("/"))

    def take(self, source: Path, target: str) -> None:
        """A file or folder of ours into it, while it runs."""
        (shutil.copytree if source.is_dir() else shutil.copy)(source, self.at(target))

    def __enter__(self) -> Self:
        for name in ("root", "upper", "work"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for path in self._lines.values():
            path.chmod(0o666)  # a pty's; a serial line is given to dialout by udev
        self._group.mkdir()
        layers = ":".join(str(layer) for layer in self._layers)
        lines = [f"{name}={path}" for name, path in self._lines.items()]
        places = (str(self.folder / name) for name in ("root", "upper", "work"))
        root, upper, work = places
        within = ("sh", "-c", 'echo $$ > "$0/cgroup.procs"; exec "$@"', str(self._group))
        apart = ("unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child")
        with (self.folder / "console").open("ab") as log:
            self._process = subprocess.Popen(
                (*within, *apart, "bash", "-c", SETTING_UP, "machine", root, layers, upper, work, *lines),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            eventually(self._up, START_S, every_s=0.2)
        except BaseException:
            self._off()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._off()

    def _up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "console").read_text(errors="replace")
        if not self._init:
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
            self._init = int(children[0]) if children else 0
        if not self._init or Path(f"/proc/{self._init}/comm").read_text().strip() != "systemd":
            return False
        return self.run("systemctl", "is-system-running", check=False).stdout.strip() in {"running", "degraded"}

    def _off(self) -> None:
        """As its plug is pulled."""
        if self._process is not None:
            if self._init:
                with suppress(ProcessLookupError):
                    os.kill(self._init, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
        eventually(lambda: not (self._group / "cgroup.procs").read_text() and self._swept(), 20.0)

    def _swept(self) -> bool:
        for path in sorted(self._group.rglob("*"), key=lambda path: -len(path.parts)):
            if path.is_dir():
                with suppress(OSError):
                    path.rmdir()
        try:
            self._group.rmdir()
        except OSError:
            return False
        return True

    def run(self, *command: str, check: bool = True, limit_s: float = 300.0) -> subprocess.CompletedProcess[str]:
        """In it, as root, with nothing of this machine's environment."""
        enter = ("nsenter", f"--target={self._init}", "--all", "--root", "--wdns=/")
        clean = ("env", "-i", "PATH=/usr/sbin:/usr/bin", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "HOME=/root")
        done = subprocess.run(
            (*enter, *clean, *command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=limit_s,
        )
        assert done.returncode == 0 or not check, (
            f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done

    def sh(self, script: str, *, check: bool = True) -> str:
        done = self.run("sh", "-euc", script, check=check)
        return done.stdout + done.stderr
