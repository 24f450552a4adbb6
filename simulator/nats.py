"""A real NATS cluster on this machine for tests: nats-servers on 127.0.0.1 with JetStream and MQTT, each a child process of ours.

NATS speaks MQTT 3.1.1: a topic is a subject (`a/b` is `a.b`), a session and what is retained are streams that all nodes hold.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from simulator.broker import free_port
from simulator.mortal import mortal

START_S = 60.0
PROGRAM = "nats-server"
MAX_PENDING = 1024 * 4
"""Messages handed to one subscription and not acknowledged yet; `serve` acknowledges a group at a time, once it is in the books."""
ACK_WAIT_S = 30
"""What is not acknowledged for so long comes again."""
INTERNAL = "$MQTT.sub.>"
"""Where the server hands messages of QoS 1 to a client: whoever has rights of its own needs this one too. No client may subscribe to it."""


class NatsError(Exception):
    """A node did not start; the text holds its last words."""


class Node:
    """One server of the cluster: where MQTT clients connect, and its process."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.port, self.monitor, self.clients, self.routes = (free_port() for _ in range(4))
        self.log = folder / f"{name}.log"
        self.configuration = folder / f"{name}.conf"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Returns at once: what a node is good for it is when it has met the others."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                mortal([_program(), "-c", str(self.configuration)]), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """As a crash or a power cut ends it; its files stay."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def ready(self) -> bool:
        """Whether it takes MQTT, and its streams have what the others have. Raises NatsError where it ended."""
        if self._process is None or self._process.poll() is not None:
            raise NatsError(f"{self.name} ended: {self.last_words()}")
        with contextlib.suppress(OSError, ValueError):
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.2):
                pass
            return bool(self.ask("healthz")["status"] == "ok")
        return False

    def ask(self, what: str) -> dict[str, Any]:
        """Its own figures: `healthz`, `jsz`, `connz`, … Raises OSError, ValueError."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.monitor}/{what}", timeout=1.0) as answer:
            return dict(json.load(answer))

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-800:].strip() if self.log.exists() else ""


class NatsCluster:
    """`with NatsCluster(folder, access, passwords) as cluster`: three nodes that know each other."""

    def __init__(self, folder: Path, access: str, passwords: Mapping[str, str], nodes: int = 3) -> None:
        """`access`: who may read and write what, as mosquitto's access file says it; `passwords`: by login."""
        folder.mkdir(parents=True, exist_ok=True)
        self.nodes = [Node(f"n{number}", folder) for number in range(nodes)]
        users = _users(access, passwords)
        for node in self.nodes:
            routes = [other.routes for other in self.nodes if other is not node]
            node.configuration.write_text(_configuration(node, routes, users, len(self.nodes)))

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        self.await_ready()

    def await_ready(self, nodes: Sequence[Node] | None = None, limit_s: float = START_S) -> None:
        end = time.monotonic() + limit_s
        for node in self.nodes if nodes is None else nodes:
            while not node.ready():
                if time.monotonic() > end:
                    raise NatsError(f"{node.name} is not ready: {node.last_words()}")
                time.sleep(0.05)

    def kill(self) -> None:
        """All of them, as a power cut would."""
        for node in self.nodes:
            node.kill()

    @property
    def pid(self) -> None:
        """There are several."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def subjects(topic: str) -> list[str]:
    """What an MQTT filter is in NATS's words. `a/#` is `a` itself too."""
    head, rest = (topic[:-2], True) if topic.endswith("/#") else (topic, False)
    subject = head.replace("/", ".").replace("+", "*")
    return [subject, f"{subject}.>"] if rest else [subject]


def _users(access: str, passwords: Mapping[str, str]) -> str:
    rights: dict[str, dict[str, list[str]]] = {}
    for line in access.splitlines():
        words = line.split(" ")
        if words[0] == "user":
            mine = rights[words[1]] = {"publish": [], "subscribe": [INTERNAL]}
        elif words[0] == "topic":
            for name, kinds in (("publish", ("write", "readwrite")), ("subscribe", ("read", "readwrite"))):
                if words[1] in kinds:
                    mine[name] += subjects(words[2])
    return json.dumps(
        [
            {
                "user": login,
                "password": passwords[login],
                "permissions": {name: {"allow": allowed} for name, allowed in each.items()},
            }
            for login, each in rights.items()
        ],
        indent=1,
    )


def _configuration(node: Node, routes: Sequence[int], users: str, nodes: int) -> str:
    return f"""\
server_name: {node.name}
listen: "127.0.0.1:{node.clients}"
http: "127.0.0.1:{node.monitor}"
max_payload: 262144
jetstream {{
  store_dir: "{node.folder}/{node.name}"
}}
cluster {{
  name: street
  listen: "127.0.0.1:{node.routes}"
  routes: [{", ".join(f'"nats://127.0.0.1:{port}"' for port in routes)}]
}}
mqtt {{
  listen: "127.0.0.1:{node.port}"
  stream_replicas: {nodes}
  ack_wait: "{ACK_WAIT_S}s"
  max_ack_pending: {MAX_PENDING}
  consumer_memory_storage: true
}}
authorization {{
  users: {users}
}}
"""


def _program() -> str:
    found = shutil.which(PROGRAM) or shutil.which(PROGRAM, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise NatsError(f"{PROGRAM} is not installed")
    return found
