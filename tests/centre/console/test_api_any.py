"""Whatever is asked of the API, by whomever: an answer that is described, and never one that is our fault."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis import checks
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks as openapi_checks

from centre.accounts import Account, Role
from centre.console import app
from centre.console.desk import Options
from centre.file_server import listening
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.unit import SITE
from tests.waiting import eventually

pytestmark = [ONE_ENGINE, pytest.mark.slow]
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.content_type_conformance,
]
EXAMPLES = {"administrator": 8, "viewer": 4, "clerk of a yard": 4}
"""Of each call. With the long runs LONG of them."""
LONG = 60
PEOPLE = {
    "administrator": Account("zhang", "张敏", Role.ADMINISTRATOR, Scope("site", SITE)),
    "viewer": Account("li", "李华", Role.VIEWER, Scope("site", SITE)),
    "clerk of a yard": Account("wang", "王芳", Role.OPERATOR, Scope("yard", "y01")),
}


@contextmanager
def served(desk: Desk, person: Account) -> Iterator[str]:
    """Its address, once it answers."""
    with listening("127.0.0.1", 0) as at:
        port = at.getsockname()[1]
        made = app.make(desk.office, Options(port=port), lambda _centre, _request: person)
        server = uvicorn.Server(uvicorn.Config(made, log_level="critical", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [at]})
        thread.start()
        try:
            eventually(lambda: server.started, 20)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.parametrize(
    ("who", "examples"), [*EXAMPLES.items(), *(pytest.param(each, LONG, marks=pytest.mark.soak) for each in EXAMPLES)]
)
def test_any_request_has_an_answer_that_is_described(desk: Desk, who: str, examples: int) -> None:
    desk.unit("b1-u1", "yard/y01", "building/b1")
    desk.unit("b2-u1", "yard/y02", "building/b2")
    with served(desk, PEOPLE[who]) as address:
        schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")
        operations = list(schema.get_all_operations())
        assert operations
        for found in operations:
            assert isinstance(found, Ok), found
            _asked_anything(found.ok(), examples)
        with closing(desk.books):  # the books hold
            desk.run("verify")


def _asked_anything(operation: Any, examples: int) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        case.call_and_validate(checks=CHECKS, headers={"authorization": "Bearer of-the-test"})

    ask()
