"""Who a unit of the fleet is."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract.enrolment import Enrolment
from contract.scopes import Scope


@dataclass(frozen=True, slots=True)
class Enlisted:
    """`scopes` are all it has; `pinned`: the centre has its key already."""

    enrolment: Enrolment
    key: Ed25519PrivateKey
    scopes: tuple[Scope, ...]
    pinned: bool
