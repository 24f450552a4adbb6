"""The centre's connections to the broker. The only file of the centre that imports paho. Decides nothing.

Callbacks only put events into a queue that one other thread takes from; a message is acknowledged when that thread says so.
"""

from __future__ import annotations

import queue
import random
import socket
import ssl
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from centre.folder import BrokerAddress
from centre.intake import InboundMessage
from centre.words import _, reason_of

DOT = "Z"
"""In a client id, for the dot of a login: MQTT 3.1.1 promises letters and digits only, NATS refuses dots, and no unit's id has a capital."""
KEEPALIVE_S = 30
CONNECT_S = 5.0
WINDOW = 100
"""Publications on their way at a time: paho gets slower above (it scans its table on each acknowledgement)."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
"""Between attempts to connect; doubled by paho. Each link waits up to half as long again, so that not all come at once."""
MOST_AT_ONCE = 512
MOST_BYTES = 1024 * 1024
"""Of messages taken at once, but for urgent ones: 0.1 s of work, and no urgent one waits for more."""
MAX_PACKET = 1024 * 1024
"""A larger packet ends the connection: our broker's configuration lets none through, and the library would take 256 MiB of it into memory."""


class _Client(mqtt.Client):
    """What is on its way when a connection ends goes out over no later one: another `serve` may have been there meanwhile, and a
    broker that lost everything is to have the keys first. Who uses the link knows what is due.
    """

    def _messages_reconnect_reset_out(self) -> None:
        with self._out_message_mutex:
            self._out_messages.clear()
            self._inflight_messages = 0

    # The library asks for all of a packet's rest at once: that tells its size before any of it is kept.
    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > MAX_PACKET:
            raise OSError(f"a packet of {bufsize} bytes")
        return super()._sock_recv(bufsize)


@dataclass(frozen=True, slots=True)
class Login:
    """`ca`: the certificate to check the broker's with; None for the system's. `address.tls` says whether it is asked for."""

    address: BrokerAddress
    name: str
    password: str
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Will:
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class LinkUp:
    """Connected and subscribed."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """Not connected: lost, refused or not reached. The link goes on trying."""

    reason: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message; it stays with the broker until it is given to `ack`."""

    message: InboundMessage
    retained: bool
    connection: int
    mid: int


@dataclass(frozen=True, slots=True)
class Sent:
    """The broker has the publication `publish` gave this number to."""

    mid: int


class NotYetError(OSError):
    """Raised by a link's gate: no connection now. The link asks again later; its text, where it has one, is told as the reason."""


Event = LinkUp | LinkDown | Arrived | Sent


class EventQueue:
    """What links tell, urgent ones first. Any thread may put and wake, and signals too; one takes."""

    def __init__(self) -> None:
        self._urgent: deque[tuple[Link, Event]] = deque()
        self._rest: deque[tuple[Link, Event]] = deque()
        self._there: queue.SimpleQueue[bool] = queue.SimpleQueue()  # true for an event; a signal may put at any moment

    def put(self, link: Link, event: Event) -> None:
        (self._urgent if link.urgent else self._rest).append((link, event))
        self._there.put(True)

    def wake(self) -> None:
        """Make a waiting `take` return."""
        self._there.put(False)

    def waits(self, *, rest: bool = True) -> bool:
        """Whether `take` would find something."""
        return bool(self._urgent or (rest and self._rest))

    def put_back(self, link: Link, events: Sequence[Event]) -> None:
        """These come first again."""
        (self._urgent if link.urgent else self._rest).extendleft((link, event) for event in reversed(events))

    def take(self, wait_s: float, *, rest: bool = True) -> list[tuple[Link, Event]]:
        """What happened, of each link in order; waits for the first up to `wait_s`. Empty when nothing did, or after `wake`.

        `rest`: not only what is urgent.
        """
        end = time.monotonic() + wait_s
        while not self.waits(rest=rest):
            try:
                if not self._there.get(timeout=max(0.0, end - time.monotonic())):
                    return []
            except queue.Empty:
                return []
        while not self._there.empty():
            self._there.get()
        found: list[tuple[Link, Event]] = []
        size = 0
        while self._urgent and len(found) < MOST_AT_ONCE:
            found.append(self._urgent.popleft())
        while rest and self._rest and len(found) < MOST_AT_ONCE and size < MOST_BYTES:
            link, event = self._rest.popleft()
            found.append((link, event))
            size += len(event.message.payload) if isinstance(event, Arrived) else 0
        return found


