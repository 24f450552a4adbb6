"""One MQTT connection to the broker, from the attempt to its end. Beside trial.py the only file of the agent that imports paho.

Every connection has a client of its own: what a lost one still held is gone with it, so nothing is ever sent twice by the
library, and nothing waits in memory while the link is down.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.core.events import Event
from agent.core.events.link import MessageReceived, MessageRefused
from agent.link.access import UnitKeys
from agent.link.acks import Acks
from agent.link.arrivals import PRESENCE_S, Arrivals, Told
from agent.link.outbox import Outbox
from agent.link.reconnect import Ending, How, Version
from agent.link.translate import OutboundMessage
from contract import topics
from contract.messages import MAX_MESSAGE_BYTES
from contract.plain import build_will

log = logging.getLogger("link")

KEEPALIVE_S = 30
DEAD_LINE_MS = 15_000
"""TCP gives up after this long without an answer: with the keepalive a black hole is noticed within 45 s."""
UNACKED = 64
"""Messages the broker may send ahead of our acknowledgements (MQTT 5 Receive Maximum)."""
MAX_UNACKED = 1024
"""A broker that does not keep to its own window (3.1.1 has none of ours) is disconnected at this many."""
MAX_PACKET = 1024 * 1024
"""A larger packet ends the connection: an honest broker has none for us, and the library would take 256 MiB of it into memory."""
TURN_S = 1.0
UNSUPPORTED_VERSION = 0x84
TAKEN_OVER = 0x8E


class _Client(mqtt.Client):
    """The library asks for all of a packet's rest at once: that tells its size before any of it is kept."""

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > MAX_PACKET:
            raise OSError(f"a packet of {bufsize} bytes")
        return super()._sock_recv(bufsize)


