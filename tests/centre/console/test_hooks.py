"""Web hooks by the API: an administrator's, within her scope; the secret told once; nothing posted by whoever only asks."""

from __future__ import annotations

import pytest

from centre.accounts import Role
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk
from tests.centre.unit import SITE

pytestmark = [ONE_ENGINE, pytest.mark.slow]
URL = "https://control.example/services/hidden?key=hidden"


def test_an_administrator_adds_lists_and_removes(web: WebDesk) -> None:
    made = web.call("POST", "/hooks", url=URL, scope=f"site/{SITE}", kinds=["door"])
    assert made["secret"].startswith("whsec_")
    unit = web.desk.unit()
    unit.fact("door.forced", door="main")
    web.desk.take(unit.batch())
    (row,) = web.call("GET", "/hooks")["hooks"]
    assert (row["url"], row["kinds"], row["by"], row["waiting"]) == (
        "https://control.example/…",
        ["door"],
        "zhang",
        1,
    )
    assert made["secret"] not in str(row)
    assert "hidden" not in str(web.call("GET", "/acts")), "a receiver is known by its address alone, often"
    web.call("POST", f"/hooks/{made['id']}/remove")
    assert web.call("GET", "/hooks")["hooks"] == []
    assert "no such hook" in web.call("POST", f"/hooks/{made['id']}/remove", 404)["problem"]


def test_nobody_else_and_nothing_beyond_the_own_scope(web: WebDesk) -> None:
    web.desk.unit("b1-u1", "yard/y01")
    web.desk.unit("b2-u1", "yard/y02")
    whole = web.call("POST", "/hooks", url=URL, scope=f"site/{SITE}")["id"]
    web.become(Role.ADMINISTRATOR, "yard/y01")
    web.call("POST", "/hooks", 403, url=URL, scope=f"site/{SITE}")
    web.call("POST", "/hooks", 403, url=URL, scope="yard/y02")
    own = web.call("POST", "/hooks", url=URL, scope="yard/y01")["id"]
    assert [each["id"] for each in web.call("GET", "/hooks")["hooks"]] == [own]
    web.call("POST", f"/hooks/{whole}/remove", 404)
    for role in (Role.OPERATOR, Role.GRID_WORKER, Role.VIEWER):
        web.become(role)
        web.call("GET", "/hooks", 403)
        web.call("POST", "/hooks", 403, url=URL, scope=f"site/{SITE}")
        web.call("POST", f"/hooks/{own}/remove", 403)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"url": "http://10.0.0.1/x"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "http://127.0.0.1:1883/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://localhost/"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"url": "https://[::ffff:127.0.0.1]/"}, "url"),
        ({"url": "https://[fe80::1]/"}, "url"),
        ({"url": "https://0.0.0.0/"}, "url"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "url"),
        ({"url": "https://user:pw@x.example/"}, "url"),
        ({"url": URL, "kinds": ["door.nothing"]}, "kind"),
        ({"url": URL, "scope": "nowhere"}, "scope"),
        ({"url": "https://x.example/" + "a" * 3000}, "url"),
    ],
)
def test_what_is_wrong_names_its_field(web: WebDesk, given: dict[str, object], field: str) -> None:
    assert web.call("POST", "/hooks", 422, **({"scope": f"site/{SITE}"} | given))["field"] == field
    assert web.call("GET", "/hooks")["hooks"] == []
