"""All pages, in the order in which they stand in the navigation."""

from __future__ import annotations

from centre.console.page import Pages
from centre.console.pages import (
    account,
    api_described,
    doors,
    explain,
    field,
    frame,
    notice_new,
    notices,
    orders,
    overview,
    patrol,
    patrol_new,
    polls,
    provider,
    record,
    reports,
    settings,
    sign_in,
    unit,
)

ALL: tuple[Pages, ...] = (
    overview.PAGES,
    notice_new.PAGES,
    notices.PAGES,
    polls.PAGES,
    doors.PAGES,
    explain.PAGES,
    unit.PAGES,
    orders.PAGES,
    patrol.PAGES,
    reports.PAGES,
    field.PAGES,
    record.PAGES,
    settings.PAGES,
    account.PAGES,
    api_described.PAGES,
    sign_in.PAGES,
    frame.PAGES,
    patrol_new.PAGES,
    provider.PAGES,
)
