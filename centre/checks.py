"""Whether the centre and its broker are in order: certificates, the broker's files, the broker itself, `serve`."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from centre import broker_files, certificates, publisher
from centre.broker import DROPPED, figures_of
from centre.certificates import RENEW_DAYS, days_left
from centre.errors import CHECK_FAILED, UNREACHABLE, CentreError
from centre.folder import BrokerAddress, taken
from centre.opened import OpenCentre
from centre.words import _, reason_of
from contract.plain import Presence, parse_presence
from contract.topics import centre as presence_topic

CA_DAYS = 365
"""Left of the CA's certificate when it is told: each unit has to be handed the next one before it ends."""
FIGURES_S = 2.0
"""How long the broker may take to hand out its figures, and what it retains of `serve`."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that was looked at. `code`: 0 where it is in order, else the exit code of the command."""

    about: str
    code: int
    text: str


def check(office: OpenCentre, now: float) -> Iterator[CheckResult]:
    """Each thing as it is found; `now` in UTC seconds. Raises CentreError where the folder or its keys are damaged."""
    yield from _certificates(office, now)
    yield from _files(office)
    yield from _broker(office)
    yield from _software(office, now)


# --- certificates


def _certificates(office: OpenCentre, now: float) -> Iterator[CheckResult]:
    address = office.site.address
    if not address.tls:
        yield CheckResult("certificate", 0, _("none, the broker is reached without TLS"))
        return
    ca = office.folder.ca if office.folder.ca.exists() else None
    try:
        shown = certificates.shown(address, ca)
    except ssl.SSLError as error:
        why = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.reason
        yield CheckResult(
            "certificate",
            CHECK_FAILED,
            _("the broker's does not hold: {why}; {renew}").format(why=why, renew=_renew(office)),
        )
    except OSError as error:
        yield CheckResult(
            "certificate",
            UNREACHABLE,
            _("{broker} cannot be reached: {reason}").format(broker=office.site.broker, reason=reason_of(error)),
        )
    else:
        yield _ends("certificate", shown, now, RENEW_DAYS, _renew(office))
        yield from _reloaded(office, shown)
    if ca is not None:
        for each in x509.load_pem_x509_certificates(ca.read_bytes()):
            mend = _("put a second one into ca.pem; units are handed it with their secrets")
            yield _ends("ca", each, now, CA_DAYS, mend)


def _ends(about: str, certificate: x509.Certificate, now: float, least: int, mend: str) -> CheckResult:
    left = days_left(certificate, now)
    until = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
    if left < least:
        return CheckResult(
            about, CHECK_FAILED, _("{left} days left, until {until}: {mend}").format(left=left, until=until, mend=mend)
        )
    return CheckResult(about, 0, _("{left} days left, until {until}").format(left=left, until=until))


def _renew(office: OpenCentre) -> str:
    wanted = office.site.mosquitto
    if wanted is not None and wanted.certificate is None:
        return _("`doorward centre broker` makes another, then reload the broker")
    return _("get another where it came from")


def _reloaded(office: OpenCentre, shown: x509.Certificate) -> Iterator[CheckResult]:
    """Whether the broker shows the certificate that is in its files."""
    wanted = office.site.mosquitto
    name = None if wanted is None else broker_files.certificate_of(office.site, wanted)[0]
    if wanted is None or name is None:
        return
    try:
        kept = certificates.in_file(broker_files.place(office.folder, wanted) / name)
    except (OSError, ValueError):
        return  # told with the files
    if kept != shown:
        yield CheckResult("certificate", CHECK_FAILED, _("the broker shows another than its files have: reload it"))


def _software(office: OpenCentre, now: float) -> Iterator[CheckResult]:
    """Whether units would take software from here; nothing where it was never served."""
    files = office.site.files
    if files is None:
        return
    ca = office.folder.ca if office.folder.ca.exists() else None
    where = f"{files.host}:{files.port}"
    try:
        there = certificates.shown(BrokerAddress(tls=True, host=files.host, port=files.port), ca)
    except ssl.SSLError as error:
        why = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.reason
        yield CheckResult(
            "software", CHECK_FAILED, _("the certificate of {where} does not hold: {why}").format(where=where, why=why)
        )
    except OSError as error:
        line = _("{where} cannot be reached: {reason}; does `files` run?")
        yield CheckResult("software", UNREACHABLE, line.format(where=where, reason=reason_of(error)))
    else:
        yield _ends("software", there, now, RENEW_DAYS, _("restart `files`, which makes another"))


# --- files


def _files(office: OpenCentre) -> Iterator[CheckResult]:
    wanted = office.site.mosquitto
    if wanted is None:
        yield CheckResult("files", 0, _("none, the broker is not configured from here"))
        return
    out = broker_files.place(office.folder, wanted)
    try:
        old = broker_files.outdated(office)
    except (OSError, UnicodeDecodeError) as error:
        name = Path(error.filename).name if isinstance(error, OSError) and error.filename else ""
        why = reason_of(error) if isinstance(error, OSError) else _("damaged")
        yield CheckResult("files", CHECK_FAILED, f"{out / name}: {why}")
        return
    if old:
        what = _("{old} of {out} are not as the books say").format(old=", ".join(old), out=out)
        yield CheckResult(
            "files", CHECK_FAILED, _("{what}: `doorward centre broker`, then reload the broker").format(what=what)
        )
    else:
        yield CheckResult("files", 0, _("{out} is as the books say").format(out=out))


# --- the broker, and serve


def _broker(office: OpenCentre) -> Iterator[CheckResult]:
    presence, figures = presence_topic(office.site.site), figures_of(office.site)
    try:
        with publisher.connected(office.folder, office.site, office.keys, [presence], figures) as link:
            found = publisher.retained(link, [presence, *figures], FIGURES_S)
    except CentreError as error:
        yield CheckResult("broker", error.code, str(error))
        yield _serve(office, None)
        return
    dropped = found.get(DROPPED, b"")
    figure = (
        _("; {dropped} messages dropped since it started").format(dropped=int(dropped)) if dropped.isdigit() else ""
    )
    yield CheckResult("broker", 0, _("{broker} answers{figure}").format(broker=office.site.broker, figure=figure))
    there = parse_presence(found.get(presence, b""))
    yield _serve(office, there if isinstance(there, Presence) else None)


def _serve(office: OpenCentre, there: Presence | None) -> CheckResult:
    """By its lock on this folder, and by what is retained of it at the broker."""
    with taken(office.folder.serving, shared=True) as free:
        here = not free
    online = there is not None and there.online
    if online:
        return CheckResult("serve", 0, _("runs and is online") if here else _("is online, on another machine"))
    text = _("runs, and nothing at the broker says that it is connected") if here else _("does not run")
    return CheckResult("serve", CHECK_FAILED, text)