class Connection:
    """`offer`, `acknowledge`, `resubscribe`, `say_farewell` and `close` may be called on any thread; the rest, and every callback, is the link's.

    `post` takes events and says False when one did not fit. `came_up` is called once, when the broker has let us in and subscribed us.
    """

    def __init__(
        self,
        keys: UnitKeys,
        arrivals: Arrivals,
        post: Callable[[Event], bool | None],
        *,
        version: Version,
        user: str,
        password: str | None,
        session: str,
        came_up: Callable[[Connection], None],
    ) -> None:
        self.version = version
        self.user = user
        self.up = False
        self.reason = ""
        self.outbox = Outbox()
        self._arrivals = arrivals
        self._post = post
        self._came_up = came_up
        self._subscriptions = topics.subscriptions(keys.site, keys.unit, keys.scopes)
        self._will = (topics.up(keys.site, keys.unit, "status"), build_will(session))
        self._accepted_mono: float | None = None
        self._subscription: int | None = None
        self._ending: How | None = None
        self.client = client = self._make_client(keys.unit)
        self._acks = Acks(client.ack)
        client.username_pw_set(user, password)
        client.will_set(*self._will, qos=1, retain=True)

    def _make_client(self, name: str) -> _Client:
        five = self.version == "5"
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            clean_session=None if five else True,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.max_inflight_messages_set(0)  # the window is ours: the library's cannot follow the broker's wish
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_socket_open = _tune
        client.on_socket_register_write = (
            _wake  # makes publish() of the loop's thread queue and wake, never write itself
        )
        return client

    # --- any thread

    def offer(self, out: OutboundMessage) -> None:
        """Publish it, now or when there is room for it."""
        if self.outbox.offer(out):
            self._publish(out)

    def acknowledge(self, token: int) -> None:
        self._acks.done(token, time.monotonic())

    def resubscribe(self) -> None:
        """Some brokers send retained messages to a new subscription only; both packets leave in one go."""
        self.client.unsubscribe(self._subscriptions)
        self.client.subscribe([(topic, 1) for topic in self._subscriptions])

    def say_farewell(self, limit_s: float) -> None:
        """Publish `offline`, as the will would, and wait until the broker has it."""
        info = self.client.publish(*self._will, qos=1, retain=True)
        try:
            info.wait_for_publish(limit_s)
        except (RuntimeError, ValueError):
            log.info("the broker did not take our farewell")

    def close(self) -> None:
        self.client.disconnect()

    def _publish(self, out: OutboundMessage) -> None:
        info = self.client.publish(out.topic, out.payload, qos=1, retain=out.retain)
        self.outbox.sent(info.mid, out)

    # --- the link's thread

    def open(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        """The TCP connection, and TLS where there is a context. Raises OSError."""
        if context is not None:
            self.client.tls_set_context(context)
        if self.version == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.ReceiveMaximum = UNACKED
            properties.MaximumPacketSize = MAX_MESSAGE_BYTES + 1024
            self.client.connect(host, port, KEEPALIVE_S, clean_start=True, properties=properties)
        else:
            self.client.connect(host, port, KEEPALIVE_S)

    def serve(self, stopping: threading.Event, answer_s: float) -> None:
        """Until it ends, or is to stop before it is up. A broker that has not let us in after `answer_s` is taken for dead. Raises OSError."""
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        patience = time.monotonic() + answer_s
        while code == MQTTErrorCode.MQTT_ERR_SUCCESS and self._ending is None and (self.up or not stopping.is_set()):
            code = self.client.loop(PRESENCE_S if self._arrivals.holding or not self.up else TURN_S)
            self._acks.turn(time.monotonic())
            for event in self._arrivals.due(time.monotonic()):
                self._tell(event)
            if not self.up and time.monotonic() > patience:
                self._ending = self._ending or ("silent" if self._accepted_mono is None else "lost")
                self.reason = self.reason or _WORDS["silent"]
        if self._ending is not None and self.client.is_connected():
            self.client.disconnect()
            self.client.loop(0.0)
        if self._ending is None:
            self._ending = _ending_of(code, accepted=self._accepted_mono is not None)
            self.reason = self.reason or _WORDS[self._ending]

    def end(self) -> tuple[Ending, str]:
        """How it ended, and the reason in plain words."""
        lasted = 0.0 if self._accepted_mono is None else time.monotonic() - self._accepted_mono
        client = self.client
        client.on_connect = client.on_subscribe = client.on_disconnect = client.on_message = client.on_publish = None
        how = self._ending or ("lost" if self._accepted_mono is not None else "unreachable")
        reason = self.reason or _WORDS[how]
        if how == "closed" and (out := self.outbox.oldest) is not None:
            how, what = "rejected", f"{len(out.payload)} bytes on {out.topic}"
            reason = f"{reason} after our own message of {what}: is it too large, or not allowed?"
        return Ending(how, lasted), reason

    def _on_connect(
        self, client: mqtt.Client, _data: Any, _flags: Any, code: ReasonCode, properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._ending = "version" if code.value == UNSUPPORTED_VERSION else "refused"
            self.reason = f"the broker refused: {code.getName()}"
            return
        self._accepted_mono = time.monotonic()
        self._arrivals.connected()
        self.outbox.narrow(getattr(properties, "ReceiveMaximum", 65_535))
        self._subscription = client.subscribe([(topic, 1) for topic in self._subscriptions])[1]

    def _on_subscribe(
        self, _client: mqtt.Client, _data: Any, mid: int, codes: list[ReasonCode], _properties: Any
    ) -> None:
        if mid != self._subscription or self.up:
            return
        refused = [topic for topic, code in zip(self._subscriptions, codes, strict=False) if code.is_failure]
        if refused:
            log.warning("the broker refuses to let us read %s", ", ".join(refused))
        if self._subscriptions[0] in refused or self._subscriptions[-1] in refused:
            self._ending, self.reason = "refused", f"the broker refuses to let us read {refused[-1]}"
            return
        self.up = True
        self._came_up(self)

    def _on_disconnect(self, _client: mqtt.Client, _data: Any, flags: Any, code: ReasonCode, _properties: Any) -> None:
        self.up = False
        if not flags.is_disconnect_packet_from_server:
            return
        self._ending = "taken" if code.value == TAKEN_OVER else "closed"
        self.reason = f"the broker disconnected us: {code.getName()}"

    def _on_publish(self, _client: mqtt.Client, _data: Any, mid: int, _code: Any, _properties: Any) -> None:
        following = self.outbox.acknowledged(mid)
        if following is not None:
            self._publish(following)

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        now = time.monotonic()
        arrival = self._arrivals.take(topic, bytes(message.payload), now, retained=message.retain)
        if self._acks.arrived(arrival.token, message.mid, message.qos, now) > MAX_UNACKED:
            self._ending, self.reason = "ours", "the broker sends more than it may"
        if arrival.event is not None:
            self._tell(arrival.event)

    def _tell(self, event: Told) -> None:
        """Post it. A message that does not fit is not acknowledged and comes again with the next connection."""
        taken = self._post(event) is not False
        match event:
            case MessageReceived() if not taken:
                self._ending, self.reason = "ours", "the agent could not take a message in time"
            case MessageRefused(token=token) if not taken and token:
                self.acknowledge(token)


_WORDS: dict[How, str] = {
    "taken": "the broker gave the session to another client",
    "version": "the broker does not speak this version of MQTT",
    "unanswered": "the broker closed the connection without an answer",
    "silent": "the broker does not answer",
    "refused": "the broker refused",
    "closed": "the broker closed the connection",
    "rejected": "the broker closed the connection after our own message",
    "lost": "the line to the broker went dead",
    "ours": "disconnected",
    "unreachable": "cannot reach the broker",
}


def _ending_of(code: MQTTErrorCode, *, accepted: bool) -> How:
    if not accepted:
        return "version" if code == MQTTErrorCode.MQTT_ERR_PROTOCOL else "unanswered"
    return "lost" if code == MQTTErrorCode.MQTT_ERR_KEEPALIVE else "closed"


def _tune(_client: mqtt.Client, _data: Any, sock: Any) -> None:
    """Small messages go at once; a dead line is noticed soon."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_LINE_MS)


def _wake(_client: mqtt.Client, _data: Any, _sock: Any) -> None:
    """Nothing to do: the library's socket pair wakes the link's thread."""
