"""The centre's figures as Prometheus reads them: taken apart by its own parser, about no person, and nobody who asks holds up `serve`."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from centre import certificates, metrics, metrics_server
from centre.figures import BookFigures, FigureReader, certificate_ends
from centre.intake import InboundMessage
from centre.metrics import Serving, Snapshot
from centre.metrics_server import MetricsServer, MetricsText
from contract.messages import Kind
from contract.plain import build_will
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.site import Site
from tests.centre.test_serve import Process
from tests.centre.unit import SITE
from tests.waiting import eventually

WELL = Serving(SITE, facts_up=True, urgent_up=True, books_ok=True, leads=True)
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Samples:
    families = text_string_to_metric_families(text)
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((f"doorward_centre_{name}", frozenset(labels.items())))


@pytest.fixture
def reader(desk: Desk) -> FigureReader:
    return FigureReader(desk.office.folder, SITE, desk.books)


def told(reader: FigureReader, now: float = 1_790_000_100.0) -> Samples:
    return parsed(metrics.text(Snapshot("1.2.3", WELL, now, reader.read(now))))


def test_its_own_parser_reads_what_the_books_say(desk: Desk, reader: FigureReader) -> None:
    first, second = desk.unit("a", "yard/y07"), desk.unit("b")
    desk.unit("c", enrolled=False)
    first.fact("door.forced", 2, door="main", by="h1")
    desk.take(first.batch(), first.status(backlog=7), second.status(backlog=0))
    put(desk, "n1", "yard/y07")
    found = told(reader)
    assert value(found, "info", site=SITE, version="1.2.3") == 1
    assert [value(found, "units", state=each) for each in ("online", "offline", "waiting")] == [2, 0, 1]
    assert (value(found, "unit_online", unit="a"), value(found, "unit_online", unit="c")) == (1, None)
    assert [value(found, "unit_facts_unconfirmed", unit=each) for each in "abc"] == [7, 0, None]
    assert value(found, "unit_heard_time_seconds", unit="a") == desk.now
    assert value(found, "alarms_open", kind="door.forced") == 2
    assert value(found, "facts_taken_total") == 2
    size = value(found, "books_bytes")
    assert size is not None
    assert size > 10_000
    desk.run("alarms", "ack", "1", "2", "--why", "x")
    desk.take(first.message("status", build_will("s1")))
    after = told(reader)
    assert value(after, "alarms_open", kind="door.forced") is None
    assert [value(after, "units", state=each) for each in ("online", "offline", "waiting")] == [1, 1, 1]


def put(desk: Desk, name: str, scope: str) -> int:
    """A notice; its revision."""
    desk.run("notice", "put", "--scope", scope, "--title", "停水", "--text", "明天", "--id", name, "--yes")
    return desk.rev(Kind.NOTICE, scope, name)


def test_a_notice_that_climbs_and_one_that_is_down(desk: Desk, reader: FigureReader) -> None:
    here, there = desk.unit("a", "yard/y07"), desk.unit("b")
    desk.unit("c", "yard/y07")
    rev = put(desk, "n1", "yard/y07")
    for unit in (here, there):  # one of them is not in its scope, or no more
        unit.fact("notice.received", scope="yard/y07", id="n1", rev=rev)
        unit.fact("notice.shown", scope="yard/y07", id="n1", rev=rev)
        desk.take(unit.batch())
    stages = ("wanted", "received", "shown")
    assert [value(told(reader), "notice_units", notice="n1", stage=each) for each in stages] == [2, 1, 1]
    desk.run("notice", "withdraw", "n1")
    assert value(told(reader), "notice_units", notice="n1", stage="wanted") is None


def test_what_did_not_hold_and_what_a_hook_has_not_taken(desk: Desk, reader: FigureReader) -> None:
    desk.run("hook", "add", "https://x.example/?key=secret", "--kind", "door")
    unit = desk.unit("a")
    unit.fact("door.forced", door="main")
    desk.take(unit.batch(), InboundMessage(f"doorward/1/{SITE}/up/a/facts", b"rubbish"), unit.message("enrol", b"x"))
    text = metrics.text(Snapshot("1", WELL, 1.0, reader.read(1_790_000_000.0)))
    found = parsed(text)
    assert value(found, "hook_alarms_waiting", hook="1") == 1
    refused = {dict(labels)["topic"]: count for (name, labels), count in found.items() if "refused" in name}
    assert refused == {"facts": 1, "enrol": 1}
    assert "secret" not in text


@ONE_ENGINE
def test_nothing_in_it_is_about_a_person_or_secret(desk: Desk, reader: FigureReader) -> None:
    unit = desk.unit("a")
    unit.fact("access.duress", door="main", by="wang-li-301", via="card", camera="cam7")
    unit.fact("care.silent", holder="old-zhao", room="301")
    desk.take(unit.batch(), unit.status(login="login-7", name="12号楼"))
    text = metrics.text(Snapshot("1", WELL, 1.0, reader.read(1_790_000_000.0)))
    for secret in ("wang-li", "cam7", "old-zhao", "301", "login-7", "12号楼"):
        assert secret not in text


def test_names_are_as_prometheus_wants_them_and_the_page_asks_for_those_there_are(
    desk: Desk, reader: FigureReader
) -> None:
    for metric in metrics.METRICS:
        assert re.fullmatch(r"doorward_centre_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.type == "counter")
        assert "_".join(metric.name.split("_")[-2:]) != "time_seconds" or "since 1970" in metric.words
    page = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    asked = set(re.findall(r"\bdoorward_centre_[a-z_]+", page)) - {"doorward_centre_online"}  # a unit's
    assert asked == {metric.name for metric in metrics.METRICS}
    unit = desk.unit("a")
    desk.take(unit.status())
    families = {
        each.name: each
        for each in text_string_to_metric_families(metrics.text(Snapshot("1", WELL, 1.0, reader.read(1.0))))
    }
    told_of = [each for each in metrics.METRICS if each.name.removesuffix("_total") in families]
    assert len(told_of) >= 10
    for metric in told_of:
        family = families[metric.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (metric.type, metric.words)


def test_books_that_cannot_be_read_have_no_samples_and_a_link_that_is_down_says_so() -> None:
    down = Serving(SITE, facts_up=False, urgent_up=True, books_ok=True, leads=False)
    found = parsed(metrics.text(Snapshot("1", down, None, None)))
    assert {name for name, _ in found} == {
        f"doorward_centre_{name}" for name in ("info", "broker_up", "books_ok", "leads")
    }
    assert value(found, "books_ok") == 0
    assert (value(found, "broker_up", connection="facts"), value(found, "broker_up", connection="urgent")) == (0, 1)


@ONE_ENGINE
def test_when_certificates_end(desk: Desk) -> None:
    folder = desk.office.folder
    assert certificate_ends(folder) == {}
    folder.tls.mkdir()
    certificates.make_ca(folder.tls, SITE)
    (folder.files).mkdir()
    (folder.files / "server.pem").write_text("no certificate")
    ends = certificate_ends(folder)
    assert list(ends) == ["ca"]
    assert ends["ca"] > time.time() + 300 * 86_400


# --- who asks


class Counting(FigureReader):
    reads = 0

    def read(self, now: float) -> BookFigures:
        self.reads += 1
        return super().read(now)


@pytest.fixture
def asked(desk: Desk) -> Iterator[tuple[MetricsServer, Counting]]:
    reader = Counting(desk.office.folder, SITE, desk.books)
    server = MetricsServer("127.0.0.1", 0, MetricsText(reader, lambda: WELL))
    server.start()
    yield server, reader
    server.stop()


def get(port: int, path: str = "/metrics", method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


@ONE_ENGINE
def test_it_hands_out_its_page_and_nothing_else(asked: tuple[MetricsServer, Counting]) -> None:
    server, reader = asked
    status, text = get(server.server_port)
    assert status == 200
    assert value(parsed(text), "books_ok") == 1
    assert [get(server.server_port, path)[0] for path in ("/", "/metrics/", "/../centre.json", "/metrics%00")] == [
        404
    ] * 4
    assert get(server.server_port, method="POST")[0] == 501
    for _ in range(20):
        get(server.server_port)
    assert reader.reads == 1, "the books are not read for each who asks"


@ONE_ENGINE
def test_who_is_slow_is_cut_off_and_the_rest_is_answered(
    asked: tuple[MetricsServer, Counting], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_server, "LIMIT_S", 0.3)
    server, _ = asked
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", server.server_port))) for _ in range(30)]
        for each in slow[:15]:
            each.sendall(b"GET /met")
        begun = time.monotonic()
        eventually(lambda: answers(server.server_port), 10.0)
        assert time.monotonic() - begun < 5
        for each in slow:
            each.settimeout(5)
            with suppress(ConnectionError):
                while each.recv(4096):
                    pass  # until it is closed


def answers(port: int) -> bool:
    try:
        return get(port)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


@ONE_ENGINE
def test_rubbish_ends_nothing(asked: tuple[MetricsServer, Counting]) -> None:
    server, _ = asked
    for rubbish in (b"\x00" * 70_000, b"GET\r\n\r\n", b"\x16\x03\x01", b"GET /metrics HTTP/9.9\r\n\r\n", b""):
        with socket.create_connection(("127.0.0.1", server.server_port)) as each, suppress(ConnectionError):
            each.sendall(rubbish)
            each.shutdown(socket.SHUT_WR)
            each.settimeout(5)
            each.recv(4096)
    assert get(server.server_port)[0] == 200


# --- serve


@pytest.mark.slow
def test_serve_tells_of_itself_and_of_a_broker_that_goes(site: Site) -> None:
    process = Process(site.desk.path, "--metrics", "0")
    try:
        found = re.search(r"metrics at http://127.0.0.1:(\d+)/metrics", process.log.read_text())
        assert found is not None
        port = int(found[1])
        unit, wire = site.unit()
        wire.send(unit.status(backlog=3))
        eventually(lambda: value(parsed(get(port)[1]), "broker_up", connection="urgent") == 1)
        first = parsed(get(port)[1])
        assert value(first, "broker_up", connection="facts") == 1
        assert (value(first, "books_ok"), value(first, "leads")) == (1, 1)
        site.broker.kill()
        eventually(lambda: value(parsed(get(port)[1]), "broker_up", connection="facts") == 0, 10.0)
        assert value(parsed(get(port)[1]), "books_ok") == 1
    finally:
        assert process.end(signal.SIGTERM) == 0
    assert "Traceback" not in process.log.read_text()


@ONE_ENGINE
def test_an_address_that_is_none_or_taken_gets_one_line(desk: Desk) -> None:
    assert "--metrics x:y: not HOST:PORT" in desk.run("serve", "--metrics", "x:y", code=2).stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        assert f"{where}: Address already in use" in desk.run("serve", "--metrics", where, code=69).stderr
