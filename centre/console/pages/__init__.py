"""All pages, in the order in which they stand in the navigation."""

from __future__ import annotations

from centre.console.page import Pages
from centre.console.pages import doors, explain, frame, orders, overview, record, unit

ALL: tuple[Pages, ...] = (
    overview.PAGES,
    doors.PAGES,
    unit.PAGES,
    explain.PAGES,
    orders.PAGES,
    record.PAGES,
    frame.PAGES,
)
