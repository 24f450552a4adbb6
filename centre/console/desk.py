"""What all requests share: the centre, the look, open pages, commands on their way, and who a request is from."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request

from centre import single_sign_on
from centre.accounts import Account
from centre.console.course import Courses
from centre.console.exports import Exports
from centre.console.live import Live
from centre.console.look import Look
from centre.console.shared import Shared
from centre.console.states import States
from centre.console.threads import Threads
from centre.console.verification import Verification
from centre.folder import Folder, write_secret
from centre.opened import OpenCentre
from centre.previews import Previews
from centre.sign_in import SignIns
from centre.single_sign_on import SignOn

if TYPE_CHECKING:
    from centre.console.page import Entry
    from centre.console.visit import Visit

Whose = Callable[[OpenCentre, Request], Account | None]
"""Who a request is from, by its session or token; None where nobody is signed in."""

Say = Callable[[str], None]
"""A line for whoever runs the console."""


def unsaid(_line: str) -> None:
    """Where nobody listens."""


@dataclass(frozen=True, slots=True)
class Options:
    """`public`: the address that people use, as https://doors.example; None: where it listens. `frame`: an origin whose pages may show ours."""

    listen: str = "127.0.0.1"
    port: int = 8080
    public: str | None = None
    frame: str | None = None
    behind_proxy: bool = False

    @property
    def secure(self) -> bool:
        """Cookies go over TLS alone."""
        return self.origin.startswith("https://")

    @property
    def origin(self) -> str:
        host = f"[{self.listen}]" if ":" in self.listen else self.listen
        return self.public or f"http://{host}:{self.port}"


def _secret(folder: Folder) -> str:
    """Made once, so that nobody is signed out by a restart."""
    path = folder.keys / "console.key"
    if not path.exists():
        write_secret(path, secrets.token_hex(32).encode())
    return path.read_text("ascii").strip()


class WebDesk:
    """Of one process."""

    def __init__(
        self, centre: OpenCentre, options: Options, whose: Whose, entries: tuple[Entry, ...], say: Say = unsaid
    ) -> None:
        self.centre = centre
        self.options = options
        self.look = Look(centre.site.zone)
        self.live = Live(centre.books)
        self.courses = Courses(self.live.touch)
        self.states = States(centre, self.live.touch)
        self.verification = Verification(centre, self.live.touch)
        self.shared = Shared(self.live)
        self.previews = Previews()
        self.exports = Exports()
        self.threads = Threads()
        self.sign_ins = SignIns(centre)
        oidc = centre.site.oidc
        self.sign_on = None if oidc is None else SignOn(oidc, single_sign_on.secret_of(centre.folder))
        self.secret = _secret(centre.folder)
        """Signs cookies."""
        self.say = say
        self._whose = whose
        self._entries = entries

    def account(self, request: Request) -> Account | None:
        return self._whose(self.centre, request)

    def nav(self, visit: Visit) -> list[tuple[Entry, bool]]:
        """Entries that this person may open, each with whether it is the page that stands."""
        if visit.account is None:
            return []
        path = visit.request.url.path
        return [
            (entry, path == entry.path or (entry.path != "/" and path.startswith(f"{entry.path}/")))
            for entry in self._entries
            if visit.may(entry.doing)
        ]
