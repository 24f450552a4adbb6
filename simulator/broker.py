"""A real MQTT broker on this machine for the demo, tests and benchmarks: mosquitto where it is installed, else iotcore.

Listens on 127.0.0.1 only, on free ports; runs as a child process that ends with `stop`.

What iotcore (rumqttd in a wheel) cannot do, so that what needs it must ask for mosquitto: no user names per topic (no access
rules), no retained message or session that outlives its process, no TLS or passwords through this starter; MQTT 5 has a port of its own.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Self

from simulator.mortal import mortal

Kind = Literal["mosquitto", "iotcore"]
START_S = 10.0
STOP_S = 5.0
PORTS = range(20_000, 32_000)
"""Below the kernel's own (32768 and up on Linux): two brokers of different test workers do not meet by a port given back a moment ago."""
MAX_PACKET = 256 * 1024
"""Well above the contract's 64 KiB, so that the agent's own limit is what refuses."""


class BrokerError(Exception):
    """The broker could not be started; the text holds its last words."""


class Broker:
    """A running broker. `url` is for any client, `url5` for MQTT 5 (the same with mosquitto)."""

    def __init__(
        self,
        kind: Kind,
        command: list[str],
        ports: tuple[int, int],
        log: Path,
        scheme: str = "mqtt",
        folder: Path | None = None,
    ) -> None:
        """`folder`: where it is started, None for wherever we are."""
        self.kind = kind
        self._folder = folder
        self.port, self.port5 = ports
        self.log = log
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self.url5 = f"{scheme}://127.0.0.1:{self.port5}"
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Returns when it accepts connections. Raises BrokerError when it does not within 10 s."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                mortal(self._command), stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=self._folder
            )
        end = time.monotonic() + START_S
        while not all(_accepts(port) for port in {self.port, self.port5}):
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise BrokerError(f"{self.kind} did not start: {self.last_words()}")
            time.sleep(0.01)

    def stop(self) -> None:
        """An orderly end: mosquitto writes its state."""
        self._end(subprocess.Popen.terminate)

    def kill(self) -> None:
        """As a crash or a power cut ends it."""
        self._end(subprocess.Popen.kill)

    def restart(self) -> None:
        """A new process on the same ports, with the state that was on disk."""
        self.stop()
        self.start()

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-500:].strip() if self.log.exists() else ""

    def _end(self, how: Callable[[subprocess.Popen[bytes]], None]) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        how(process)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_broker(
    folder: Path,
    *,
    prefer: Kind | None = None,
    config: str | None = None,
    persistent: bool = False,
    tls: tuple[Path, Path, Path] | None = None,
    port: int | None = None,
) -> Broker:
    """Start a broker whose files are in `folder` and wait until it accepts connections.

    `prefer` None takes mosquitto where it is installed. `config`: further lines of mosquitto's configuration (users, access
    rules; everybody may connect when it is None). `persistent`: mosquitto keeps retained messages and sessions on disk, saved
    at each change. `tls`: PEM files of CA, server certificate and key. `port` is picked when None. Raises BrokerError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    binary = mosquitto()
    if prefer == "mosquitto" and binary is None:
        raise BrokerError("mosquitto is not installed")
    if binary is not None and prefer != "iotcore":
        broker = _mosquitto(binary, folder, port or free_port(), config, persistent=persistent, tls=tls)
    elif config is not None or persistent or tls is not None:
        raise BrokerError("users, access rules, TLS and kept state need mosquitto")
    else:
        broker = _iotcore(folder, port or free_port())
    broker.start()
    return broker


def start_written(folder: Path, port: int, log: Path, scheme: str = "mqtt") -> Broker:
    """Start mosquitto on the files that `doorward centre broker` wrote into `folder`; `port` is what they say. Raises BrokerError."""
    binary = mosquitto()
    if binary is None:
        raise BrokerError("mosquitto is not installed")
    broker = Broker("mosquitto", [binary, "-c", "mosquitto.conf"], (port, port), log, scheme, folder)
    broker.start()
    return broker


def mosquitto() -> str | None:
    """Where mosquitto is, also when /usr/sbin is not in the path; None when it is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    """A TCP port nobody uses just now, and hardly anybody will before it is bound: below those the kernel gives to connections."""
    for port in random.SystemRandom().sample(PORTS, 50):
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port
    raise BrokerError("no free TCP port")


def _mosquitto(
    binary: str, folder: Path, port: int, config: str | None, *, persistent: bool, tls: tuple[Path, Path, Path] | None
) -> Broker:
    # Started by root, mosquitto would become a user who cannot read the folder.
    lines = ["user root"] if os.geteuid() == 0 else []
    lines += [f"listener {port} 127.0.0.1", f"max_packet_size {MAX_PACKET}", "max_queued_messages 0"]
    lines += ["set_tcp_nodelay true"]  # else what follows a PUBACK waits 40 ms for the client's delayed ACK
    if tls is not None:
        lines += [f"cafile {tls[0]}", f"certfile {tls[1]}", f"keyfile {tls[2]}"]
    if persistent:
        lines += [
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_interval 1",
            "autosave_on_changes true",
        ]
    lines += ["allow_anonymous true"] if config is None else [config]
    path = folder / "mosquitto.conf"
    path.write_text("\n".join([*lines, ""]))
    return Broker(
        "mosquitto", [binary, "-c", str(path)], (port, port), folder / "broker.log", "mqtt" if tls is None else "mqtts"
    )


def _iotcore(folder: Path, port: int) -> Broker:
    port5 = free_port()
    path = folder / "rumqttd.toml"
    path.write_text(_RUMQTTD.format(port=port, port5=port5, size=MAX_PACKET))
    # Its child ends by itself when our end of its standard input closes, so that nothing is left running after a crash of ours.
    bootstrap = (
        "import sys, os, threading; "
        "threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start(); "
        "from iotcore.iotcore import IotCoreBroker; IotCoreBroker(config_path=sys.argv[1]).run_forever()"
    )
    return Broker("iotcore", [sys.executable, "-c", bootstrap, str(path)], (port, port5), folder / "broker.log")


_RUMQTTD = """\
id = 0
[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
[v4.1]
name = "v4"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = {size}
max_inflight_count = 100
dynamic_filters = true
[v5.1]
name = "v5"
listen = "127.0.0.1:{port5}"
next_connection_delay_ms = 1
[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = {size}
max_inflight_count = 100
dynamic_filters = true
"""


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
        return True
    return False


__all__ = ["Broker", "BrokerError", "free_port", "mosquitto", "start_broker", "start_written"]
