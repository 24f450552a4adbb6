"""Texts that fill the pages of a built panel to the last column."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.display import design
from drivers.display.design import Choice, Form, Size

CHARACTERS = "今日上午八时至下午五时停水请各位居民提前储水如有疑问请致电物业服务中心值班室电话门已打开欢迎回家请出示二维码卡片无效请联系管理员"
LETTERS = "Ag8Wy#j0@Q"


def full_line(size: Size, seed: int) -> str:
    """As wide as the place is: Chinese characters, with letters of half the width between them."""
    if size.letters.charset == "ascii":
        return ("12:34567890*#" * 2)[: min(size.columns, design.MASKED)]
    line, left, at = "", size.columns, seed
    while left:
        half = left == 1 or at % 7 == 3
        line += LETTERS[at % len(LETTERS)] if half else CHARACTERS[at % len(CHARACTERS)]
        left -= 1 if half else 2
        at += 1
    return line


def filled(form: Form, choice: Choice) -> Iterator[tuple[str, int, str]]:
    """Part, variable and text of each line of a page that is full."""
    sizes, variables = dict(choice.sizes), design.variables(form)
    bank, words = choice.bank * variables.words, variables.line_words
    for place in design.drawing(form, choice.look).places:
        size = place.sizes[sizes.get(place.part, 0)]
        for row in range(size.rows):
            yield place.part, place.vp + bank + row * words, full_line(size, 5 * row + len(place.part))
