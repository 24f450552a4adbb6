"""Names of time zones, as the machine's own database knows them."""

from __future__ import annotations

from zoneinfo import ZoneInfo


def timezone_name(name: str) -> str:
    """Raises ValueError for what is no name of the IANA database."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ValueError("not a name of the IANA database") from None
    return name
