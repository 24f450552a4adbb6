"""Screen texts by language, read from the JSON files beside this one. zh-CN is the first; every key of it is in all others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files

LANGUAGES = ("zh-CN", "en")


def load() -> Mapping[str, Mapping[str, str]]:
    """Catalogues by language: texts by key, with `str.format` fields."""
    folder = files(__name__)
    return {lang: json.loads(folder.joinpath(f"{lang}.json").read_text(encoding="utf-8")) for lang in LANGUAGES}
