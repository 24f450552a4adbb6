"""docs/console.md and its Chinese twin: both say the same, show every picture there is of the console, and call things as the pages do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"": "docs/console.md", ".zh-CN": "docs/console.zh-CN.md"}
TEXT = {ending: (ROOT / name).read_text(encoding="utf-8") for ending, name in PAGES.items()}
MOST_BYTES = 80_000


def said() -> dict[str, list[re.Pattern[str]]]:
    """By language: what the centre can say, whatever stands in it."""
    with (ROOT / "centre/locale/zh/LC_MESSAGES/centre.po").open("rb") as file:
        texts = [(str(each.id), str(each.string)) for each in read_po(file) if each.id and isinstance(each.id, str)]

    def like(text: str) -> re.Pattern[str]:
        return re.compile(re.sub(r"\\{\w+\\}", "[0-9]+", re.escape(text)), re.IGNORECASE)

    return {"": [like(text) for text, _ in texts], ".zh-CN": [like(text) for _, text in texts if text]}


SAID = said()


@pytest.mark.parametrize("ending", PAGES)
def test_what_is_bold_stands_on_the_pages_so(ending: str) -> None:
    bold = {part for each in re.findall(r"\*\*([^*]+)\*\*", TEXT[ending]) for part in each.split(" → ")}
    assert len(bold) > 10
    unknown = {each for each in bold if not any(text.fullmatch(each) for text in SAID[ending])}
    assert not unknown


@pytest.mark.parametrize("ending", PAGES)
def test_every_picture_is_shown_once_and_is_small(ending: str) -> None:
    shown = re.findall(r"!\[[^\]]+\]\(img/console-([a-z-]+)" + re.escape(ending) + r"\.png\)", TEXT[ending])
    there = {file.name for file in (ROOT / "docs/img").glob("console-*.png") if (".zh-CN" in file.name) == bool(ending)}
    assert sorted(f"console-{name}{ending}.png" for name in shown) == sorted(there)
    assert all((ROOT / "docs/img" / name).stat().st_size < MOST_BYTES for name in there)


def test_both_languages_say_the_same() -> None:
    for pattern in (r"^## ", r"^- ", r"^\d\. ", r"^\| ", r"console-([a-z-]+)\.", r"`([^`]+)`"):
        english, chinese = (re.findall(pattern, TEXT[ending], re.MULTILINE) for ending in PAGES)
        assert english == chinese, pattern


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_leads_there(name: str) -> None:
    assert ("docs/console.zh-CN.md" if "zh" in name else "docs/console.md") in (ROOT / name).read_text(encoding="utf-8")
