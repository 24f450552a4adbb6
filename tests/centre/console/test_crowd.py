"""One who takes more than their part of the console: lines, threads, connections, memory, looks at the books. The others are answered all the same."""

from __future__ import annotations

import asyncio
import gc
import http.client
import select
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from urllib.parse import urlencode

import pytest
from starlette.types import ASGIApp, Message

from centre import account_desk, sessions
from centre.account_desk import AccountChange
from centre.accounts import Account, Role
from centre.books import BUSY_S
from centre.console import app, bodies, live, server
from centre.console.bodies import Bodies
from centre.console.exports import IN_ALL, OF_ONE, Exports
from centre.errors import CentreError
from centre.folder import Oidc
from centre.schema_record import acts
from centre.single_sign_on import AT_ONCE, SignOn
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.console.browser import PASSWORD
from tests.centre.console.conftest import WebDesk
from tests.centre.console.running import FORM, connected, head, piece, rest, running
from tests.centre.console.test_served import Client
from tests.centre.unit import SITE
from tests.waiting import eventually

pytestmark = pytest.mark.slow
OTHER = "127.0.0.2"
"""Somebody else's address."""


class Served:
    """A console that is served, and people at it."""

    def __init__(self, desk: Desk, port: int) -> None:
        self.desk, self.port = desk, port

    def person(self, name: str, source: str = "127.0.0.1", role: Role = Role.ADMINISTRATOR) -> Client:
        """A new account, signed in."""
        made = Account(name, name, role, Scope("site", SITE))
        account_desk.add(self.desk.office, made, "test", time.time())
        client = Client(self.port, source=source)
        client.come_in(self.desk, name)
        return client

    def open_line(self, client: Client) -> http.client.HTTPResponse:
        connection = client.connection()
        connection.request("GET", "/live", headers=client.head())
        return connection.getresponse()


@pytest.fixture
def served(desk: Desk) -> Iterator[Served]:
    with running(desk) as (port, _server):
        yield Served(desk, port)


def as_sent(client: Client, *more: str) -> list[str]:
    return [f"{name}: {value}" for name, value in client.head().items()] + list(more)


def form_token(client: Client) -> str:
    text = client.ask("/account").read().decode()
    return text.partition('name="csrf" content="')[2].partition('"')[0]


# --- open lines


@ONE_ENGINE
def test_one_account_holds_so_many_lines_and_no_more(served: Served) -> None:
    """A thousand tries, from two browsers of one account; another's page is told of what changed meanwhile."""
    greedy = served.person("greedy")
    again = Client(served.port)
    assert again.send("/sign-in", {"name": "greedy", "password": PASSWORD}).status == 303
    other = served.person("other", OTHER)
    held, told = [], set()
    for number in range(1000):
        answer = served.open_line(greedy if number % 2 else again)
        if answer.status == 200:
            held.append(answer)
        else:
            told.add((answer.status, answer.headers["retry-after"], answer.read().decode()))
    assert len(held) == live.MOST_OF_ONE
    assert told == {(503, "30", "too many pages of your account are open: close some")}
    line = served.open_line(other)
    assert line.status == 200
    served.desk.unit("b12-u2")
    assert next(each for each in line if each.startswith(b'data: ["'))
    held.pop().close()
    eventually(lambda: served.open_line(greedy).status == 200, 20)
    for each in (*held, line):
        each.close()


ENDS: dict[str, Callable[[Desk, Client], object]] = {
    "disabled": lambda desk, _client: account_desk.disable(desk.office, "li", "test", time.time()),
    "another role": lambda desk, _client: account_desk.change(
        desk.office, "li", AccountChange(role=Role.VIEWER), "test", time.time()
    ),
    "ended": lambda desk, _client: sessions.end(desk.books, "li", "test", time.time()),
    "signed out": lambda _desk, client: client.send("/sign-out", {}).read(),
    "another password": lambda _desk, client: client.send(
        "/account/password", {"old": PASSWORD, "password": f"{PASSWORD} 2", "again": f"{PASSWORD} 2"}
    ).read(),
}


@ONE_ENGINE
@pytest.mark.parametrize("how", ENDS)
def test_an_open_line_ends_with_what_its_person_may(served: Served, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "PING_S", 600)  # a line that does not end says nothing, and is waited for in vain
    li, other = served.person("li"), served.person("other")
    line, others = served.open_line(li), served.open_line(other)
    assert line.status == others.status == 200
    ENDS[how](served.desk, li)
    assert b"event: ready" in line.read()  # to its end, which comes
    served.desk.unit("b12-u2")
    assert next(each for each in others if b"units" in each)
    others.close()


