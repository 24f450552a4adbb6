"""What stands around every page, and what is said where there is none."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from centre import acknowledgements
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import ORIGIN, WebDesk

pytestmark = ONE_ENGINE


def test_the_frame_names_the_page_the_person_and_the_way_past_it(web: WebDesk) -> None:
    text = web.get("/").text
    assert '<html lang="en"' in text
    assert '<a class="skip" href="#content">' in text
    assert '<a href="/" aria-current="page">' in text
    assert "张敏" in text


def test_a_fragment_is_the_content_alone(web: WebDesk) -> None:
    text = web.get("/", headers={"x-fragment": "1"}).text
    assert '<div id="content" data-title="Overview">' in text
    assert "<nav" not in text
    assert "<html" not in text


def test_a_file_asked_for_by_its_mark_is_kept_for_good(web: WebDesk) -> None:
    address = re.search(r'"(/static/console\.css\?v=[0-9a-f]{8})"', web.get("/").text)
    assert address
    assert "immutable" in web.get(address[1]).headers["cache-control"]
    plain = web.get("/static/fragment.js")
    assert plain.headers["cache-control"] == "no-cache"
    assert web.client.get("/static/fragment.js", headers={"if-none-match": plain.headers["etag"]}).status_code == 304


def test_no_page_is_said_in_words(web: WebDesk) -> None:
    assert "There is no page at this address" in web.get("/nowhere", 404).text
    web.account = None
    assert "There is no page at this address" in web.get("/nowhere", 404).text
    assert web.get("/api/v1/nowhere", 404).json() == {"problem": "nothing at this address", "field": None}
    web.get("/static/../app.py", 404)
    web.get("/static/%2e%2e/app.py", 404)


def test_a_fault_of_ours_shows_nothing_of_it(web: WebDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_centre: object) -> list[object]:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(acknowledgements, "listed", broken)
    app = web.client.app
    with TestClient(app, base_url=ORIGIN, raise_server_exceptions=False) as client:
        answer = client.get("/", headers={"accept-language": "en"})
    assert answer.status_code == 500
    assert "Something went wrong at the centre" in answer.text
    assert "secret" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_language_is_chosen_and_kept(web: WebDesk) -> None:
    answer = web.post("/language", language="zh-CN", back="/?x=1")
    assert answer.headers["location"] == "/?x=1"
    assert 'lang="zh-CN"' in web.get("/").text
    web.post("/language", 400, language="xx")
    assert 'lang="zh-CN"' in web.get("/").text
