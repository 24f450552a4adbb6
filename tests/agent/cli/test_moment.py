"""Times as people type them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click
import pytest

from agent.cli.moment import local, moment

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, 18, 30, tzinfo=UTC).timestamp()  # 02:30 on the 25th there


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24", "2026-11-24 00:00:00"),
        ("2026-11-24 14:05", "2026-11-24 14:05:00"),
        ("2026-11-24T14:05:09", "2026-11-24 14:05:09"),
        ("2026-11-24T14:05:09Z", "2026-11-24 22:05:09"),
        ("14:05", "2026-11-25 14:05:00"),
        ("30m", "2026-11-25 02:00:00"),
        ("2h", "2026-11-25 00:30:00"),
        ("1d", "2026-11-24 02:30:00"),
    ],
)
def test_understood(text: str, expected: str) -> None:
    assert local(moment(text, ZONE, NOW), ZONE) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "25:00",
        "0m",
        "-1h",
        "1e9",
        "2026-13-01",
        "99999999d",
        "0001-01-01",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_not_understood(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no time"):
        moment(text, ZONE, NOW)
