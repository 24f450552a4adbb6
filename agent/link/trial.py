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
from agent.words import N_, _
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
        yield TrialStep(N_("broker"), "failed", _unreached(host, port, error))
        return
    with sock:
        yield TrialStep(N_("broker"), "ok", _("{host} answers at port {port}").format(host=host, port=port))
        if not with_tls:
            return
        try:
            with tls.context(access, dates=dates).wrap_socket(sock, server_hostname=host) as secured:
                yield TrialStep(
                    N_("TLS"),
                    "ok",
                    _("{version}, the certificate is of the site's CA and for {host}").format(
                        version=secured.version(), host=host
                    ),
                )
        except TimeoutError:
            yield TrialStep(
                "TLS",
                "failed",
                _("{host} does not answer at port {port}: it may speak no TLS there").format(host=host, port=port),
            )
        except OSError as error:
            yield TrialStep("TLS", "failed", _("{host}: {why}").format(host=host, why=tls.why(error)))


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
            yield TrialStep(
                "login", "failed", _("the broker broke the connection off: {why}").format(why=tls.why(error))
            )
            return
        _until(client, lambda: heard.connack is not None, ANSWER_S)  # noqa: B023  # called before the next turn
        if heard.connack is not None and heard.connack.value != UNSUPPORTED_VERSION:
            yield from _in(client, heard, version, site, unit, scopes, access.user or unit)
            client.disconnect()
            return
        client.disconnect()
    spoken = _(" nor ").join(f"MQTT {version}" for version in versions)
    yield TrialStep("login", "failed", _("the broker does not answer to {spoken}").format(spoken=spoken))


def _in(
    client: mqtt.Client, heard: _Heard, version: str, site: str, unit: str, scopes: tuple[Scope, ...], user: str
) -> Iterator[TrialStep]:
    assert heard.connack is not None
    if heard.connack.is_failure:
        yield TrialStep(
            "login",
            "failed",
            _(
                "the broker refuses user {user}: {reason}: is the unit in its list, with the password of this enrolment? A new enrolment file makes a new password"
            ).format(user=user, reason=_(heard.connack.getName())),
        )
        return
    yield TrialStep(N_("login"), "ok", _("as {user}, MQTT {version}").format(user=user, version=version))
    faults = [*_reading(client, heard, site, unit, scopes), *_writing(client, heard, version, site, unit)]
    yield from faults
    if not any(step.state == "failed" for step in faults):
        yield TrialStep(N_("topics"), "ok", _("the broker hands out the topics of {unit}").format(unit=unit))


def _reading(
    client: mqtt.Client, heard: _Heard, site: str, unit: str, scopes: tuple[Scope, ...]
) -> Iterator[TrialStep]:
    """Some brokers refuse a subscription, others grant it and hand nothing out: only what comes proves the right to read."""
    wanted = topics.subscriptions(site, unit, scopes)
    client.subscribe([(topic, 1) for topic in wanted])
    _until(client, lambda: heard.suback is not None, ANSWER_S)
    if heard.suback is None:
        yield TrialStep("topics", "failed", _("the broker does not answer to a subscription"))
        return
    refused = [topic for topic, code in zip(wanted, heard.suback, strict=False) if code.is_failure]
    if refused:
        yield TrialStep(
            "topics",
            "failed",
            _("the broker gives {unit} no right to read {refused}").format(unit=unit, refused=", ".join(refused)),
        )
    elif not _until(client, lambda: bool(heard.came), READ_S):
        yield TrialStep(
            "topics",
            "failed",
            _(
                "nothing comes from {wanted}: the broker gives {unit} no right to read, or the centre has never run"
            ).format(wanted=wanted[0], unit=unit),
        )


def _writing(client: mqtt.Client, heard: _Heard, version: str, site: str, unit: str) -> Iterator[TrialStep]:
    """`offline` of a session nobody knows, not retained: true, and nothing new (contract.md, Status)."""
    if version != "5":
        yield TrialStep("topics", "note", _("whether the unit may write is not told by MQTT 3.1.1"))
        return
    topic = topics.up(site, unit, "status")
    client.publish(topic, build_will(f"check-{secrets.token_hex(4)}"), qos=1, retain=False)
    _until(client, lambda: heard.puback is not None, ANSWER_S)
    if heard.puback is None:
        yield TrialStep(
            "topics", "failed", _("the broker does not answer to what is written to {topic}").format(topic=topic)
        )
    elif heard.puback.is_failure:
        yield TrialStep(
            "topics",
            "failed",
            _("the broker gives {unit} no right to write {topic}: {reason}").format(
                unit=unit, topic=topic, reason=_(heard.puback.getName())
            ),
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
            return _("the name {host} is not known here: look at the network's name service, and at the name").format(
                host=host
            )
        case ConnectionRefusedError():
            return _("port {port} of {host} is closed: no broker listens there, or a firewall refuses").format(
                port=port, host=host
            )
        case TimeoutError():
            return _(
                "{host} does not answer at port {port}: look at the address, the network, and firewalls on the way"
            ).format(host=host, port=port)
        case _:
            return _("{host} cannot be reached: {reason}").format(
                host=host, reason=_(error.strerror) if error.strerror else error
            )
