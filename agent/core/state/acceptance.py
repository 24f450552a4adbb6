"""Whether this box's installation is accepted, and its sheet that is on its way to the disk."""

from __future__ import annotations

from contract.frozen import frozen


@frozen
class AcceptanceState:
    key: str = ""
    """This unit's public key (hex), where its enrolment asks that its installation be accepted; else empty."""
    accepted: str = ""
    """As settings in force say: a public key, `any`, or nothing."""
    sheet: str = ""
    """The sheet that is being recorded."""
    token: int | None = None
    """Of that record."""

    @property
    def due(self) -> bool:
        """Whoever looks at the door is to see that nobody has accepted it yet."""
        return bool(self.key) and self.accepted not in (self.key, "any")
