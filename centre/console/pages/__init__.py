"""All pages, in the order in which they stand in the navigation."""

from __future__ import annotations

from centre.console.page import Pages
from centre.console.pages import account, overview, provider, settings, sign_in

ALL: tuple[Pages, ...] = (overview.PAGES, settings.PAGES, account.PAGES, sign_in.PAGES, provider.PAGES)
