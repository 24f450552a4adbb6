"""What docs/architecture.md names is there: every file, and of a file every function or class."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = re.sub(r"```.*?```", "", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"), flags=re.DOTALL)
HOPS = sorted(
    set(re.findall(r"`((?:agent|centre|contract|drivers|panel|simulator|tests)/[\w/]+(?:\.py)?/?)(?:: (\w+))?`", PAGE))
)


@pytest.mark.parametrize(("path", "name"), HOPS)
def test_what_the_page_names_is_there(path: str, name: str) -> None:
    assert (ROOT / path).exists()
    if name:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_the_page_follows_a_card_a_notice_and_a_command_from_end_to_end() -> None:
    for title, first, last in (
        ("A card's path", "drivers/port.py", "AccessGranted"),
        ("A notice's path", "centre/notices.py", "NoticeShown"),
        ("A command's path", "centre/orders.py", "no_entry"),
    ):
        part = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
        assert first in part
        assert last in part.split(first, 1)[1]
