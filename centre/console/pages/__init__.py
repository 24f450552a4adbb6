"""All pages, in the order in which they stand in the navigation."""

from __future__ import annotations

from centre.console.page import Pages
from centre.console.pages import (
    account,
    frame,
    notice_new,
    notices,
    overview,
    patrol,
    patrol_new,
    polls,
    provider,
    record,
    reports,
    settings,
    sign_in,
)

ALL: tuple[Pages, ...] = (
    overview.PAGES,
    notice_new.PAGES,
    notices.PAGES,
    polls.PAGES,
    patrol.PAGES,
    reports.PAGES,
    record.PAGES,
    settings.PAGES,
    account.PAGES,
    sign_in.PAGES,
    frame.PAGES,
    patrol_new.PAGES,
    provider.PAGES,
)
