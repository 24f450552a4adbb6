"""Who may ask the demo's page: no page of another site, under no name of another site; and what is asked wrongly gets one clear line."""

from __future__ import annotations

import pytest

from simulator.demo.web.guard import refused
from tests.simulator.demo.web.conftest import Shown


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:{port}", "10.0.0.2:{port}", "", "[::1]x"]
)
def test_under_another_name_nothing_is_answered(page: Shown, host: str) -> None:
    """A name of theirs that points here (DNS rebinding)."""
    named = host.format(port=page.browser.port)
    for path in ("/", "/state", "/live", "/units/b12-u2/panel.png", "/static/page.js"):
        assert page.browser.ask("GET", path, host=named).status in (400, 403), path
    answer = page.browser.do("force", host=named, origin=f"http://{named}")
    assert answer.status in (400, 403)
    assert not page.stage.box.contact_open


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "http://localhost:3000",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1:{port}0",
    ],
)
def test_what_another_page_posts_moves_nothing(page: Shown, origin: str) -> None:
    answer = page.browser.do("force", origin=origin.format(port=page.browser.port))
    assert answer.status == 403
    assert b"another page" in answer.text
    assert not page.stage.box.contact_open


def test_two_names_or_two_origins_are_one_too_many() -> None:
    assert refused("GET", ["localhost:1", "localhost:1"], [])
    assert refused("POST", ["localhost:1"], ["http://localhost:1", "http://localhost:1"])
    assert not refused("POST", ["localhost:1"], ["http://localhost:1"])
    assert not refused("GET", ["[::1]:8123"], [])


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:9", "[::1]:{port}"])
def test_by_its_own_names_and_through_a_tunnel_it_works(page: Shown, host: str) -> None:
    """A tunnel may begin at another port."""
    named = host.format(port=page.browser.port)
    assert page.browser.ask("GET", "/", host=named).status == 200
    assert page.browser.do("force", host=named, origin=f"http://{named.lower()}").status == 303
    assert page.stage.box.contact_open


def test_it_runs_and_looks_by_its_own_files_alone(page: Shown) -> None:
    answer = page.browser.ask("GET", "/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "frame-src" not in policy
    for inline in (b"style=", b"onclick", b"<style", b"<script>"):
        assert inline not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert page.browser.ask("GET", "/static/../app.py").status == 404
    assert page.browser.ask("GET", "/static/%2e%2e/app.py").status == 404


def test_the_console_beside_it_has_the_name_that_the_page_was_asked_by(framing: Shown) -> None:
    """The sign-in is kept for one name: under another one the frame would be a stranger's."""
    for name in ("127.0.0.1", "localhost", "[::1]"):
        answer = framing.browser.ask("GET", "/", host=f"{name}:{framing.browser.port}")
        assert f'<iframe src="http://{name}:8080/sign-in?token=x"'.encode() in answer.text
        assert answer.headers["content-security-policy"].endswith(f"frame-src http://{name}:8080")


@pytest.mark.parametrize(
    ("deed", "why"),
    [
        ("dance", "nothing here is called 'dance'"),
        ("tap:<script>", "no card '<script>' lies here"),
        ("tap:", "no card '' lies here"),
        ("keys:", "keys are 1 to 20"),
        ("keys:" + "1" * 21, "keys are 1 to 20"),
        ("keys:１", "keys are 1 to 20"),
        ("touch:-1,5", "a touch is x,y"),
        ("touch:1,99999", "a touch is x,y"),
        ("touch:", "a touch is x,y"),
    ],
)
def test_what_is_no_deed_gets_one_line(page: Shown, deed: str, why: str) -> None:
    answer = page.browser.do(deed, accept_language="en")
    assert answer.status == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.decode().startswith(f"Not done: {why}")
    assert answer.text.count(b"\n") == 1
    assert page.browser.happened() == []


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"deed=" + b"x" * 4000, "more than 2048 bytes"),
        (b"deed=push&deed=push", "one field"),
        (b"act=push", "one field"),
        (b"", "one field"),
        (b"{}", "no form"),
        (b"deed=push&a=1&b=2&c=3&d=4", "no form"),
        (b"deed=%ff", "no form"),
        ("deed=开".encode(), "no form"),
    ],
)
def test_what_is_no_form_of_the_page_gets_one_line(page: Shown, body: bytes, why: str) -> None:
    origin = f"http://{page.browser.host}"
    answer = page.browser.ask("POST", "/units/b12-u2", body, origin=origin, accept_language="en")
    assert answer.status == 400
    assert why in answer.text.decode()
    assert page.browser.ask("POST", "/units/nowhere", b"deed=push", origin=origin).status == 400
    assert page.browser.ask("PUT", "/units/b12-u2", b"deed=push", origin=origin).status == 405
    assert page.browser.ask("GET", "/units/b12-u2").status == 405
