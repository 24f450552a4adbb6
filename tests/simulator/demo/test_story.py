"""The demo as anybody starts it: the story holds, and however it ends nothing is left."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from simulator.demo.people import DURESS_PIN, PIN, WRONG_PIN
from simulator.demo.pictures import LEADING
from simulator.demo.story import STORY
from simulator.sheet import told
from tests.simulator.demo import leftovers
from tests.waiting import eventually

COMMAND = [sys.executable, "-m", "agent", "demo"]


def environment(temporary: Path) -> dict[str, str]:
    """Of whoever starts it; a size that a library of the tests' own left there is none of theirs."""
    temporary.mkdir()
    theirs = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    return {**theirs, "TMPDIR": str(temporary), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1"}


@pytest.mark.soak
def test_the_story_holds_with_the_broker_every_machine_has(
    tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    temporary, pictures = tmp_path / "tmp", tmp_path / "pictures"
    command = [*COMMAND, "--story", "--broker", "iotcore", "--pictures", str(pictures)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment(temporary), check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for step in STORY:
        assert re.search(rf"^ *[\d.]+ s  ok      {re.escape(step.title)}$", done.stdout, re.MULTILINE), step.title
    text = (pictures / "story.svg").read_text(encoding="utf-8")
    assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    assert text.count("http") == 1  # the namespace: nothing is loaded from anywhere
    drawn, _ = told((pictures / "story.png").read_bytes())
    leading, _ = told((pictures / "panel.png").read_bytes())
    assert [line[:-1] for line in leading.split("\n") if line[:-1] in LEADING] == list(LEADING)
    for title in ("此卡已过期", "密码输入已锁定", "访客码已用过", "请您回答", "本门临时管控", "暴雨红色预警"):
        assert title in drawn
    for digits in (PIN, DURESS_PIN, WRONG_PIN):
        assert digits not in drawn + done.stdout
    assert leftovers.all_of(temporary) == []
    record_property("figure", done.stdout.strip().splitlines()[-1].split()[0] + " s")


@pytest.mark.slow
def test_a_signal_in_the_midst_of_it_leaves_nothing(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    with subprocess.Popen(
        [*COMMAND, "--story"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(temporary)
    ) as process:
        eventually(lambda: len(leftovers.processes(temporary)) >= 2, 60.0)  # a broker and a command of the centre
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "stopped" in err
    assert leftovers.all_of(temporary) == []


@pytest.mark.slow
def test_killed_in_the_midst_of_it_nothing_runs_and_nothing_is_mounted(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    with subprocess.Popen([*COMMAND, "--story"], stdout=subprocess.DEVNULL, env=environment(temporary)) as process:
        eventually(lambda: len(leftovers.processes(temporary)) >= 2, 60.0)
        process.kill()
    eventually(lambda: leftovers.processes(temporary) == [], 10.0)
    assert leftovers.mounts(temporary) == []


class Person:
    """At a terminal of 150 × 48 or another size, in front of the demo."""

    def __init__(self, env: dict[str, str], *arguments: str, columns: int = 150, rows: int = 48) -> None:
        self.fd, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", _OWN_TERMINAL, *COMMAND[1:], *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=env,
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""
        self._ahead = b""

    def sees(self, text: str, limit_s: float = 20.0) -> None:
        """Wait until `text` appears behind what was seen before."""
        assert self.may_see(text, limit_s), f"{text!r} never came; last seen:\n{self.seen[-6000:]}"

    def may_see(self, text: str, limit_s: float) -> bool:
        """What comes after `text` is left for the next look."""
        end = time.monotonic() + limit_s
        wanted = text.encode()
        while (at := self._ahead.find(wanted)) < 0:
            left = end - time.monotonic()
            if left <= 0:
                self._ahead = b""
                return False
            if select.select([self.fd], [], [], left)[0]:
                data = os.read(self.fd, 65536)
                self._ahead += data
                self.seen = (self.seen + data.decode(errors="replace"))[-20000:]
        self._ahead = self._ahead[at + len(wanted) :]
        return True

    def comes_in(self) -> None:
        """A card, and a push while the lock lets go: on a busy machine the picture may come too late for it, as for anybody."""
        for _ in range(4):
            self.sees("page idle")
            self.types("1")
            self.sees("请进")
            for _ in range(3):
                self.types("d")
                if self.may_see("door.opened", 2.0):
                    return
        raise AssertionError(f"the door never opened; last seen:\n{self.seen[-6000:]}")

    def types(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def leaves(self, keys: str) -> int:
        self.types(keys)
        end = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < end:
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    os.read(self.fd, 65536)
                except OSError:
                    break
        code = self.process.wait(10)
        os.close(self.fd)
        return code


_OWN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)


@pytest.mark.slow
def test_at_a_terminal_it_says_what_to_try_and_does_it(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    person = Person(environment(temporary), "--terminal")
    person.sees("now try:", 60.0)
    person.comes_in()
    person.types("3")
    person.sees("此卡未登记")
    person.types("t")
    person.sees("away from the keypad")
    person.types("301*1234#")
    person.sees("密码不对")
    time.sleep(1.5)  # a reader that has been telling keys all the while is asked anew before a card counts
    person.types("\r3")
    person.sees("此卡未登记")
    person.types("k")
    person.sees("DEAD")
    person.sees("the service manager starts the agent again")
    assert person.leaves("\x03") == 0  # Ctrl-C
    assert leftovers.all_of(temporary) == []


@pytest.mark.soak
def test_an_open_that_the_network_cuts_off_ends_as_no_answer(tmp_path: Path) -> None:
    """The centre hears that the door was unlocked, and not what came of it: it listens on for over a minute."""
    temporary = tmp_path / "tmp"
    person = Person(environment(temporary), "--terminal")
    person.sees("now try:", 60.0)
    person.types("o")
    person.sees("unlocked", 30.0)
    person.types("c")
    person.sees("remote open: accepted", 110.0)  # and done, where that came before the cut
    person.sees("no answer", 5.0)
    assert person.leaves("q") == 0
    assert leftovers.all_of(temporary) == []
