"""Alarms reach programs elsewhere: signed as others' libraries check it, in order, at least once, whoever is away, slow or hostile meanwhile."""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from standardwebhooks import Webhook, WebhookVerificationError

from centre import certificates, hook_post, hooks, schema, web_hooks
from centre.books import Books
from centre.errors import BadValueError
from centre.hook_post import headers_of
from centre.schema_hooks import hook_alarms
from centre.schema_hooks import hooks as table
from centre.web_hooks import WebHooks
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Desk, impatient
from tests.centre.receiver import Posted, Receiver
from tests.centre.site import Site
from tests.centre.unit import SITE
from tests.waiting import eventually


class Poster:
    """`serve`'s part for web hooks alone, turned by hand."""

    def __init__(self, desk: Desk) -> None:
        self.web = WebHooks(desk.books, SITE, lambda: None)
        self.said: list[str] = []

    def turn(self, *, leads: bool = True) -> bool:
        self.web.mark(self.said.append)
        self.web.offer(leads=leads)
        return True

    def until(self, predicate: Callable[[], Any]) -> None:
        eventually(lambda: self.turn() and predicate())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_hooks, "LOOK_S", 0.0)
    monkeypatch.setattr(web_hooks, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(web_hooks, "LONGEST_WAIT_S", 0.05)


@pytest.fixture
def poster(desk: Desk) -> Iterator[Poster]:
    made = Poster(desk)
    yield made
    made.web.stop()


def add(desk: Desk, url: str, *args: str) -> tuple[int, str]:
    """Its number and secret."""
    told = desk.run("hook", "add", url, "--by", "wang", *args).stdout
    number, secret = re.fullmatch(r"hook (\d+): \S+\nsecret, shown this once: (\S+)\n", told).groups()  # type: ignore[union-attr]
    return int(number), secret


def raised(desk: Desk, *kinds: str, unit: str = "b12-u2", scopes: tuple[str, ...] = ()) -> None:
    made = desk.unit(unit, *scopes)
    for kind in kinds:
        made.fact(kind, door="main")
    desk.take(made.batch())


def listed(desk: Desk) -> list[dict[str, Any]]:
    return [json.loads(line) for line in desk.run("hook", "list", "--json").stdout.splitlines()]


def test_an_alarm_is_posted_and_the_signature_holds_by_a_library_we_did_not_write(desk: Desk, poster: Poster) -> None:
    with Receiver() as receiver:
        _, secret = add(desk, f"{receiver.url}?key=k1")
        raised(desk, "door.forced")
        poster.until(lambda: receiver.got)
        (posted,) = receiver.got
        assert posted.path == "/alarms?key=k1"
        value = Webhook(secret).verify(posted.body, dict(posted.headers))
        assert (value["type"], value["site"]) == ("alarm", SITE)
        assert (value["data"]["unit"], value["data"]["kind"], value["data"]["fact"]["door"]) == (
            "b12-u2",
            "door.forced",
            "main",
        )
        for body, headers in (
            (posted.body.replace(b"forced", b"opened"), dict(posted.headers)),
            (posted.body, dict(posted.headers) | {"webhook-id": "badahu.9.1"}),
            (posted.body, dict(posted.headers) | {"webhook-timestamp": str(int(time.time()) - 60)}),
        ):
            with pytest.raises(WebhookVerificationError):
                Webhook(secret).verify(body, headers)
        poster.until(lambda: listed(desk)[0]["taken"])
    assert listed(desk)[0]["waiting"] == 0


@ONE_ENGINE
def test_the_secret_is_told_once_and_is_in_no_list_no_act_and_no_line(desk: Desk, poster: Poster) -> None:
    _, secret = add(desk, "http://127.0.0.1:1/services/hidden?key=hidden")
    raised(desk, "door.forced")
    poster.until(lambda: poster.said)
    everything = desk.run("hook", "list").stdout + desk.run("hook", "list", "--json").stdout + "".join(poster.said)
    everything += desk.run("health", "--json", code=1).stdout
    everything += "".join(row.line.decode() for row in desk.rows(select(schema.metadata.tables["acts"])))
    assert "http://127.0.0.1:1/…" in everything
    assert "hidden" not in everything
    assert secret.removeprefix("whsec_") not in everything


def test_only_what_it_asked_for_and_only_from_now_on(desk: Desk, poster: Poster) -> None:
    raised(desk, "door.forced", unit="before")
    with Receiver() as every, Receiver() as some, Receiver() as yard:
        add(desk, every.url)
        add(desk, some.url, "--kind", "lock.fault", "--kind", "access")
        add(desk, yard.url, "--scope", "yard/y07", "--yes")
        raised(desk, "door.forced", "lock.fault", unit="a")
        raised(desk, "access.duress", unit="b", scopes=("yard/y07",))
        poster.until(lambda: len(every.got) == 3 and len(some.got) == 2 and len(yard.got) == 1)
    assert [each.value["data"]["kind"] for each in some.got] == ["lock.fault", "access.duress"]
    assert every.alarms == [2, 3, 4]
    assert yard.alarms == [4]


def test_what_was_not_taken_is_posted_again_in_order_over_a_restart(desk: Desk, poster: Poster) -> None:
    with Receiver(lambda n, _: 204 if n in (0, 1) or n > 6 else 503) as receiver:
        number, _ = add(desk, receiver.url)
        raised(desk, "door.forced", "lock.fault", "door.forced", "door.forced", "access.duress")
        poster.until(lambda: len(receiver.got) >= 5)
        assert set(receiver.alarms[2:5]) == {3}, "one is tried again, none overtakes it"
        assert len([line for line in poster.said if f"web hook {number}" in line]) == 1, "told once, not at each try"
        poster.web.stop()
        again = Poster(desk)
        again.until(lambda: receiver.alarms[-1:] == [5])
        again.until(lambda: listed(desk)[0]["waiting"] == 0)
        again.web.stop()
    taken = receiver.alarms
    assert sorted(set(taken)) == [1, 2, 3, 4, 5]
    assert taken == sorted(taken)
    ids = {each.alarm: each.headers["webhook-id"] for each in receiver.got}
    assert [ids[each.alarm] for each in receiver.got] == [each.headers["webhook-id"] for each in receiver.got]
    assert listed(desk)[0]["failing"] is None


def test_a_crash_before_it_is_written_down_posts_it_again_with_the_same_id(desk: Desk, poster: Poster) -> None:
    with Receiver() as receiver:
        add(desk, receiver.url)
        raised(desk, "door.forced")
        eventually(lambda: poster.web.offer(leads=True) or receiver.got)
        other = Poster(desk)  # the first never wrote it down
        other.until(lambda: len(receiver.got) == 2)
        other.web.stop()
    assert receiver.got[0].headers["webhook-id"] == receiver.got[1].headers["webhook-id"]


def test_what_was_taken_while_the_books_were_away_is_not_posted_again(sqlite_desk: Desk) -> None:
    poster = Poster(sqlite_desk)
    with Receiver() as receiver:
        add(sqlite_desk, receiver.url)
        raised(sqlite_desk, "door.forced", "lock.fault")
        poster.turn()
        eventually(lambda: len(receiver.got) == 2)
        other = Books(str(sqlite_desk.books.engine.url))
        impatient(sqlite_desk.books)
        with other.writing() as conn:
            conn.execute(update(table).values(by="li"))
            with pytest.raises(OperationalError):
                eventually(lambda: poster.web.mark(poster.said.append))
            with pytest.raises(OperationalError):
                poster.turn()
        other.close()
        poster.until(lambda: listed(sqlite_desk)[0]["waiting"] == 0)
        poster.web.stop()
    assert receiver.alarms == [1, 2]


def drips(handler: BaseHTTPRequestHandler) -> None:
    """Says one letter of its answer after the other, without end."""
    for _ in range(10_000):
        handler.wfile.write(b"H")
        handler.wfile.flush()
        time.sleep(0.05)


def test_a_dead_a_slow_and_a_hostile_receiver_hold_up_no_other(
    desk: Desk, poster: Poster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook_post, "LIMIT_S", 0.3)
    with Receiver() as well, Receiver(lambda *_: drips) as slow:
        add(desk, "http://127.0.0.1:1/nobody")
        add(desk, slow.url)
        add(desk, well.url)
        raised(desk, *["door.forced"] * 20)
        poster.until(lambda: len(well.got) == 20)
        assert well.alarms == list(range(1, 21))
        poster.until(lambda: any("cut off" in line for line in poster.said))
        poster.until(lambda: any("Connection refused" in line for line in poster.said))
        assert listed(desk)[0]["fault"] == "Connection refused"
        begun = time.monotonic()
        poster.web.stop()
        assert time.monotonic() - begun < 2
    assert set(slow.alarms) == {1}
    said = desk.run("health", code=1).stdout.splitlines()
    (finding,) = [each for each in said if "http://127.0.0.1:1/… takes no alarms" in each]
    assert "Connection refused" in finding


def test_a_redirect_is_not_followed(desk: Desk, poster: Poster) -> None:
    with Receiver() as inside, Receiver(lambda *_: (307, {"location": inside.url})) as receiver:
        number, _ = add(desk, receiver.url)
        raised(desk, "door.forced")
        poster.until(lambda: len(receiver.got) >= 3)
        assert "HTTP 307" in desk.run("hook", "test", str(number), code=69).stderr
    assert inside.got == []


def test_what_it_refuses_for_its_content_does_not_stand_before_the_rest_for_ever(desk: Desk, poster: Poster) -> None:
    def answer(_: int, posted: Posted) -> int:
        return 422 if posted.alarm == 2 else 200

    with Receiver(answer) as receiver:
        add(desk, receiver.url)
        raised(desk, *["door.forced"] * 4)
        poster.until(lambda: receiver.alarms[-1:] == [4])
        poster.until(lambda: listed(desk)[0]["waiting"] == 0)
    assert receiver.alarms == [1, *[2] * web_hooks.TRIES, 3, 4]
    assert listed(desk)[0]["passed"] == 1
    assert any("refuses alarm 2 (HTTP 422)" in line for line in poster.said)


def test_an_alarm_that_somebody_took_note_of_is_posted_no_more(desk: Desk, poster: Poster) -> None:
    with Receiver(lambda *_: 500) as receiver:
        add(desk, receiver.url)
        raised(desk, "door.forced", "lock.fault")
        poster.until(lambda: len(receiver.got) >= 3)
        desk.run("alarms", "ack", "1", "--why", "seen")
        poster.until(lambda: receiver.alarms[-1] == 2)


def test_a_hook_that_is_removed_gets_nothing_more_and_one_that_is_added_begins_at_once(
    desk: Desk, poster: Poster
) -> None:
    with Receiver() as first, Receiver() as second:
        number, _ = add(desk, first.url)
        poster.turn()
        desk.run("hook", "remove", str(number))
        add(desk, second.url)
        raised(desk, "door.forced")
        poster.until(lambda: second.got)
    assert first.got == []
    assert "7: no such hook" in desk.run("hook", "remove", "7", code=2).stderr
    with desk.books.alone() as conn:  # what was on its way to the one that is gone
        gone = hooks.Hook(number, first.url, frozenset(), Scope("site", SITE), "", 0, 1.0, "", None, None, None)
        hooks.note_done(conn, gone, [1], 1.0)
    assert desk.count(hook_alarms) <= 1


def test_only_the_serve_that_leads_posts(desk: Desk, poster: Poster) -> None:
    with Receiver() as receiver:
        add(desk, receiver.url)
        raised(desk, "door.forced")
        for _ in range(20):
            poster.turn(leads=False)
        assert receiver.got == []
        poster.until(lambda: receiver.got)


def test_books_forget_alarm_by_alarm_what_their_mark_says(desk: Desk, poster: Poster) -> None:
    with Receiver(lambda _, posted: 500 if posted.alarm == 5 else 204) as receiver:
        add(desk, receiver.url)
        raised(desk, *["door.forced"] * 6)
        poster.until(lambda: receiver.alarms[-1:] == [5])
        poster.until(lambda: desk.count(hook_alarms) == 4)
    with desk.books.alone() as conn:
        hooks.settle(conn, SITE, desk.now)
    assert desk.count(hook_alarms) == 4, "they are too new: an earlier number may yet come"
    with desk.books.alone() as conn:
        hooks.settle(conn, SITE, desk.now + hooks.SETTLED_S + 1)
    assert desk.count(hook_alarms) == 0
    assert desk.rows(select(table.c.after))[0][0] == 4
    assert listed(desk)[0]["waiting"] == 2


def test_a_certificate_that_does_not_hold_takes_no_alarm(desk: Desk, tmp_path: Path) -> None:
    ca = tmp_path / "ca"
    ca.mkdir()
    certificates.make_ca(ca, SITE)
    certificates.make_server(ca, ca, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca / "server.pem", ca / "server.key")
    with Receiver(tls=context) as receiver:
        number, _ = add(desk, f"https://127.0.0.1:{receiver.port}/x")
        assert "its certificate does not hold" in desk.run("hook", "test", str(number), code=69).stderr
        assert receiver.got == []


@ONE_ENGINE
def test_a_test_message_says_that_it_is_one(desk: Desk) -> None:
    with Receiver() as receiver:
        number, secret = add(desk, receiver.url)
        assert "took it" in desk.run("hook", "test", str(number)).stdout
        value = Webhook(secret).verify(receiver.got[0].body, dict(receiver.got[0].headers))
    assert value["type"] == "test"


@ONE_ENGINE
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://x/y", "not https://HOST"),
        ("https://", "not https://HOST"),
        ("https://x:99999/", "not https://HOST"),
        ("javascript:alert(1)", "not https://HOST"),
        ("file:///etc/passwd", "not https://HOST"),
        ("https://user:pass@x/", "no user name"),
        ("https://x/#a", "no # in it"),
        ("https://a..example/", "not https://HOST"),
        (f"https://{'a' * 64}.example/", "not https://HOST"),
        ("https://x/a b", "of ASCII"),
        ("https://x/\r\nhost: y", "of ASCII"),
        ("https://门.example/", "of ASCII"),
        ("https://x/" + "a" * 2000, "of ASCII"),
        ("http://10.0.0.1/x", "--plain"),
        ("http://localhost.example/x", "--plain"),
        ("http://127.0.0.1.example/x", "--plain"),
    ],
)
def test_an_address_that_is_none_gets_one_line(desk: Desk, url: str, said: str) -> None:
    stderr = desk.run("hook", "add", url, code=2).stderr
    assert said in stderr
    assert stderr.count("\n") == 1
    assert desk.count(table) == 0


