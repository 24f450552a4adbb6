"""Where a web hook's name leads: alarms are posted to other machines, and to this one only where the address says so."""

from __future__ import annotations

import socket

import pytest

from centre import hooks
from centre.hook_post import Post
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.receiver import Receiver
from tests.centre.test_web_hooks import add
from tests.centre.unit import SITE

NAMES = ("127.1", "2130706433", "0x7f000001", "017700000001", "127.0.0.1.nip.example", "link.example", "any.example")
"""All this machine's, as the system reads them or as a name server of somebody else's says."""
LEAD_TO = {"127.0.0.1.nip.example": "127.0.0.1", "link.example": "169.254.169.254", "any.example": "0.0.0.0"}


@ONE_ENGINE
@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_to_this_machine_is_not_posted_to(
    desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **also: ask(LEAD_TO.get(host, host), *more, **also))
    with Receiver() as receiver:
        number, _ = add(desk, f"http://{name}:{receiver.port}/x", "--plain")
        assert "its name leads to this machine" in desk.run("hook", "test", str(number), code=69).stderr
        assert receiver.got == []


def test_of_a_names_addresses_those_of_another_machine_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """And where that one says nothing, it is not this one that is asked instead."""
    tried: list[str] = []

    def connect(address: tuple[str, int], _timeout: float) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    leads = [(2, 1, 6, "", (each, 443)) for each in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "10.0.0.2")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_given, **_more: leads)
    monkeypatch.setattr(socket, "create_connection", connect)
    whole = Scope("site", SITE)
    made = hooks.Hook(1, "https://x.example/y", frozenset(), whole, "whsec_eA==", 0, 0.0, "", None, None, None)
    assert Post(made).send("m", b"{}").fault == "Connection refused"
    assert tried == ["10.0.0.1", "10.0.0.2"]
