"""All calls: importing this declares them."""

from __future__ import annotations

from centre.console.calls import me, site_map

ALL = (me, site_map)
