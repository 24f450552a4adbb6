"""The console as a process: by its own TLS, behind a real nginx, and beside a `serve` that is killed."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from centre import invitations, own_process
from centre.certificates import make_ca, make_server
from centre.errors import CONFIGURATION, WRONG_USE
from centre.schema_accounts import sessions
from simulator.broker import free_port
from tests.architecture import ROOT
from tests.centre.conftest import Desk
from tests.centre.console.browser import PASSWORD
from tests.waiting import eventually

pytestmark = pytest.mark.slow
NGINX = "/usr/sbin/nginx"
SNIPPET = re.compile(r"```nginx\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost, and the authority that signed it."""
    folder = tmp_path_factory.mktemp("tls")
    make_ca(folder, "test")
    make_server(folder, folder, "localhost")
    return folder


@contextmanager
def running(desk: Desk, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    command = own_process.command("agent", "centre", "--dir", str(desk.path), *words)
    with (desk.path.parent / "console.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def opens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Client:
    """One browser, from an address of its own on this machine. `tls`: who signed the certificate it is shown."""

    def __init__(
        self, port: int, tls: Path | None = None, source: str = "127.0.0.1", always: Mapping[str, str] | None = None
    ) -> None:
        self._port, self._source, self._always = port, source, always or {}
        self._context = None if tls is None else ssl.create_default_context(cafile=str(tls / "ca.pem"))
        self.cookies: dict[str, str] = {}
        self.flags: dict[str, str] = {}

    def connection(self) -> http.client.HTTPConnection:
        where = ("localhost", self._port)
        if self._context is None:
            return http.client.HTTPConnection(*where, timeout=20, source_address=(self._source, 0))
        return http.client.HTTPSConnection(*where, timeout=20, source_address=(self._source, 0), context=self._context)

    def head(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": cookies, "Accept-Language": "en", **self._always}

    def ask(self, path: str, form: dict[str, str] | None = None) -> http.client.HTTPResponse:
        connection = self.connection()
        body = None if form is None else urlencode(form)
        kind = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("GET" if form is None else "POST", path, body, self.head() | kind)
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("set-cookie", []):
            pair, _semicolon, flags = cookie.partition(";")
            name, _equals, value = pair.partition("=")
            self.cookies[name], self.flags[name] = value, flags.casefold()
        return answer

    def send(self, path: str, form: dict[str, str]) -> http.client.HTTPResponse:
        token = re.search(r'name="csrf" content="([^"]+)"', self.ask(path).read().decode())
        assert token is not None
        return self.ask(path, {"csrftoken": token[1], **form})

    def come_in(self, desk: Desk, name: str = "admin") -> None:
        """By a link."""
        link = invitations.invite(desk.office, name, "test", time.time()).path
        assert self.send(link, {"password": PASSWORD, "again": PASSWORD}).status == 303


def came_from(desk: Desk) -> list[str]:
    return [row.address for row in desk.rows(select(sessions.c.address))]


def test_its_own_certificate_from_files(desk: Desk, tls: Path) -> None:
    port = free_port()
    files = ("--cert", str(tls / "server.pem"), "--key", str(tls / "server.key"))
    with running(desk, "console", "--listen", f"127.0.0.1:{port}", "--url", f"https://localhost:{port}", *files):
        eventually(lambda: opens(port), 30.0)
        client = Client(port, tls)
        client.come_in(desk)
        assert client.ask("/account").status == 200
        assert set(client.cookies) >= {"__Host-doorward"}
        assert {"secure", "httponly", "samesite=strict"} <= {
            each.strip() for each in client.flags["__Host-doorward"].split(";")
        }
        assert client.ask("/sign-in").headers["strict-transport-security"] == "max-age=31536000"
        plain = Client(port)
        with pytest.raises((OSError, http.client.HTTPException)):
            plain.ask("/sign-in")


def test_options_that_let_nobody_in_or_passwords_out_are_one_line(desk: Desk, tls: Path, tmp_path: Path) -> None:
    cert, key = str(tls / "server.pem"), str(tls / "server.key")
    garbage = tmp_path / "x.pem"
    garbage.write_text("no certificate\n")
    far, near = ("--listen", "0.0.0.0:0"), ("--listen", "127.0.0.1:0")
    for words, said in (
        (far, "passwords would go over the network"),
        ((*far, "--behind-proxy", "--url", "https://doors.example"), "listen at 127.0.0.1"),
        ((*near, "--behind-proxy"), "--behind-proxy needs --url"),
        ((*near, "--url", "doors.example"), "--url doors.example: not an address"),
        ((*near, "--url", "https://doors.example/x"), "not an address"),
        ((*near, "--url", "https://doors.example:x"), "not an address"),
        ((*near, "--url", "https://doors.example:443"), "not an address"),
        ((*near, "--cert", cert), "--cert and --key go together"),
    ):
        for command in ("console", "serve"):
            (line,) = desk.run(command, *words, code=WRONG_USE).stderr.splitlines()
            assert said in line, (command, words, line)
    for files in ((str(garbage), key), (cert, str(tls / "ca.key"))):
        words = ("console", "--listen", "0.0.0.0:0", "--cert", files[0], "--key", files[1])
        done = subprocess.run(
            own_process.command("agent", "centre", "--dir", str(desk.path), *words),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        lines = [line for line in done.stderr.splitlines() if "console at" not in line]
        assert (done.returncode, len(lines)) == (CONFIGURATION, 1), done.stderr
        assert f"{files[0]}, {files[1]}: " in lines[0]


@pytest.fixture
def proxied(desk: Desk, tls: Path, tmp_path: Path) -> Iterator[int]:
    """The port of an nginx configured as docs/operations.md says; the console behind it."""
    port, own = free_port(), free_port()
    found = SNIPPET.search((ROOT / "docs" / "operations.md").read_text(encoding="utf-8"))
    assert found is not None
    server = found[1]
    for theirs, ours in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("listen [::]:443 ssl;", ""),
        ("server_name doors.example;", "server_name localhost;"),
        ("/etc/ssl/doors.example.pem", str(tls / "server.pem")),
        ("/etc/ssl/private/doors.example.key", str(tls / "server.key")),
        ("http://127.0.0.1:8080;", f"http://127.0.0.1:{own};"),
    ):
        assert theirs in server
        server = server.replace(theirs, ours)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in kinds)
    file = tmp_path / "nginx.conf"
    # Workers would run as another user, who may not read this folder.
    file.write_text(
        f"user root;\nworker_processes 1;\ndaemon off;\npid {tmp_path}/nginx.pid;\nerror_log {tmp_path}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{server}}}\n"
    )
    url = f"https://localhost:{port}"
    with running(desk, "console", "--listen", f"127.0.0.1:{own}", "--url", url, "--behind-proxy"):
        eventually(lambda: opens(own), 30.0)
        nginx = subprocess.Popen((NGINX, "-c", file, "-e", tmp_path / "error.log"), stdin=subprocess.DEVNULL)
        try:
            eventually(lambda: opens(port), 20.0)
            yield port
        finally:
            nginx.terminate()
            nginx.wait(10)


@pytest.mark.needs("nginx")
def test_behind_nginx_who_asks_is_known_and_an_open_line_passes_at_once(desk: Desk, proxied: int, tls: Path) -> None:
    client = Client(proxied, tls, source="127.0.0.2", always={"X-Forwarded-For": "192.0.2.9"})  # anybody may write that
    client.come_in(desk)
    assert came_from(desk) == ["127.0.0.2"]
    assert "secure" in client.flags["__Host-doorward"]
    connection = client.connection()
    connection.request("GET", "/live", headers=client.head())
    answer = connection.getresponse()
    assert answer.headers["content-type"].startswith("text/event-stream")
    desk.unit("b12-u2")
    line = next(line for line in answer if line.startswith(b"data:"))
    assert json.loads(line.removeprefix(b"data:")) is not None
    connection.close()
    big = client.send("/notices/new", {"title": "x" * 3_000_000})
    assert big.status != 413, "nginx lets as much through as the console takes"


@pytest.mark.parametrize("proxy", [False, True])
def test_nobody_but_a_proxy_of_this_machine_says_who_asks(desk: Desk, proxy: bool) -> None:
    """Told of no proxy it believes nobody; told of one it believes 127.0.0.1, which others are not."""
    port = free_port()
    more = ("--behind-proxy", "--url", "https://doors.example") if proxy else ()
    source = "127.0.0.2" if proxy else "127.0.0.1"
    forged = {"X-Forwarded-For": "192.0.2.9"} | ({"Host": "doors.example"} if proxy else {})
    with running(desk, "console", "--listen", f"127.0.0.1:{port}", *more):
        eventually(lambda: opens(port), 30.0)
        Client(port, source=source, always=forged).come_in(desk)
        assert came_from(desk) == [source]


def test_a_serve_that_is_killed_takes_its_console_along(desk: Desk) -> None:
    port = free_port()
    with running(desk, "serve", "--listen", f"127.0.0.1:{port}") as serve:
        eventually(lambda: opens(port), 30.0)
        serve.kill()
        serve.wait()
        eventually(lambda: not opens(port), 20.0)
