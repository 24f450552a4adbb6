"""All calls: importing this declares them."""

from __future__ import annotations

from centre.console.calls import find, me, record

ALL = (find, me, record)
