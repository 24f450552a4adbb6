"""One thing that `doorward check` looked at."""

from __future__ import annotations

from typing import Literal

from contract.frozen import frozen


@frozen
class Finding:
    """`ask`: a question only a person at the door can answer. `text` says what mends a failure."""

    about: str
    state: Literal["ok", "note", "ask", "failed"]
    text: str
