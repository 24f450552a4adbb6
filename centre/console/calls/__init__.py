"""All calls: importing this declares them."""

from __future__ import annotations

from centre.console.calls import accounts, consents, find, me, notices, polls, record, site_map, tokens

ALL = (
    accounts,
    consents,
    find,
    me,
    notices,
    polls,
    record,
    site_map,
    tokens,
)
