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
    people,
    people_lists,
    people_reading,
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
    people.PAGES,
    record.PAGES,
    field.PAGES,
    settings.PAGES,
    account.PAGES,
    sign_in.PAGES,
    api_described.PAGES,
    frame.PAGES,
    patrol_new.PAGES,
    people_lists.PAGES,
    people_reading.PAGES,
    provider.PAGES,
)
