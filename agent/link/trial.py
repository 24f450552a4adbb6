"""One connection to the broker on trial: what it takes, step by step, each told in plain words. For `doorward check --online`.

As the unit itself, so never beside its running agent: brokers give a session to the newest client of an id. Publishes one message,
which says of a unit that does not run that it does not, and keeps nothing on the broker.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from agent.core.time import Dates
from agent.link import tls
from agent.link.access import BrokerAccess
from agent.link.reconnect import Version
from contract import topics
from contract.frozen import frozen
from contract.plain import build_will
from contract.scopes import Scope

CONNECT_S = 5.0
ANSWER_S = 10.0
"""As the agent waits (reconnect.py)."""
READ_S = 3.0
"""What is retained comes with the subscription; this leaves room for a slow line."""
KEEPALIVE_S = 30
UNSUPPORTED_VERSION = 0x84


@frozen
class TrialStep:
    """`about`: broker, TLS, login or topics. After one that failed there is no further one."""

    about: str
    state: Literal["ok", "note", "failed"]
    text: str


@dataclass(slots=True)
class _Heard:
    """What the broker answered so far."""

    connack: ReasonCode | None = None
    suback: list[ReasonCode] | None = None
    puback: ReasonCode | None = None
    came: set[str] = field(default_factory=set)


def reach(access: BrokerAccess, *, dates: Dates) -> Iterator[TrialStep]:
    """TCP and TLS. `dates`: by what those of certificates are judged."""
    host, port, with_tls = access.address()
    try:
        sock = socket.create_connection((host, port), CONNECT_S)
    except OSError as error:
        yield TrialStep("broker", "failed", _unreached(host, port, error))
        return
    with sock:
        yield TrialStep("broker", "ok", f"{host} answers at port {port}")
        if not with_tls:
            return
        try:
            with tls.context(access, dates=dates).wrap_socket(sock, server_hostname=host) as secured:
                yield TrialStep("TLS", "ok", f"{secured.version()}, the certificate is of the site's CA and for {host}")
        except TimeoutError:
            yield TrialStep("TLS", "failed", f"{host} does not answer at port {port}: it may speak no TLS there")
        except OSError as error:
            yield TrialStep("TLS", "failed", f"{host}: {tls.why(error)}")


def login(
    access: BrokerAccess, site: str, unit: str, scopes: tuple[Scope, ...], *, dates: Dates
) -> Iterator[TrialStep]:
    """MQTT, as the agent speaks it, and the rights on the unit's topics."""
    versions: tuple[Version, ...] = ("5", "3.1.1") if access.protocol == "auto" else (access.protocol,)
    for version in versions:
        heard = _Heard()
        client = _client(access, unit, version, heard, dates=dates)
        try:
            client.connect(*access.address()[:2], KEEPALIVE_S)
        except OSError as error:
            yield TrialStep("login", "failed", f"the broker broke the connection off: {tls.why(error)}")
            return
        _until(client, lambda: heard.connack is not None, ANSWER_S)  # noqa: B023  # called before the next turn
        if heard.connack is not None and heard.connack.value != UNSUPPORTED_VERSION:
            yield from _in(client, heard, version, site, unit, scopes, access.user or unit)
            client.disconnect()
            return
        client.disconnect()
    spoken = " nor ".join(f"MQTT {version}" for version in versions)
    yield TrialStep("login", "failed", f"the broker does not answer to {spoken}")


def _in(
    client: mqtt.Client, heard: _Heard, version: str, site: str, unit: str, scopes: tuple[Scope, ...], user: str
) -> Iterator[TrialStep]:
    assert heard.connack is not None
    if heard.connack.is_failure:
        yield TrialStep(
            "login",
            "failed",
            f"the broker refuses user {user}: {heard.connack.getName()}: is the unit in its list, with the password of"
            " this enrolment? A new enrolment file makes a new password",
        )
        return
    yield TrialStep("login", "ok", f"as {user}, MQTT {version}")
    faults = [*_reading(client, heard, site, unit, scopes), *_writing(client, heard, version, site, unit)]
    yield from faults
    if not any(step.state == "failed" for step in faults):
        yield TrialStep("topics", "ok", f"the broker hands out the topics of {unit}")


