"""The digest of the standing state a unit has, or should have: one short text that both ends compare."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def digest(entries: Iterable[tuple[str, str, str, int]]) -> str:
    """SHA-256 (hex) over `scope|kind|id|rev` and a line end for each (kind, scope, id, rev), sorted by scope, kind, id, rev.

    `id` is empty for settings, keys and secrets. Duplicates count once.
    """
    lines = sorted({(str(scope), str(kind), name, rev) for kind, scope, name, rev in entries})
    text = "".join(f"{scope}|{kind}|{name}|{rev}\n" for scope, kind, name, rev in lines)
    return hashlib.sha256(text.encode()).hexdigest()
