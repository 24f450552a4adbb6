"""What a unit should run: the signed `software`, and the order of versions, which is Debian's. Read at a door, at the centre, and by the program that installs."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Final

from contract.bounds import Hex64, Pattern, Range, Reading, Revision
from contract.messages import Address, Kind, StateMessage, message
from contract.scopes import ScopeText

MAX_BUNDLE_BYTES: Final = 2**31
MAX_VERSION_CHARS: Final = 64
Version = Annotated[
    str, Pattern(r"([0-9]{1,5}:)?[0-9][A-Za-z0-9.+~-]{0,57}", "a version as Debian writes them, up to 64 characters")
]


class Form(StrEnum):
    """What the bundle is."""

    DEB = "deb"
    RAUC = "rauc"


@message(Kind.SOFTWARE, Address("signed `software`"))
class Software(StateMessage):
    """The version that units of the scope should run; of several scopes the most specific wins."""

    scope: ScopeText
    rev: Revision
    iat: Reading
    version: Version
    """Compared as Debian does. That which runs: nothing to do. An older one is never installed by this message."""
    form: Form
    """`deb`: a Debian package, for a Debian that is there already. `rauc`: a bundle for the image with two slots."""
    size: Annotated[int, Range(1, MAX_BUNDLE_BYTES)]
    """Of the bundle, in bytes."""
    sha256: Hex64
    """Of the bundle."""
    url: Annotated[
        str,
        Pattern(
            r"https://[A-Za-z0-9.\[\]:-]{1,255}/[!-~]{0,235}", "https://host/…, up to 500 characters without spaces"
        ),
    ]
    """Where it is had, with Range, behind a certificate of the site's CA."""
    withdrawn: bool = False
    """True: a tombstone. What has not been ordered yet is not installed; what runs stays."""


def order(version: str) -> tuple[int, tuple[object, ...], tuple[object, ...]]:
    """Where a version stands among others, as Debian sorts them: the older one's is less."""
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch), _parts(upstream), _parts(revision or "0")


def is_newer(version: str, than: str) -> bool:
    return order(version) > order(than)


def _parts(text: str) -> tuple[object, ...]:
    """Letters before other signs, `~` before the end itself, digits as numbers."""
    found = re.findall(r"([^0-9]*)([0-9]*)", text)
    return tuple(((*map(_weight, signs), 0), int(digits or "0")) for signs, digits in found)


def _weight(sign: str) -> int:
    if sign == "~":
        return -1
    return ord(sign) if sign.isalpha() else ord(sign) + 256
