"""What every request passes, whoever sends it."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from centre.console import app
from centre.console.desk import Options
from centre.console.guard import MAX_BODY
from centre.console.whose import whose
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.console.conftest import ORIGIN, WebDesk

pytestmark = ONE_ENGINE


def test_a_page_loads_and_runs_nothing_but_ours(web: WebDesk) -> None:
    policy = web.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_nobody_signed_in_is_sent_to_sign_in_and_back(web: WebDesk) -> None:
    web.account = None
    assert web.get("/", 303).headers["location"] == "/sign-in?to=/"
    assert web.client.get("/live").status_code == 401


@pytest.mark.parametrize("host", ["doors.example", "127.0.0.1:8081", "", "localhost.evil.example:8080"])
def test_another_hosts_name_is_not_ours(web: WebDesk, host: str) -> None:
    web.get("/", 421, headers={"host": host})


def test_what_is_posted_from_elsewhere_is_refused(web: WebDesk) -> None:
    answer = web.client.post("/sign-out", headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


def test_too_much_is_refused_before_it_is_read(web: WebDesk) -> None:
    answer = web.client.post("/sign-out", headers={"content-length": str(MAX_BODY + 1)}, content=b"")
    assert answer.status_code == 413


def test_the_language_is_the_readers(web: WebDesk) -> None:
    assert 'lang="zh-CN"' in web.get("/", headers={"accept-language": "zh-TW,zh;q=0.9"}).text
    web.client.cookies.set("language", "en")
    assert 'lang="en"' in web.get("/", headers={"accept-language": "zh"}).text


def test_a_fault_of_ours_is_in_the_log_and_nowhere_else(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line each, which no terminal obeys; of a one-time link nothing."""
    said: list[str] = []
    secret, broken = "/invitation/0123456789abcdef.secret", "disk \x1b[31m\n12:00:00 all is well"

    def fail(*_given: object) -> None:
        raise RuntimeError(broken)

    monkeypatch.setattr("centre.invitations.look", fail)
    made = app.make(desk.office, Options(), whose, said.append)
    client = TestClient(made, base_url=ORIGIN, raise_server_exceptions=False)
    answer = client.get(secret)
    assert answer.status_code == 500
    assert "disk" not in answer.text
    assert said[0] == "a fault of the console at GET /invitation:"
    assert any("RuntimeError: disk \\x1b[31m" in line for line in said)
    assert not any("secret" in line or "\x1b" in line or "\n" in line for line in said)
    assert all(line.isprintable() for line in said)
