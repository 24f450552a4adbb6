"""The calls as programs make them, and what is said of them."""

from __future__ import annotations

import json
from typing import Annotated

import msgspec
import pytest

from centre.accounts import Role
from centre.console.call import CALLS, Call, Nothing
from centre.console.openapi import document
from centre.console.visit import Visit, asked
from centre.errors import BadValueError
from centre.permits import Doing
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk

pytestmark = ONE_ENGINE


@pytest.mark.usefixtures("fresh")
def test_all_that_is_referred_to_is_described() -> None:
    text = json.dumps(document())
    described = set(document()["components"]["schemas"])
    referred = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert referred
    assert referred <= described


class Wanted(msgspec.Struct):
    unit: Annotated[str, msgspec.Meta(max_length=8)]
    seconds: Annotated[int, msgspec.Meta(ge=5, le=60)] = 30
    tags: list[str] = []


@pytest.mark.usefixtures("fresh")
def test_what_stands_in_the_path_is_not_asked_for_again() -> None:
    def say(_visit: Visit, ask: Wanted) -> Nothing:
        return Nothing()

    made = document([Call("POST", "/units/{unit}/say", Doing.OPEN, "Say", Wanted, Nothing, say)])
    operation = made["paths"]["/api/v1/units/{unit}/say"]["post"]
    assert [each["name"] for each in operation["parameters"]] == ["unit"]
    assert set(operation["requestBody"]["content"]["application/json"]["schema"]["properties"]) == {"seconds", "tags"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "unit"),
        ({"unit": "123456789"}, "unit"),
        ({"unit": "1", "seconds": "4"}, "seconds"),
        ({"unit": "1", "seconds": "soon"}, "seconds"),
    ],
)
@pytest.mark.usefixtures("fresh")
def test_what_is_wrong_names_its_field(given: dict[str, str], field: str) -> None:
    with pytest.raises(BadValueError) as found:
        asked(Wanted, given)
    assert found.value.name == field


@pytest.mark.usefixtures("fresh")
def test_numbers_may_be_written_as_in_a_form() -> None:
    assert asked(Wanted, {"unit": "1", "seconds": "45"}).seconds == 45


def test_who_is_asking(web: WebDesk) -> None:
    web.desk.unit("b1-u1", "yard/y01")
    web.desk.unit("b2-u1", "yard/y02")
    web.become(Role.VIEWER, "yard/y01")
    found = web.call("GET", "/me")
    assert found["role"] == "viewer"
    assert found["may"] == ["view"]
    assert found["units"] == 1


def test_a_call_by_nobody_is_told_so(web: WebDesk) -> None:
    web.account = None
    assert "problem" in web.call("GET", "/me", 401)


def test_the_description_is_there_for_everybody(web: WebDesk) -> None:
    web.account = None
    assert web.get("/api/v1/openapi.json").json()["openapi"].startswith("3.1")


def test_the_api_for_people_has_every_call_and_the_documents(web: WebDesk) -> None:
    page = web.get("/api").text
    for each in CALLS:
        assert f"<code>{each.method} {each.path}</code>" in page
    assert web.get("/api/v1/openapi.json").json()["openapi"] == "3.1.0"
    told = web.get("/static/asyncapi.json").json()
    assert told["asyncapi"].startswith("3.")
    assert 'href="/static/asyncapi.json"' in page
    assert "not yours" not in page
    web.become(Role.VIEWER)
    assert "not yours" in web.get("/api").text
