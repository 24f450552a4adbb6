"""All pages, in the order in which they stand in the navigation."""

from __future__ import annotations

from centre.console.page import Pages
from centre.console.pages import overview

ALL: tuple[Pages, ...] = (overview.PAGES,)
