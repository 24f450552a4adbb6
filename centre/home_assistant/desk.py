"""Home Assistant let in, and shut out: its login, the bridge's, the site's setting, the broker's files; what is announced taken back."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace

from centre import acts, broker_files, publisher
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.folder import HOME_BRIDGE, HOME_DESKS, Home, home_login
from centre.home_assistant import topics
from centre.keys import share
from centre.opened import OpenCentre
from centre.words import _
from contract.scopes import Scope

_PREFIX = re.compile(r"[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,3}")
RETAINED_S = 1.0
"""The broker hands out at once what it retains."""


@dataclass(frozen=True, slots=True)
class LetIn:
    """What Home Assistant is to be told. `broker_folder`: of its files, which were written anew; None where they are not ours."""

    login: str
    password: str
    broker_folder: str | None


def let_in(centre: OpenCentre, scope: Scope, prefix: str, by: str, now: float) -> LetIn:
    """With a new password, for the units of this scope. Raises BadValueError."""
    if not _PREFIX.fullmatch(prefix) or prefix.startswith(("doorward", "$")):
        raise BadValueError("prefix", _("{prefix!r}: no topic for Home Assistant").format(prefix=prefix))
    before = centre.site.home_assistant
    if before is not None and before.prefix != prefix:
        raise BadValueError("prefix", _("units are announced below {old}: `off` first").format(old=before.prefix))
    name = home_login(centre.site.site)
    fresh: dict[str, str | None] = {
        login: secrets.token_urlsafe(24) for login in (HOME_BRIDGE, *HOME_DESKS) if login not in centre.keys.logins
    }
    password = secrets.token_urlsafe(18)
    with centre.books.alone() as conn:
        acts.note(conn, "home_assistant", {"on": True, "scope": str(scope), "prefix": prefix, "by": by}, now)
        share(centre.folder, "logins", fresh | {name: password})
    centre.read_keys_again()
    centre.save(replace(centre.site, home_assistant=Home(str(scope), prefix)))
    return LetIn(name, password, broker_files.rewrite(centre))


def shut_out(centre: OpenCentre, by: str, now: float) -> str | None:
    """No login any more, nothing announced. Returns the folder of the broker's files. Raises CentreError; (exit 69) where the broker is away: what it retains cannot be cleared then."""
    home = centre.site.home_assistant
    if home is None:
        raise CentreError(_("Home Assistant is told of nothing as it is"), WRONG_USE)
    centre.save(replace(centre.site, home_assistant=None))  # a bridge that runs sees it, and leaves its login
    try:
        _clear(centre, home)
    except CentreError:
        centre.save(replace(centre.site, home_assistant=home))
        raise
    gone: dict[str, str | None] = dict.fromkeys((HOME_BRIDGE, *HOME_DESKS, home_login(centre.site.site)))
    with centre.books.alone() as conn:
        acts.note(conn, "home_assistant", {"on": False, "by": by}, now)
        share(centre.folder, "logins", gone)
    centre.read_keys_again()
    return broker_files.rewrite(centre)


def _clear(centre: OpenCentre, home: Home) -> None:
    site = centre.site.site
    wanted = [topics.config(home.prefix, site, "+"), f"{topics.own(site)}/#"]
    with publisher.connected(centre.folder, centre.site, centre.keys, wanted, desks=(HOME_BRIDGE,)) as link:
        for topic in publisher.all_retained(link, RETAINED_S):
            publisher.send(link, topic, b"", retain=True)
