"""Too many messages at a unit: validly signed notices sent again, and garbage. `python -m benchmarks.flood` is the sending process."""

from __future__ import annotations

import argparse
import base64
import random
import time
from pathlib import Path
from typing import Self

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.marks import Marks, read
from benchmarks.process import Process
from benchmarks.site import SCOPES, SITE, Site
from contract.messages import Category, Kind, Notice
from contract.scopes import Scope
from contract.topics import down
from simulator.demo.waiting import until

NOTICES = 20
AT_ONCE = 10


class Flood:
    """`with Flood(site, 1000) as flood`: so many messages a second until the end of the block."""

    def __init__(self, site: Site, a_second: int) -> None:
        self._marks = site.agent_marks.with_name("flood")
        self._marks.unlink(missing_ok=True)
        letters = site.folder / "flood.txt"
        letters.write_text("\n".join(_letters(site)), encoding="ascii")
        arguments = [str(site.port), str(letters), str(self._marks), str(a_second)]
        self._process = Process.python("benchmarks.flood", *arguments, log=site.folder / "flood.log")

    def __enter__(self) -> Self:
        self._process.start()
        until("the flood runs", lambda: self._process.pid and len(read(self._marks)) > 3, 20.0)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()

    def rate(self) -> float:
        """Messages a second the broker has acknowledged so far."""
        marks = read(self._marks, "sent")
        return (int(marks[-1].values[0]) - int(marks[0].values[0])) / (marks[-1].at - marks[0].at)


def _letters(site: Site) -> list[str]:
    """Lines of topic and payload (base64): every second one a notice of the unit's scopes, signed as the centre signs."""
    dice, now, signer = random.Random(7), time.time(), site.signer
    lines = []
    for n in range(NOTICES):
        level, _, ident = SCOPES[n % len(SCOPES)].partition("/")
        notice = Notice(Scope(level, ident), f"flood-{n}", 1, now, Category.SERVICE, f"第{n}号通知", "停水通知" * 20)
        topic = down(SITE, notice.scope, Kind.NOTICE, notice.id)
        payloads = (signer.sign(Kind.NOTICE, notice), dice.randbytes(400))
        lines += [f"{topic} {base64.b64encode(payload).decode()}" for payload in payloads]
    return lines


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.flood")
    for name, kind in (("port", int), ("letters", Path), ("marks", Path), ("a_second", int)):
        arguments.add_argument(name, type=kind)
    given = arguments.parse_args()
    lines = [line.split() for line in given.letters.read_text(encoding="ascii").splitlines()]
    letters = [(topic, base64.b64decode(payload)) for topic, payload in lines]
    marks = Marks(given.marks)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="flood")
    acknowledged = 0

    def count(*_: object) -> None:
        nonlocal acknowledged
        acknowledged += 1

    client.on_publish = count
    client.max_inflight_messages_set(200)
    client.connect("127.0.0.1", given.port)
    client.loop_start()
    began, sent = time.monotonic(), 0
    while True:
        for _ in range(AT_ONCE):
            topic, payload = letters[sent % len(letters)]
            client.publish(topic, payload, 1)
            sent += 1
        if sent % (10 * AT_ONCE) == 0:
            marks.put("sent", acknowledged)
        time.sleep(max(0.0, began + sent / given.a_second - time.monotonic()))


if __name__ == "__main__":
    main()
