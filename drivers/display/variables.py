"""Where a built panel keeps what its pages show. Pure; addresses of variables (VPs), sizes in words of two bytes."""

from __future__ import annotations

from functools import lru_cache

from contract.frozen import frozen
from drivers.display.form import MARGINS, Form, scale

FIRST_VP = 0x5000
"""Above the variables that curves of a panel's project would use."""
IDENTITY_VP = 0x5FE0
"""The text `identity` of the built files, from the panel's initial values: read back, it tells whether they fit."""
IDENTITY_WORDS = 16
KEY_VP = 0x5FF4
"""A key of the panel's own keypad uploads its ASCII code here."""
NONCE_VP = 0x5FFE
BANKS = 2
LARGE_WORDS = 8
MASKED = 12
"""Of clock and keys: at most 12 bytes, with their end. So many typed keys have room in a line."""


@frozen
class Variables:
    """Where the panel keeps the parts in its first bank: the first word of each, one behind the other, and how many words a line has.
    The second bank begins `words` later.
    """

    large: int
    aside: int
    contact: int
    title: int
    footer: int
    body: int
    line_words: int
    lines: int

    @property
    def words(self) -> int:
        """Of one bank."""
        return self.body + self.line_words * self.lines - self.large


@lru_cache(maxsize=64)
def variables(form: Form) -> Variables:
    """Lines are as long as the smallest letters make them, so that a body is written in one go."""
    margin = MARGINS[min(form.width, form.height)]
    smallest = min(each.size for each in scale(form).fonts)
    words = ((form.across - 2 * margin) * 2 // smallest + 1) // 2 + 1
    starts = [FIRST_VP + LARGE_WORDS + n * words for n in range(5)]
    aside, contact, title, footer, body = starts
    lines = form.down // min(each.pitch for each in scale(form).body)
    return Variables(FIRST_VP, aside, contact, title, footer, body, words, lines)
