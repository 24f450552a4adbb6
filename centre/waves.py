"""The waves in which a version goes out: `1,10,10%,all` in words, and how many units each takes. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from centre.words import _

DEFAULT = "1,10,10%,all"
MOST = 10
"""Waves of one roll."""
FAILED_PERCENT = 2
"""Of a wave: so many may not come back."""
LEAST_FOR_SHARE = 50
"""In a wave of fewer units none may fail."""


@dataclass(frozen=True, slots=True)
class Waves:
    """`text` as it was given, without blanks; the last one takes all that are left."""

    text: str

    @staticmethod
    def parse(text: str) -> Waves:
        """Raises ValueError with what is wrong."""
        steps = [step.strip() for step in text.split(",")]
        if steps[-1] != "all" or len(steps) > MOST:
            raise ValueError(
                _("not up to {most} waves that end with all, as {example}").format(most=MOST, example=DEFAULT)
            )
        for step in steps[:-1]:
            number = int(step.removesuffix("%")) if re.fullmatch(r"[0-9]{1,4}%?", step, re.ASCII) else 0
            if not 1 <= number <= (99 if step.endswith("%") else 9999):
                raise ValueError(_("{step}: neither a number of units nor 1% to 99%").format(step=step))
        return Waves(",".join(steps))

    def __len__(self) -> int:
        return self.text.count(",") + 1

    def size(self, wave: int, total: int) -> int:
        """How many units wave `wave` (from 1) is to have, of `total` in the scope; the last: all."""
        step = self.text.split(",")[wave - 1]
        if step == "all":
            return total
        return math.ceil(total * int(step[:-1]) / 100) if step.endswith("%") else int(step)

    def is_last(self, wave: int) -> bool:
        return wave == len(self)


def may_fail(count: int) -> int:
    """Of so many units that were handed a version."""
    return count * FAILED_PERCENT // 100 if count >= LEAST_FOR_SHARE else 0
