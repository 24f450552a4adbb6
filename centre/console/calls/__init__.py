"""All calls: importing this declares them."""

from __future__ import annotations

from centre.console.calls import me

ALL = (me,)
