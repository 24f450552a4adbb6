"""All calls: importing this declares them."""

from __future__ import annotations

from centre.console.calls import doors, find, me, orders, record, watching

ALL = (me, find, watching, doors, orders, record)
