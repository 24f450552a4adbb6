"""Bundles over HTTPS as a process of its own, asked by clients we did not write: Range, the site's CA, nothing beside the bundles, nobody in the way of others."""

from __future__ import annotations

import hashlib
import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from centre import certificates, file_server
from centre.cli import centre
from centre.cli.context import CliContext
from simulator.broker import free_port
from tests.architecture import ROOT
from tests.centre.rolling import bundle
from tests.centre.unit import SITE
from tests.waiting import eventually

CONTENT = os.urandom(16 * 1024 * 1024)
"""More than the buffers of a connection hold."""


class Served:
    """A centre's folder with one bundle, and `centre files` for it."""

    def __init__(self, path: Path) -> None:
        self.path = path / "c"
        self.log = path / "files.log"
        made = CliRunner().invoke(centre, ["init", str(self.path), "--site", SITE, "--broker", "mqtts://127.0.0.1:1"])
        assert made.exit_code == 0, made.output
        self.source = bundle(path / "a.raucb", CONTENT)
        self.run("software", "add", str(self.source), "--version", "1.0")
        self.sha256 = hashlib.sha256(self.source.read_bytes()).hexdigest()
        self.ca = self.path / "tls" / "ca.pem"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, *words: str) -> str:
        made = CliRunner().invoke(centre, ["--dir", str(self.path), *words])
        assert made.exit_code == 0, made.output
        return made.output

    def start(self, program: str = "from centre.cli import centre; centre()") -> None:
        command = [sys.executable, "-c", program, "--dir", str(self.path), "files"]
        command += ["--listen", "127.0.0.1", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(lambda: "handing out" in self.log.read_text() and self._open(), 20.0)

    def _open(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(15)
        self._process = None
        return code

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(5)

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca)

    def ask(self, method: str, path: str, limit_s: float = 10.0, **headers: str) -> tuple[int, dict[str, str], bytes]:
        asked = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=limit_s, context=self.context())
        try:
            asked.request(method, path, headers=headers)
            answer = asked.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            asked.close()

    @property
    def whole(self) -> bytes:
        return self.source.read_bytes()

    @property
    def there(self) -> str:
        return f"/software/{self.sha256}"

    def raw(self, request: bytes) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), 10)
        made = self.context().wrap_socket(plain, server_hostname="127.0.0.1")
        made.sendall(request)
        return made

    def curl(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--cacert", str(self.ca), *words]
        return subprocess.run(command, capture_output=True, timeout=30, check=False)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}{self.there}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("files"))
    made.start()
    yield made
    made.close()


IMPATIENT = """
from centre import file_server
from centre.cli import centre
file_server.ASK_S = 0.5
file_server.Bundles.__init__.__defaults__ = (8, 1.0, 2.0)
centre()
"""


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Served]:
    """Eight at a time, two of them to one address' worth of turns; whoever is slow is cut off within a second or two."""
    made = Served(tmp_path)
    made.start(IMPATIENT)
    yield made
    made.close()


# --- what is asked for rightly


def test_the_whole_bundle_and_any_part_of_it(served: Served) -> None:
    status, headers, body = served.ask("GET", served.there)
    assert (status, body == served.whole) == (200, True)
    assert headers["accept-ranges"] == "bytes"
    assert headers["connection"] == "close"
    assert "server" not in headers
    size = len(served.whole)
    for asked, part in {
        "bytes=0-0": served.whole[:1],
        f"bytes={size - 5}-": served.whole[-5:],
        "bytes=100-1999": served.whole[100:2000],
        "bytes=-7": served.whole[-7:],
    }.items():
        status, headers, body = served.ask("GET", served.there, Range=asked)
        assert (status, body) == (206, part)
        assert headers["content-range"].endswith(f"/{size}")
    assert served.ask("GET", served.there, Range=f"bytes={size}-")[0] == 416
    status, headers, body = served.ask("HEAD", served.there)
    assert (status, headers["content-length"], body) == (200, str(size), b"")


@pytest.mark.needs("curl")
def test_curl_goes_on_where_it_was_cut_off(served: Served, tmp_path: Path) -> None:
    out = tmp_path / "part"
    out.write_bytes(served.whole[:1_000_001])
    done = served.curl("--continue-at", "-", "--output", str(out), served.url)
    assert (done.returncode, done.stderr) == (0, b"")
    assert out.read_bytes() == served.whole


@pytest.mark.needs("curl")
def test_whoever_trusts_another_ca_takes_nothing(served: Served, tmp_path: Path) -> None:
    certificates.make_ca(tmp_path, "elsewhere")
    done = subprocess.run(
        ["curl", "--silent", "--noproxy", "*", "--cacert", str(tmp_path / "ca.pem"), served.url],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (60, b"")
    assert served.curl(served.url.replace("127.0.0.1", "localhost")).returncode == 60, (
        "the name is not that of the certificate"
    )
    assert served.curl("--tls-max", "1.1", served.url).returncode != 0


def test_check_says_whether_units_would_take_it(served: Served) -> None:
    done = CliRunner().invoke(centre, ["--dir", str(served.path), "check"])
    (line,) = (line for line in done.output.splitlines() if "software" in line)
    assert "days left" in line
    other = CliContext(served.path)
    files = other.site.files
    assert files is not None
    try:
        other.save(replace(other.site, files=replace(files, host="localhost")))
        assert "does not hold" in CliRunner().invoke(centre, ["--dir", str(served.path), "check"]).output
        other.save(replace(other.site, files=replace(files, port=free_port())))
        assert "does `files` run?" in CliRunner().invoke(centre, ["--dir", str(served.path), "check"]).output
    finally:
        other.save(replace(other.site, files=files))


# --- what is not there


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/software",
        "/software/",
        "/software/..",
        "/software/../keys/root.pem",
        "/software/%2e%2e/keys/root.pem",
        "/software/..%2fkeys%2froot.pem",
        "//software/x",
        "/software/" + "0" * 64,
        "/software/.lock",
        "/software/.new",
        "/software/{sha}/",
        "/software/{sha}/../../keys/root.pem",
        "/software/{SHA}",
        "/software/{sha}%00",
        "/software/%7b{sha}",
        "/Software/{sha}",
        "/software//{sha}",
        "/software/" + "a" * 8000,
        "http://127.0.0.1/software/x",
    ],
)
def test_there_is_nothing_beside_the_bundles(served: Served, path: str) -> None:
    asked = path.format(sha=served.sha256, SHA=served.sha256.upper())
    with served.raw(f"GET {asked} HTTP/1.1\r\nHost: x\r\n\r\n".encode("latin-1")) as line:
        answer = line.recv(4096)
    assert answer.split()[1] in (b"404", b"400"), answer[:80]
    assert b"PRIVATE" not in answer


