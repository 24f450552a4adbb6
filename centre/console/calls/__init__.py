"""All calls: importing this declares them."""

from __future__ import annotations

from centre.console.calls import (
    accounts,
    consents,
    doors,
    field,
    find,
    hooks,
    me,
    notice_templates,
    notices,
    orders,
    patrol,
    places,
    polls,
    record,
    reports,
    site_map,
    tokens,
    watching,
)

ALL = (
    accounts,
    consents,
    doors,
    field,
    find,
    hooks,
    me,
    notice_templates,
    notices,
    orders,
    patrol,
    places,
    polls,
    record,
    reports,
    site_map,
    tokens,
    watching,
)
