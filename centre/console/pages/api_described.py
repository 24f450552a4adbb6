"""The API for people: all calls with what they do and who may, made from their declarations, and where the documents for programs lie."""

from __future__ import annotations

from itertools import groupby

from starlette.responses import Response

from centre.console.call import CALLS, Call
from centre.console.openapi import PREFIX
from centre.console.page import Pages
from centre.console.visit import Visit
from centre.names import named
from centre.permits import LEAST

PAGES = Pages()


@PAGES.get("/api")
def api(visit: Visit) -> Response:
    return visit.page(
        "api.html",
        groups=[(name, list(calls)) for name, calls in groupby(sorted(CALLS, key=_group), key=_group)],
        prefix=PREFIX,
        least=lambda each: named(LEAST[each.doing].value),
        may=lambda each: visit.may(each.doing),
    )


def _group(each: Call) -> str:
    """The module that declares it, as in the OpenAPI document's tags."""
    return each.run.__module__.rpartition(".")[2]
