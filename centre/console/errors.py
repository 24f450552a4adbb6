"""What a request can come to that is not its answer."""

from __future__ import annotations

from centre.consents import Consent
from centre.errors import CentreError
from centre.words import _


class NotThereError(CentreError):
    """Nothing of that name, or nothing that this person may know of."""


class SignedOutError(Exception):
    """Nobody is signed in."""


class WaitsError(CentreError):
    """It is not done: another person is to agree first."""

    def __init__(self, consent: Consent) -> None:
        super().__init__(_("It waits until a second person agrees; nothing was done yet."))
        self.consent = consent
