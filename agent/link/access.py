"""What the link is given at start: where the broker is and how to get in, who this unit is and whom it believes. Plain values."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract.enrolment import broker_address
from contract.frozen import frozen
from contract.messages import WorkingKey
from contract.scopes import Scope


@frozen
class BrokerAccess:
    """`url`: mqtt://host[:port] or mqtts://host[:port]. `ca`: PEM text of the site's CA, None for the system's.

    `certificate`, `certificate_key`: PEM files of a client certificate, both or neither. `user` None: the unit's id.
    """

    url: str
    password: str | None = field(default=None, repr=False)
    ca: str | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    user: str | None = None

    def address(self) -> tuple[str, int, bool]:
        """Host, port, whether with TLS. Raises ValueError on a URL that is none of ours."""
        return broker_address(self.url)


@frozen
class Login:
    """A second way in. `login` None: the unit's own; `password` None: there is no second login. `ca`: PEM text, trusted beside the first."""

    login: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: str | None = None


@frozen
class UnitKeys:
    """Who we are and whom we believe. `scopes` as configured; site and unit are implied. `root`: 32 bytes.

    `working`: the keys known at start (of the enrolment, or the newest the store has); UseKeys replaces them.
    `token`: the one-time token of the enrolment, None where it was spent before this start.
    """

    site: str
    unit: str
    scopes: tuple[Scope, ...]
    private: Ed25519PrivateKey = field(repr=False)
    root: bytes
    working: tuple[WorkingKey, ...]
    token: bytes | None = field(default=None, repr=False)
