"""The page as programs see it: the standard library's HTTP client, with whatever headers a browser or an attacker sends."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlencode

PATIENCE_S = 12.0


class Asking:
    """One browser after another, each request on a connection of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.host = f"127.0.0.1:{port}"

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> http.client.HTTPResponse:
        """Read to its end. A header that is empty is left out."""
        given = {"host": self.host} | {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                if value:
                    connection.putheader(name, value)
            if body is not None:
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            answer.text = answer.read()  # type: ignore[attr-defined]
            return answer

    def get(self, path: str, **headers: str) -> bytes:
        answer = self.ask("GET", path, **headers)
        assert answer.status == 200, (answer.status, answer.text)
        return bytes(answer.text)

    def do(self, deed: str, unit: str = "b12-u2", **headers: str) -> http.client.HTTPResponse:
        """As the page's own form posts it."""
        given = {"origin": f"http://{self.host}", "content-type": "application/x-www-form-urlencoded"} | headers
        return self.ask("POST", f"/units/{unit}", urlencode({"deed": deed}).encode(), **given)

    def picture(self, unit: str = "b12-u2") -> bytes:
        return self.get(f"/units/{unit}/panel.png")

    def state(self, unit: str = "b12-u2") -> dict[str, Any]:
        shown = json.loads(self.get("/state?language=en"))["units"][unit]
        return {**shown, **{each["id"]: each["words"] for each in shown["states"]}}

    def happened(self) -> list[str]:
        return [line["words"] for line in json.loads(self.get("/state?language=en"))["happened"]]

    @contextmanager
    def listening(self) -> Iterator[Iterator[dict[str, Any]]]:
        """What a page hears, as it comes."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request("GET", "/live?language=en")
            yield _told(connection.getresponse())

    def silent(self, sent: bytes) -> socket.socket:
        """Somebody who sends this and then neither sends nor reads. Whoever asks closes it."""
        made = socket.create_connection(("127.0.0.1", self.port))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        made.sendall(sent)
        return made


def _told(answer: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    """Ends with the stream. Beats are no news: fails where nothing else comes."""
    heard = time.monotonic()
    while line := answer.readline():
        if line.startswith(b"data: {"):
            heard = time.monotonic()
            yield json.loads(line[6:])
        assert time.monotonic() < heard + PATIENCE_S, "nothing more was told"
