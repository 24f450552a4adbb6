"""The link's thread and its one MQTT client at a time. Beside trial.py the only file of the agent that imports paho. Decides nothing.

Every connection has a client of its own: what a lost one still held is gone with it, so nothing is ever sent twice by the
library, and nothing waits in memory while the link is down.
"""

from __future__ import annotations

import logging
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.aside import Aside
from agent.core import effects
from agent.core.effects import Effect
from agent.core.events import Event
from agent.core.events.link import CentrePresence, LinkDown, LinkUp, MessageReceived, MessageRefused
from agent.core.time import Dates
from agent.link import tls
from agent.link.access import BrokerAccess, Login, UnitKeys
from agent.link.acks import Acks
from agent.link.arrivals import PRESENCE_S, Arrivals, Told
from agent.link.logins import Logins
from agent.link.outbox import Outbox
from agent.link.reconnect import Ending, How, Pace, Reconnect
from agent.link.translate import OutboundMessage, Sending, revisions, write
from contract import topics
from contract.enrolment import enrol_message
from contract.messages import MAX_MESSAGE_BYTES, Confirm
from contract.plain import build_will
from contract.sealing import seal_message

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
FAREWELL_S = 1.0
"""How long a clean stop waits for the broker to have its `offline`."""
UNSUPPORTED_VERSION = 0x84
TAKEN_OVER = 0x8E


class _Client(mqtt.Client):
    """The library asks for all of a packet's rest at once: that tells its size before any of it is kept."""

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > MAX_PACKET:
            raise OSError(f"a packet of {bufsize} bytes")
        return super()._sock_recv(bufsize)


@dataclass(slots=True, eq=False)
class _Live:
    """One connection, from the attempt to its end."""

    client: mqtt.Client
    version: str
    acks: Acks
    user: str
    login: Login | None
    outbox: Outbox = field(default_factory=Outbox)
    accepted_mono: float | None = None
    subscription: int | None = None
    up: bool = False
    ending: How | None = None
    reason: str = ""


