"""Far ends of the link for its tests: a centre on the same broker, a line that can be cut, a TLS front with a certificate of choice."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt import client as mqtt

from agent.core import effects
from agent.core.events import Event
from agent.core.time import Dates
from agent.link import BrokerAccess, Link, UnitKeys
from agent.link.reconnect import Pace
from contract import topics
from contract.chain import chain_start, next_hash
from contract.chain import line as fact_line
from contract.commands import Command, Open
from contract.messages import Category, Confirm, Kind, Notice
from contract.plain import build_presence
from contract.scopes import Scope
from simulator.broker import Broker, mosquitto
from tests.contract import signing
from tests.waiting import eventually

SITE, UNIT = "badahu", "b12-u2"
YARD, OWN, SITE_SCOPE = Scope("yard", "y07"), Scope("unit", UNIT), Scope("site", SITE)
UNIT_KEY = signing.private_key(9)
TOKEN = bytes(range(32))
FAST = Pace(min_s=0.02, base_s=0.04, cap_s=0.1, taken_s=0.6)
BROKERS = ("mosquitto", "iotcore") if mosquitto() else ("iotcore",)


def now() -> Dates:
    """A clock that is synced."""
    return Dates(time.time(), time.time())


class Unit:
    """A link and the events it posted."""

    def __init__(
        self, url: str, *, protocol: str = "auto", pace: Pace = FAST, token: bytes | None = None, **more: Any
    ) -> None:
        self.events: list[Event] = []
        self.hears: Callable[[Event], None] = lambda event: None
        """What the core does at once when it is told something."""
        access = {key: more.pop(key) for key in ("ca", "password", "certificate", "certificate_key") if key in more}
        self.taking = True
        self.link = Link(
            BrokerAccess(url, protocol=protocol, **access),
            UnitKeys(SITE, UNIT, (YARD,), UNIT_KEY, signing.ROOT_PUBLIC, signing.WORKING, token),
            self._post,
            session="s1",
            pace=pace,
            dates=more.pop("dates", now),
            **more,
        )

    def _post(self, event: Event) -> bool:
        if self.taking:
            self.events.append(event)
            self.hears(event)
        return self.taking

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in list(self.events) if isinstance(event, kind)]

    def wait(self, kind: type[Any], count: int = 1, limit_s: float = 5.0) -> Any:
        """The `count`th event of this type."""
        return eventually(lambda: self.of(kind)[count - 1 :], limit_s)[0]


@contextlib.contextmanager
def unit(url: str, **more: Any) -> Iterator[Unit]:
    made = Unit(url, **more)
    made.link.start()
    try:
        yield made
    finally:
        assert made.link.stop(3.0)


class Centre:
    """What the centre does on the broker: reads all that goes up, publishes down."""

    def __init__(self, port: int) -> None:
        self.got: list[mqtt.MQTTMessage] = []
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "centre")
        self._subscribed = threading.Event()
        self.client.on_connect = lambda client, *_: client.subscribe(f"doorward/1/{SITE}/up/+/+", 1)
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_message = lambda _c, _d, message: self.got.append(message)
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self._subscribed.wait(5.0)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def put(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.client.publish(topic, payload, 1, retain).wait_for_publish(5.0)

    def notice(self, name: str = "n1", *, retain: bool = True) -> Notice:
        notice = Notice(YARD, name, 1, 1e9, Category.SERVICE, "停水通知", "今天下午停水")
        topic = topics.down(SITE, YARD, Kind.NOTICE, name)
        self.put(topic, signing.signed(notice, SITE, Kind.NOTICE), retain=retain)
        return notice

    def command(self, name: str = "c1", *, kid: str | None = None, retain: bool = False) -> Command:
        command = Command(SITE, OWN, name, UNIT, 1e9, 1e9 + 30, Open("main"), "desk", "courier")
        self.put(topics.down(SITE, OWN, Kind.COMMAND), signing.signed(command, SITE, Kind.COMMAND, kid), retain=retain)
        return command

    def confirm(self, batch: str = "b1") -> Confirm:
        confirm = Confirm(OWN, 1e9, UNIT, "e1", 3, "ab" * 32, batch, 1e9, "cd" * 32)
        self.put(topics.down(SITE, OWN, Kind.CONFIRM), signing.signed(confirm, SITE, Kind.CONFIRM))
        return confirm

    def presence(self, since_utc: float, *, online: bool = True) -> None:
        self.put(topics.centre(SITE), build_presence(online, since_utc), retain=True)

    def ups(self, leaf: str) -> list[bytes]:
        return [bytes(message.payload) for message in list(self.got) if message.topic.endswith("/" + leaf)]


@contextlib.contextmanager
def centre(broker: Broker) -> Iterator[Centre]:
    made = Centre(broker.port)
    try:
        yield made
    finally:
        made.close()


class Line:
    """A TCP line to a broker: counts connections, can be cut and mended, may speak TLS towards the unit.

    `deaf_to`: nothing is ever answered to a client whose first packet holds these bytes.
    """

    def __init__(
        self,
        target_port: int,
        tls: ssl.SSLContext | None = None,
        answer: Callable[[bytes], bytes] | None = None,
        deaf_to: bytes | None = None,
    ) -> None:
        self._target = target_port
        self._tls = tls
        self._answer = answer
        self.deaf_to = deaf_to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections: list[bytes] = []
        self.up_bytes = 0
        self.whole = True
        self.down_open = threading.Event()
        self.down_open.set()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut(self) -> None:
        """Nothing passes and nobody gets in until `mend`."""
        self.whole = False
        self.down_open.set()
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.whole = True

    def close(self) -> None:
        self.cut()
        self._target = 0
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1.0).close()
        for thread in self._threads:
            thread.join(5.0)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            near, _ = self._listener.accept()
            if not self._target:
                near.close()
                return
            if not self.whole:
                near.close()
                continue
            thread = threading.Thread(target=self._carry, args=(near,))
            self._threads.append(thread)
            thread.start()

    def _carry(self, near: socket.socket) -> None:
        try:
            if self._tls is not None:
                near = self._tls.wrap_socket(near, server_side=True)
        except OSError:
            self.connections.append(b"")
            near.close()
            return
        with near, contextlib.suppress(OSError):
            if self._answer is not None:
                first = near.recv(4096)
                if not first:  # the unit stopped before it said anything
                    return
                self.connections.append(first)
                near.sendall(self._answer(first))
                return
            if self.deaf_to is not None and self.deaf_to in near.recv(4096, socket.MSG_PEEK):
                self.connections.append(b"deaf")
                while near.recv(4096):
                    pass
                return
            with socket.create_connection(("127.0.0.1", self._target)) as far:
                self._open += [near, far]
                self.connections.append(b"")
                self._pump(near, far)

    def _pump(self, near: socket.socket, far: socket.socket) -> None:
        """Both ways; towards the unit only while `down_open`."""
        late = b""
        while True:
            waiting = [near] if isinstance(near, ssl.SSLSocket) and near.pending() else []
            for sock in waiting or select.select([near, far], [], [], 0.02)[0]:
                data = sock.recv(65536)
                if not data:
                    return
                if sock is near:
                    self.up_bytes += len(data)
                    far.sendall(data)
                else:
                    late += data
            if late and self.down_open.is_set():
                near.sendall(late)
                late = b""


@contextlib.contextmanager
def line(target_port: int, **more: Any) -> Iterator[Line]:
    made = Line(target_port, **more)
    try:
        yield made
    finally:
        made.close()


@dataclass(frozen=True)
class Authority:
    """A certificate authority made for one test."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, folder: Path, *, address: str = "127.0.0.1", days: tuple[int, int] = (-1, 30)) -> tuple[Path, Path]:
        """Certificate and key files for a server at `address`, valid from and until so many days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        alt = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        made = _certificate(key.public_key(), "broker", self.key, "site CA", days).add_extension(alt, critical=False)
        paths = (folder / "server.crt", folder / "server.key")
        paths[0].write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return paths


def authority() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    made = _certificate(key.public_key(), "site CA", key, "site CA", (-3650, 3650))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return Authority(key, made.sign(key, hashes.SHA256()))


def _certificate(public: Any, subject: str, key: Any, issuer: str, days: tuple[int, int]) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
    )


def batch(name: str, count: int = 1) -> effects.SendBatch:
    """The first `count` facts of an epoch."""
    h = start = chain_start(SITE, UNIT, "e1")
    lines = tuple(fact_line(n, 1e9 + n, "synced", 1, n, "door.opened", {"door": "main"}) for n in range(1, count + 1))
    for one in lines:
        h = next_hash(h, one)
    return effects.SendBatch(name, "e1", 1, count, start.hex(), h.hex(), lines)