# --- threads


@ONE_ENGINE
def test_who_is_slow_at_one_address_leaves_threads_for_the_others(served: Served) -> None:
    """Sixty who wait for the books, which somebody holds; it is so from the first to the last."""
    li, other = served.person("li"), served.person("other", OTHER)
    body = urlencode({"csrftoken": form_token(li), "language": "en"}).encode()
    more = as_sent(li, FORM, f"Content-Length: {len(body)}")
    with closing(sqlite3.connect(served.desk.path / "books.db", isolation_level=None)) as writer, ExitStack() as stack:
        writer.execute("BEGIN IMMEDIATE")
        lines = [stack.enter_context(closing(connected(served.port))) for _ in range(60)]
        for line in lines:
            line.sendall(head(served.port, "POST", "/language", *more) + body)
        for _ in range(5):
            began = time.monotonic()
            assert other.ask("/account").status == 200
            assert time.monotonic() - began < BUSY_S / 4
        writer.execute("ROLLBACK")
        assert {piece(line)[:12] for line in lines} == {b"HTTP/1.1 303"}


@ONE_ENGINE
def test_a_provider_that_says_nothing_holds_few_threads(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("centre.single_sign_on.WAIT_S", 2.0)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        sign_on = SignOn(Oidc(f"http://127.0.0.1:{silent.getsockname()[1]}", "doorward"), None)
        faults: list[str] = []

        def ask() -> None:
            with pytest.raises(CentreError) as caught:
                sign_on.ask("https://doors.example/back")
            faults.append(str(caught.value))

        waiting = [threading.Thread(target=ask) for _ in range(AT_ONCE)]
        for each in waiting:
            each.start()
        eventually(lambda: sign_on._room._value == 0)  # type: ignore[attr-defined]
        began = time.monotonic()
        ask()
        assert time.monotonic() - began < 1.0
        assert faults == ["others are signing in there: try again in a moment"]
        for each in waiting:
            each.join()
        assert all("cannot be reached" in fault for fault in faults[1:])


# --- connections


@ONE_ENGINE
def test_one_address_holds_so_many_connections(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONNECTIONS_OF_ONE", 10)
    with running(desk) as (port, made), ExitStack() as stack:
        lines = [stack.enter_context(closing(connected(port))) for _ in range(30)]
        eventually(lambda: len(made.server_state.connections) == 10)
        assert sum(_is_open(line) for line in lines) == 10
        with closing(connected(port, OTHER)) as other:
            other.sendall(head(port, "GET", "/sign-in", "Connection: close"))
            assert rest(other).startswith(b"HTTP/1.1 200")


def _is_open(line: socket.socket) -> bool:
    line.settimeout(0.05)
    try:
        return bool(line.recv(1))
    except TimeoutError:
        return True
    except ConnectionResetError:
        return False


# --- what is sent


@ONE_ENGINE
def test_one_account_fills_no_memory(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A viewer, who may do nothing with what is sent."""
    monkeypatch.setattr(bodies, "OF_ONE", 300_000)
    with running(desk) as (port, _server), ExitStack() as stack:
        viewer = Served(desk, port).person("viewer", role=Role.VIEWER)
        asked = head(
            port,
            "POST",
            "/api/v1/notices",
            *as_sent(viewer, "Content-Type: application/json", "Content-Length: 250000"),
        )
        first, second = (stack.enter_context(closing(connected(port))) for _ in range(2))
        first.sendall(asked + b" " * 200_000)
        time_s = time.monotonic()
        second.sendall(asked + b" " * 200_000)
        first.settimeout(20)
        answer = _first_of(first, second)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"too much at once" in answer
        assert time.monotonic() - time_s < 10


def _first_of(*lines: socket.socket) -> bytes:
    """What one of them is answered."""
    ready, _w, _x = select.select(lines, [], [], 10)
    return b"".join(rest(each) for each in ready)


def test_room_is_given_back_and_others_have_theirs() -> None:
    every = Bodies()
    with every.one() as mine, every.one() as another, every.one() as theirs:
        assert mine.holds("li", bodies.OF_ONE)
        assert not another.holds("li", 1)
        assert theirs.holds("wang", bodies.OF_ONE)
    with every.one() as mine:
        assert mine.holds("li", bodies.OF_ONE - 1)
        assert mine.holds("li", bodies.OF_ONE)
        assert not mine.holds("li", bodies.OF_ONE + 1)
    with ExitStack() as stack:
        many = [stack.enter_context(every.one()).holds(str(number), bodies.OF_ONE) for number in range(8)]
    assert many == [True] * 4 + [False] * 4


@ONE_ENGINE
@pytest.mark.parametrize("path", ["/api/v1/notice-templates", "/notices/new"])
def test_who_is_disabled_while_they_send_does_nothing_any_more(served: Served, path: str) -> None:
    li = served.person("li", role=Role.OPERATOR)
    token = form_token(li)
    if path.startswith("/api"):
        kind, body = "application/json", b'{"name": "n", "title": "t"}'
    else:
        kind, body = "application/x-www-form-urlencoded", b"title=t&scope=site%2Fbadahu&csrftoken=" + token.encode()
    more = as_sent(
        li, f"Content-Type: {kind}", f"Content-Length: {len(body)}", f"X-CSRFToken: {token}", "Connection: close"
    )
    with closing(connected(served.port)) as line:
        line.sendall(head(served.port, "POST", path, *more) + body[:10])
        served.desk.unit("b12-u2")  # so that it is under way
        account_desk.disable(served.desk.office, "li", "test", time.time())
        line.sendall(body[10:])
        answer = rest(line)
    assert answer.startswith((b"HTTP/1.1 401", b"HTTP/1.1 303"))
    assert b"/sign-in" in answer or b"nobody is signed in" in answer


# --- downloads


class SlowReader:
    """Asks the application for a download, takes the first bytes of it, and then none until `go_on`."""

    def __init__(self, application: ASGIApp, path: str) -> None:
        self._app, self._path = application, path
        self.status, self.body = 0, b""
        self._may_go_on = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._ask()))
        self._thread.start()
        eventually(lambda: self.body, 20)

    async def _ask(self) -> None:
        headers = [(b"host", b"127.0.0.1:8080"), (b"accept-language", b"en")]
        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http"}
        scope |= {"path": self._path, "raw_path": self._path.encode(), "root_path": "", "query_string": b""}
        scope |= {"headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8080), "state": {}}
        asked: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Message:
            if asked:
                return asked.pop()
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            else:
                self.body += message["body"]
                await asyncio.to_thread(self._may_go_on.wait, 30)

        await self._app(scope, receive, send)

    def go_on(self) -> bytes:
        self._may_go_on.set()
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.body


def test_an_export_that_is_read_slowly_holds_no_look_at_the_books(sqlite_desk: Desk) -> None:
    """What is written meanwhile finds its way from the log into the file of the books, and so the log stays small."""
    web = WebDesk(sqlite_desk)
    reader = SlowReader(web.client.app, "/record/export")
    then = web.desk.count(acts)
    try:
        web.desk.unit("b12-u2")
        eventually(lambda: _is_log_emptied(web.desk), 10)
    finally:
        whole = reader.go_on()
    assert [each for each in whole.splitlines() if each.startswith(b'{"record"')]
    assert whole.count(b'{"act"') == then < web.desk.count(acts), "as the books were when it began"


def _is_log_emptied(desk: Desk) -> bool:
    with closing(sqlite3.connect(desk.path / "books.db", timeout=0)) as conn:
        busy, _log, _done = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return bool(busy == 0)


@pytest.mark.parametrize("path", ["/record/export", "/record/facts.csv"])
def test_a_third_download_at_once_is_told_to_wait(sqlite_desk: Desk, path: str) -> None:
    web = WebDesk(sqlite_desk)
    readers = [SlowReader(web.client.app, path) for _ in range(OF_ONE)]
    try:
        before = web.desk.count(acts)
        assert "two downloads of yours are on their way" in web.get(path, 400).text
        assert web.desk.count(acts) == before, "nothing was handed out, and nothing is said to have been"
    finally:
        for each in readers:
            each.go_on()
    eventually(lambda: gc.collect() >= 0 and web.client.get(path).status_code == 200)


def test_so_many_downloads_of_one_person_and_of_all() -> None:
    exports = Exports()
    mine = [exports.begin("li", iter([b"a", b"b"])) for _ in range(OF_ONE)]
    with pytest.raises(CentreError, match="two downloads of yours"):
        exports.begin("li", iter([b""]))
    others = [exports.begin(f"p{number}", iter([b""])) for number in range(IN_ALL - OF_ONE)]
    with pytest.raises(CentreError, match="others are downloading"):
        exports.begin("wang", iter([b""]))
    assert list(mine[0]) == [b"a", b"b"]
    mine.clear()
    others.clear()
    gc.collect()
    assert exports.begin("li", iter([b""])).who == "li"
