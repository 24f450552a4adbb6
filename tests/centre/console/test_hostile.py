"""Hostile requests: addresses, numbers, JSON and forms that nobody in their right mind sends. None is a fault of ours, and none costs more than it is worth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from centre.accounts import Role
from centre.console import calls as _declared  # noqa: F401  # so that all calls are known
from centre.console import pages
from centre.console.call import CALLS
from centre.schema import facts
from tests.centre.console.conftest import WebDesk
from tests.centre.unit import SITE

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("listening")]
ODD = {
    "up": "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "nothing": "%00",
    "broken": "%ff%fe%ed%a0%80",
    "alike": "%D0%B1-u1%E2%80%AE",
    "wild": "%25_%25",
    "quoted": "'%20OR%201=1--",
    "long": "a" * 10_000,
    "digits": "9" * 6000,
    "number": "9223372036854775808",
}
"""Ways to fill a name in an address."""
NUMBERS = ("nan", "-inf", "1e308", "9223372036854775808", "9" * 5000, "-1", "0x10", "１２", "\0", "")
BODIES = {
    "deep list": b"[" * 100_000,
    "deep": b'{"a":' * 50_000,
    "number": b'{"alarms": [1' + b"0" * 400 + b"]}",
    "longer number": b"1" + b"0" * 5000,
    "surrogate": b'{"title": "\\ud800"}',
    "no text": b'{"title": "\xff"}',
    "not a number": b'{"until_utc": NaN}',
    "beyond": b'{"until_utc": 1e999}',
    "twice": b'{"title": "a", "title": "b"}',
    "nothing": b"null",
}


def gets() -> Iterator[str]:
    for page in pages.ALL:
        yield from (path for method, path in page.needs if method == "GET")
    yield from (f"/api/v1{each.path}" for each in CALLS if each.method == "GET")


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_address_is_no_fault(web: WebDesk, odd: str) -> None:
    web.desk.unit("b1-u1", "yard/y01")
    token = web.token
    for path in gets():
        asked = re.sub(r"{\w+(:\w+)?}", ODD[odd], path)
        assert web.client.get(asked).status_code < 500, asked[:200]
    for page in pages.ALL:
        for method, path in page.needs:
            if method == "POST" and "{" in path:
                asked = re.sub(r"{\w+(:\w+)?}", ODD[odd], path)
                assert web.client.post(asked, data={"csrftoken": token}).status_code < 500, asked[:200]
    for each in CALLS:
        if each.method != "GET" and "{" in each.path:
            asked = "/api/v1" + re.sub(r"{\w+}", ODD[odd], each.path)
            answer = web.client.request(each.method, asked, json={}, headers={"x-csrftoken": token})
            assert answer.status_code < 500, asked[:200]


@pytest.mark.soak
@pytest.mark.parametrize("number", NUMBERS, ids=range(len(NUMBERS)))
def test_an_odd_value_behind_the_address_is_no_fault(web: WebDesk, number: str) -> None:
    web.desk.unit("b1-u1", "yard/y01")
    names = (
        "page",
        "first",
        "after",
        "before",
        "days",
        "day",
        "q",
        "place",
        "unit",
        "since",
        "until",
        "list",
        "kind",
        "holder",
        "to",
        "copy",
    )
    for path in gets():
        if "{" in path:
            continue
        for name in names:
            answer = web.client.get(path, params={name: number})
            assert answer.status_code < 500, (path, name)


@pytest.mark.parametrize("sent", BODIES)
def test_json_that_is_none_is_told_so(web: WebDesk, sent: str) -> None:
    headers = {"x-csrftoken": web.token, "content-type": "application/json"}
    for each in CALLS:
        if each.method != "GET":
            asked = "/api/v1" + re.sub(r"{\w+}", "x", each.path)
            answer = web.client.request(each.method, asked, content=BODIES[sent], headers=headers)
            assert answer.status_code < 500, (each.name, answer.text)


def everything(text: str) -> dict[str, Any]:
    """In each field that there is, of calls and of forms."""
    fields = {field.encode_name for each in CALLS for field in msgspec.structs.fields(each.asks)}
    return dict.fromkeys(
        fields | {"back", "do", "turn", "panel", "begin", "end", "from", "until", "stops", "once", "despite"}, text
    )


@pytest.mark.soak
@pytest.mark.parametrize("text", [*NUMBERS, "\ud7ff\ufffe", "<script>", "x" * 100_000], ids=range(len(NUMBERS) + 3))
def test_an_odd_form_is_no_fault(web: WebDesk, text: str) -> None:
    web.desk.unit("b1-u1", "yard/y01")
    web.become(Role.ADMINISTRATOR, f"site/{SITE}")
    form = {"csrftoken": web.token, **everything(text)}
    for page in pages.ALL:
        for method, path in page.needs:
            if method == "POST":
                asked = path.replace("{unit}", "b1-u1")
                for act in ("open", "hold", "say", "lockdown") if "{act}" in path else ("1",):
                    answer = web.client.post(re.sub(r"{\w+(:\w+)?}", act, asked), data=form)
                    assert answer.status_code < 500, (path, act)


SQL = (
    "' OR '1'='1",
    "') OR 1=1--",
    '" OR ""="',
    "x'; DROP TABLE facts;--",
    "%",
    "_",
    "\\",
    "*",
    "zzzz9' UNION SELECT 1--",
)
NOBODYS = "zzzz9"


def test_what_would_be_a_command_to_the_books_is_a_text(web: WebDesk) -> None:
    """Whatever is looked for by it is found as little as by a word that is nowhere."""
    unit = web.desk.unit("b1-u1", "yard/y01")
    unit.fact("access.granted", door="main", by="h1", via="card")
    web.desk.take(unit.batch())
    web.call("POST", "/notices", scope=["yard/y01"], title="停水", text="x", category="service")
    compared = 0
    for each in CALLS:
        if each.method != "GET":
            continue
        path = "/api/v1" + re.sub(r"{\w+}", "b1-u1", each.path)
        for field in msgspec.structs.fields(each.asks):
            if field.name in each.path_names:
                continue
            wanted = web.client.get(path, params={field.encode_name: NOBODYS})
            for text in SQL:
                answer = web.client.get(path, params={field.encode_name: text})
                assert answer.status_code < 500, (each.name, field.name, text)
                if wanted.status_code == answer.status_code == 200:
                    assert answer.json() == wanted.json(), (each.name, field.name, text)
                    compared += 1
    assert compared > 50
    assert web.desk.count(facts) == 1
