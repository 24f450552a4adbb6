"""Whether a `software` is the centre's word, from the pinned root key on: root, then the newest `keys` it signed, then the key for software. Believes nobody."""

from __future__ import annotations

from agent.driver_words import explained
from agent.errors import DoorwardError
from agent.words import _
from contract.enrolment import Enrolment
from contract.envelope import KeyRing, key_ring, unverified_payload, verify
from contract.frozen import frozen
from contract.messages import Keys, Kind
from contract.parse import parse
from contract.refusal import Refusal
from contract.scopes import Scope, parse_scope
from contract.software import Software
from contract.topics import Down


class UpdateError(DoorwardError):
    """An update that will not be. `reason`: as in the fact `software.refused`."""

    def __init__(self, reason: str, line: str) -> None:
        super().__init__(line)
        self.reason = reason


@frozen
class TrustedKeys:
    """`rev`: of the `keys` they are of; 0 is the enrolment."""

    ring: KeyRing
    rev: int


def trusted_keys(enrolment: Enrolment, keys: bytes, least_rev: int = 0) -> TrustedKeys:
    """Of the newest `keys` message, or where there was none of the enrolment. Older ones than were seen before are refused: a key that was taken away is in them."""
    root = bytes.fromhex(enrolment.root_key)
    if not keys:
        if least_rev:
            raise UpdateError(
                "not_signed", _("the centre's keys of revision {rev} are not there").format(rev=least_rev)
            )
        return TrustedKeys(enrolment.key_ring(), 0)
    found = _message(keys, Kind.KEYS, key_ring(root, ()), enrolment.site, Scope("site", enrolment.site))
    if not isinstance(found, Keys):
        raise UpdateError("not_signed", _("the centre's keys: {why}").format(why=found))
    if found.rev < least_rev:
        text = _("the centre's keys are of revision {rev}, and {least} was seen here")
        raise UpdateError("not_signed", text.format(rev=found.rev, least=least_rev))
    return TrustedKeys(key_ring(root, found.keys), found.rev)


def trusted_software(signed: bytes, keys: TrustedKeys, enrolment: Enrolment) -> Software:
    """The signed message, which is for this site, and not for another unit. Raises UpdateError."""
    payload = verify(signed, Kind.SOFTWARE, keys.ring)
    if isinstance(payload, Refusal):
        text = _("it is not signed by this site's centre: {why}")
        raise UpdateError("not_signed", text.format(why=explained(payload.detail)))
    try:
        scope = parse_scope(str(payload.get("scope")))
    except ValueError as error:
        raise UpdateError("not_signed", _("scope: {why}").format(why=error)) from None
    found = _message(signed, Kind.SOFTWARE, keys.ring, enrolment.site, scope)
    if not isinstance(found, Software):
        raise UpdateError("not_signed", _("it is not for this unit: {why}").format(why=found))
    if scope.level == "unit" and scope.id != enrolment.unit:
        text = _("it is for unit {unit}, and this is {own}")
        raise UpdateError("not_signed", text.format(unit=scope.id, own=enrolment.unit))
    if found.withdrawn:
        raise UpdateError("not_signed", _("it was withdrawn"))
    return found


def claimed_software(signed: bytes) -> Software | None:
    """What a message says of itself that was refused: to name it, and for nothing else."""
    try:
        payload = unverified_payload(signed)
        site, scope = str(payload.get("site")), parse_scope(str(payload.get("scope")))
    except ValueError:
        return None
    found = parse(Kind.SOFTWARE, site, Down(site, scope, Kind.SOFTWARE), payload)
    return found if isinstance(found, Software) else None


def _message(signed: bytes, kind: Kind, ring: KeyRing, site: str, scope: Scope) -> object:
    """The message, or in words what is wrong."""
    payload = verify(signed, kind, ring)
    if isinstance(payload, Refusal):
        return payload.detail
    found = parse(kind, site, Down(site, scope, kind), payload)
    return found.detail if isinstance(found, Refusal) else found
