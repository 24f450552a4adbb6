"""What every request passes, whoever sends it."""

from __future__ import annotations

import pytest

from centre.console.guard import MAX_BODY
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk

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
