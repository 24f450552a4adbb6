"""One line to whoever laid the files there, in both languages: nobody has told this box yet which one they read."""

from __future__ import annotations

from agent.words import plain
from contract.frozen import frozen


@frozen
class Remark:
    """`ok`: False for what a person has to put right."""

    ok: bool
    zh: str
    en: str

    def __str__(self) -> str:
        return f"{'' if self.ok else '! '}{self.zh}\n{'' if self.ok else '! '}{self.en}"


def told(zh: str, en: str) -> Remark:
    return Remark(True, zh, en)


def wrong(zh: str, en: str) -> Remark:
    return Remark(False, zh, en)


def faults(name: str, lines: tuple[str, ...], most: int = 20) -> tuple[Remark, ...]:
    """What the checks said of the file `name`, under a line that says what that means."""
    first = wrong(f"{name}：有错误，没有采用，一切照旧：", f"{name}: is wrong, was not taken, nothing was changed:")
    shown = tuple(Remark(False, f"  {line}", f"  {plain(line)}") for line in lines[:most])
    more = (wrong(f"  还有 {len(lines) - most} 行", f"  and {len(lines) - most} more"),) if len(lines) > most else ()
    return (first, *shown, *more)
