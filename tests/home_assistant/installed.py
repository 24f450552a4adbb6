"""Home Assistant in an environment of its own, made once below pytest's cache: another Python, and libraries of versions that are not ours."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from pathlib import Path
from queue import Queue
from typing import Any, Self

VERSION = "2026.2.3"
WANTED = (f"homeassistant=={VERSION}", "paho-mqtt==2.1.0")
PYTHON = "python3.13"
"""Its versions want this or a newer one."""
START_S, ANSWER_S, INSTALL_S = 60.0, 20.0, 900.0
HUB = Path(__file__).with_name("hub.py")


def python() -> str:
    """Debian's where there is one: what a version manager puts into PATH may be a mere stand-in."""
    own = f"/usr/bin/{PYTHON}"
    found = own if Path(own).exists() else shutil.which(PYTHON)
    assert found is not None, "the test says that it needs it"
    return found


def environment(folder: Path) -> Path:
    """The Python of the environment in `folder`, which is made where it is not whole."""
    made, whole = folder / "bin" / "python", folder / f"whole-{VERSION}"
    if not whole.exists():
        shutil.rmtree(folder, ignore_errors=True)
        _run(python(), "-m", "venv", str(folder))
        pip = [str(made), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefer-binary"]
        _run(*pip, "--no-deps", *WANTED)
        where = _run(str(made), "-c", "import homeassistant; print(homeassistant.__path__[0])").strip()
        _run(*pip, *WANTED, "-c", f"{where}/package_constraints.txt")
        whole.touch()
    return made


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


class Hub:
    """One that runs, at a broker of this machine. `log`: what it wrote to stderr."""

    def __init__(self, interpreter: Path, folder: Path, port: int, user: str, password: str, http_port: int) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "configuration.yaml").touch()
        self.log = folder / "stderr.log"
        command = [str(interpreter), str(HUB), str(folder), str(port), user, password, str(http_port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder
            )
        self._lines: Queue[str] = Queue()
        self._thread = threading.Thread(target=self._read, name="hub")
        self._thread.start()
        assert self._next(START_S) == "ready"

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def _next(self, limit_s: float) -> Any:
        return json.loads(self._lines.get(timeout=limit_s))

    def ask(self, do: str, **more: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._process.stdin.flush()
        told = self._next(ANSWER_S)
        assert "fault" not in told, told
        return told["answer"]

    def state(self, entity: str) -> str | None:
        found = self.ask("states").get(entity)
        return None if found is None else str(found["state"])

    def attribute(self, entity: str, name: str) -> Any:
        return self.ask("states")[entity]["attributes"].get(name)

    def call(self, service: str, **data: Any) -> None:
        self.ask("call", service=service, data=data)

    def complaints(self) -> list[str]:
        """What it had to say of what it was sent. What its parts say of each other (helpers.frame) is theirs."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        loud = [line for line in lines if line.startswith(("WARNING", "ERROR", "CRITICAL"))]
        return [line for line in loud if ":homeassistant.components." in line]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join(5)
        assert self._process.stdout is not None
        self._process.stdout.close()
