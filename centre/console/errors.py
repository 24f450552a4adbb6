"""What a request can come to that is not its answer."""

from __future__ import annotations

from centre.errors import CentreError


class NotThereError(CentreError):
    """Nothing of that name, or nothing that this person may know of."""


class SignedOutError(Exception):
    """Nobody is signed in."""
