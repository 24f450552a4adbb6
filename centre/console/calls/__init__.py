"""All calls: importing this declares them."""

from __future__ import annotations

from centre.console.calls import (
    accounts,
    consents,
    find,
    me,
    notice_templates,
    notices,
    patrol,
    places,
    polls,
    record,
    reports,
    site_map,
    tokens,
)

ALL = (
    accounts,
    consents,
    find,
    me,
    notice_templates,
    notices,
    patrol,
    places,
    polls,
    record,
    reports,
    site_map,
    tokens,
)
