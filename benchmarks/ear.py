"""A plain MQTT client beside the product: hears when something reaches the broker, publishes orders, measures the bare round trip."""

from __future__ import annotations

import queue
import socket
import time
from typing import Any, Self

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE_S = 10.0


class Ear:
    """`with Ear(port, "a/#") as ear`: connected and subscribed."""

    def __init__(self, port: int, *topics: str) -> None:
        self.heard: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()
        """Monotonic moment and topic of each message."""
        self._port = port
        self._topics = topics
        self._subscribed: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="ear")
        self._client.on_message = lambda _client, _data, message: self.heard.put((time.monotonic(), message.topic))
        self._client.on_socket_open = _tune
        self._client.on_subscribe = lambda *_: self._subscribed.put(None)

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.subscribe([(topic, 1) for topic in self._topics])
        self._client.loop_start()
        self._subscribed.get(timeout=PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> float:
        """At QoS 1, without retain. Returns the moment before."""
        at = time.monotonic()
        self._client.publish(topic, payload, 1)
        return at

    def next(self, topic: str) -> float:
        """The moment the next message on `topic` came; others are passed over. Raises queue.Empty after 10 s."""
        while True:
            at, heard = self.heard.get(timeout=PATIENCE_S)
            if heard == topic:
                return at


def _tune(_client: mqtt.Client, _data: Any, sock: Any) -> None:
    """What is published behind an acknowledgement goes at once."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
