"""A machine in a folder on which the updater works: its programs are tools.py, its power the test's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from agent.core.events.software import UpdateOutcome
from agent.update import taking
from agent.update.places import INBOX, KEYS, PAYLOAD, SIGNED, WANTED, OwnFolder
from agent.update.progress import Wish, load, save
from contract.software import Form, Software
from tests.agent.update.signed import enrolled, signed, software

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
NAMES = ("dpkg", "dpkg-query", "dpkg-deb", "doorward", "rauc", "systemctl", "start-agent")
CENTRE_S, AWAY_S, AWAY_IMAGE_S = 0.5, 5.0, 1.0
"""How long the updater waits for the centre, and for anything at the broker's address."""
CLOSED = {"main": {"mode": "normal", "open": False}}


def package(version: str, does: str = "good", name: str = "doorward", filler: str = "") -> bytes:
    return json.dumps({"Package": name, "Version": version, "does": does, "filler": filler}).encode()


class Box:
    """`form`: how it takes updates."""

    def __init__(self, folder: Path, form: Form = Form.DEB) -> None:
        self.form = form
        self.machine, self.state, self.identity = folder / "machine", folder / "state", folder / "identity"
        self.own = OwnFolder(folder / "own")
        for made in (self.machine, self.state, self.own.path):
            made.mkdir(mode=0o755)
        enrolled(self.identity)
        tools = folder / "bin"
        tools.mkdir()
        for name in NAMES:
            text = f"#!{sys.executable} -SE\n" + (HERE / "tools.py").read_text(encoding="utf-8")
            (tools / name).write_text(text, encoding="utf-8")
            (tools / name).chmod(0o755)
        self._env = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "MACHINE": str(self.machine),
            "PYTHONPATH": str(ROOT),
        }
        first = {"Package": "doorward", "Version": "0.1.0", "does": "good"}
        self.put("started", 0)
        self.put("doors", CLOSED)
        self.put("service", {"ActiveState": "inactive", "MainPID": 0})
        (self.machine / "boot").write_text("boot-0")
        if form is Form.DEB:
            self.put("installed", {**first, "status": "installed"})
        else:
            self.put("a", {**first, "good": True})
            self.put("b", {"Version": "0.0.9", "does": "good", "good": True})
            self.put("booted", "a")
            self.put("primary", "a")
        self._tool("start-agent")

    # --- what the test does

    def put(self, name: str, value: Any) -> None:
        (self.machine / name).write_text(json.dumps(value))

    def order(self, data: bytes, message: Software | None = None, **changes: Any) -> Software:
        """As the agent orders it. `changes`: of the signed message."""
        made = message or software(data, form=self.form, **changes)
        inbox = self.state / INBOX
        taking.put(inbox, PAYLOAD, data)
        taking.put(inbox, SIGNED, signed(made))
        taking.put(inbox, KEYS, b"")
        taking.put(inbox, WANTED, b"{}")
        return made

    def order_by_hand(self, data: bytes, wish: Wish, **changes: Any) -> Software:
        made = software(data, form=self.form, **changes)
        taking.put(self.own.hand, PAYLOAD, data)
        taking.put(self.own.hand, SIGNED, signed(made))
        taking.put(self.own.hand, KEYS, b"")
        save(self.own.hand / WANTED, wish)
        return made

    def environment(self, **more: str) -> None:
        """For the updater and its programs from now on."""
        self._env |= more

    def without(self, *names: str) -> None:
        """The machine's own programs in the place of these."""
        for name in names:
            next(Path(part) / name for part in self._env["PATH"].split(":")).unlink()

    def begin(self) -> subprocess.Popen[str]:
        """The updater, as its service starts it."""
        command = [
            sys.executable,
            "-m",
            "tests.agent.update.child",
            *map(str, (self.own.path, self.state, self.identity)),
        ]
        return subprocess.Popen(
            command,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def install(self) -> bool:
        """To its end, over the boots it asks for. False: the plug was pulled."""
        for _ in range(6):
            child = self.begin()
            told, _ = child.communicate(timeout=60)
            if child.returncode == -signal.SIGKILL:
                return False
            assert child.returncode == 0, told
            if not (self.machine / "reboot").exists():
                return True
            self.boot()
        raise AssertionError("it boots for ever")

    def pull_the_plug_at(self, moment: int) -> None:
        (self.machine / "moments").unlink(missing_ok=True)
        (self.machine / "plug").write_text(str(moment))

    def boot(self) -> None:
        """Power is back: the loader chooses the slot, systemd finishes a half package, then the agent starts."""
        for name in ("reboot", "plug", "moments"):
            (self.machine / name).unlink(missing_ok=True)
        number = int((self.machine / "boot").read_text().split("-")[1]) + 1
        (self.machine / "boot").write_text(f"boot-{number}")
        if self.form is Form.RAUC:
            self._load_slot()
        elif self.own.half.exists():
            for each in (self.own.half, self.own.previous):
                if self._tool("dpkg", "--install", str(each)):
                    break
        self._tool("start-agent")

    def _load_slot(self) -> None:
        """One try for a slot that was never good; then the other."""
        primary = self.read("primary")
        slot = self.read(primary)
        if not slot["good"] and slot.get("tried"):
            primary = "b" if primary == "a" else "a"
            self.put("primary", primary)
        elif not slot["good"]:
            self.put(primary, {**slot, "tried": True})
        self.put("booted", primary)

    def _tool(self, name: str, *args: str) -> bool:
        tool = next(Path(part) / name for part in self._env["PATH"].split(":"))
        return subprocess.run([tool, *args], env=self._env, check=False, capture_output=True).returncode == 0

    # --- what is to be seen

    def read(self, name: str) -> Any:
        return json.loads((self.machine / name).read_text())

    @property
    def moments(self) -> int:
        return int((self.machine / "moments").read_text())

    @property
    def outcome(self) -> UpdateOutcome | None:
        return load(UpdateOutcome, self.own.outcome)

    @property
    def runs(self) -> str:
        """The version of the agent that serves the door; empty where none does."""
        status = self.machine / "status.json"
        active = self.read("service")["ActiveState"] == "active"
        return self.read("status.json")["version"] if active and status.exists() else ""

    @property
    def installed(self) -> str:
        if self.form is Form.RAUC:
            return str(self.read(self.read("booted"))["Version"])
        found = self.read("installed")
        return found["Version"] if found["status"] == "installed" else f"{found['status']} {found['Version']}"

    @property
    def left(self) -> list[str]:
        """What lies there after the end beside outcome, lock and what was seen."""
        kept = {"outcome.json", "lock", "seen.json", "hand"}
        inbox = self.state / INBOX
        found = [path.name for path in self.own.path.iterdir() if path.name not in kept]
        return found + [path.name for path in (*inbox.glob("*"), *self.own.hand.glob("*"))]