def _reading(
    client: mqtt.Client, heard: _Heard, site: str, unit: str, scopes: tuple[Scope, ...]
) -> Iterator[TrialStep]:
    """Some brokers refuse a subscription, others grant it and hand nothing out: only what comes proves the right to read."""
    wanted = topics.subscriptions(site, unit, scopes)
    client.subscribe([(topic, 1) for topic in wanted])
    _until(client, lambda: heard.suback is not None, ANSWER_S)
    if heard.suback is None:
        yield TrialStep("topics", "failed", "the broker does not answer to a subscription")
        return
    refused = [topic for topic, code in zip(wanted, heard.suback, strict=False) if code.is_failure]
    if refused:
        yield TrialStep("topics", "failed", f"the broker gives {unit} no right to read {', '.join(refused)}")
    elif not _until(client, lambda: bool(heard.came), READ_S):
        yield TrialStep(
            "topics",
            "failed",
            f"nothing comes from {wanted[0]}: the broker gives {unit} no right to read, or the centre has never run",
        )


def _writing(client: mqtt.Client, heard: _Heard, version: str, site: str, unit: str) -> Iterator[TrialStep]:
    """`offline` of a session nobody knows, not retained: true, and nothing new (contract.md, Status)."""
    if version != "5":
        yield TrialStep("topics", "note", "whether the unit may write is not told by MQTT 3.1.1")
        return
    topic = topics.up(site, unit, "status")
    client.publish(topic, build_will(f"check-{secrets.token_hex(4)}"), qos=1, retain=False)
    _until(client, lambda: heard.puback is not None, ANSWER_S)
    if heard.puback is None:
        yield TrialStep("topics", "failed", f"the broker does not answer to what is written to {topic}")
    elif heard.puback.is_failure:
        yield TrialStep(
            "topics", "failed", f"the broker gives {unit} no right to write {topic}: {heard.puback.getName()}"
        )


def _client(access: BrokerAccess, unit: str, version: str, heard: _Heard, *, dates: Dates) -> mqtt.Client:
    five = version == "5"
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=unit,
        clean_session=None if five else True,
        protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.username_pw_set(access.user or unit, access.password)
    if access.address()[2]:
        client.tls_set_context(tls.context(access, dates=dates))

    def on_connect(_client: Any, _data: Any, _flags: Any, code: ReasonCode, _properties: Any) -> None:
        heard.connack = code

    def on_subscribe(_client: Any, _data: Any, _mid: int, codes: list[ReasonCode], _properties: Any) -> None:
        heard.suback = codes

    def on_publish(_client: Any, _data: Any, _mid: int, code: ReasonCode, _properties: Any) -> None:
        heard.puback = code

    def on_message(_client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        heard.came.add(message.topic)

    client.on_connect, client.on_subscribe = on_connect, on_subscribe
    client.on_publish, client.on_message = on_publish, on_message
    return client


def _until(client: mqtt.Client, done: Callable[[], bool], limit_s: float) -> bool:
    """Whether it came to be so before the limit, or the connection's end."""
    end = time.monotonic() + limit_s
    while not done() and time.monotonic() < end:
        if client.loop(0.1) != MQTTErrorCode.MQTT_ERR_SUCCESS:
            break
    return done()


def _unreached(host: str, port: int, error: OSError) -> str:
    match error:
        case socket.gaierror():
            return f"the name {host} is not known here: look at the network's name service, and at the name"
        case ConnectionRefusedError():
            return f"port {port} of {host} is closed: no broker listens there, or a firewall refuses"
        case TimeoutError():
            return f"{host} does not answer at port {port}: look at the address, the network, and firewalls on the way"
        case _:
            return f"{host} cannot be reached: {error.strerror or error}"
