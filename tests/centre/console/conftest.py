"""A console on a real centre, asked as a browser asks: cookies kept, forms with their token, no address followed unasked."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient

from centre.accounts import Account, Role
from centre.console import app, csrf
from centre.console.desk import Options
from contract.scopes import Scope
from tests.centre.conftest import Desk
from tests.centre.unit import SITE

ORIGIN = "http://127.0.0.1:8080"


class WebDesk:
    """A centre with its console. `account`: who is signed in, changed at will; nobody where it is None."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.account: Account | None = Account("zhang", "张敏", Role.ADMINISTRATOR, Scope("site", SITE))
        made = app.make(desk.office, Options(), lambda _centre, _request: self.account)
        self.client = TestClient(made, base_url=ORIGIN, follow_redirects=False, headers={"accept-language": "en"})

    def become(self, role: Role, scope: str = f"site/{SITE}", **more: Any) -> None:
        level, _slash, name = scope.partition("/")
        self.account = Account("li", "李华", role, Scope(level, name), **more)

    def get(self, path: str, code: int = 200, **more: Any) -> httpx.Response:
        answer = self.client.get(path, **more)
        assert answer.status_code == code, (answer.status_code, answer.text)
        return answer

    def post(self, path: str, code: int = 303, **form: Any) -> httpx.Response:
        """With the token of the page that was open."""
        files = form.pop("files", None)
        answer = self.client.post(path, data={"csrftoken": self.token, **form}, files=files)
        assert answer.status_code == code, (answer.status_code, answer.text)
        return answer

    def call(self, method: str, path: str, code: int = 200, **value: Any) -> Any:
        """Of the JSON API, by the session."""
        headers = {"x-csrftoken": self.token}
        answer = self.client.request(method, f"/api/v1{path}", json=value or None, headers=headers)
        assert answer.status_code == code, (answer.status_code, answer.text)
        return answer.json()

    @property
    def token(self) -> str:
        """The one that the forms of a page of this session carry."""
        cookie = self.client.cookies.get(app.SESSION)
        if cookie is not None:
            kept = json.loads(base64.b64decode(cookie.partition(".")[0]))
            if csrf.FIELD in kept:
                return str(kept[csrf.FIELD])
        found = re.search(r'name="csrf" content="([^"]+)"', self.client.get("/").text)
        return found[1] if found else ""


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a broker and `serve` that are there."""
    monkeypatch.setattr("centre.health.of_centre", lambda _centre: iter(()))


@pytest.fixture
def web(desk: Desk) -> Iterator[WebDesk]:
    made = WebDesk(desk)
    with made.client:
        yield made
