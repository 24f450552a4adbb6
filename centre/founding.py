"""A new centre: its folder with keys, CA and empty books."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from centre import account_desk, certificates, holders, invitations, state
from centre.accounts import Account, Role
from centre.acts import ActJournal
from centre.books import Books, url_of
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.folder import BrokerAddress, Folder, Site, make_folder, write_secret
from centre.invitations import Invitation
from centre.keys import load_keys, load_root, make_keys
from centre.opened import OpenCentre
from centre.signing import Signer
from centre.state import Signed
from centre.words import _
from contract.messages import Keys, Kind
from contract.scopes import Scope
from contract.topics import down, valid_id


@dataclass(frozen=True, slots=True)
class Founded:
    """`encrypted`: whether the broker is reached by TLS; without it a centre is only for trying on one machine. `invitation`: the first administrator's."""

    site: Site
    encrypted: bool
    invitation: Invitation


INIT = "init"
ADMINISTRATOR = "admin"
"""The first one's name, where none is said."""


def found(path: Path, described: Site, ca: Path | None, now: float, administrator: str = ADMINISTRATOR) -> Founded:
    """Make a centre in `path`. `ca`: the certificate of a CA that is not ours, which the broker's is checked with.

    Raises BadValueError; CentreError (wrong use) where a centre is there already or `ca` is no certificate, (exit 69, 78) where the
    database for the books can't be reached or is none for them.
    """
    if not valid_id(administrator):
        raise BadValueError(
            "administrator", _("{name!r} is no id (a-z, 0-9, - and _, at most 48)").format(name=administrator)
        )
    address = _checked(described)
    folder = Folder(path.absolute())
    if folder.settings.exists() or folder.keys.exists():
        raise CentreError(_("{path}: there is a centre already").format(path=path), WRONG_USE)
    if described.books is not None:
        books = Books(described.books)
        books.check_empty()
        books.close()
    make_folder(folder.path)
    folder.path.chmod(0o700)
    make_keys(folder)
    _certificates(folder, described.site, address, ca)
    _first_books(folder, described, now)
    folder.save(described)
    return Founded(described, address.tls, _first_administrator(folder, described.site, administrator, now))


def _first_administrator(folder: Folder, site: str, name: str, now: float) -> Invitation:
    """There is no password by default: who opens the link sets it."""
    centre = OpenCentre(folder.path)
    try:
        account_desk.add(centre, Account(name, name, Role.ADMINISTRATOR, Scope("site", site)), INIT, now)
        return invitations.invite(centre, name, INIT, now)
    finally:
        centre.books.close()


def _checked(described: Site) -> BrokerAddress:
    if not valid_id(described.site):
        raise BadValueError("site", _("{site!r} is no id (a-z, 0-9, - and _, at most 48)").format(site=described.site))
    try:
        ZoneInfo(described.timezone)
    except (OSError, ValueError, KeyError):
        raise BadValueError("timezone", _("not a name of the IANA database")) from None
    try:
        return BrokerAddress.parse(described.broker)
    except ValueError as error:
        raise BadValueError("broker", str(error)) from None


def _certificates(folder: Folder, site: str, address: BrokerAddress, ca: Path | None) -> None:
    if not address.tls:
        return
    make_folder(folder.tls)
    if ca is None:
        certificates.make_ca(folder.tls, site)
        return
    data = ca.read_bytes()
    try:
        certificates.check_ca(data)
    except ValueError:
        raise CentreError(_("{ca}: no certificate in PEM").format(ca=ca), WRONG_USE) from None
    write_secret(folder.ca, data)


def _first_books(folder: Folder, site: Site, now: float) -> None:
    """Empty books, and in them the first `keys` message, signed by the root."""
    if site.books is None:
        write_secret(folder.books, b"")
    books = Books(url_of(folder, site), ActJournal(folder, site.site))
    books.create()
    books.begin_journal()
    keys, scope = load_keys(folder), Scope("site", site.site)
    message = Keys(scope, 1, round(now, 3), keys.working)
    topic = down(site.site, scope, Kind.KEYS)
    token = Signer(site.site, keys).sign_keys(load_root(folder), topic, message)
    with books.changing() as conn:
        state.commit(conn, [Signed(topic, message, token)], now)
        holders.public_key(conn, folder, now)
    books.close()
