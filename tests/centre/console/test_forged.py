"""What somebody's browser is made to send by a page elsewhere, and addresses that lead elsewhere: every form and call that is declared, as an administrator's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from centre.accounts import Role
from centre.console import calls as _declared  # noqa: F401  # so that all calls are known
from centre.console import pages
from centre.console.call import CALLS
from centre.console.page import own_path
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.browser import Console
from tests.centre.console.conftest import ORIGIN, WebDesk
from tests.centre.console.test_matrix import body, filled, marks, other

__all__ = ["other"]
pytestmark = [ONE_ENGINE, pytest.mark.slow, pytest.mark.usefixtures("listening")]
FORGED: dict[str, dict[str, str]] = {
    "another site": {"origin": "https://evil.example"},
    "a likeness": {"origin": f"{ORIGIN}.evil.example"},
    "another port of this machine": {"origin": "http://127.0.0.1:8081"},
    "over TLS": {"origin": "https://127.0.0.1:8080"},
    "a sandbox": {"origin": "null"},
    "nothing": {"origin": ""},
    "another site, whose browser tells no origin": {"sec-fetch-site": "cross-site"},
    "another port, whose browser tells no origin": {"sec-fetch-site": "same-site"},
    "both": {"origin": ORIGIN, "sec-fetch-site": "cross-site"},
}
"""Said by a browser that is made to send something; our own form's token is with it, so that only this stands in the way."""
ELSEWHERE = (
    "//evil.example",
    "///evil.example",
    "https://evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\r\nlocation: https://evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    "/%0d%0a/evil",
)


def posts() -> Iterator[str]:
    for page in pages.ALL:
        yield from (path for method, path in page.needs if method == "POST")


def form(other: dict[str, Any], **more: str) -> dict[str, str]:
    return {name: str(value) for name, value in other.items()} | more


@pytest.mark.parametrize("forged", FORGED)
def test_what_a_page_elsewhere_sends_is_refused(web: WebDesk, other: dict[str, Any], forged: str) -> None:
    token, before = web.token, marks(web)
    for path in posts():
        answer = web.client.post(filled(path, other), data=form(other, csrftoken=token), headers=FORGED[forged])
        assert (answer.status_code, "another site" in answer.text) == (403, True), path
    for each in CALLS:
        if each.method != "GET":
            headers = {"x-csrftoken": token, **FORGED[forged]}
            answer = web.client.request(
                each.method, f"/api/v1{filled(each.path, other)}", json=body(each, other), headers=headers
            )
            assert (answer.status_code, "another site" in answer.text) == (403, True), each.name
    assert marks(web) == before


@pytest.mark.parametrize("token", [None, "", "invented", "another session's"])
def test_without_this_sessions_token_nothing_is_done(web: WebDesk, other: dict[str, Any], token: str | None) -> None:
    """By a form, by a call, and by a form that is made to look like a call."""
    assert web.token
    before = marks(web)
    if token == "another session's":
        token = Console(web.desk).browser().token()
        assert token
    sent = form(other) | ({} if token is None else {"csrftoken": token})
    headers = {} if token is None else {"x-csrftoken": token}
    for path in posts():
        assert web.client.post(filled(path, other), data=sent).status_code == 403, path
        assert web.client.post(filled(path, other), data=sent, headers=headers).status_code == 403, path
    for each in CALLS:
        if each.method != "GET":
            path = f"/api/v1{filled(each.path, other)}"
            answer = web.client.request(each.method, path, json=body(each, other), headers=headers)
            assert answer.status_code == 403, each.name
            assert web.client.request(each.method, path, data=sent, headers=headers).status_code == 403, each.name
    assert marks(web) == before


@pytest.mark.parametrize("kind", ["text/plain", "text/plain; application/json", "application/xml", "multipart/mixed"])
def test_what_a_form_elsewhere_could_send_without_asking_is_no_call(
    web: WebDesk, other: dict[str, Any], kind: str
) -> None:
    headers, before = {"x-csrftoken": web.token, "content-type": kind}, marks(web)
    for each in CALLS:
        if each.method != "GET":
            sent = msgspec.json.encode(body(each, other))
            path = f"/api/v1{filled(each.path, other)}"
            assert web.client.request(each.method, path, content=sent, headers=headers).status_code == 415, each.name
    assert marks(web) == before


def test_what_is_posted_is_not_done_by_an_address_alone(web: WebDesk, other: dict[str, Any]) -> None:
    """An image elsewhere, whose address is ours."""
    token, before = web.token, marks(web)
    gets = {path for page in pages.ALL for method, path in page.needs if method == "GET"}
    for path in posts():
        for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"):
            if method in ("GET", "HEAD") and path in gets:
                continue
            params = form(other, csrftoken=token, _method="POST")
            headers = {"x-http-method-override": "POST", "x-method-override": "POST"}
            answer = web.client.request(method, filled(path, other), params=params, headers=headers)
            # an address that is a page's of another name, such as /people/{holder}, is that page
            assert answer.status_code in (200, 303, 403, 404, 405, 410), (method, path, answer.status_code)
    assert marks(web) == before


@pytest.mark.parametrize("to", ELSEWHERE)
def test_no_address_leads_elsewhere(web: WebDesk, other: dict[str, Any], to: str) -> None:
    """Wherever one is sent on to, it is a page of ours."""
    assert own_path(to) == ("/" if to != "/%0d%0a/evil" else to)
    web.become(Role.VIEWER)
    token = web.token
    for path in posts():
        sent = form(other, csrftoken=token, back=to, to=to, next=to, url=to, place=to)
        answer = web.client.post(filled(path, other), data=sent, params={"to": to, "back": to, "next": to})
        assert is_ours(answer.headers.get("location", "/")), (path, answer.headers["location"])
        assert not links_elsewhere(answer.text), path
    web.account = None
    for page in pages.ALL:
        for method, path in page.needs:
            if method == "GET":
                answer = web.client.get(filled(path, other), params={"to": to, "back": to, "next": to})
                assert is_ours(answer.headers.get("location", "/")), (path, answer.headers["location"])
                assert not links_elsewhere(answer.text), path


def is_ours(location: str) -> bool:
    return re.match(r"/(?![/\\])", location) is not None and location.isprintable()


def links_elsewhere(page: str) -> list[str]:
    """Addresses of a page, but for those behind a mark, that are none of ours."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            for name, value in attrs:
                if name in {"href", "src", "action", "formaction", "data-from"} and value and not value.startswith("#"):
                    found.extend([] if is_ours(value) else [value])

    Reader().feed(page)
    return found


@pytest.mark.usefixtures("fresh")
def test_a_reader_of_pages_that_sees_what_leads_elsewhere() -> None:
    assert links_elsewhere('<a href="//evil.example">x</a><form action="/ours"><a href="#f-to">') == ["//evil.example"]
