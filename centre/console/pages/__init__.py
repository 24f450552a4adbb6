"""All pages, in the order in which they stand in the navigation."""

from __future__ import annotations

from centre.console.page import Pages
from centre.console.pages import frame, notice_new, notices, overview, polls, record

ALL: tuple[Pages, ...] = (
    overview.PAGES,
    notice_new.PAGES,
    polls.PAGES,
    notices.PAGES,
    record.PAGES,
    frame.PAGES,
)
