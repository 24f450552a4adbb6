"""A person whose session ended, whose page is another's by now, or who sent too much: where they are led, and what they are told."""

from __future__ import annotations

import re

import pytest

from centre.accounts import Role
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import ORIGIN, WebDesk

pytestmark = ONE_ENGINE


def test_a_page_that_stands_learns_whose_it_is_and_its_token(web: WebDesk) -> None:
    assert web.get("/who").json() == {"name": "zhang", "token": web.token}
    assert web.get("/who").headers["cross-origin-resource-policy"] == "same-origin"
    web.become(Role.VIEWER)
    assert web.get("/who").json()["name"] == "li"
    web.account = None
    assert web.get("/who").json() == {"name": None, "token": ""}


def test_who_asks_without_a_session_is_led_back_to_what_was_asked_for(web: WebDesk) -> None:
    token, web.account = web.token, None
    asked = web.get("/doors?place=yard/y07&state=away", 303)
    assert asked.headers["location"] == "/sign-in?to=/doors%3Fplace%3Dyard/y07%26state%3Daway"
    page = web.get(asked.headers["location"]).text
    assert 'name="to" value="/doors?place=yard/y07&amp;state=away"' in page
    form = {"csrftoken": token, "title": "抢修"}
    posted = web.client.post("/notices/new", data=form, headers={"referer": f"{ORIGIN}/notices/new?template=water"})
    assert posted.headers["location"] == "/sign-in?to=/notices/new%3Ftemplate%3Dwater"


@pytest.mark.parametrize("given", ["http://[", "https://evil.example//evil.example", "/\\evil", "", "x" * 9000])
def test_a_page_elsewhere_names_nowhere_to_go_on(web: WebDesk, given: str) -> None:
    token, web.account = web.token, None
    posted = web.client.post("/notices/new", data={"csrftoken": token}, headers={"referer": given})
    assert posted.status_code == 303
    assert re.fullmatch(r"/sign-in\?to=/[x]{0,400}", posted.headers["location"])


def test_another_language_leaves_the_filters_as_they_are(web: WebDesk) -> None:
    page = web.get("/doors?state=away").text
    assert 'name="back" value="/doors?state=away"' in page
    assert web.post("/language", language="zh-CN", back="/doors?state=away").headers["location"] == "/doors?state=away"


def test_too_much_is_said_in_words_on_a_page(web: WebDesk) -> None:
    """Of who is signed in; the draft of the form stays, as on any page that tells a fault."""
    page = web.post("/notices/new", 400, title="x", text="x" * (1024 * 1024 + 1)).text
    assert "Nothing was done" in page
    assert "data-fault" in page
    assert 'aria-label="Pages"' in page