def test_a_link_out_of_the_folder_is_no_bundle(served: Served) -> None:
    link = served.path / "bundles" / ("b" * 64)
    link.symlink_to(served.path / "keys" / "root.pem")
    assert served.ask("GET", f"/software/{link.name}")[0] == 404
    link.unlink()
    link.mkdir()
    assert served.ask("GET", f"/software/{link.name}")[0] == 404
    link.rmdir()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_it_only_hands_out(served: Served, method: str) -> None:
    status, headers, _ = served.ask(method, served.there)
    assert (status, headers["allow"]) == (405, "GET, HEAD")
    assert served.whole == (served.path / "bundles" / served.sha256).read_bytes()


def test_many_ranges_at_once_are_answered_with_the_whole(served: Served) -> None:
    """Putting them together would cost far more than asking for them."""
    ranges = "bytes=" + ",".join(f"{n}-{n}" for n in range(2000))
    status, headers, body = served.ask("GET", served.there, Range=ranges)
    assert (status, len(body)) == (200, len(served.whole))
    assert "multipart" not in headers["content-type"]


@pytest.mark.parametrize(
    "rubbish",
    [b"\0" * 200, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nA: " + b"b" * 100_000],
    ids=["zeros", "no path", "another version", "a long line"],
)
def test_rubbish_is_answered_or_cut_off_and_nothing_is_said_of_it(served: Served, rubbish: bytes) -> None:
    with suppress(OSError), served.raw(rubbish) as line:  # cut off while it is still being sent, too
        assert line.recv(100)[9:12] in (b"400", b"404", b"")
    assert served.ask("HEAD", served.there)[0] == 200
    assert "Traceback" not in served.log.read_text()


def test_plain_http_gets_nothing(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), 5) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with suppress(OSError):
            assert b"HTTP/1.1 2" not in line.recv(100)


# --- many, and slow ones


def test_who_comes_beyond_the_number_is_told_when_to_come_again(impatient: Served) -> None:
    ask = f"GET {impatient.there} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with ExitStack() as stack:
        slow = [stack.enter_context(impatient.raw(ask)) for _ in range(2)]
        assert all(line.recv(12) == b"HTTP/1.1 200" for line in slow)
        status, headers, _ = impatient.ask("GET", impatient.there)
        assert status == 503
        assert file_server.AGAIN_S[0] <= int(headers["retry-after"]) <= file_server.AGAIN_S[1]
        assert impatient.ask("GET", "/software/x")[0] == 404, "what costs nothing is answered"


def test_who_reads_nothing_is_cut_off_and_the_others_go_on(impatient: Served) -> None:
    ask = f"GET {impatient.there} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(impatient.raw(ask))
        eventually(lambda: impatient.ask("GET", impatient.there)[0] == 200, 15.0, 0.2)
    assert "Traceback" not in impatient.log.read_text()


def test_who_asks_for_nothing_is_sent_away(impatient: Served) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(impatient.raw(b"GET /soft")) for _ in range(20)]
        for line in idle:
            line.settimeout(10)
            with suppress(OSError):
                assert line.recv(10) == b""
    assert impatient.ask("HEAD", impatient.there)[0] == 200


# --- the process


def test_it_stops_when_it_is_told_and_starts_where_it_was(tmp_path: Path) -> None:
    served = Served(tmp_path)
    try:
        served.start()
        second = CliRunner().invoke(centre, ["--dir", str(served.path), "files"])
        assert (second.exit_code, "`files` runs already" in second.output) == (1, True)
        assert served.stop() == 0
        assert served.log.read_text().endswith("stopped\n")
        files = CliContext(served.path).site.files
        assert files is not None
        assert (files.host, files.port, files.listen) == ("127.0.0.1", served.port, "127.0.0.1")
        served.start()
        assert served.ask("HEAD", served.there)[0] == 200
    finally:
        served.close()


def test_a_port_that_is_taken_is_told_in_a_line(tmp_path: Path) -> None:
    served = Served(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        words = ["--dir", str(served.path), "files", "--listen", "127.0.0.1", "--port", port]
        done = CliRunner().invoke(centre, words)
    assert (done.exit_code, done.output) == (69, f"centre: 127.0.0.1:{port}: Address already in use\n")
    assert CliContext(served.path).site.files is None


def test_a_centre_without_a_ca_names_a_certificate(fresh_folder: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(centre, ["--dir", str(fresh_folder), "files", "--listen", "127.0.0.1"])
    assert (done.exit_code, "name a certificate" in done.output) == (2, True)


def test_no_other_command_loads_a_web_server() -> None:
    code = "import sys, centre.cli, centre.service; print([m for m in sys.modules if m.split('.')[0] in ('starlette', 'uvicorn', 'anyio', 'h11')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
