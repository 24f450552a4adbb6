"""The command as a person gives it, and glyphs to look at."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from panel.cli import panel


def command(*arguments: str | Path) -> Result:
    return CliRunner().invoke(panel, ["build", "dwin", *map(str, arguments)])


def bits(data: bytes, width: int, height: int) -> list[str]:
    """A glyph's rows as text, `#` for ink: unpacked by hand."""
    row = (width + 7) // 8
    return [
        "".join("#" if data[y * row + x // 8] >> (7 - x % 8) & 1 else "." for x in range(width)) for y in range(height)
    ]
