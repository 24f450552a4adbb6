"""Texts that no one would write: emoji, right to left, controls, marks without a letter, signs that only GB18030 has, words longer than a page."""

from __future__ import annotations

import random

TEXT_MAX = 48 * 1024
PIECES = (
    "今日停水，请储水。",
    "😀👨‍👩‍👧‍👦🏳️‍🌈🇨🇳",
    "שלום עולם ",
    "مرحبا \u202eبالعالم\u202c ",
    "\x00\x01\x07\x1b[2J\x7f\x85",
    "\u200b\u200d\ufeff\u2028\u2029",
    "\U00020000\U0002a6d6\u3400\u4db5\u9fa6㐂",
    "e\u0301" * 5 + "\u0300" * 40,
    "\ud7a3\uf8ff\ufffd\ufffe",
    "Pneumonoultramicroscopicsilicovolcanoconiosis" * 3,
    '"\\"\\r\\n\xff\xff\xff{page 0}%s{0}',
    "\n" * 12,
    "\r\n \t\u3000 \r",
    "，。、；：！？）》",
    "（《「『" * 9,
    "£€¥•✓☎℃№①Ⅻ",
)


def absurd(rng: random.Random, most: int) -> str:
    """A text of up to `most` bytes."""
    if rng.random() < 0.02:
        piece = rng.choice(PIECES)
        return piece * (most // len(piece.encode()))
    text = "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 60)))
    return text if len(text.encode()) <= most else text[: most // 4]
