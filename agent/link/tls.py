"""TLS to the broker: the site's CA, the broker's name, and dates where the clock can judge them. Says in plain words what failed."""

from __future__ import annotations

import ssl

from agent.link.access import BrokerAccess

NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME (x509_vfy.h): chain, key and name are checked, dates are not."""

_WORDS = {
    7: "its certificate is not of the site's CA",
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is self-signed and not of the site's CA",
    19: "its certificate is not of the site's CA",
    20: "its certificate is not of the site's CA",
    21: "its certificate is not of the site's CA",
    62: "its certificate is for another name",
    64: "its certificate is for another address",
}
"""X509_V_ERR_* numbers (x509_vfy.h) in plain words."""


def context(access: BrokerAccess, *, dates: bool) -> ssl.SSLContext:
    """TLS 1.2 or newer. `dates` False leaves validity dates unchecked, for a clock that cannot judge them.

    Raises OSError (ssl.SSLError is one) where the CA or the client certificate cannot be read.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if access.ca is None:
        made.load_default_certs()
    else:
        made.load_verify_locations(cadata=access.ca)
    if access.certificate is not None:
        made.load_cert_chain(access.certificate, access.certificate_key)
    if not dates:
        made.verify_flags |= NO_CHECK_TIME
    return made


def why(error: OSError) -> str:
    """What went wrong with the broker's TLS, in plain words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _WORDS.get(error.verify_code, f"its certificate does not hold ({error.verify_message})")
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or 'no reason given'})"
    return str(error.strerror or error)
