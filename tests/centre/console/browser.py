"""A browser at the console of a real centre: signs in as people do, keeps its cookies, sends forms with the token of the page they stand on."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx2 as httpx
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from centre import invitations
from centre.account_desk import add
from centre.accounts import Account, Role
from centre.console import app
from centre.console.desk import Options
from centre.console.whose import whose
from centre.units import parse_scope
from tests.centre.conftest import Desk
from tests.centre.unit import SITE

PASSWORD = "the river is low in winter"
ORIGIN = "http://127.0.0.1:8080"


class Browser:
    """One of a console's; each has its own cookies."""

    def __init__(self, desk: Desk, made: ASGIApp, origin: str = ORIGIN) -> None:
        self.desk = desk
        self.client = TestClient(made, base_url=origin, follow_redirects=False, headers={"accept-language": "en"})

    def get(self, path: str, code: int = 200, **more: Any) -> httpx.Response:
        answer = self.client.get(path, **more)
        assert answer.status_code == code, (answer.status_code, answer.text)
        return answer

    def post(self, path: str, code: int = 303, on: str | None = None, **form: Any) -> httpx.Response:
        """`on`: the page with the form; by default any."""
        answer = self.client.post(path, data={"csrftoken": self.token(on), **form})
        assert answer.status_code == code, (answer.status_code, answer.text)
        return answer

    def call(self, method: str, path: str, code: int = 200, **value: Any) -> Any:
        headers = {"x-csrftoken": self.token()}
        answer = self.client.request(method, f"/api/v1{path}", json=value or None, headers=headers)
        assert answer.status_code == code, (answer.status_code, answer.text)
        return answer.json()

    def token(self, on: str | None = None) -> str:
        page = self.client.get(on or "/sign-in")
        if page.status_code == 303:
            page = self.client.get("/account")
        found = re.search(r'name="csrf" content="([^"]+)"', page.text)
        return found[1] if found else ""

    def sign_in(self, name: str, password: str = PASSWORD, code: int = 303, **more: str) -> httpx.Response:
        return self.post("/sign-in", code, name=name, password=password, **more)

    @property
    def is_in(self) -> bool:
        return self.client.get("/account").status_code == 200


class Console:
    """Of one centre; people come to it."""

    def __init__(self, desk: Desk, options: Options | None = None) -> None:
        self.desk, self.options = desk, options or Options()
        self.app = app.make(desk.office, self.options, whose)

    def browser(self) -> Browser:
        return Browser(self.desk, self.app, self.options.origin)

    def person(self, name: str, role: Role = Role.ADMINISTRATOR, scope: str = f"site/{SITE}", **more: Any) -> Browser:
        """Who has an account, and is signed in."""
        add(self.desk.office, Account(name, name, role, parse_scope(scope, SITE), **more), "test", time.time())
        return self.come(name)

    def come(self, name: str) -> Browser:
        """By a link."""
        made = invitations.invite(self.desk.office, name, "test", time.time())
        browser = self.browser()
        browser.post(made.path, on=made.path, password=PASSWORD, again=PASSWORD)
        return browser
