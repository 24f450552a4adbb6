"""All calls: importing this declares them."""

from __future__ import annotations

from centre.console.calls import (
    accounts,
    consents,
    doors,
    find,
    hooks,
    me,
    notice_templates,
    notices,
    orders,
    patrol,
    people,
    places,
    polls,
    record,
    reports,
    rosters,
    site_map,
    tokens,
    visitors,
    watching,
)

ALL = (
    accounts,
    consents,
    doors,
    find,
    hooks,
    me,
    notice_templates,
    notices,
    orders,
    patrol,
    people,
    places,
    polls,
    record,
    reports,
    rosters,
    site_map,
    tokens,
    visitors,
    watching,
)
