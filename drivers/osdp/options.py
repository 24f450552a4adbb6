"""The configuration keys of an OSDP reader."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Literal

from contract.frozen import frozen
from drivers.osdp import crypto
from drivers.reader.card import FORMS

POLL_MS = (5, 500)
"""Below 5 the line is never free. A card is as old as the poll before it may make it, and counts for a second (D12): above 500 too little of
that would be left.
"""
MAX_CONTACTS = 32
_HEX_KEY = re.compile(r"[0-9A-Fa-f]{32}")


@frozen
class ReaderOptions:
    """`key`: the reader's own base key (SCBK), 32 hex digits by the time a session is made; the configuration names where it is kept
    (`credential:NAME` or a file). `secure`: optional lets a reader that never spoke Secure Channel go on without.
    `remembered`: it has spoken Secure Channel before; the agent keeps this. `inputs`, `outputs`: how many of its contacts and relays are used; 0: what
    the configuration hangs on it says so.
    `form`: how its card numbers are read, `auto` or a form of reader/card.py. `crc: false` for old readers that know the checksum only.
    """

    address: int = 0
    key: str = field(default="", repr=False)
    secure: Literal["required", "optional"] = "required"
    remembered: bool = False
    poll_ms: int = 20
    inputs: int = 0
    outputs: int = 0
    form: str = "auto"
    crc: bool = True

    def check(self) -> list[tuple[str, str]]:
        faults = []
        if not 0 <= self.address <= 126:
            faults.append(("address", f"an OSDP address is 0 to 126, not {self.address}"))
        if not POLL_MS[0] <= self.poll_ms <= POLL_MS[1]:
            faults.append(("poll_ms", f"must be {POLL_MS[0]} to {POLL_MS[1]}, not {self.poll_ms}"))
        for name in ("inputs", "outputs"):
            count = getattr(self, name)
            if not 0 <= count <= MAX_CONTACTS:
                faults.append((name, f"must be 0 to {MAX_CONTACTS}, not {count}"))
        if self.form != "auto" and self.form not in FORMS:
            faults.append(("form", f"no card form is called {self.form!r}; known: auto, {', '.join(sorted(FORMS))}"))
        key = self.key_bytes()
        fault = crypto.weakness(key) if key is not None else None
        if fault is not None:
            faults.append(("key", fault))
        return faults

    def key_bytes(self) -> bytes | None:
        """The key itself; None where there is none, or only the name of its place."""
        return bytes.fromhex(self.key) if _HEX_KEY.fullmatch(self.key) else None