class Link:
    """One connection at a time; a persistent one is made again by itself. Every method is for the one thread that uses the link.

    `events`: where to tell of it, for links that share one; `urgent`: what it tells is taken first; `unsubscribe`: topics an
    earlier version had subscribed to, which a broker remembers; `where_allowed`: further subscriptions, which a broker may refuse,
    if by ending the connection: the next one asks for none; `at_once`: those without acknowledgements, which wait behind nothing;
    `gate`: called ahead of each attempt to connect, by a thread of the link; may wait, or raise NotYetError.
    """

    def __init__(
        self,
        login: Login,
        subscriptions: Sequence[str],
        *,
        will: Will | None,
        persistent: bool,
        events: EventQueue | None = None,
        urgent: bool = False,
        unsubscribe: Sequence[str] = (),
        where_allowed: Sequence[str] = (),
        at_once: Sequence[str] = (),
        gate: Callable[[], None] | None = None,
    ) -> None:
        self.urgent = urgent
        self._address = login.address
        self._persistent = persistent
        self._subscriptions = [*((topic, 1) for topic in subscriptions), *((topic, 0) for topic in at_once)]
        self._unsubscribe, self._where_allowed = list(unsubscribe), list(where_allowed)
        self._asked_mid: int | None = None
        self._too_much = False
        self._events = events or EventQueue()
        self._connection = 0
        self._early: list[Event] = []
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=login.name.replace(".", DOT),
            clean_session=not persistent,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
            reconnect_on_failure=persistent,
        )
        client.username_pw_set(login.name, login.password)
        client.max_inflight_messages_set(WINDOW)
        client.connect_timeout = CONNECT_S
        if will is not None:
            client.will_set(will.topic, will.payload, 1, True)
        if login.address.tls:
            client.tls_set_context(ssl.create_default_context(cafile=login.ca))
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_socket_open = _tune
        if gate is not None:
            client.on_pre_connect = lambda *_: gate()
        self._client = client
        self._spread()

    def start(self) -> None:
        """`Up` or `Down` tells; a link that is not persistent tries once, before this returns."""
        if self._persistent:
            self._client.connect_async(self._address.host, self._address.port, KEEPALIVE_S)
        else:
            try:
                self._client.connect(self._address.host, self._address.port, KEEPALIVE_S)
            except OSError as error:
                self._tell(LinkDown(_why(error)))
                return
        self._client.loop_start()

    def stop(self, last: Will | None = None, limit_s: float = 2.0) -> None:
        """Publish `last`, retained, where there is a connection, then disconnect and end the thread."""
        if last is not None and self._client.is_connected():
            with suppress(RuntimeError, ValueError):
                self._client.publish(last.topic, last.payload, 1, True).wait_for_publish(limit_s)
        self._client.disconnect()
        with suppress(AttributeError):  # of the library: its thread may end by the line above while it is looked for
            self._client.loop_stop()

    def again(self) -> None:
        """End the connection in good order, and make another."""
        self.stop()
        self.start()

    def take(self, wait_s: float) -> list[Event]:
        """Of a link that shares its queue with no other: what happened, in order, as EventQueue.take."""
        return [event for _, event in self._events.take(wait_s)]

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int:
        """Only while the link is up. Returns the number that `Sent` will name."""
        return self._client.publish(topic, payload, 1, retain).mid

    def unsubscribe(self, topic: str) -> None:
        """Only while the link is up."""
        self._client.unsubscribe(topic)

    def ack(self, arrived: Arrived) -> None:
        """The broker may forget it. One of a connection that is gone is left alone: its number now means another message."""
        if arrived.connection == self._connection:
            self._client.ack(arrived.mid, 1)

    def until_up(self, limit_s: float) -> str | None:
        """Wait until connected. The reason where the first attempt fails, or nothing answers in time.

        What else happened is for `take`: the broker's word on a subscription may come behind what it retained.
        """
        end = time.monotonic() + limit_s
        ended: LinkUp | LinkDown | None = None
        early: list[Event] = []
        while (left := end - time.monotonic()) > 0:
            for event in self.take(left):
                if isinstance(event, LinkUp | LinkDown) and not ended:
                    ended = event
                else:
                    early.append(event)
            if ended is not None:
                self._events.put_back(self, early)
                return None if isinstance(ended, LinkUp) else ended.reason
        return _("no answer")

    # --- paho's thread

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, code: ReasonCode, _properties: Any) -> None:
        if code.is_failure:
            self._tell(LinkDown(_("refused by the broker: {name}").format(name=_(code.getName()))))
            return
        self._connection += 1
        if self._subscriptions:
            client.subscribe(self._subscriptions)
            if self._unsubscribe:
                client.unsubscribe(self._unsubscribe)
        else:
            self._tell(LinkUp())

    def _on_connect_fail(self, client: mqtt.Client, _data: Any) -> None:
        error = sys.exc_info()[1]  # paho calls this while it handles the error, and passes none on
        if not isinstance(error, NotYetError):
            self._tell(LinkDown(_why(error)))
        elif str(error):
            self._tell(LinkDown(str(error)))

    def _on_subscribe(self, client: mqtt.Client, _data: Any, mid: int, codes: list[ReasonCode], _p: Any) -> None:
        if mid == self._asked_mid:
            self._asked_mid = None
        elif any(code.is_failure for code in codes):
            self._tell(LinkDown(_("refused by the broker: it does not let the centre read")))
        else:
            self._tell(LinkUp())
            if self._where_allowed and not self._too_much:
                self._asked_mid = client.subscribe([(topic, 1) for topic in self._where_allowed])[1]
            self._too_much = False

    def _on_disconnect(self, client: mqtt.Client, _data: Any, _flags: Any, code: ReasonCode, _properties: Any) -> None:
        self._too_much, self._asked_mid = self._asked_mid is not None, None
        self._spread()
        self._tell(LinkDown(_("connection ended: {name}").format(name=_(code.getName()))))

    def _spread(self) -> None:
        """The waits before the next attempts. The library declares whole seconds, and takes any."""
        first, longest = (wait * random.uniform(1.0, 1.5) for wait in (FIRST_WAIT_S, LONGEST_WAIT_S))  # noqa: S311
        self._client.reconnect_delay_set(first, longest)  # type: ignore[arg-type]

    def _tell(self, event: Event) -> None:
        self._events.put(self, event)

    def _on_message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        arrived = InboundMessage(message.topic, bytes(message.payload))
        self._tell(Arrived(arrived, message.retain, self._connection, message.mid))

    def _on_publish(self, client: mqtt.Client, _data: Any, mid: int, _code: Any, _properties: Any) -> None:
        self._tell(Sent(mid))


def _why(error: BaseException | None) -> str:
    """One line: what a certificate lacks, or what the machine says."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _("its certificate does not hold: {why}").format(why=error.verify_message)
    if not isinstance(error, OSError) or not (reason := reason_of(error)):
        return _("cannot be reached")
    return _("cannot be reached ({reason})").format(reason=reason)


def _tune(client: mqtt.Client, _data: Any, sock: Any) -> None:
    """Confirms are small and waited for."""
    with suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
