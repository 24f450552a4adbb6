"""Thousands of MQTT connections on one thread: paho's clients, driven by one selector. The only file of the simulator that imports paho.

Each connection has a client of its own, as the agent's: what a lost one still held is gone with it.
"""

from __future__ import annotations

import resource
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from contract.topics import parse_down
from simulator.fleet.fleet_unit import FleetUnit

KEEPALIVE_S = 30
MISC_S = 5.0
"""How often each client is asked whether a ping is due."""
READS = 64
"""Packets read of one connection before the next has its turn."""
SPARE_FILES = 200
"""Open files of a process beside its connections."""


class OpenFilesError(Exception):
    """A process may open too few files here for so many connections; the text says how many they want."""


def room_for(units: int) -> None:
    """Raise this process's limit of open files, and so that of the broker it starts. Raises OpenFilesError."""
    wanted = units + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ValueError, OSError):
        raise OpenFilesError(
            f"{units} units want {wanted} open files, and this machine lets a process have {hard}: raise its hard limit "
            "(`ulimit -Hn`, LimitNOFILE= of a service)"
        ) from None


@dataclass(slots=True)
class Traffic:
    """Application messages of all units since the start, and the bytes of their MQTT packets: by `up/LEAF` and `down/KIND`."""

    messages: Counter[str] = field(default_factory=Counter)
    octets: Counter[str] = field(default_factory=Counter)

    def note(self, what: str, topic: str, payload: bytes | bytearray) -> None:
        """One, at QoS 1: a byte of header, its length, the topic and the packet's number, and the payload."""
        size = 2 + len(topic) + 2 + len(payload)
        self.messages[what] += 1
        self.octets[what] += 1 + (1 if size < 128 else 2 if size < 16_384 else 3) + size


class UnitLink:
    """One attempt of one unit, and the connection that comes of it. `on_up` when the broker has let it in and subscribed it; `on_end` once, when it is over."""

    def __init__(
        self,
        unit: FleetUnit,
        selector: selectors.BaseSelector,
        on_up: Callable[[UnitLink], None],
        on_end: Callable[[UnitLink], None],
        traffic: Traffic,
    ) -> None:
        self.unit = unit
        self._traffic = traffic
        self.up = self.refused = self.ended = False
        self.up_mono: float | None = None
        self._selector = selector
        self._on_up, self._on_end = on_up, on_end
        self._prefix = unit.will[0].removesuffix("status")
        self._unacknowledged = 0
        self._awaited = _READ
        self._reading = self._wants_to_write = False
        client = self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=unit.name,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(0)
        client.username_pw_set(*unit.login)
        client.will_set(*unit.will, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = lambda _c, _d, sock: self._await(sock, _BOTH)
        client.on_socket_unregister_write = lambda _c, _d, sock: self._await(sock, _READ)

    @property
    def sending(self) -> bool:
        """Whether the broker has not acknowledged all that was published."""
        return self._unacknowledged > 0

    def open(self, host: str, port: int) -> bool:
        """Whether there is a connection to be let in by."""
        try:
            self._client.connect(host, port, KEEPALIVE_S)
        except OSError:
            self._end()
            return False
        return True

    def ready(self, mask: int) -> None:
        """The selector's word that it can be read or written."""
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        if mask & selectors.EVENT_READ:
            self._reading = True
            code = self._client.loop_read(READS)
            self._reading = False
        wants, self._wants_to_write = self._wants_to_write, False
        if (wants or mask & selectors.EVENT_WRITE) and code == MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._client.loop_write()
            if self._client.want_write():  # the broker takes no more for now
                self._await(self._client.socket(), _BOTH)

    def misc(self) -> None:
        """Pings, where one is due."""
        self._client.loop_misc()

    def publish(self, leaf: str, payload: bytes, retain: bool) -> None:
        """On the unit's own topics, at QoS 1."""
        self._unacknowledged += 1
        self._traffic.note(f"up/{leaf}", self._prefix + leaf, payload)
        self._client.publish(self._prefix + leaf, payload, 1, retain)

    def resubscribe(self) -> None:
        """All that is retained comes again."""
        self._client.unsubscribe(self.unit.subscriptions)
        self._client.subscribe([(topic, 1) for topic in self.unit.subscriptions])

    def cut(self) -> None:
        """As a line that goes dead: no farewell, so the broker publishes the will."""
        sock: Any = self._client.socket()
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            self._forget(sock)
            sock.close()
        self._end()

    # --- paho's callbacks, all on the fleet's thread

    def _on_socket_open(self, _client: mqtt.Client, _data: Any, sock: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(sock, _READ, self)

    def _on_socket_close(self, _client: mqtt.Client, _data: Any, sock: Any) -> None:
        self._forget(sock)

    def _await(self, sock: Any, events: int) -> None:
        """What is said while a message is read is written right after it: most of the time the selector need not be asked."""
        if events == _BOTH and self._reading:
            self._wants_to_write = True
            return
        if events == self._awaited:
            return
        self._awaited = events
        with suppress(KeyError, ValueError):  # it is gone meanwhile
            self._selector.modify(sock, events, self)

    def _forget(self, sock: Any) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(sock)

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, code: ReasonCode, _properties: Any) -> None:
        if code.is_failure:
            self.refused = True
        else:
            client.subscribe([(topic, 1) for topic in self.unit.subscriptions])

    def _on_subscribe(self, _client: mqtt.Client, _data: Any, _mid: int, codes: list[ReasonCode], _p: Any) -> None:
        if self.up or self.ended:
            return
        if any(code.is_failure for code in codes):  # the agent would not stay either
            self.refused = True
            self.cut()
            return
        self.up, self.up_mono = True, time.monotonic()
        self._on_up(self)

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if not self.ended:
            self._traffic.note(f"down/{_kind_of(message.topic)}", message.topic, message.payload)
            self.unit.take(message.topic, bytes(message.payload), retained=message.retain)

    def _on_publish(self, *_: object) -> None:
        self._unacknowledged -= 1

    def _on_disconnect(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        if not self.ended:
            self.ended, self.up = True, False
            self._on_end(self)


@lru_cache(maxsize=8192)
def _kind_of(topic: str) -> str:
    """Of desired state, confirms and commands their kind; `centre` of its presence."""
    down = parse_down(topic)
    return "centre" if down is None else down.kind.value


_READ = selectors.EVENT_READ
_BOTH = selectors.EVENT_READ | selectors.EVENT_WRITE
