"""Which language somebody at a terminal reads, by their environment. Pure: the environment is handed in."""

from __future__ import annotations

from collections.abc import Mapping

ENGLISH, CHINESE = "en", "zh"
"""CHINESE is the folder of a catalogue: all that read simplified Chinese have this one."""

_NO_LANGUAGE = frozenset({"c", "posix"})
_SIMPLIFIED = frozenset({"zh", "zh_cn", "zh_sg", "zh_my", "zh_hans"})


def language_of(environ: Mapping[str, str], otherwise: str = ENGLISH) -> str:
    """The language that the environment asks for, by gettext's rules: LC_ALL before LC_MESSAGES before LANG, and ahead of them the list
    LANGUAGE, but where the locale is C. `otherwise` where it asks for none, or for one of which there is no catalogue.
    """
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    if _plain(locale) in _NO_LANGUAGE:
        return otherwise
    for name in [*environ.get("LANGUAGE", "").split(":"), locale]:
        plain = _plain(name)
        if plain.partition("_")[0] == "en":
            return ENGLISH
        if plain in _NO_LANGUAGE:
            return otherwise
        if plain in _SIMPLIFIED or plain.startswith("zh_hans_"):
            return CHINESE
    return otherwise


def _plain(name: str) -> str:
    """Of a locale's name language and country: `zh_CN.UTF-8@pinyin` is `zh_cn`."""
    return name.partition(".")[0].partition("@")[0].replace("-", "_").lower()