@ONE_ENGINE
def test_what_else_is_refused(desk: Desk) -> None:
    assert "door.forcd: no kind of alarm; known: door.forced" in desk.run("hook", "add", "https://x/", "--kind", "door.forcd", code=2).stderr  # fmt: skip
    desk.run("hook", "add", "http://10.0.0.1/x", "--plain")
    for _ in range(hooks.MOST - 1):
        desk.run("hook", "add", "https://x/")
    assert "remove one" in desk.run("hook", "add", "https://x/", code=2).stderr
    with pytest.raises(BadValueError):
        hooks.checked_url("http://[::2]/", plain=False)
    hooks.checked_url("http://[::1]:80/", plain=False)


def test_the_signature_is_the_specifications_own_example() -> None:
    """Of the reference library: Webhook.sign."""
    from datetime import UTC, datetime

    secret, at, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1614265330, b'{"test": 2432232314}'
    made = headers_of(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", body, at)
    wanted = Webhook(secret).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(at, UTC), body.decode())
    assert made["webhook-signature"] == wanted == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.slow
def test_serve_posts_within_a_moment_and_is_not_held_up(site: Site) -> None:
    with Receiver(lambda *_: drips) as slow, Receiver() as receiver:
        add(site.desk, slow.url)
        add(site.desk, receiver.url)
        site.serve()
        unit, wire = site.unit()
        unit.fact("door.forced", door="main")
        wire.send(unit.alarm(1), unit.batch())
        eventually(lambda: receiver.got)
        site.confirmed(unit, wire, 1)
        site.stop()
    assert receiver.alarms == [1]
