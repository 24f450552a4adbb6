"""All calls: importing this declares them."""

from __future__ import annotations

from centre.console.calls import find, me, notices, polls, record, site_map

ALL = (find, me, notices, polls, record, site_map)
