"""All calls: importing this declares them."""

from __future__ import annotations

from centre.console.calls import doors, me, orders, watching

ALL = (me, watching, doors, orders)
