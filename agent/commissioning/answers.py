"""The words of answers: a person types them in Chinese or in English, whatever is spoken; what they mean is the English word."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agent.words import _, joined, speaks_chinese

YES, NO, BACK, FIND, NONE = "yes", "no", "back", "find", "none"
CHINESE: Mapping[str, tuple[str, ...]] = {
    YES: ("是", "对", "是的"),
    NO: ("否", "不", "不是"),
    BACK: ("返回",),
    FIND: ("查找",),
    NONE: ("无", "没有"),
    "locked": ("锁住", "上锁"),
    "unlocked": ("打开", "开锁"),
    "open": ("断开",),
    "closed": ("闭合",),
    "button": ("按钮",),
    "mechanical": ("把手",),
    "release": ("打开", "释放"),
    "nothing": ("不打开", "不释放"),
    "own": ("自己的",),
    "enrolment": ("入网文件",),
}
"""By the English word, the first of them being the one that is shown. `no` of `NO or NC` is a contact: only `meant` with NO asks for 否."""


def meant(text: str, words: Sequence[str]) -> str | None:
    """Which of `words` was typed, in either language; None where none of them was."""
    typed = text.strip().lower()
    if typed in words:
        return typed
    return next((word for word in words if typed in CHINESE.get(word, ()) and not _is_contact(word, words)), None)


def yes_or_no(text: str) -> bool:
    """Raises ValueError."""
    typed = text.strip().lower()
    word = {"y": YES, "n": NO}.get(typed) or meant(typed, (YES, NO))
    if word is None:
        raise ValueError(_("say yes or no"))
    return word == YES


def spoken(word: str, words: Sequence[str] = ()) -> str:
    """As it is shown in the language spoken now."""
    known = speaks_chinese() and word in CHINESE and not _is_contact(word, words)
    return CHINESE[word][0] if known else word


def choices(words: Sequence[str]) -> str:
    """`locked or unlocked`, as it is said now."""
    return joined(_(" or "), [spoken(word, words) for word in words])


def offered(default: str, read: Callable[[str], object]) -> str:
    """A default as it stands in brackets: in Chinese where that is read as the same."""
    shown = spoken(default)
    try:
        return shown if shown == default or read(shown) == read(default) else default
    except ValueError:
        return default


def _is_contact(word: str, words: Sequence[str]) -> bool:
    """The NO of a relay's NO and NC."""
    return word == NO and "nc" in words
