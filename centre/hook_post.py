"""One message to a web hook: made, signed as the Standard Webhooks specification has it (v1, HMAC-SHA256), posted over a connection of its own.

Follows no redirect and asks no proxy; of the answer only the status is looked at. Owns no thread.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from centre.acknowledgements import as_value
from centre.alarms import RaisedAlarm
from centre.hooks import Hook
from centre.words import N_
from contract.strict_json import dumps

WAIT_S = 10.0
"""For the connection, and for each piece of the answer."""
LIMIT_S = 20.0
"""For all of it, however slowly the answer drips: `cut_if_late`."""
CONTENT = frozenset({400, 413, 415, 422})
"""Answers by which a receiver refuses what is in a message, not the sender or the moment."""


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """`fault`: English, None where the message was taken. `of_content`: the receiver will not take this message at any time."""

    fault: str | None = None
    of_content: bool = False


def alarm_message(site: str, alarm: RaisedAlarm) -> tuple[str, bytes]:
    """Its id, the same at each try, and the body."""
    name = f"{site}.{alarm.id}.{int(alarm.taken_utc * 1000)}"
    return name, _body("alarm", alarm.taken_utc, site, as_value(alarm))


def test_message(site: str, now: float) -> tuple[str, bytes]:
    return f"{site}.test.{int(now * 1000)}", _body("test", now, site, {})


def _body(what: str, at_utc: float, site: str, data: Mapping[str, Any]) -> bytes:
    at = datetime.fromtimestamp(at_utc, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return dumps({"type": what, "timestamp": at, "site": site, "data": data})


def headers_of(secret: str, name: str, body: bytes, now: float) -> dict[str, str]:
    at = str(int(now))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mark = hmac.new(key, b".".join((name.encode(), at.encode(), body)), hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "user-agent": "doorward",
        "connection": "close",
        "webhook-id": name,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(mark).decode()}",
    }


class Post:
    """One at a time: `send` by one thread, `cut_if_late` and `cut` by any other."""

    def __init__(self, hook: Hook) -> None:
        self._hook = hook
        self._parts = urlsplit(hook.url)
        self._socket: socket.socket | None = None
        self._end_mono = float("inf")
        self._cut = False

    def send(self, name: str, body: bytes) -> HookAnswer:
        """Waits at most about LIMIT_S, where somebody calls `cut_if_late`."""
        self._end_mono = time.monotonic() + LIMIT_S
        connection = self._connection()
        try:
            connection.connect()
            self._socket = connection.sock
            if self._cut:
                return HookAnswer(N_("cut off, since it did not answer in time"))
            path = (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")
            connection.request("POST", path, body, headers_of(self._hook.secret, name, body, time.time()))
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return HookAnswer(N_("cut off, since it did not answer in time") if self._cut else _reason(error))
        finally:
            self._socket, self._end_mono = None, float("inf")
            connection.close()
        return HookAnswer() if 200 <= status < 300 else HookAnswer(f"HTTP {status}", status in CONTENT)

    def cut_if_late(self) -> None:
        if time.monotonic() > self._end_mono:
            self.cut()

    def cut(self) -> None:
        """For good: this one sends no more."""
        self._cut = True
        if (there := self._socket) is not None:
            with suppress(OSError):
                socket.socket.shutdown(there, socket.SHUT_RDWR)  # TLS's own would wait for the other end

    def _connection(self) -> http.client.HTTPConnection:
        host = self._parts.hostname
        assert host is not None, "add looked at it"
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, self._parts.port, timeout=WAIT_S)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, self._parts.port, timeout=WAIT_S, context=context)


def _reason(error: OSError | http.client.HTTPException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not hold: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return N_("no answer")
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return N_("no answer of HTTP")
