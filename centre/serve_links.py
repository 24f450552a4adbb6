"""The two connections of `serve`: one for facts and for what goes out, one for what must not wait behind them; both tell into one queue."""

from __future__ import annotations

from centre.broker import figures_of
from centre.folder import Folder, ServeLogins, Site
from centre.keys import CentreKeys
from centre.link import EventQueue, Link, Login
from centre.twin import Place
from contract.messages import Kind
from contract.topics import PREFIX, centre

URGENT_LEAVES = ("alarm", "receipt", "reply", "status", "revs", "enrol", "seal")
OTHER_LEAVES = ("enrol", "facts")
"""A unit's key comes by both: facts follow it in order."""


def everything(site: str) -> str:
    """All that units may send; what is retained where nothing belongs comes by it."""
    return f"{PREFIX}/{site}/up/#"


def mark_topic(site: str, login: str) -> str:
    """What a connection sends to itself; no unit reads it."""
    return f"{PREFIX}/{site}/down/unit/{login}/{Kind.CONFIRM}"


def serve_links(
    folder: Folder,
    site: Site,
    keys: CentreKeys,
    logins: ServeLogins,
    events: EventQueue,
    place: Place,
    *,
    several: bool,
) -> tuple[Link, Link]:
    """The first and the urgent one. `several`: the first hears the centre's presence, and each its own mark."""
    ca = folder.ca if folder.ca.exists() else None
    own = f"{PREFIX}/{site.site}/up"
    further = [everything(site.site), *figures_of(site), *([centre(site.site)] if several else [])]
    first = Link(
        Login(site.address, logins.main, keys.logins[logins.main], ca),
        [*(f"{own}/+/{leaf}" for leaf in OTHER_LEAVES), *([mark_topic(site.site, logins.main)] if several else [])],
        will=place.good_bye,
        persistent=True,
        events=events,
        unsubscribe=[everything(site.site)],
        where_allowed=further,
        at_once=place.topics,
        gate=place.enter,
    )
    login = Login(site.address, logins.urgent, keys.logins[logins.urgent], ca)
    wanted = [f"{own}/+/{leaf}" for leaf in URGENT_LEAVES]
    wanted += [mark_topic(site.site, logins.urgent)] if several else []
    gate = place.await_held
    return first, Link(login, wanted, will=None, persistent=True, events=events, urgent=True, gate=gate)
