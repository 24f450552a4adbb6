"""All pages, in the order in which they stand in the navigation."""

from __future__ import annotations

from centre.console.page import Pages
from centre.console.pages import language, notice_new, notices, overview, polls

ALL: tuple[Pages, ...] = (overview.PAGES, notice_new.PAGES, polls.PAGES, notices.PAGES, language.PAGES)
