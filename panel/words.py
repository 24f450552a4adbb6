"""The texts of the agent's screens, as data: what a panel's fonts have to be able to draw, and what it says before the agent speaks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files

LANGUAGES = ("zh-CN", "en")
_STARTING = "not_loaded.title"


def texts(language: str) -> Mapping[str, str]:
    found: dict[str, str] = json.loads((files("agent") / "locale" / f"{language}.json").read_text(encoding="utf-8"))
    return found


def starting(language: str) -> str:
    return texts(language)[_STARTING]


def characters() -> frozenset[str]:
    """Of all texts in all languages."""
    return frozenset("".join(text for language in LANGUAGES for text in texts(language).values())) - {"\n"}
