"""Templates, modules and icons keep the rules of the console's look."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from centre.console.look import HERE, STATIC
from centre.console.paths import own_path

TEMPLATES = sorted((HERE / "templates").rglob("*.html"))
MODULES = sorted(STATIC.glob("*.js"))
INLINE = re.compile(
    r"""<style|\sstyle=|\son[a-z]+=["']|javascript:|<script(?![^>]*(?:\ssrc=|type="application/json"))""", re.IGNORECASE
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_what_the_policy_forbids(path: Path) -> None:
    assert not INLINE.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text", ['<p style="x">', "<a onclick='x'>", "<script>", '<a href="javascript:x">', '<script type="module">']
)
def test_what_the_policy_forbids_is_found(text: str) -> None:
    assert INLINE.search(text)
    assert not INLINE.search('<script type="module" src="/static/live.js"></script><script type="application/json">')


def test_every_icon_that_a_template_names_is_drawn() -> None:
    drawn = set(re.findall(r'id="([a-z-]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))
    named = {
        name for path in TEMPLATES for name in re.findall(r'icon\("([a-z-]+)"\)', path.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= drawn
    assert {f"state-{state}" for state in ("well", "look", "urgent", "away")} <= drawn


@pytest.mark.parametrize(
    "given", ["//evil.example", "/\\evil.example", "https://evil.example", "", None, "/\n//evil", "evil"]
)
def test_back_leads_to_no_other_host(given: object) -> None:
    assert own_path(given) == "/"
    assert own_path("/notices?list=past") == "/notices?list=past"
