"""A unit's connection to a real broker, for the centre's tests: what it gets, what it may do."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from centre.intake import InboundMessage
from tests.waiting import eventually


class Wire:
    """`got`: (topic, payload, retained). Connects in the constructor; `code` is the broker's answer, None where there was none."""

    def __init__(
        self,
        port: int,
        name: str,
        password: str | None,
        ca: Path | None = None,
        client_id: str | None = None,
        clean: bool = True,
        take: Callable[[str, bytes], None] | None = None,
        will: tuple[str, bytes] | None = None,
    ) -> None:
        self.got: list[tuple[str, bytes, bool]] = []
        self.granted: list[int] = []
        self.code: Any = None
        self._answered = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id or name,
            clean_session=clean,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        if password is not None:
            self._client.username_pw_set(name, password)
        if ca is not None:
            self._client.tls_set_context(ssl.create_default_context(cafile=ca))
        if will is not None:
            self._client.will_set(*will, 1, True)
        self._client.on_connect = self._on_connect
        self._take = take
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda _c, _d, _m, codes, _p: self.granted.extend(code.value for code in codes)
        self._client.connect("127.0.0.1", port, 30)
        self._client.loop_start()
        self._answered.wait(2)

        self._client.on_disconnect = lambda *_: self._answered.set()

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        self.code = code
        self._answered.set()

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        payload = bytes(message.payload)
        self.got.append((message.topic, payload, message.retain))
        if self._take is not None:
            self._take(message.topic, payload)

    @property
    def connected(self) -> bool:
        return self._client.is_connected()

    def subscribe(self, *topics: str) -> None:
        before = len(self.granted)
        self._client.subscribe([(topic, 1) for topic in topics])
        eventually(lambda: len(self.granted) == before + len(topics))

    def try_to_subscribe(self, topics: Sequence[str]) -> None:
        """Whether or not the broker grants it, or ends the connection over it."""
        before = len(self.granted)
        self._client.subscribe([(topic, 1) for topic in topics])
        eventually(lambda: len(self.granted) == before + len(topics) or not self.connected)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, 1, retain).wait_for_publish(5)

    def send(self, *messages: InboundMessage) -> None:
        for message in messages:
            self.publish(message.topic, message.payload)

    def post(self, message: InboundMessage) -> None:
        """Without waiting: also out of what comes."""
        self._client.publish(message.topic, message.payload, 1)

    def send_all(self, messages: list[InboundMessage]) -> None:
        """Several on their way at a time."""
        for info in [self._client.publish(message.topic, message.payload, 1) for message in messages]:
            info.wait_for_publish(10)

    def post_all(self, messages: Sequence[tuple[str, bytes, bool]]) -> None:
        """Topic, payload, whether to retain: several on their way at a time; returns when the broker has taken them all off."""
        for info in [self._client.publish(topic, payload, 1, retain) for topic, payload, retain in messages]:
            info.wait_for_publish(20)
            assert info.is_published(), "the broker ended the connection"

    def payloads(self, part: str) -> list[bytes]:
        """Of what came on topics that contain `part`."""
        return [payload for topic, payload, _ in list(self.got) if part in topic]

    def cut(self) -> None:
        """As when the network goes: the broker publishes the will."""
        sock = self._client.socket()
        assert sock is not None
        sock.shutdown(socket.SHUT_RDWR)
        self._client.loop_stop()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
