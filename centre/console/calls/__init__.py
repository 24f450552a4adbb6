"""All calls: importing this declares them."""

from __future__ import annotations

from centre.console.calls import (
    accounts,
    consents,
    doors,
    find,
    me,
    notices,
    orders,
    polls,
    record,
    site_map,
    tokens,
    watching,
)

ALL = (
    accounts,
    consents,
    doors,
    find,
    me,
    notices,
    orders,
    polls,
    record,
    site_map,
    tokens,
    watching,
)
