"""TLS to the broker: the site's CA, the broker's name, and dates as far as they can be judged. Says in plain words what failed.

OpenSSL judges dates by the system's clock, which on these boards may be of 1970 or anything else. So it checks chain, key and
name, and the dates are judged here, by the time that the centre signed, before anything is sent.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from typing import Any

from cryptography import x509

from agent.core.time import Dates
from agent.link.access import BrokerAccess
from agent.words import N_, _

log = logging.getLogger("link")

NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME (x509_vfy.h): chain, key and name are checked, dates are not."""

NOT_YET = 9
EXPIRED = 10
_WORDS = {
    7: N_("its certificate is not of the site's CA"),
    NOT_YET: N_("its certificate is not valid yet"),
    EXPIRED: N_("its certificate has expired"),
    18: N_("its certificate is self-signed and not of the site's CA"),
    19: N_("its certificate is not of the site's CA"),
    20: N_("its certificate is not of the site's CA"),
    21: N_("its certificate is not of the site's CA"),
    62: N_("its certificate is for another name"),
    64: N_("its certificate is for another address"),
}
"""X509_V_ERR_* numbers (x509_vfy.h) in plain words."""


class DatesError(OSError):
    """A certificate whose chain, key and name hold, at the wrong time. The text says which, in plain words."""


def context(access: BrokerAccess, *, dates: Dates, beside: str | None = None) -> ssl.SSLContext:
    """TLS 1.2 or newer. A handshake with certificates that `dates` rules out raises DatesError. `beside`: PEM text of a further CA.

    Raises OSError (ssl.SSLError is one) where the CA or the client certificate cannot be read.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if access.ca is None:
        made.load_default_certs()
    else:
        made.load_verify_locations(cadata=access.ca)
    if beside is not None:
        try:
            made.load_verify_locations(cadata=beside)
        except ssl.SSLError as error:  # the first must go on working whatever this one is
            log.warning("a further CA cannot be read: %s", error.reason)
    if access.certificate is not None:
        made.load_cert_chain(access.certificate, access.certificate_key)
    made.verify_flags |= NO_CHECK_TIME
    made.sslsocket_class = _dated(dates)
    return made


def _dated(dates: Dates) -> type[ssl.SSLSocket]:
    """A socket that judges the dates of the far end's chain as the last part of the handshake."""

    class Dated(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:  # the library's signature
            super().do_handshake(block)
            for certificate in _chain(self):
                judge(certificate, dates)

    return Dated


def judge(certificate: x509.Certificate, dates: Dates) -> None:
    """Raises DatesError where the certificate is surely over, or surely has not begun."""
    if dates.over_utc is not None and certificate.not_valid_after_utc.timestamp() < dates.over_utc:
        raise DatesError(_WORDS[EXPIRED])
    if dates.begun_utc is not None and certificate.not_valid_before_utc.timestamp() > dates.begun_utc:
        raise DatesError(_WORDS[NOT_YET])


def _chain(sock: Any) -> Iterator[x509.Certificate]:
    """The chain that was verified, leaf first. Python has it in public since 3.13; before, on the socket's inner object."""
    if hasattr(sock, "get_verified_chain"):
        raw: list[bytes] = sock.get_verified_chain()
    else:
        raw = [each.public_bytes(_DER) for each in sock._sslobj.get_verified_chain()]  # noqa: SLF001
    for der in raw:
        yield x509.load_der_x509_certificate(der)


_DER = 2
"""`_ssl.ENCODING_DER`."""


def why(error: OSError) -> str:
    """What went wrong with the broker's TLS, in plain words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        words = _WORDS.get(error.verify_code)
        if words is None:
            return _("its certificate does not hold ({reason})").format(reason=error.verify_message)
        return _(words)
    if isinstance(error, ssl.SSLError):
        return _("TLS failed ({reason})").format(reason=error.reason or _("no reason given"))
    return str(error.strerror or error)