class Link:
    """`post` takes events from the link's thread and says False when one did not fit. `order` is for the loop's thread only.

    `session`: of this run of the process, as in the birth. `dates`: by what those of certificates are judged now.
    `enrolled` is called (on the link's thread) once the centre's first confirm proves that it knows our key.
    `aside`: messages that are not to be taken.
    """

    def __init__(
        self,
        access: BrokerAccess,
        keys: UnitKeys,
        post: Callable[[Event], bool | None],
        *,
        session: str,
        dates: Callable[[], Dates],
        enrolled: Callable[[], None] | None = None,
        pace: Pace | None = None,
        aside: Aside | None = None,
    ) -> None:
        self._host, self._port, self._with_tls = access.address()
        self._keys = keys
        self._post = post
        self._session = session
        self._dates = dates
        self._enrolled = enrolled
        self._token = keys.token
        self._arrivals = Arrivals(keys, aside)
        self._logins = Logins(keys.unit, access)
        self._subscriptions = topics.subscriptions(keys.site, keys.unit, keys.scopes)
        self._pace = pace or Pace()
        self._reconnect = Reconnect(access.protocol, random.SystemRandom().uniform, self._pace)
        self._live: _Live | None = None
        self._told_down: str | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    # --- the loop's thread

    def start(self) -> None:
        """Connect, and keep connecting until `stop`. Starting twice is starting once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="link", daemon=True)
            self._thread.start()

    def stop(self, limit_s: float) -> bool:
        """Publish `offline`, disconnect, end the thread; False when it did not end within `limit_s`."""
        end = time.monotonic() + limit_s
        self._stopping.set()
        live = self._live
        if live is not None and live.up:
            self._say_farewell(live, min(FAREWELL_S, limit_s / 2))
        if live is not None:
            live.client.disconnect()
        if self._thread is None:
            return True
        self._thread.join(max(0.0, end - time.monotonic()))
        return not self._thread.is_alive()

    def use_login(self, login: Login) -> None:
        """From the next connection on; what is up stays up."""
        self._logins.use(login)

    def order(self, effect: Effect) -> None:
        """Carry out an effect of the link. What is to be sent while the link is down is dropped: the core knows from LinkDown."""
        live = self._live
        match effect:
            case effects.UseKeys(keys):
                self._arrivals.use_keys(keys.keys, keys.rev)
            case effects.AckMessage(token):
                if live is not None:
                    live.acks.done(token, time.monotonic())
            case effects.Resubscribe():
                if live is not None and live.up:
                    # Some brokers send retained messages to a new subscription only; both packets leave in one go.
                    live.client.unsubscribe(self._subscriptions)
                    live.client.subscribe([(topic, 1) for topic in self._subscriptions])
            case (
                effects.SendBatch()
                | effects.SendAlarm()
                | effects.SendStatus()
                | effects.SendReply()
                | effects.SendRevs()
            ):
                if live is not None and live.up:
                    self._send(live, effect)
            case _:
                raise TypeError(f"no effect of the link: {type(effect).__name__}")

    def _send(self, live: _Live, effect: Sending | effects.SendRevs) -> None:
        pages = revisions(effect, self._keys) if isinstance(effect, effects.SendRevs) else [write(effect, self._keys)]
        for out in pages:
            self._offer(live, out)

    def _publish(self, live: _Live, out: OutboundMessage) -> None:
        info = live.client.publish(out.topic, out.payload, qos=1, retain=out.retain)
        live.outbox.sent(info.mid, out)

    def _say_farewell(self, live: _Live, limit_s: float) -> None:
        topic = topics.up(self._keys.site, self._keys.unit, "status")
        info = live.client.publish(topic, build_will(self._session), qos=1, retain=True)
        try:
            info.wait_for_publish(limit_s)
        except (RuntimeError, ValueError):
            log.info("the broker did not take our farewell")

    # --- the link's thread

    def _run(self) -> None:
        while not self._stopping.is_set():
            ending, reason = self._connection()
            if self._stopping.is_set():
                return
            following = self._reconnect.after(ending)
            other = ending.how == "refused" and self._logins.refused()
            if not (following.switching or other):
                self._tell_down(reason, taken_over=following.taken_over)
            self._stopping.wait(self._pace.min_s if other else following.wait_s)

    def _tell_down(self, reason: str, *, taken_over: bool) -> None:
        """Once when the link goes down, then only when the reason becomes another."""
        if taken_over:
            reason = f"another client seems to use this unit's id ({reason})"
        if reason != self._told_down:
            self._told_down = reason
            log.warning("link down: %s", reason)
            self._post(LinkDown(reason, taken_over))

    def _connection(self) -> tuple[Ending, str]:
        """One connection from its attempt to its end."""
        live: _Live | None = None
        try:
            live = self._live = self._connect()
            self._serve(live)
        except OSError as error:
            if live is None:
                if isinstance(error, ssl.SSLCertVerificationError):
                    self._logins.not_believed()
                return Ending("unreachable"), f"cannot reach the broker: {tls.why(error)}"
            live.reason = live.reason or tls.why(error)
        except Exception as error:
            # The top of the thread: a hostile broker must not end the link, wherever the library or we trip over it.
            log.exception("a fault while serving the connection")
            self._arrivals.tripped()
            if live is None:
                return Ending("unreachable"), f"a fault while connecting: {type(error).__name__}"
            live.reason = f"a fault while serving the connection: {type(error).__name__}"
        finally:
            self._live = None
        return self._end(live)

    def _connect(self) -> _Live:
        version = self._reconnect.version
        five = version == "5"
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._keys.unit,
            clean_session=None if five else True,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        user, password, login = self._logins.now()
        live = _Live(client, version, Acks(client.ack), user, login)
        client.username_pw_set(user, password)
        client.will_set(topics.up(self._keys.site, self._keys.unit, "status"), build_will(self._session), 1, True)
        client.max_inflight_messages_set(0)  # the window is ours: the library's cannot follow the broker's wish
        if self._with_tls:
            client.tls_set_context(self._tls())
        client.on_connect = partial(self._on_connect, live)
        client.on_subscribe = partial(self._on_subscribe, live)
        client.on_disconnect = partial(self._on_disconnect, live)
        client.on_message = partial(self._on_message, live)
        client.on_publish = partial(self._on_publish, live)
        client.on_socket_open = _tune
        client.on_socket_register_write = (
            _wake  # makes publish() of the loop's thread queue and wake, never write itself
        )
        if five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.ReceiveMaximum = UNACKED
            properties.MaximumPacketSize = MAX_MESSAGE_BYTES + 1024
            client.connect(self._host, self._port, KEEPALIVE_S, clean_start=True, properties=properties)
        else:
            client.connect(self._host, self._port, KEEPALIVE_S)
        return live

    def _tls(self) -> ssl.SSLContext:
        access, beside = self._logins.trusted()
        return tls.context(access, dates=self._dates(), beside=beside)

    def _serve(self, live: _Live) -> None:
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        patience = time.monotonic() + self._pace.answer_s
        while code == MQTTErrorCode.MQTT_ERR_SUCCESS and live.ending is None and not self._leaving(live):
            code = live.client.loop(PRESENCE_S if self._arrivals.holding or not live.up else TURN_S)
            live.acks.turn(time.monotonic())
            for event in self._arrivals.due(time.monotonic()):
                self._tell(live, event)
            if not live.up and time.monotonic() > patience:
                live.ending = live.ending or ("silent" if live.accepted_mono is None else "lost")
                live.reason = live.reason or _WORDS["silent"]
        if live.ending is not None and live.client.is_connected():
            live.client.disconnect()
            live.client.loop(0.0)
        if live.ending is None:
            live.ending = _ending_of(code, accepted=live.accepted_mono is not None)
            live.reason = live.reason or _WORDS[live.ending]

    def _leaving(self, live: _Live) -> bool:
        """A stop that came before the broker's yes; after it, `stop` disconnects and the loop ends by itself."""
        return self._stopping.is_set() and not live.up

    def _end(self, live: _Live) -> tuple[Ending, str]:
        lasted = 0.0 if live.accepted_mono is None else time.monotonic() - live.accepted_mono
        client = live.client
        client.on_connect = client.on_subscribe = client.on_disconnect = client.on_message = client.on_publish = None
        how = live.ending or ("lost" if live.accepted_mono is not None else "unreachable")
        reason = live.reason or _WORDS[how]
        if how == "closed" and (out := live.outbox.oldest) is not None:
            how, what = "rejected", f"{len(out.payload)} bytes on {out.topic}"
            reason = f"{reason} after our own message of {what}: is it too large, or not allowed?"
        return Ending(how, lasted), reason

    def _on_connect(
        self, live: _Live, client: mqtt.Client, _data: Any, _flags: Any, code: ReasonCode, properties: Properties | None
    ) -> None:
        if code.is_failure:
            live.ending = "version" if code.value == UNSUPPORTED_VERSION else "refused"
            live.reason = f"the broker refused: {code.getName()}"
            return
        live.accepted_mono = time.monotonic()
        self._arrivals.connected()
        live.outbox.narrow(getattr(properties, "ReceiveMaximum", 65_535))
        live.subscription = client.subscribe([(topic, 1) for topic in self._subscriptions])[1]

    def _on_subscribe(
        self, live: _Live, _client: mqtt.Client, _data: Any, mid: int, codes: list[ReasonCode], _properties: Any
    ) -> None:
        if mid != live.subscription or live.up:
            return
        refused = [topic for topic, code in zip(self._subscriptions, codes, strict=False) if code.is_failure]
        if refused:
            log.warning("the broker refuses to let us read %s", ", ".join(refused))
        if self._subscriptions[0] in refused or self._subscriptions[-1] in refused:
            live.ending, live.reason = "refused", f"the broker refuses to let us read {refused[-1]}"
            return
        live.up = True
        self._told_down = None
        self._logins.worked(live.login)
        self._show_keys(live)
        log.info("link up, MQTT %s", live.version)
        self._post(LinkUp(live.version, live.user))

    def _on_disconnect(
        self, live: _Live, _client: mqtt.Client, _data: Any, flags: Any, code: ReasonCode, _properties: Any
    ) -> None:
        live.up = False
        if not flags.is_disconnect_packet_from_server:
            return
        live.ending = "taken" if code.value == TAKEN_OVER else "closed"
        live.reason = f"the broker disconnected us: {code.getName()}"

    def _on_publish(
        self, live: _Live, _client: mqtt.Client, _data: Any, mid: int, _code: Any, _properties: Any
    ) -> None:
        following = live.outbox.acknowledged(mid)
        if following is not None:
            self._publish(live, following)

    def _on_message(self, live: _Live, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        now = time.monotonic()
        arrival = self._arrivals.take(topic, bytes(message.payload), now, retained=message.retain)
        if live.acks.arrived(arrival.token, message.mid, message.qos, now) > MAX_UNACKED:
            live.ending, live.reason = "ours", "the broker sends more than it may"
        if arrival.event is not None:
            self._tell(live, arrival.event)

    def _tell(self, live: _Live, event: Told) -> None:
        """Post it. A message that does not fit is not acknowledged and comes again with the next connection.

        Our key goes ahead of what the core may send as soon as it hears that the centre is there: facts of a stranger are refused.
        """
        if isinstance(event, CentrePresence) and event.online and live.up:
            self._show_keys(live)
        taken = self._post(event) is not False
        match event:
            case MessageReceived() if not taken:
                live.ending, live.reason = "ours", "the agent could not take a message in time"
            case MessageRefused(token=token) if not taken and token:
                live.acks.done(token, time.monotonic())
            case MessageReceived(message=Confirm()):
                self._token_is_spent()

    def _show_keys(self, live: _Live) -> None:
        """At each connection and whenever the centre comes: our key, until a confirm proves that the centre knows it, and the one to seal to."""
        site, unit, private = self._keys.site, self._keys.unit, self._keys.private
        if self._token is not None:
            enrol = enrol_message(site, unit, private.public_key().public_bytes_raw(), self._token)
            self._offer(live, OutboundMessage(topics.up(site, unit, "enrol"), enrol))
        self._offer(live, OutboundMessage(topics.up(site, unit, "seal"), seal_message(private, site, unit)))

    def _offer(self, live: _Live, out: OutboundMessage) -> None:
        if live.outbox.offer(out):
            self._publish(live, out)

    def _token_is_spent(self) -> None:
        if self._token is None:
            return
        self._token = None
        if self._enrolled is not None:
            self._enrolled()


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
