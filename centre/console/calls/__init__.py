"""All calls: importing this declares them."""

from __future__ import annotations

from centre.console.calls import accounts, consents, me, tokens

ALL = (me, accounts, tokens, consents)
