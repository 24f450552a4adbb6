"""The map's data for whoever asks: their own units, and nothing of others."""

from __future__ import annotations

import pytest

from centre.accounts import Role
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk

pytestmark = ONE_ENGINE


@pytest.fixture
def yards(web: WebDesk) -> WebDesk:
    for name, yard in (("3-1", "y07"), ("3-2", "y07"), ("5-1", "y09")):
        web.desk.unit(name, f"yard/{yard}", "community/c1", enrolled=False)
    return web


def test_the_map_has_each_unit_in_its_yard(yards: WebDesk) -> None:
    value = yards.call("GET", "/map")
    assert [area["scope"] for area in value["areas"]] == ["yard/y07", "yard/y09"]
    assert [(unit[0], unit[4]) for unit in value["units"]] == [("3-1", 0), ("3-2", 0), ("5-1", 1)]


def test_a_scoped_clerk_gets_her_own_yard_alone(yards: WebDesk) -> None:
    yards.become(Role.VIEWER, "yard/y09")
    value = yards.call("GET", "/map")
    assert [unit[0] for unit in value["units"]] == ["5-1"]
    assert "y07" not in str(value)


def test_nobody_signed_in_gets_no_map(yards: WebDesk) -> None:
    yards.account = None
    assert yards.client.get("/api/v1/map").status_code == 401
