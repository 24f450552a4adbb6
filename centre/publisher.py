"""A command's own short connection to the broker, beside `serve`: publishes what was just committed, waits for the broker's word."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from centre import state
from centre.books import Books
from centre.errors import UNREACHABLE, CentreError
from centre.folder import DESKS, Folder, Site, taken
from centre.keys import CentreKeys
from centre.link import WINDOW, Arrived, Link, LinkDown, Login, Sent
from centre.opened import OpenCentre
from centre.words import _

CONNECT_S = 5.0
PUBLISH_S = 10.0
FREE_S = 10.0
"""How long to wait for one of the desks' logins when that many commands run at once."""


@contextmanager
def connected(
    folder: Folder,
    site: Site,
    keys: CentreKeys,
    subscriptions: Sequence[str] = (),
    where_allowed: Sequence[str] = (),
    desks: Sequence[str] = DESKS,
) -> Iterator[Link]:
    """`desks`: the logins to take one of. `where_allowed`: further subscriptions, which a broker may refuse. Raises CentreError (exit 69) where it can't be reached or refuses."""
    with ExitStack() as stack:
        name = _free_login(folder, desks, stack)
        ca = folder.ca if folder.ca.exists() else None
        login = Login(site.address, name, keys.logins[name], ca)
        link = Link(login, subscriptions, will=None, persistent=False, where_allowed=where_allowed)
        link.start()
        stack.callback(link.stop)
        reason = link.until_up(CONNECT_S)
        if reason is not None:
            raise CentreError(f"{site.broker}: {reason}", UNREACHABLE)
        yield link


def retained(link: Link, wanted: Collection[str], limit_s: float) -> dict[str, bytes]:
    """What the broker retains on these topics, to which `link` is subscribed; it hands it out at once. One where it has nothing is missing."""
    found: dict[str, bytes] = {}
    end = time.monotonic() + limit_s
    while found.keys() < set(wanted) and (left := end - time.monotonic()) > 0:
        for event in link.take(left):
            if isinstance(event, Arrived):
                link.ack(event)
                if event.message.topic in wanted:
                    found.setdefault(event.message.topic, event.message.payload)
    return found


def all_retained(link: Link, quiet_s: float) -> list[str]:
    """Topics of all that the broker retains where `link` is subscribed, once nothing more came for so long."""
    found = dict[str, None]()
    end = time.monotonic() + quiet_s
    while (left := end - time.monotonic()) > 0:
        for event in link.take(left):
            if isinstance(event, Arrived):
                link.ack(event)
                if event.retained:
                    found[event.message.topic] = None
                    end = time.monotonic() + quiet_s
    return list(found)


def _free_login(folder: Folder, desks: Sequence[str], stack: ExitStack) -> str:
    """A login no other command of this folder uses now: with the same one the two would push each other off the broker."""
    end = time.monotonic() + FREE_S
    while True:
        for name in desks:
            attempt = ExitStack()
            if attempt.enter_context(taken(folder.keys / f"{name}.lock")):
                stack.push(attempt)
                return name
            attempt.close()
        if time.monotonic() >= end:
            raise CentreError(_("too many commands at the broker at once"), UNREACHABLE)
        time.sleep(0.05)


def send(link: Link, topic: str, payload: bytes, *, retain: bool) -> None:
    """One message, waited for. Raises CentreError (exit 69)."""
    mid = link.publish(topic, payload, retain=retain)
    _await(link, {mid})


def publish(centre: OpenCentre) -> int:
    """Send what was committed, over a connection of its own. Returns how many messages went out. Raises CentreError (exit 69): `serve`
    publishes it when it comes up.
    """
    with connected(centre.folder, centre.site, centre.keys) as link:
        return publish_unsent(centre.books, link)


def publish_unsent(books: Books, link: Link) -> int:
    """Everything no broker has acknowledged yet. Returns how many messages went out."""
    with books.reading() as conn:
        items = state.unsent(conn)
    for start in range(0, len(items), WINDOW):
        part = items[start : start + WINDOW]
        _await(link, {link.publish(item.topic, item.token, retain=True) for item in part})
        with books.alone() as conn:
            state.mark_sent(conn, part, time.time())
    return len(items)


def _await(link: Link, mids: set[int]) -> None:
    end = time.monotonic() + PUBLISH_S
    while mids:
        left = end - time.monotonic()
        if left <= 0:
            raise CentreError(_("the broker does not acknowledge"), UNREACHABLE)
        for event in link.take(left):
            if isinstance(event, Sent):
                mids.discard(event.mid)
            elif isinstance(event, LinkDown):
                raise CentreError(_("broker: {reason}").format(reason=event.reason), UNREACHABLE)
