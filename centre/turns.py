"""Two of one name at a time: sessions, or journals, of one unit that speak in turns. One box only ever goes on to a new one. In memory only."""

from __future__ import annotations

from dataclasses import dataclass, field

RETURNS = 3
"""So many times one name must speak again after another had followed it. Once or twice may be messages that overtook each other at the broker."""
WITHIN_S = 3600.0
KEPT = 8
"""Names remembered of each unit."""


@dataclass(slots=True)
class _Heard:
    """`newest`: by name, what it told last of its own order (a time, a number). `last`: who spoke last. `returns`: by name, when."""

    newest: dict[str, float] = field(default_factory=dict)
    last: str = ""
    returns: dict[str, list[float]] = field(default_factory=dict)


class Turns:
    """Used by one thread."""

    def __init__(self) -> None:
        self._units: dict[str, _Heard] = {}

    def heard(self, unit: str, name: str, order: float, now: float) -> bool:
        """`name` spoke; `order` grows with what it has to tell, so that an old message that comes late counts for nothing.

        Returns whether two of the unit take turns by now.
        """
        heard = self._units.setdefault(unit, _Heard())
        before = heard.newest.pop(name, None)
        heard.newest[name] = order if before is None else max(order, before)
        if len(heard.newest) > KEPT:
            gone = next(iter(heard.newest))
            del heard.newest[gone]
            heard.returns.pop(gone, None)
        if before is not None and order <= before:
            return False
        returned = before is not None and heard.last != name
        heard.last = name
        if not returned:
            return False
        recent = [*(then for then in heard.returns.get(name, ()) if now - then < WITHIN_S), now][-RETURNS:]
        heard.returns[name] = recent
        return len(recent) >= RETURNS
