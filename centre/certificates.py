"""The site's own CA and the broker's certificate from it. Owns their making; where they lie is folder.py's."""

from __future__ import annotations

import ipaddress
import math
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from centre.errors import CONFIGURATION, CentreError
from centre.folder import BrokerAddress, write_secret
from centre.words import _

CA_DAYS = 20 * 365
"""A unit is enrolled for its life; there is no later chance to hand it another CA but a new enrolment."""
SERVER_DAYS = 5 * 365
RENEW_DAYS = 30
"""Left of the broker's certificate when another is made, and when `serve` and `check` say that it is time."""
CONNECT_S = 5.0
DAY_S = 86_400.0
_BACKDATED = timedelta(days=1)
"""For units whose clock is a little slow."""


def make_ca(folder: Path, site: str) -> None:
    """`ca.pem` and `ca.key` in `folder`: ECDSA P-256, for signing certificates only."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"doorward site {site}")
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, SHA256())
    )
    _write(folder, "ca", certificate, private)


def make_server(ca_folder: Path, folder: Path, host: str) -> bool:
    """`server.pem` and `server.key` for the broker at `host`, unless those there still serve. Returns whether they are new."""
    try:
        ca = x509.load_pem_x509_certificate((ca_folder / "ca.pem").read_bytes())
        if _serves(folder / "server.pem", host, ca):
            return False
        signer = load_pem_private_key((ca_folder / "ca.key").read_bytes(), None)
    except (OSError, ValueError) as error:
        raise CentreError(
            _("{ca_folder}: no CA to sign the broker's certificate with: {error}").format(
                ca_folder=ca_folder, error=error
            ),
            CONFIGURATION,
        ) from None
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    private = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(ca.subject, _name(host[:64]), private.public_key(), x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=SERVER_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, SHA256())
    )
    _write(folder, "server", certificate, private)
    return True


def in_file(path: Path) -> x509.Certificate:
    """Raises OSError, and ValueError where it is no certificate in PEM."""
    return x509.load_pem_x509_certificate(path.read_bytes())


def shown(address: BrokerAddress, ca: Path | None, limit_s: float = CONNECT_S) -> x509.Certificate:
    """What the broker at `address` shows, checked with `ca` (None: the system's). Raises OSError: not reached, or it does not hold."""
    context = ssl.create_default_context(cafile=ca)
    with (
        socket.create_connection((address.host, address.port), limit_s) as plain,
        context.wrap_socket(plain, server_hostname=address.host) as encrypted,
    ):
        data = encrypted.getpeercert(binary_form=True)
    assert data is not None, "a certificate was asked for"
    return x509.load_der_x509_certificate(data)


def days_left(certificate: x509.Certificate, now: float) -> int:
    """Whole days until it ends, below 0 when it has; `now` in UTC seconds."""
    return math.floor((certificate.not_valid_after_utc.timestamp() - now) / DAY_S)


def check_ca(data: bytes) -> None:
    """Raises ValueError where this is no certificate in PEM."""
    x509.load_pem_x509_certificates(data)


def _serves(path: Path, host: str, ca: x509.Certificate) -> bool:
    """Whether the certificate at `path` is for `host`, of this CA, and not about to end."""
    try:
        certificate = in_file(path)
        certificate.verify_directly_issued_by(ca)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    return _alternative(host) in names and left > timedelta(days=RENEW_DAYS)


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(folder: Path, name: str, certificate: x509.Certificate, private: ec.EllipticCurvePrivateKey) -> None:
    write_secret(folder / f"{name}.key", private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_secret(folder / f"{name}.pem", certificate.public_bytes(Encoding.PEM))
