"""Signing what goes down: JWS compact, EdDSA, exactly alg, typ and kid in the header. The only file that imports joserfc."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import OKPKey

from centre.errors import CentreError
from centre.keys import CentreKeys
from centre.names import explained
from centre.state import RetainedMessage
from centre.words import _
from contract.envelope import KeyRing, key_ring, unverified_payload, verify
from contract.kinds import Message
from contract.messages import MAX_MESSAGE_BYTES, ROOT_KID, Kind
from contract.parse import parse, payload_of
from contract.refusal import Refusal
from contract.strict_json import dumps
from contract.topics import parse_down

_ALGORITHM = "EdDSA"
"""The contract's name (RFC 8037). joserfc has to be told it explicitly, and warns that RFC 9864 calls it Ed25519."""


def _okp(private: Ed25519PrivateKey) -> OKPKey:
    return OKPKey.import_key(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


class Signer:
    """Signs messages of one site with its working keys; checks each as a unit would before letting it out."""

    def __init__(self, site: str, keys: CentreKeys) -> None:
        self.site = site
        self._keys = keys
        self._private = {kid: _okp(private) for kid, private in keys.private.items()}
        self._ring = key_ring(bytes.fromhex(keys.root_public), keys.working)

    def sign(self, kind: Kind, message: Message) -> bytes:
        """The token. Raises what `seal` raises."""
        kid = self._keys.kid_for(kind)
        return seal(self._private[kid], kid, kind, payload_of(message, self.site))

    def sign_state(self, topic: str, message: Message) -> bytes:
        """The token for `topic`, read back as a unit reads it: CentreError says what no unit would take."""
        down = parse_down(topic)
        if down is None:
            raise CentreError(_("{topic}: no topic of the contract").format(topic=topic))
        token = self.sign(down.kind, message)
        self.check(topic, token, self._ring)
        return token

    def sign_again(self, item: RetainedMessage) -> bytes:
        """What stands in a message of ours, signed by the key that signs its kind now."""
        kind = Kind(item.kind)
        kid = self._keys.kid_for(kind)
        token = seal(self._private[kid], kid, kind, unverified_payload(item.token))
        self.check(item.topic, token, self._ring)
        return token

    def sign_keys(self, root: Ed25519PrivateKey, topic: str, message: Message) -> bytes:
        token = seal(_okp(root), ROOT_KID, Kind.KEYS, payload_of(message, self.site))
        self.check(topic, token, self._ring)
        return token

    def check(self, topic: str, token: bytes, ring: KeyRing) -> None:
        down = parse_down(topic)
        assert down is not None
        payload = verify(token, down.kind, ring)
        refusal = payload if isinstance(payload, Refusal) else parse(down.kind, self.site, down, payload)
        if isinstance(refusal, Refusal):
            raise CentreError(_("no unit would take it: {detail}").format(detail=explained(refusal.detail)))


def seal(private: OKPKey, kid: str, kind: Kind, payload: Mapping[str, Any]) -> bytes:
    """One signed message. Raises CentreError where it is larger than a message may be."""
    header = {"alg": _ALGORITHM, "typ": f"doorward-{kind.value}", "kid": kid}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its name for EdDSA, in a class that joserfc 1.1 does not have
        token = jws.serialize_compact(header, dumps(payload), private, algorithms=[_ALGORITHM]).encode()
    if len(token) > MAX_MESSAGE_BYTES:
        raise CentreError(_("{kind}: larger than 64 KiB when signed").format(kind=kind.value))
    return token
