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
from centre.hooks import Hook, is_elsewhere, is_here
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
            connection.sock = self._socket = self._connected()
            if self._cut:
                return HookAnswer(N_("cut off, since it did not answer in time"))
            path = (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")
            connection.request("POST", path, body, headers_of(self._hook.secret, name, body, time.time()))
            status = connection.getresponse().status
        except _NowhereError:
            return HookAnswer(N_("its name leads to this machine, where nothing is posted to by a name"))
        except (OSError, UnicodeError, http.client.HTTPException) as error:
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
        """For the port in its `Host`; it is connected by us."""
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(self._host, self._parts.port, timeout=WAIT_S)
        return http.client.HTTPSConnection(self._host, self._parts.port, timeout=WAIT_S)

    def _connected(self) -> socket.socket:
        """To an address that was looked at: a name that is another machine's today may be given this one's tomorrow."""
        is_plain = self._parts.scheme == "http"
        plain = _to_first(self._host, self._parts.port or (80 if is_plain else 443))
        if is_plain:
            return plain
        try:
            return ssl.create_default_context().wrap_socket(plain, server_hostname=self._host)
        except BaseException:
            plain.close()
            raise

    @property
    def _host(self) -> str:
        host = self._parts.hostname
        assert host is not None, "add looked at it"
        return host


class _NowhereError(Exception):
    """No address of the name may be posted to."""


def _to_first(host: str, port: int) -> socket.socket:
    """Of a name's addresses to the first that answers. Those of this machine and its link are passed over, but where the URL itself says them."""
    found = dict.fromkeys(str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    as_it_stands = is_here(host) or host in found
    fault: OSError | None = None
    for address in found:
        if as_it_stands or is_elsewhere(address):
            try:
                return socket.create_connection((address, port), WAIT_S)
            except OSError as error:
                fault = error
    if fault is None:
        raise _NowhereError
    raise fault


def _reason(error: OSError | UnicodeError | http.client.HTTPException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not hold: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return N_("no answer")
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return N_("no answer of HTTP")
